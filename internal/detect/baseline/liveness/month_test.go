package liveness

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// A sender is one simulated source with one host.
type sender struct {
	name, format, peer string
	gap                func(t time.Time, r *rand.Rand) time.Duration // to its next record
	from, until        time.Time                                     // it is broken
	change             func(t time.Time, ev *event.Event)
}

// senders are forty sources of every kind of rhythm.
func senders(zone *time.Location) []sender {
	var list []sender
	add := func(n int, name, format string, gap func(int) func(time.Time, *rand.Rand) time.Duration) {
		for i := range n {
			list = append(list, sender{name: fmt.Sprintf("%s%d", name, i), format: format, peer: fmt.Sprintf("192.0.2.%d", len(list)), gap: gap(i)})
		}
	}
	every := func(d time.Duration) func(int) func(time.Time, *rand.Rand) time.Duration {
		return func(int) func(time.Time, *rand.Rand) time.Duration {
			return func(_ time.Time, r *rand.Rand) time.Duration {
				return d + time.Duration(r.Int64N(int64(d)/50+1))
			}
		}
	}
	add(6, "cron5-", "syslog", every(5*time.Minute))
	add(5, "cron15-", "syslog", every(15*time.Minute))
	add(4, "cron60-", "syslog", every(time.Hour))
	add(4, "firewall", "netfilter", every(30*time.Second))
	add(5, "web", "nginx", func(i int) func(time.Time, *rand.Rand) time.Duration {
		return func(t time.Time, r *rand.Rand) time.Duration {
			h := float64(t.In(zone).Hour())
			rate := (1 + math.Cos((h-15)/24*2*math.Pi)) * 40                       // an hour, and twice that
			gap := time.Duration(r.ExpFloat64() / (rate + 8) * float64(time.Hour)) // night and day
			if r.IntN(4) > 0 {
				gap /= 20 // bursts
			}
			return gap
		}
	})
	office := func(mean time.Duration, weekend bool) func(int) func(time.Time, *rand.Rand) time.Duration {
		return func(int) func(time.Time, *rand.Rand) time.Duration {
			return func(t time.Time, r *rand.Rand) time.Duration {
				next := t.Add(time.Duration(r.ExpFloat64() * float64(mean)))
				for {
					l := next.In(zone)
					if h := l.Hour(); h >= 9 && h < 19 && (weekend || l.Weekday()%6 != 0) {
						return next.Sub(t)
					}
					next = time.Date(l.Year(), l.Month(), l.Day(), l.Hour()+1, 0, 0, 0, zone).Add(time.Duration(r.ExpFloat64() * float64(mean)))
				}
			}
		}
	}
	add(6, "groupware", "workspace", office(2*time.Minute, false))
	add(4, "vpn", "openvpn", office(12*time.Minute, false))
	add(2, "shop", "jsonlines", office(time.Minute, true))
	add(3, "nightly", "syslog", func(i int) func(time.Time, *rand.Rand) time.Duration {
		return func(t time.Time, r *rand.Rand) time.Duration {
			if l := t.In(zone); l.Hour() == 2 && l.Minute() < 20 {
				return time.Duration(r.ExpFloat64() * float64(5*time.Second))
			}
			l := t.In(zone)
			next := time.Date(l.Year(), l.Month(), l.Day(), 2, 0, r.IntN(60), 0, zone)
			if !next.After(t) {
				next = next.AddDate(0, 0, 1)
			}
			return next.Sub(t)
		}
	})
	add(1, "monthend", "csv", func(int) func(time.Time, *rand.Rand) time.Duration {
		return func(t time.Time, r *rand.Rand) time.Duration {
			l := t.In(zone)
			if next := l.AddDate(0, 0, 1); next.Month() != l.Month() && l.Hour() == 3 {
				return time.Duration(r.ExpFloat64() * float64(3*time.Second))
			}
			next := time.Date(l.Year(), l.Month()+1, 0, 3, 0, 0, 0, zone)
			if !next.After(t) {
				next = time.Date(l.Year(), l.Month()+2, 0, 3, 0, 0, 0, zone)
			}
			return next.Sub(t)
		}
	})
	return list
}

// month writes what the senders send, live and a little delayed.
func month(list []sender, start, end time.Time, seed uint64) *story {
	s := &story{}
	for i, x := range list {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		for t := start.Add(time.Duration(r.Int64N(int64(10 * time.Minute)))); ; {
			gap := x.gap(t, r)
			t = t.Add(max(gap, time.Millisecond))
			if !t.Before(end) {
				break
			}
			if !x.from.IsZero() && !t.Before(x.from) && t.Before(x.until) {
				continue
			}
			ev := event.Event{
				Time: t, TimeRx: t.Add(time.Duration(r.Int64N(int64(2 * time.Second)))), Source: x.name, Host: x.name + "-host", Format: x.format, Peer: x.peer,
				Quality: event.Quality{Zone: event.ZoneStated},
			}
			if x.change != nil {
				x.change(t, &ev)
			}
			if !ev.Time.IsZero() {
				s.events = append(s.events, ev)
			}
		}
	}
	return s
}

