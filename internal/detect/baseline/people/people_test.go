package people

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/basetest"
	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

var update = flag.Bool("update", false, "write the golden files")

// An act is a use of an account in a test, with what notes say of it.
type act struct {
	account, addr, client, country, at string
	source, host, format               string
	class, activity                    int32
	failed, unknown                    bool
	device, session                    string
}

// do adds an act at an instant.
func (s *story) do(at time.Time, a act) {
	ev := event.Event{
		Time: at, Source: "idp", Format: "jsonlines", Host: a.host, ClassUID: event.ClassAuthentication, ActivityID: event.ActivityLogon,
		StatusID: event.StatusSuccess, ActorUser: a.account, SrcIP: a.addr, ClientApp: a.client, SessionUID: a.session,
	}
	if a.source != "" {
		ev.Source = a.source
	}
	if a.format != "" {
		ev.Format = a.format
	}
	if a.class != 0 {
		ev.ClassUID = a.class
	}
	if a.activity != 0 {
		ev.ActivityID = a.activity
	}
	if a.failed {
		ev.StatusID = event.StatusFailure
	}
	for _, n := range [][2]string{{"country", a.country}, {"coordinates", a.at}, {"device", a.device}} {
		if n[1] != "" {
			ev.Notes = append(ev.Notes, event.Field{Name: n[0], Value: n[1]})
		}
	}
	if a.unknown {
		ev.Notes = append(ev.Notes, event.Field{Name: "unknown_account", Value: "true"})
	}
	s.events = append(s.events, ev)
}

// changes adds a change of an account or of its rights.
func (s *story) changes(at time.Time, class, activity int32, actor, target string, notes ...string) {
	ev := event.Event{
		Time: at, Source: "idp", Format: "jsonlines", ClassUID: class, ActivityID: activity, StatusID: event.StatusSuccess, ActorUser: actor, TargetUser: target,
	}
	for i := 0; i < len(notes); i += 2 {
		ev.Notes = append(ev.Notes, event.Field{Name: notes[i], Value: notes[i+1]})
	}
	s.events = append(s.events, ev)
}

// daily repeats an act on working days.
func (s *story) daily(start time.Time, days int, a act) {
	for d := range days {
		at := start.AddDate(0, 0, d)
		if at.Weekday() != time.Saturday && at.Weekday() != time.Sunday {
			s.do(at.Add(time.Duration(len(a.account)*7+d%5*11)*time.Minute), a)
		}
	}
}

// office has some people at work for some days, from their homes in Japan.
func (s *story) office(start time.Time, days int, names ...string) {
	for i, name := range names {
		s.daily(start, days, act{account: name, addr: fmt.Sprintf("198.51.100.%d", 10+i), client: desktop, country: "Japan"})
	}
}

// workday is a Monday morning in UTC.
func workday() time.Time { return time.Date(2026, 6, 1, 1, 0, 0, 0, time.UTC) }

// only lists level and account of the findings of a rule.
func only(list []finding.Finding, rule string) []string {
	var out []string
	for _, f := range list {
		if f.RuleID == "baseline-"+rule {
			out = append(out, strings.TrimSpace(f.Level+" "+f.ActorUser))
		}
	}
	return out
}

// raised checks the findings of a rule, and that each is complete and cites the
// event it is about among at least some records.
func raised(t *testing.T, s *story, rule string, settings learn.Settings, want ...string) []finding.Finding {
	t.Helper()
	found := s.run(watching(t, settings))
	if d := cmp.Diff(want, only(found, rule)); d != "" {
		t.Errorf("%s (-want +got):\n%s", rule, d)
	}
	var out []finding.Finding
	for _, f := range found {
		if f.RuleID != "baseline-"+rule {
			continue
		}
		out = append(out, f)
		if len(f.Records) == 0 || !strings.HasSuffix(f.Why, ".") || !strings.HasSuffix(f.WhyJA, "。") || strings.Contains(f.Why+f.WhyJA, "%!") {
			t.Errorf("incomplete: %+v", f)
		}
		for _, r := range f.Records {
			if r < 1 || r > uint64(len(s.events)) {
				t.Errorf("cites record %d", r)
			}
		}
		t.Log(f.Level, f.Why, f.WhyJA)
	}
	return out
}

