package correlation

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
)

func start() time.Time { return time.Date(2018, 3, 1, 0, 0, 0, 0, time.UTC) }

func rule(id string) *sigma.Rule {
	return &sigma.Rule{Meta: sigma.Meta{ID: id, Title: "Rule " + id}, Logsource: sigma.Logsource{Product: "linux"}}
}

// correlate makes a correlation over rules named a, b, c …
func correlate(kind sigma.CorrelationType, span time.Duration, inputs int, bounds ...sigma.Bound) *sigma.Correlation {
	c := &sigma.Correlation{
		Meta: sigma.Meta{ID: "c", Title: "Correlation", Level: "high"}, Type: kind, Timespan: span, Bounds: bounds, GroupBy: []string{"src_ip"},
	}
	for i := range inputs {
		c.Inputs = append(c.Inputs, sigma.Input{Rule: rule(string(rune('a' + i)))})
	}
	return c
}

func atLeast(n float64) sigma.Bound { return sigma.Bound{Op: sigma.GreaterEqual, Value: n} }

// A hit is a match of one input at a second, with fields.
type hit struct {
	second int
	rule   string
	fields string // "src_ip=192.0.2.1 user=x"
}

func (h hit) event(record int) *event.Event {
	ev := &event.Event{Record: uint64(record), Time: start().Add(time.Duration(h.second) * time.Second), Source: "s"}
	for word := range strings.FieldsSeq(h.fields) {
		name, value, _ := strings.Cut(word, "=")
		ev.Add(name, value)
	}
	return ev
}

// run feeds hits in order and returns findings, ended ten days later.
func run(list []*sigma.Correlation, hits ...hit) ([]finding.Finding, Stats) {
	p := NewPlan(list)
	e := New(p)
	rules := map[string]*sigma.Rule{}
	for r := range p.inputs {
		rules[r.ID] = r
	}
	var out []finding.Finding
	for i, h := range hits {
		ev := h.event(i + 1)
		for _, id := range strings.Split(h.rule, "+") {
			ev.Notes = p.Note(ev, rules[id], ev.Notes)
		}
		ev.Fields = nil // an import is judged without them
		e.Observe(ev)
		out = append(out, e.Take()...)
	}
	e.Advance(start().Add(240 * time.Hour))
	return append(out, e.Take()...), e.Stats()
}

// told gives "second:records" of findings.
func told(list []finding.Finding) string {
	var out []string
	for _, f := range list {
		out = append(out, fmt.Sprintf("%g:%v", f.Time.Sub(start()).Seconds(), f.Records))
	}
	return strings.Join(out, " ")
}