func monthStart() (start time.Time, zone *time.Location) {
	zone = time.FixedZone("JST", 9*3600)
	return time.Date(2026, 9, 14, 0, 0, 0, 0, zone), zone // a Monday
}

func TestAMonthOfOrdinaryRhythmsRaisesNothing(t *testing.T) {
	start, zone := monthStart()
	end := start.AddDate(0, 0, 28)
	for _, seed := range []uint64{0, 4} {
		s := month(senders(zone), start, end, seed)
		early, late := 0, 0
		for _, f := range s.receive(watching(t, nil), end) {
			if f.Until.Before(start.AddDate(0, 0, 14)) {
				early++
				t.Logf("learning: %s %s %s", f.RuleID, f.Until, f.Why)
				continue
			}
			late++
			t.Errorf("seed %d: %s %s at %s: %s", seed, f.RuleID, f.Level, f.Until, f.Why)
		}
		t.Logf("%d events, %d findings in weeks 1–2, %d in weeks 3–4", len(s.events), early, late)
	}
}

func ofRule(list []finding.Finding, rule string, after time.Time) []finding.Finding {
	var out []finding.Finding
	for _, f := range list {
		if f.RuleID == rule && !f.Until.Before(after) {
			out = append(out, f)
		}
	}
	return out
}

// named gives the sender of a name.
func named(list []sender, name string) *sender {
	for i := range list {
		if list[i].name == name {
			return &list[i]
		}
	}
	return nil
}

func TestEveryFaultIsToldInTime(t *testing.T) {
	start, zone := monthStart()
	broken := start.AddDate(0, 0, 16).Add(14 * time.Hour) // a Wednesday afternoon
	end := broken.Add(5 * time.Hour)
	list := senders(zone)
	within := map[string]time.Duration{"cron5-1": 15 * time.Minute, "cron15-1": 45 * time.Minute, "cron60-1": 3 * time.Hour, "firewall1": 2 * time.Minute, "groupware1": time.Hour}
	for name := range within {
		x := named(list, name)
		x.from, x.until = broken, end
	}
	named(list, "cron5-2").change = func(at time.Time, ev *event.Event) {
		if at.After(broken) {
			ev.Format = "jsonlines"
		}
	}
	named(list, "firewall2").change = func(at time.Time, ev *event.Event) {
		if at.After(broken) {
			ev.Format, ev.Host = event.Unparsed, ""
		}
	}
	named(list, "cron5-3").change = func(at time.Time, ev *event.Event) {
		if at.After(broken) {
			ev.Time = ev.Time.Add(33 * time.Minute)
		}
	}
	seen := 0
	named(list, "firewall3").change = func(at time.Time, ev *event.Event) {
		if seen++; at.After(broken) && seen%100 != 0 {
			ev.Time = time.Time{}
		}
	}
	named(list, "cron5-4").change = func(at time.Time, ev *event.Event) { // copied, truncated and written on: twenty minutes are lost
		if at.After(broken.Add(time.Minute)) && at.Before(broken.Add(21*time.Minute)) {
			ev.Time = time.Time{}
		}
	}
	var last = map[string]time.Time{}
	s := month(list, start, end, 9)
	for _, ev := range s.events {
		if ev.TimeRx.After(last[ev.Source]) {
			last[ev.Source] = ev.TimeRx
		}
	}
	found := s.receive(watching(t, nil), end)
	told := map[string]finding.Finding{}
	for _, f := range found {
		if f.Until.Before(broken) {
			continue
		}
		t.Logf("%s %s %s %s: %s", f.Until.Sub(broken).Round(time.Second), f.RuleID, f.Level, f.Source, f.Why)
		told[f.RuleID+" "+f.Source] = f
	}
	for name, limit := range within {
		f, ok := told["baseline-source-silent "+name]
		if late := f.Until.Sub(last[name]); !ok || late > limit {
			t.Errorf("%s: told %v after %s, allowed %s", name, ok, late, limit)
		}
	}
	for _, want := range []string{
		"baseline-format-change cron5-2", "baseline-format-change firewall2",
		"baseline-clock-jump cron5-3", "baseline-source-silent cron5-4",
	} {
		if _, ok := told[want]; !ok {
			t.Errorf("%s is not told", want)
		}
	}
	if _, ok := told["baseline-volume-fall firewall3"]; !ok {
		if _, ok := told["baseline-source-silent firewall3"]; !ok {
			t.Error("the volume that fell is not told")
		}
	}
	if len(told) > len(within)+8 {
		t.Errorf("%d findings of %d faults", len(told), len(within)+5)
	}
}