// cites checks how many records a finding compares.
func cites(t *testing.T, list []finding.Finding, atLeast int) {
	t.Helper()
	for _, f := range list {
		if len(f.Records) < atLeast {
			t.Errorf("%s cites %v, want at least %d records", f.RuleID, f.Records, atLeast)
		}
	}
}

// habitual makes people with homes, an office, phones, journeys, VPN nights, a
// shared account, spraying and grants: events of n days.
func habitual(start time.Time, days int, seed uint64) *story {
	s := &story{}
	for d := range days {
		r := rand.New(rand.NewPCG(seed, uint64(d))) // a day is the same whenever the story begins
		for p := range 8 {
			name := fmt.Sprintf("user%02d", p)
			at := start.AddDate(0, 0, d).Add(time.Duration(r.IntN(600)) * time.Minute)
			a := act{account: name, addr: fmt.Sprintf("198.51.%d.%d", p, 1+r.IntN(2)), client: desktop, country: "Japan"}
			switch r.IntN(40) {
			case 0:
				a.country, a.addr = "Brazil", fmt.Sprintf("203.0.113.%d", r.IntN(250))
			case 1:
				a.client = "curl/8.1"
			case 2:
				a.addr = "203.0.113.7"
			case 3:
				a.source, a.addr = "vpn", "203.0.113.8"
			case 4, 5, 6, 7, 8, 9, 10, 11:
				continue // stays away
			case 12:
				for q := range 8 {
					s.do(at.Add(time.Duration(q)*time.Second), act{account: fmt.Sprintf("user%02d", q), addr: "192.0.2.99", failed: true})
				}
			case 13:
				s.changes(at, event.ClassGroup, 3, name, "", "granted", "admins", "grantee", fmt.Sprintf("user%02d", r.IntN(8)))
			case 14:
				s.changes(at, event.ClassAccountChange, accountDisable, "admin", name)
			case 15:
				s.changes(at, event.ClassAccountChange, accountEnable, "admin", name)
			case 16:
				a.addr = fmt.Sprintf("10.0.0.%d", r.IntN(250))
			}
			s.do(at, a)
			if r.IntN(20) == 0 {
				for q := range 7 {
					a.addr = fmt.Sprintf("203.0.%d.5", 20+q)
					s.do(at.Add(time.Duration(q+1)*time.Minute), a)
				}
			}
		}
	}
	return s
}

// TestPeopleFindingsDoNotDependOnWhenTheWatchBegan compares a run over
// everything with one that begins later, from the horizon on. Containment and
// what follows from the findings of baselines without a horizon are left out:
// they say "since konseki has records".
func TestPeopleFindingsDoNotDependOnWhenTheWatchBegan(t *testing.T) {
	settings := learn.Settings{
		"baseline-new-country": {"remember": "20d", "learn": "6d"}, "baseline-new-client": {"remember": "20d", "learn": "6d"},
		"baseline-overlapping-sessions": {"remember": "20d", "learn": "6d"}, "baseline-impossible-travel": {"remember": "20d"},
		"baseline-outside-route": {"remember": "20d", "learn": "10d", "days_used": "4"}, "baseline-unusual-hours": {"remember": "20d", "learn": "10d", "days_used": "5", "tolerance_hours": "1"},
		"baseline-dormant-account": {"unused": "4d", "forget": "30d"}, "baseline-shared-account": {"remember": "20d", "learn": "6d", "lines": "4"},
		"baseline-password-spraying": {"remember": "20d", "accounts": "4"}, "baseline-password-guessing": {"addresses": "3"},
		"baseline-new-administrator": {"remember": "20d", "learn": "6d"},
	}
	const horizon, compared = 80, 15
	kinds := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		late := rapid.IntRange(1, 25).Draw(rt, "days before the later start")
		whole := habitual(workday(), late+horizon+compared, seed)
		for i := range whole.events {
			whole.events[i].Record = uint64(i + 1)
		}
		slices.SortStableFunc(whole.events, func(a, b event.Event) int { return a.Time.Compare(b.Time) })
		begin, from := workday().AddDate(0, 0, late), workday().AddDate(0, 0, late+horizon)
		run := func(since time.Time) []finding.Finding {
			b := watching(t, settings)
			var out []finding.Finding
			for i := range whole.events {
				if ev := whole.events[i]; !ev.Time.Before(since) {
					observe(b, &ev)
					out = append(out, b.Take()...)
				}
			}
			b.Advance(whole.events[len(whole.events)-1].Time)
			out = append(out, b.Take()...)
			return slices.DeleteFunc(out, func(f finding.Finding) bool {
				return f.Time.Before(from) || !slices.ContainsFunc(peopleRules(t), func(i finding.Info) bool { return i.ID == f.RuleID }) ||
					f.RuleID == "baseline-after-containment"
			})
		}
		a, b := run(time.Time{}), run(begin)
		for _, f := range a {
			kinds[f.RuleID]++
		}
		if d := cmp.Diff(a, b); d != "" {
			rt.Fatalf("a later start gives other findings (-early +late):\n%s", d)
		}
	})
	t.Log(kinds)
	if len(kinds) < 7 {
		t.Errorf("only %v compared", kinds)
	}
}