func TestCorrelationsFireWhenTheirConditionBeginsToHold(t *testing.T) {
	const x, y = "src_ip=192.0.2.1", "src_ip=192.0.2.2"
	user := func(n int, user string) hit { return hit{n, "a", x + " user=" + user} }
	byUser := func(c *sigma.Correlation) *sigma.Correlation { c.Fields = []string{"user"}; return c }
	size := func(n int, v string) hit { return hit{n, "a", x + " size=" + v} }
	bySize := func(c *sigma.Correlation) *sigma.Correlation { c.Fields = []string{"size"}; return c }
	percentile := correlate(sigma.ValuePercentile, time.Minute, 1, sigma.Bound{Op: sigma.Less, Value: 10})
	percentile.Percentile = 50
	for name, c := range map[string]struct {
		rule *sigma.Correlation
		hits []hit
		want string
	}{
		"third match within the timespan": {correlate(sigma.EventCount, time.Minute, 1, atLeast(3)),
			[]hit{{0, "a", x}, {30, "a", x}, {59, "a", x}, {60, "a", x}}, "59:[1 2 3]"},
		"the timespan is open at its beginning": {correlate(sigma.EventCount, time.Minute, 1, atLeast(3)),
			[]hit{{0, "a", x}, {30, "a", x}, {60, "a", x}}, ""},
		"groups are counted apart": {correlate(sigma.EventCount, time.Minute, 1, atLeast(2)),
			[]hit{{0, "a", x}, {1, "a", y}, {2, "a", y}}, "2:[2 3]"},
		"a match without the group's value is in none": {correlate(sigma.EventCount, time.Minute, 1, atLeast(2)),
			[]hit{{0, "a", "user=x"}, {1, "a", "user=x"}}, ""},
		"several inputs count together": {correlate(sigma.EventCount, time.Minute, 2, atLeast(2)),
			[]hit{{0, "a", x}, {1, "b", x}}, "1:[1 2]"},
		"fewer than: judged at the end of the whole window": {correlate(sigma.EventCount, time.Minute, 1, sigma.Bound{Op: sigma.LessEqual, Value: 2}),
			[]hit{{1, "a", x}, {2, "a", x}, {61, "a", x}, {62, "a", x}, {63, "a", x}}, "60:[1 2]"},
		"a range: more than it is not in it": {correlate(sigma.EventCount, time.Minute, 1, atLeast(2), sigma.Bound{Op: sigma.Less, Value: 4}),
			[]hit{{1, "a", x}, {2, "a", x}, {3, "a", x}, {4, "a", x}, {86400, "a", x}, {86401, "a", x}}, "86460:[5 6]"},
		"distinct values": {byUser(correlate(sigma.ValueCount, time.Minute, 1, atLeast(3))),
			[]hit{user(0, "p"), user(1, "q"), user(2, "p"), user(3, "q"), user(30, "r")}, "30:[3 4 5]"},
		"distinct values that are too old do not count": {byUser(correlate(sigma.ValueCount, time.Minute, 1, atLeast(3))),
			[]hit{user(0, "p"), user(40, "q"), user(60, "r")}, ""},
		"together in any order": {correlate(sigma.Temporal, time.Minute, 2),
			[]hit{{0, "b", x}, {10, "b", x}, {59, "a", x}}, "59:[2 3]"},
		"together too far apart": {correlate(sigma.Temporal, time.Minute, 2),
			[]hit{{0, "b", x}, {60, "a", x}}, ""},
		"two of three together": {correlate(sigma.Temporal, time.Minute, 3, atLeast(2)),
			[]hit{{0, "c", x}, {10, "a", x}}, "10:[1 2]"},
		"in order": {correlate(sigma.TemporalOrdered, time.Minute, 3),
			[]hit{{0, "a", x}, {10, "c", x}, {20, "b", x}, {30, "c", x}}, "30:[1 3 4]"},
		"in order: the chain that began last is followed": {correlate(sigma.TemporalOrdered, time.Minute, 2),
			[]hit{{0, "a", x}, {50, "a", x}, {70, "b", x}}, "70:[2 3]"},
		"in order: one event is not two steps": {correlate(sigma.TemporalOrdered, time.Minute, 2),
			[]hit{{0, "a+b", x}, {10, "a", x}}, ""},
		"in order: wrong order": {correlate(sigma.TemporalOrdered, time.Minute, 2),
			[]hit{{0, "b", x}, {10, "a", x}}, ""},
		"sum": {bySize(correlate(sigma.ValueSum, time.Minute, 1, sigma.Bound{Op: sigma.Greater, Value: 100})),
			[]hit{size(0, "60"), size(1, "x"), size(2, "40"), size(3, "0.5")}, "3:[1 3 4]"},
		"mean of the whole window": {bySize(correlate(sigma.ValueAvg, time.Minute, 1, atLeast(50))),
			[]hit{size(0, "90"), size(1, "10"), size(70, "90"), size(71, "1")}, "60:[1 2]"},
		"percentile of the whole window": {bySize(percentile),
			[]hit{size(0, "1"), size(1, "900"), size(2, "2"), size(60, "50")}, "60:[1 2 3]"},
	} {
		t.Run(name, func(t *testing.T) {
			found, _ := run([]*sigma.Correlation{c.rule}, c.hits...)
			if got := told(found); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			for _, f := range found {
				if f.SrcIP == "" && f.Why == "" || f.WhyJA == "" || f.ID == "" || len(f.Because) != 2 {
					t.Errorf("incomplete: %+v", f)
				}
			}
		})
	}
}