func TestARelayThatStopsIsOneFinding(t *testing.T) {
	start, _ := monthStart()
	stopped := start.Add(30 * time.Hour)
	end := stopped.Add(3 * time.Hour)
	var s story
	r := rand.New(rand.NewPCG(3, 3))
	beat := func(source, host, peer string, period time.Duration, until time.Time) {
		for at := start.Add(time.Duration(r.Int64N(int64(period)))); at.Before(until); at = at.Add(period + time.Duration(r.Int64N(int64(period)/20))) {
			s.events = append(s.events, event.Event{Time: at, TimeRx: at, Source: source, Host: host, Peer: peer, Format: "syslog"})
		}
	}
	for i := range 200 {
		beat("server", fmt.Sprintf("web%03d", i), "relay.example.jp", time.Duration(1+i%15)*time.Minute, stopped)
	}
	beat("server", "db1", "192.0.2.9", time.Minute, end)
	beat("firewall", "fw1", "192.0.2.1", 30*time.Second, end)
	found := s.receive(watching(t, nil), end)
	if len(found) != 1 || found[0].Object != "relay.example.jp" || found[0].Level != finding.LevelHigh {
		t.Fatalf("%d findings, want one: %+v", len(found), found)
	}
	if late := found[0].Until.Sub(stopped); late > 2*time.Minute {
		t.Errorf("told after %s", late)
	}
	t.Log(found[0].Until.Sub(stopped), found[0].Why)
}

func TestNothingIsSilentWhileKonsekiIsAway(t *testing.T) {
	start, zone := monthStart()
	away := start.Add(40 * time.Hour)
	back := away.Add(2 * time.Hour)
	end := back.Add(time.Hour)
	list := senders(zone)[:20]
	for i := range list {
		list[i].from, list[i].until = away, back
	}
	s := month(list, start, end, 4)
	b := watching(t, nil)
	before := &story{}
	after := &story{}
	for _, ev := range s.events {
		if ev.Time.Before(away) {
			before.events = append(before.events, ev)
		} else {
			after.events = append(after.events, ev)
		}
	}
	before.receive(b, away)
	if found := after.receive(b, end); len(found) != 0 {
		t.Errorf("%d findings, first: %s", len(found), found[0].Why)
	}
}

func TestEverythingSilentIsOneFinding(t *testing.T) {
	start, zone := monthStart()
	cut := start.Add(40 * time.Hour)
	end := cut.Add(6 * time.Hour)
	list := senders(zone)[:20]
	for i := range list {
		list[i].from, list[i].until = cut, end
	}
	found := ofRule(month(list, start, end, 4).receive(watching(t, nil), end), "baseline-source-silent", cut)
	if len(found) != 1 || found[0].Until.Sub(cut) > 2*time.Minute {
		t.Fatalf("%d findings: %+v", len(found), found)
	}
	t.Log(found[0].Until.Sub(cut), found[0].Why)
}

func TestASourceThatNeverSentIsToldOnce(t *testing.T) {
	start, _ := monthStart()
	b := watching(t, nil)
	b.Expect(map[string]learn.Expectation{"vpn": {Kind: "vpn", Since: start}, "old": {Kind: "server"}})
	for at := start; at.Before(start.Add(3 * time.Hour)); at = at.Add(time.Minute) {
		b.Tick(at)
	}
	if found := b.Take(); len(found) != 1 || found[0].Source != "vpn" || found[0].Time.Sub(start) != time.Hour {
		t.Errorf("%d findings %+v", len(found), found)
	}
}

func TestAHeartbeatOrARegisteredPeriodNeedsNoLearning(t *testing.T) {
	start, _ := monthStart()
	var s story
	for i := range 4 {
		at := start.Add(time.Duration(i) * 20 * time.Minute)
		s.events = append(s.events,
			event.Event{Time: at, TimeRx: at, Source: "server", Host: "a", Format: "syslog", Message: "-- MARK --"},
			event.Event{Time: at, TimeRx: at, Source: "batch", Format: "csv"}, event.Event{Time: at, TimeRx: at, Source: "rare", Format: "csv"})
	}
	for at := start; at.Before(start.Add(4 * time.Hour)); at = at.Add(30 * time.Second) {
		s.events = append(s.events, event.Event{Time: at, TimeRx: at, Source: "firewall", Format: "netfilter"})
	}
	b := watching(t, nil)
	b.Expect(map[string]learn.Expectation{"batch": {Every: 30 * time.Minute}})
	end := start.Add(time.Hour)
	found := s.receive(b, end.Add(3*time.Hour))
	after := map[string]time.Duration{}
	for _, f := range found {
		after[f.Source] = f.Until.Sub(end).Round(time.Minute)
	}
	if len(found) != 2 || after["server"] > 62*time.Minute || after["batch"] > 92*time.Minute {
		t.Errorf("told %v", after)
	}
}