func peopleRules(tb testing.TB) []finding.Info {
	tb.Helper()
	return newPersons(learn.NewKit(nil), nil).Rules()
}

func TestMemoryOfPeopleStaysBoundedUnderHostileNames(t *testing.T) {
	k := learn.NewKit(nil)
	b := newPersons(k, nil).(*persons)
	b.habits = bounded.NewTable[string, habit](50, k.Evicted())
	b.visitors = bounded.NewTable[netip.Addr, throng](60, k.Evicted())
	b.spray.byAddress = bounded.NewTable[netip.Addr, sprayed](70, k.Evicted())
	b.overlap.rooms = bounded.NewTable[netip.Addr, room](80, k.Evicted())
	for i := range 5000 {
		ev := event.Event{
			Time: workday().Add(time.Duration(i) * time.Second), Source: fmt.Sprint("s", i), ClassUID: event.ClassAuthentication, Format: "jsonlines",
			StatusID: event.StatusSuccess, ActorUser: fmt.Sprint("u", i%400), SrcIP: fmt.Sprintf("198.51.%d.%d", i/250, i%250), ClientApp: fmt.Sprint("agent", i),
			Notes: []event.Field{{Name: "country", Value: "JP"}, {Name: "device", Value: fmt.Sprint(i)}},
		}
		if i%3 == 0 {
			ev.StatusID = event.StatusFailure
		}
		b.Observe(&ev)
		ev.ActorUser = "one"
		b.Observe(&ev)
		ev.SrcIP = "203.0.113.1"
		ev.ActorUser = fmt.Sprint("v", i)
		b.Observe(&ev)
	}
	if b.habits.Len() > 50 || b.visitors.Len() > 60 || b.spray.byAddress.Len() > 70 || b.overlap.rooms.Len() > 80 || b.audiences.Len() > maxAudiences || b.families.Len() > maxFamilies {
		t.Error("a table grew beyond its limit")
	}
	h := b.habits.Find("one")
	if h == nil {
		t.Fatal("the account in use was forgotten")
	}
	if len(h.addresses) > maxAddresses || len(h.clients) > maxClients || len(h.devices) > maxDevices || len(h.crowd.lines) > maxLines || len(h.crowd.devices) > maxLines {
		t.Errorf("%d addresses, %d clients, %d devices, %d lines", len(h.addresses), len(h.clients), len(h.devices), len(h.crowd.lines))
	}
	if r := b.overlap.rooms.Find(netip.MustParseAddr("203.0.113.1")); r == nil || len(r.sessions) > maxSessions {
		t.Error("sessions of one address are not bounded")
	}
	if len(b.overlap.pending) > maxMeetings {
		t.Errorf("%d meetings wait", len(b.overlap.pending))
	}
}

func TestDaysetsRememberTheLastDaysExactly(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var d learn.Dayset
		seen := map[int32]bool{}
		last := int32(0)
		for range rapid.IntRange(1, 60).Draw(rt, "marks") {
			day := rapid.Int32Range(1000, 1400).Draw(rt, "day")
			d.Mark(day)
			seen[day], last = true, max(last, day)
		}
		from := rapid.Int32Range(last-119, last+10).Draw(rt, "from")
		to := rapid.Int32Range(from-3, last+20).Draw(rt, "to")
		want := 0
		for day := range seen {
			if day >= from && day <= to {
				want++
			}
		}
		// A day that came more than 128 days late is not kept; none such is asked for.
		if got := d.Count(from, to); got != want {
			rt.Fatalf("%d days from %d to %d, want %d", got, from, to, want)
		}
	})
}