func TestAConditionThatGoesOnHoldingIsOneFindingADay(t *testing.T) {
	var hits []hit
	for s := 0; s < 3*86400; s += 20 {
		hits = append(hits, hit{s, "a", "src_ip=192.0.2.1"})
	}
	found, _ := run([]*sigma.Correlation{correlate(sigma.EventCount, time.Minute, 1, atLeast(3))}, hits...)
	if len(found) != 3 {
		t.Errorf("%d findings in three days: %s", len(found), told(found))
	}
}

func TestACorrelationOfCorrelationsFollowsAliases(t *testing.T) {
	fails := correlate(sigma.EventCount, time.Minute, 1, atLeast(2))
	fails.ID, fails.Quiet = "fails", true
	success := rule("ok")
	outer := &sigma.Correlation{
		Meta: sigma.Meta{ID: "outer", Title: "Guessed", Level: "high"}, Type: sigma.TemporalOrdered, Timespan: 5 * time.Minute, GroupBy: []string{"ip"},
		Inputs: []sigma.Input{
			{Correlation: fails, Aliases: map[string]string{"ip": "src_ip"}}, {Rule: success, Aliases: map[string]string{"ip": "client"}},
		},
	}
	found, _ := run([]*sigma.Correlation{fails, outer},
		hit{0, "a", "src_ip=192.0.2.1"}, hit{1, "a", "src_ip=192.0.2.1"}, hit{2, "ok", "client=192.0.2.2"}, hit{3, "ok", "client=192.0.2.1"})
	if got := told(found); got != "3:[1 2 4]" {
		t.Errorf("got %q", got)
	}
}

func TestAnInputIsHandedOnEachTimeItBeginsToHold(t *testing.T) {
	inner := correlate(sigma.EventCount, time.Minute, 1, atLeast(2))
	inner.ID, inner.Quiet = "inner", true
	outer := &sigma.Correlation{
		Meta: sigma.Meta{ID: "outer", Level: "high"}, Type: sigma.EventCount, Timespan: time.Hour, GroupBy: []string{"src_ip"},
		Inputs: []sigma.Input{{Correlation: inner}}, Bounds: []sigma.Bound{atLeast(2)},
	}
	list := []*sigma.Correlation{inner, outer}
	a := func(second int) hit { return hit{second, "a", "src_ip=192.0.2.1"} }
	if found, _ := run(list, a(0), a(1), a(2), a(3), a(4)); len(found) != 0 {
		t.Errorf("one stretch is taken for two: %s", told(found))
	}
	if found, _ := run(list, a(0), a(1), a(100), a(101)); told(found) != "101:[1 2 3 4]" {
		t.Errorf("two stretches give %q", told(found))
	}
}

func TestAMatchOfAWindowThatWasJudgedIsCounted(t *testing.T) {
	c := correlate(sigma.EventCount, time.Minute, 1, sigma.Bound{Op: sigma.Less, Value: 2})
	found, stats := run([]*sigma.Correlation{c}, hit{10, "a", "src_ip=192.0.2.1"}, hit{70, "a", "src_ip=192.0.2.1"}, hit{20, "a", "src_ip=192.0.2.1"})
	if stats.Late != 1 || len(found) != 1 {
		t.Errorf("stats %+v, findings %s", stats, told(found))
	}
}

func TestLateMatchesWithinTheTimespanCount(t *testing.T) {
	c := correlate(sigma.ValueCount, time.Minute, 1, atLeast(3))
	c.Fields = []string{"user"}
	found, _ := run([]*sigma.Correlation{c}, hit{10, "a", "src_ip=x user=p"}, hit{50, "a", "src_ip=x user=q"}, hit{30, "a", "src_ip=x user=r"})
	if told(found) != "30:[1 2 3]" {
		t.Errorf("%s", told(found))
	}
}

