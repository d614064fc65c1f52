package sigma

import (
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
	"github.com/konseki/konseki/internal/sigma/sigmatest"
)

// shared returns a folder of ../shared, or skips the test.
func shared(tb testing.TB, parts ...string) string {
	tb.Helper()
	return normalisetest.Shared(tb, parts...)
}

// loadShared loads folders of the public rules, placeholders filled in.
func loadShared(tb testing.TB, folders ...string) []*Rule {
	tb.Helper()
	var trees []Tree
	for _, f := range folders {
		trees = append(trees, Tree{FS: sigmatest.Rules(tb), Root: f})
	}
	c := Load(Options{Placeholders: sigmatest.Placeholders()}, trees...)
	for _, p := range c.Problems {
		tb.Errorf("%s:%d: %s", p.File, p.Line, p.Reason)
	}
	return c.Rules
}

func TestEveryPublicLinuxAndWebRuleLoads(t *testing.T) {
	rules := loadShared(t, sigmatest.W1Rules()...)
	if len(rules) != 1438 {
		t.Errorf("loaded %d rules, want 1438", len(rules))
	}
	for _, r := range Compile(rules).Unrouted() {
		t.Errorf("%s: logsource %s is routed nowhere", r.File, r.Logsource)
	}
}

// A sideBySide matches samples with the index and without.
type sideBySide struct {
	engine  *Engine
	matcher *Matcher
	full    *Matcher
	events  map[string]int // per collection
	matched map[string]int
}

func compare(t *testing.T, rules []*Rule) *sideBySide {
	e := Compile(rules)
	t.Logf("%d rules, %d of them routed nowhere", len(rules), len(e.Unrouted()))
	return &sideBySide{e, e.NewMatcher(), e.NewMatcher(), make(map[string]int), make(map[string]int)}
}

// all compares every step-th sample.
func (c *sideBySide) all(t *testing.T, samples []sigmatest.Sample, step int) {
	t.Helper()
	var got, want []Match
	for i := 0; i < len(samples); i += step {
		s := &samples[i]
		got, want = c.matcher.Match(&s.Event, s.Raw, got[:0]), c.full.fullScan(&s.Event, s.Raw, want[:0])
		if ids(got) != ids(want) {
			t.Fatalf("%s, event %d: the index finds %q, a full scan %q, of %+v", s.From, i, ids(got), ids(want), s.Event)
		}
		c.events[s.From]++
		if len(got) > 0 {
			c.matched[s.From]++
		}
	}
}

// All public rules, their placeholders filled in, and events of every collection.
func TestG10IndexFindsWhatAFullScanFinds(t *testing.T) {
	c := compare(t, loadShared(t, sigmatest.AllRules()...))
	step := 1
	if testing.Short() {
		step = 20
	}
	for i, set := range [][]sigmatest.Sample{sigmatest.Collected(t), sigmatest.W1(t, 100_000), sigmatest.W2(t, 10_000, 10)} {
		c.all(t, set, []int{1, 20, 2}[i]*step)
	}
	for from, n := range c.events {
		t.Logf("%-12s %6d events, %5d matched", from, n, c.matched[from])
		if c.matched[from] == 0 && from != "applications" && from != "linux" { // no rule is for them
			t.Errorf("no rule matches an event of %s: comparing them says nothing", from)
		}
	}
}

func TestG10IndexFindsWhatAFullScanFindsOnW1(t *testing.T) {
	c := compare(t, loadShared(t, sigmatest.W1Rules()...))
	n := 4000
	if testing.Short() {
		n = 400
	}
	c.all(t, sigmatest.W1(t, n), 1)
	if share := float64(c.matched["w1"]) / float64(n); share < 0.2 || share > 0.4 {
		t.Errorf("%.0f %% of the events match, the workload is known for about 24 %%", 100*share)
	}
}

func BenchmarkW1(b *testing.B) {
	m := Compile(loadShared(b, sigmatest.W1Rules()...)).NewMatcher()
	events := sigmatest.W1(b, 50_000)
	var dst []Match
	loop(b, func(i int) { dst = m.Match(&events[i%len(events)].Event, nil, dst[:0]) })
}
