package liveness

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// beats adds a host's events every period with a little jitter until an instant.
func (s *story) beats(r *rand.Rand, source, host string, from, until time.Time, period time.Duration) {
	for t := from; t.Before(until); t = t.Add(period + time.Duration(r.Int64N(int64(period)/20+1))) {
		s.events = append(s.events, event.Event{Time: t, Source: source, Host: host, Format: "syslog"})
	}
}

func silences(list []finding.Finding) []finding.Finding {
	return slices.DeleteFunc(slices.Clone(list), func(f finding.Finding) bool { return f.RuleID != "baseline-source-silent" })
}

func TestSilentHostIsReportedWithinFiveMinutes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	start := jst(t, "2018-02-27 00:00:00")
	end := start.Add(60 * time.Hour)
	wiped := start.Add(50 * time.Hour)
	s := &story{}
	s.beats(r, "server", "web1", start, wiped, time.Minute)
	s.beats(r, "server", "web2", start, end, time.Minute)
	s.beats(r, "firewall", "fw", start, end, 30*time.Second)
	found := silences(s.run(watching(t, nil)))
	if len(found) != 1 {
		t.Fatalf("%d findings, want one: %+v", len(found), found)
	}
	f := found[0]
	if f.Host != "web1" || f.Source != "server" {
		t.Errorf("about %s of %s", f.Host, f.Source)
	}
	if late := f.Until.Sub(wiped); late > 5*time.Minute {
		t.Errorf("reported %s after the last record", late)
	}
	if len(f.Records) != 1 {
		t.Errorf("cites %v, want the last record of the host", f.Records)
	}
}

func TestHostsThatFallSilentTogetherAreOneFinding(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	start := jst(t, "2018-02-27 00:00:00")
	end := start.Add(40 * time.Hour)
	wiped := start.Add(36 * time.Hour)
	s := &story{}
	for i := range 70 {
		until := end
		if i < 60 {
			until = wiped.Add(time.Duration(i) * time.Second)
		}
		s.beats(r, "server", fmt.Sprintf("game%02d", i), start.Add(time.Duration(i)*time.Second), until, time.Duration(1+i%5)*time.Minute)
	}
	s.beats(r, "firewall", "fw", start, end, 20*time.Second)
	found := silences(s.run(watching(t, nil)))
	if len(found) == 0 || len(found) > 2 {
		t.Fatalf("%d findings, want one, at most one for stragglers: %s\n%s\n%s", len(found), found[0].Why, found[1].Why, found[len(found)-1].Why)
	}
	f := found[0]
	if f.Level != finding.LevelHigh || len(f.Records) > finding.MaxRecords {
		t.Errorf("level %s with %d records", f.Level, len(f.Records))
	}
	if n := strings.Count(f.Why, "game"); n < 20 || n > finding.MaxRecords {
		t.Errorf("names %d hosts: %s", n, f.Why)
	}
	t.Logf("%d findings; %s", len(found), found[0].Why)
}

func TestWholeSourceSilentIsReported(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	start := jst(t, "2018-02-27 00:00:00")
	s := &story{}
	s.beats(r, "aggregator", "", start, start.Add(30*time.Hour), 10*time.Second)
	s.beats(r, "firewall", "", start, start.Add(31*time.Hour), 10*time.Second)
	found := silences(s.run(watching(t, nil)))
	if len(found) != 1 || found[0].Source != "aggregator" || found[0].Level != finding.LevelHigh {
		t.Fatalf("found %+v", found)
	}
}

func TestOfficeHoursAndRareSourcesAreNotReported(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	start := jst(t, "2018-01-08 00:00:00")
	s := &story{}
	for day := range 28 {
		date := start.AddDate(0, 0, day)
		if date.Add(9*time.Hour).Weekday()%6 == 0 {
			continue
		}
		for t := date.Add(9 * time.Hour); t.Before(date.Add(18 * time.Hour)); t = t.Add(time.Duration(r.ExpFloat64() * float64(2*time.Minute))) {
			s.events = append(s.events, event.Event{Time: t, Source: "groupware", Format: "workspace"})
		}
	}
	s.beats(r, "backup", "nas", start, start.AddDate(0, 0, 28), 24*time.Hour)
	s.beats(r, "firewall", "", start, start.AddDate(0, 0, 28), 30*time.Second)
	if found := silences(s.run(watching(t, nil))); len(found) != 0 {
		t.Errorf("%d findings, first %s at %s", len(found), found[0].Why, found[0].Time)
	}
}

func TestOneEventFromTheFutureSilencesNobody(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	start := jst(t, "2018-02-27 00:00:00")
	s := &story{}
	s.beats(r, "server", "web1", start, start.Add(30*time.Hour), time.Minute)
	b := watching(t, nil)
	var found []finding.Finding
	for i := range s.events {
		if i == len(s.events)/2 {
			observe(b, &event.Event{Time: start.AddDate(80, 0, 0), Source: "odd", Host: "x"})
		}
		observe(b, &s.events[i])
		found = append(found, b.Take()...)
	}
	if len(found) != 0 {
		t.Errorf("%d findings, first %s", len(found), found[0].Why)
	}
}

func TestClockAloneRevealsSilence(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	start := jst(t, "2018-02-27 00:00:00")
	end := start.Add(30 * time.Hour)
	s := &story{}
	s.beats(r, "server", "web1", start, end, time.Minute)
	b := watching(t, nil)
	if found := silences(s.run(b)); len(found) != 0 {
		t.Fatalf("reported while it spoke: %s", found[0].Why)
	}
	b.Advance(end.Add(30 * time.Second))
	if found := b.Take(); len(found) != 0 {
		t.Errorf("reported after half a minute: %s", found[0].Why)
	}
	b.Advance(end.Add(3 * time.Minute))
	if found := b.Take(); len(found) != 1 {
		t.Errorf("%d findings three minutes after the last record, want one", len(found))
	}
}