func TestWhatMatchesHaveInCommonIsWhatTheFindingIsAbout(t *testing.T) {
	c := correlate(sigma.EventCount, time.Minute, 1, atLeast(2))
	e := New(NewPlan([]*sigma.Correlation{c}))
	for i, actor := range []string{"abe", "baba"} {
		ev := hit{i, "a", "src_ip=192.0.2.1"}.event(i + 1)
		ev.Host, ev.ActorUser, ev.SrcIP = "web1", actor, "192.0.2.1"
		ev.Notes = e.plan.Note(ev, c.Inputs[0].Rule, nil)
		e.Observe(ev)
	}
	found := e.Take()
	if len(found) != 1 || found[0].Host != "web1" || found[0].SrcIP != "192.0.2.1" || found[0].ActorUser != "" {
		t.Errorf("%+v", found)
	}
}

func TestSecretsStayOutOfFindings(t *testing.T) {
	c := correlate(sigma.EventCount, time.Minute, 1, atLeast(1))
	c.Secret = true
	found, _ := run([]*sigma.Correlation{c}, hit{0, "a", "src_ip=Suzume12"})
	if len(found) != 1 || strings.Contains(fmt.Sprintf("%+v", found), "Suzume") {
		t.Errorf("%+v", found)
	}
}

// naive counts matches of each group over the timespan before each match.
func naive(hits []hit, span, want int) map[int]bool {
	fires := map[int]bool{}
	held := map[string]bool{}
	for i, h := range hits {
		n := 0
		for _, g := range hits[:i+1] {
			if g.fields == h.fields && g.second > h.second-span {
				n++
			}
		}
		if n >= want && !held[h.fields] {
			fires[i+1] = true
		}
		held[h.fields] = n >= want
	}
	return fires
}

func drawHits(t *rapid.T) []hit {
	var hits []hit
	second := 0
	for range rapid.IntRange(1, 80).Draw(t, "matches") {
		second += rapid.IntRange(0, 40).Draw(t, "gap")
		hits = append(hits, hit{second, "a", "src_ip=" + rapid.SampledFrom([]string{"192.0.2.1", "192.0.2.2"}).Draw(t, "address")})
	}
	return hits
}

func TestEventCountAgreesWithCountingNaively(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hits := drawHits(t)
		want := rapid.IntRange(1, 5).Draw(t, "count")
		c := correlate(sigma.EventCount, 100*time.Second, 1, atLeast(float64(want)))
		p := NewPlan([]*sigma.Correlation{c})
		e := New(p)
		fires := map[int]bool{}
		for i, h := range hits {
			ev := h.event(i + 1)
			ev.Notes = p.Note(ev, c.Inputs[0].Rule, nil)
			e.Observe(ev)
			for _, f := range e.Take() {
				fires[int(f.Records[len(f.Records)-1])] = true
			}
		}
		for at := range fires {
			if !naive(hits, 100, want)[at] {
				t.Fatalf("fired at match %d", at)
			}
		}
		groups := map[string]bool{} // those that fire: of one day there is one finding each
		for at := range naive(hits, 100, want) {
			groups[hits[at-1].fields] = true
		}
		if len(fires) != len(groups) {
			t.Fatalf("%d groups of the day fired, want %d", len(fires), len(groups))
		}
	})
}