func TestThrongsCountWithinTheirPeriodOnly(t *testing.T) {
	var g throng
	for d := range int32(40) {
		g.add(fmt.Sprint("p", d%5), 7000+d, 1, 2) // one a day
	}
	g.add("late", 7000, 1, 2)
	if g.crowded.Any(6900, 7100) {
		t.Error("one account a day makes a crowd")
	}
	g.add("p8", 7039, 1, 2)
	g.add("p9", 7039, 1, 2)
	if g.crowded.Count(6900, 7100) != 1 || len(g.members) > 2 {
		t.Errorf("%+v", g)
	}
}

func TestCustomersOfAServiceAreNotJudged(t *testing.T) {
	s := &story{}
	for d := range 60 {
		for c := range 600 {
			if (c+d)%6 == 0 {
				s.do(workday().AddDate(0, 0, d).Add(time.Duration(c)*time.Minute), act{
					account: fmt.Sprint("customer", c), addr: fmt.Sprintf("198.51.%d.%d", c/250, c%250), client: []string{desktop, phone, "curl/8"}[(c+d)%7%3], source: "shop", country: []string{"Japan", "Brazil"}[d/40],
				})
			}
		}
	}
	found := s.run(watching(t, nil))
	for _, i := range peopleRules(t) {
		if n := only(found, strings.TrimPrefix(i.ID, "baseline-")); len(n) > 0 {
			t.Errorf("%s: %d findings", i.ID, len(n))
		}
	}
}

func TestBaselinesAboutPeopleAreDocumented(t *testing.T) {
	intro := "# Baselines about people / 人に関する検知\n\n" +
		"Written from the program's own descriptions. Parameters are set in konseki.yaml: `detect: baselines: {ID: {PARAMETER: VALUE}}`.\n\n" +
		"A finding depends on the events of the remembered days before it, and on what those depended on: twice `remember` in all (180 days by default). " +
		"Exceptions are what an account did at all before (dormant accounts, `forget`) and containment (`remember` there), and the first four in this list, whose memory has no end: they count since konseki has records. " +
		"Accounts are compared without case, Windows domain and mail domain. Failures never become habits.\n\n" +
		"プログラム自身の説明から作成している。パラメーターは konseki.yaml の `detect: baselines: {ID: {パラメーター: 値}}` で変える。\n\n" +
		"検知は、その前の記憶している日数（`remember`）の出来事と、それらが拠った出来事だけで決まる（合わせて既定で 180 日）。例外は休眠アカウント（`forget`）、封じ込め（そこでの `remember`）、この表の最初の四つで、konseki に記録があるかぎり遡る。" +
		"アカウント名は大文字・小文字、Windows ドメイン、メールのドメインを除いて比べる。失敗だけの利用は習慣として学習しない。\n\n"
	basetest.Documented(t, "baselines-people.md", intro, watching(t, nil).Rules(), *update)
}

func TestAccountThatEverybodyUsesTiesNobodyToAnAddress(t *testing.T) {
	s := &story{}
	for p := range 40 {
		home, name := fmt.Sprintf("203.0.%d.9", p), fmt.Sprintf("dev%02d", p)
		for d := range 5 {
			at := workday().AddDate(0, 0, p/2+d).Add(time.Duration(p) * time.Minute)
			s.logon(at, "chat", name, home, desktop, true)
			s.logon(at.Add(time.Hour), "server", "git", home, "", true)
		}
		s.logon(workday().AddDate(0, 0, 40).Add(time.Duration(p)*time.Minute), "vpn", name, home, "", true)
	}
	found := s.run(watching(t, nil))
	if n := len(only(found, "shared-address")); n == 0 || n > 9 {
		t.Errorf("%d findings until git is known for what it is, want a few", n)
	}
	for _, l := range only(found, "vpn-tied-address") {
		t.Errorf("the VPN from home: %s", l)
	}
}
