package sigma

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma/sigmatest"
)

// boundRules are rules of every kind of predicate on a few fields.
func boundRules(t *testing.T) []*Rule {
	t.Helper()
	list, err := Parse("r.yml", []byte(`
title: t
id: r1
logsource: {product: linux}
detection:
  a: {CommandLine|contains: ['curl ', 'wget ', '-x'], name: ab}
  b: {CommandLine|re: '\s-[a-c]\s.{20,}z', other|startswith: /opt}
  c: {name|endswith|cased: AbAb, CommandLine|contains: 'never there'}
  d: ['keyword one', 'keyword two']
  condition: 1 of *
`))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestNothingIsAllocatedWhereNothingMatches(t *testing.T) {
	m := Compile(boundRules(t)).NewMatcher()
	samples := make([]event.Event, 64)
	for i := range samples {
		samples[i] = event.Event{Format: "syslog", Message: "session opened", CmdLine: "ls -l /srv/" + strings.Repeat("x", i)}
		for k := range 12 {
			samples[i].Add(fmt.Sprint("field", k), fmt.Sprint("value ", i, k))
		}
		samples[i].Add("name", fmt.Sprint("abc", i))
	}
	raw, i := []byte("<34>Jan  2 03:04:05 host app[1]: session opened"), 0
	match := func() {
		if got := m.Match(&samples[i%len(samples)], raw, nil); got != nil {
			t.Fatalf("%+v", got)
		}
		i++
	}
	for range len(samples) {
		match() // the space that is kept between events
	}
	if n := testing.AllocsPerRun(1000, match); n != 0 {
		t.Errorf("%.2f allocations an event", n)
	}
}

func TestNothingIsAllocatedForPublicRulesWhereNothingMatches(t *testing.T) {
	m := Compile(loadShared(t, sigmatest.AllRules()...)).NewMatcher()
	var quiet []sigmatest.Sample
	var dst []Match
	for _, s := range sigmatest.W2(t, 4000, 7) {
		if dst = m.Match(&s.Event, s.Raw, dst[:0]); len(dst) == 0 {
			quiet = append(quiet, s)
		}
	}
	i := 0
	n := testing.AllocsPerRun(3*len(quiet), func() {
		s := &quiet[i%len(quiet)]
		dst = m.Match(&s.Event, s.Raw, dst[:0])
		i++
	})
	// Expressions allocate now and then when their machines grow.
	if n > 0.01 {
		t.Errorf("%.3f allocations an event", n)
	}
}

func TestHugeEventsAreMatchedInLinearTimeAndLetGo(t *testing.T) {
	m := Compile(boundRules(t)).NewMatcher()
	took := func(ev *event.Event, raw []byte) time.Duration {
		best := time.Duration(1 << 62)
		for range 3 {
			start := cpuTime(t)
			m.Match(ev, raw, nil)
			best = min(best, cpuTime(t)-start)
		}
		return best
	}
	for name, piece := range map[string]string{
		"near misses": "curl keyword on -x -a", "one byte": "aaaaaaaaaaaaaaaaaaaa", "not ASCII": "あいうÉé", "needles": "curl wget abab -a ",
	} {
		long := func(n int) *event.Event {
			return &event.Event{Format: "syslog", CmdLine: strings.Repeat(piece, n/len(piece))}
		}
		small, big := took(long(1<<20), nil), took(long(10<<20), nil)
		if big > 40*small && big > time.Second {
			t.Errorf("%s: 1 MB takes %s, 10 MB %s", name, small, big)
		}
		t.Logf("%s: 1 MB %s, 10 MB %s", name, small, big)
	}
	many := event.Event{Format: "syslog"}
	for i := range 5000 {
		many.Add([]string{"name", "other", "CommandLine", "x"}[i%4], fmt.Sprint("ab value ", i))
	}
	if d := took(&many, nil); d > time.Second {
		t.Errorf("an event of 5,000 fields takes %s", d)
	}
	m.Match(&event.Event{Format: "syslog", Message: "small"}, nil, nil)
	m.Match(&event.Event{Format: "syslog", Message: "small"}, nil, nil)
	if n := cap(m.arena); n > maxArena {
		t.Errorf("%d bytes are kept after a huge value", n)
	}
	if n := cap(m.values); n > maxValues {
		t.Errorf("space for %d values is kept after an event of many", n)
	}
}

func TestAllPublicRulesFitIntoMemory(t *testing.T) {
	rules := loadShared(t, sigmatest.AllRules()...)
	before := liveHeap()
	m := Compile(rules).NewMatcher()
	used := liveHeap() - before
	runtime.KeepAlive(rules)
	runtime.KeepAlive(m)
	t.Logf("engine and matcher: %.1f MB", float64(used)/(1<<20))
	if used > 100<<20 {
		t.Errorf("engine and matcher keep %d bytes", used)
	}
}

func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}