func TestFindingsDoNotDependOnWhereOneBegins(t *testing.T) {
	kinds := []*sigma.Correlation{
		correlate(sigma.EventCount, 100*time.Second, 1, atLeast(3)),
		correlate(sigma.EventCount, 100*time.Second, 1, sigma.Bound{Op: sigma.Less, Value: 3}),
		correlate(sigma.Temporal, 100*time.Second, 2),
		correlate(sigma.TemporalOrdered, 100*time.Second, 2),
	}
	rapid.Check(t, func(t *rapid.T) {
		hits := drawHits(t)
		for i := range hits {
			hits[i].rule = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "rule")
		}
		c := rapid.SampledFrom(kinds).Draw(t, "kind")
		for i := range hits {
			if len(c.Inputs) == 1 {
				hits[i].rule = "a"
			}
		}
		// Far later, on another day, the same again: beginning just before it
		// must give what beginning at the start gives.
		const later = 2 * 86400
		all := slices.Clone(hits)
		for _, h := range hits {
			all = append(all, hit{h.second + later, h.rule, h.fields})
		}
		from := rapid.IntRange(0, len(hits)).Draw(t, "from")
		whole, _ := run([]*sigma.Correlation{c}, all...)
		part, _ := run([]*sigma.Correlation{c}, all[from:]...)
		ids := func(list []finding.Finding) (out []string) {
			for _, f := range list {
				if f.Time.Sub(start()) >= later*time.Second {
					out = append(out, f.ID+f.Time.String())
				}
			}
			return out
		}
		if !slices.Equal(ids(whole), ids(part)) {
			t.Fatalf("from %d: %s, from the start: %s", from, told(part), told(whole))
		}
	})
}

func TestMemoryIsBoundedAndWhatIsForgottenIsCounted(t *testing.T) {
	c := correlate(sigma.EventCount, 24*time.Hour, 1, atLeast(1_000_000))
	p := NewPlan([]*sigma.Correlation{c})
	e := New(p)
	for i := range maxGroups + 1000 {
		ev := hit{0, "a", fmt.Sprintf("src_ip=x%d", i)}.event(i + 1)
		ev.Notes = p.Note(ev, c.Inputs[0].Rule, nil)
		e.Observe(ev)
	}
	if e.Stats().Evicted < 1000 || e.groups.Len() > maxGroups || e.held > maxMatches || e.held != e.groups.Len() {
		t.Errorf("stats %+v, %d groups, %d matches", e.Stats(), e.groups.Len(), e.held)
	}
}

func TestHostileNotesAreLeftOut(t *testing.T) {
	c := correlate(sigma.EventCount, time.Minute, 1, atLeast(1))
	e := New(NewPlan([]*sigma.Correlation{c}))
	for _, text := range []string{"", "[", "{}", "[1]", `["a","b"]`, "null", `[{"a":1}]`} {
		e.Observe(&event.Event{Time: start(), Notes: []event.Field{{Name: notePrefix + "a", Value: text}}})
	}
	long := strings.Repeat("あ", 1000)
	ev := hit{0, "a", "src_ip=" + long}.event(1)
	n := e.plan.Note(ev, c.Inputs[0].Rule, nil)
	if len(n) != 1 || len(n[0].Value) > 400 {
		t.Errorf("note of %d bytes", len(n[0].Value))
	}
	if found := e.Take(); len(found) != 0 {
		t.Errorf("found %+v", found)
	}
}

func BenchmarkObserve(b *testing.B) {
	c := correlate(sigma.EventCount, 5*time.Minute, 1, atLeast(10))
	d := correlate(sigma.ValueCount, 5*time.Minute, 1, atLeast(10))
	d.Fields, d.Inputs = []string{"user"}, c.Inputs
	p := NewPlan([]*sigma.Correlation{c, d})
	e := New(p)
	events := make([]*event.Event, 10_000)
	for i := range events {
		events[i] = hit{0, "a", fmt.Sprintf("src_ip=192.0.2.%d user=u%d", i%200, i%977)}.event(i + 1)
		events[i].Notes = p.Note(events[i], c.Inputs[0].Rule, nil)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		ev := events[n%len(events)]
		ev.Time = start().Add(time.Duration(n) * 10 * time.Millisecond)
		e.Observe(ev)
		n++
	}
}
