package bench

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/konseki/konseki/internal/sigma"
	"github.com/konseki/konseki/internal/sigma/sigmatest"
	"github.com/konseki/konseki/rules"
)

// sigmaData is the public rules and the W1 stream, beside the repository.
func sigmaData(b *testing.B) string {
	b.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", "shared", "data"))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		b.Skipf("../shared is absent: %v", err)
	}
	return dir
}

// sigmaRules loads folders of the public rules, and konseki's own.
func sigmaRules(b *testing.B, folders ...string) []*sigma.Rule {
	b.Helper()
	return loadTrees(b, append([]sigma.Tree{{FS: rules.FS()}}, publicTrees(b, folders...)...)...)
}

func publicTrees(b *testing.B, folders ...string) []sigma.Tree {
	b.Helper()
	var trees []sigma.Tree
	for _, folder := range folders {
		trees = append(trees, sigma.Tree{FS: sigmatest.Rules(b), Root: folder})
	}
	return trees
}

func loadTrees(b *testing.B, trees ...sigma.Tree) []*sigma.Rule {
	b.Helper()
	c := sigma.Load(sigma.Options{Placeholders: sigmatest.Placeholders()}, trees...)
	for _, p := range c.Problems {
		b.Errorf("%s:%d: %s", p.File, p.Line, p.Reason)
	}
	return c.Rules
}

// perProcessor runs f and reports events per second of processor time.
func perProcessor(b *testing.B, f func(i int)) {
	b.ReportAllocs()
	runtime.GC()
	start, n := cpuTime(b), 0
	for b.Loop() {
		f(n)
		n++
	}
	b.ReportMetric(float64(n)/(cpuTime(b)-start).Seconds(), "events/cpu-s")
}

// matchAll matches the samples in turn and reports what share of them matched.
func matchAll(b *testing.B, set []*sigma.Rule, samples []sigmatest.Sample) {
	m := sigma.Compile(set).NewMatcher()
	var dst []sigma.Match
	tried, matched := 0, 0
	perProcessor(b, func(i int) {
		s := &samples[i%len(samples)]
		dst = m.Match(&s.Event, s.Raw, dst[:0])
		tried++
		if len(dst) > 0 {
			matched++
		}
	})
	b.ReportMetric(100*float64(matched)/float64(tried), "%-matched")
	b.ReportMetric(float64(len(set)), "rules")
}

// BenchmarkSigmaW1 is an attack on processes and web servers with the rules
// for them: a quarter of the events match.
func BenchmarkSigmaW1(b *testing.B) {
	matchAll(b, sigmaRules(b, sigmatest.W1Rules()...), sigmatest.W1(b, 100_000))
}

// BenchmarkSigmaW1Public is W1 with the 1,438 public rules alone, those that
// the bar is set for.
func BenchmarkSigmaW1Public(b *testing.B) {
	matchAll(b, loadTrees(b, publicTrees(b, sigmatest.W1Rules()...)...), sigmatest.W1(b, 100_000))
}

// BenchmarkSigmaW1New is W1 with every number, identifier and third command
// line new, as if they had never been seen.
func BenchmarkSigmaW1New(b *testing.B) {
	matchAll(b, sigmaRules(b, sigmatest.W1Rules()...), sigmatest.W1New(b, 100_000, 1))
}

// BenchmarkSigmaW2 is what a company's machines send, with all public rules;
// sigmatest.W2 tells the proportions and what varies.
func BenchmarkSigmaW2(b *testing.B) {
	matchAll(b, sigmaRules(b, sigmatest.AllRules()...), sigmatest.W2(b, 100_000, 1))
}

// BenchmarkSigmaReload reads, parses and compiles all public rules, and
// reports what the engine and a matcher keep in memory.
func BenchmarkSigmaReload(b *testing.B) {
	var e *sigma.Engine
	var m *sigma.Matcher
	before := liveHeap()
	n, start := 0, cpuTime(b)
	for b.Loop() {
		e = sigma.Compile(sigmaRules(b, sigmatest.AllRules()...))
		m = e.NewMatcher()
		n++
	}
	b.ReportMetric((cpuTime(b)-start).Seconds()/float64(n), "cpu-s/op")
	b.ReportMetric(float64(liveHeap()-before)/(1<<20), "live-MB")
	b.ReportMetric(float64(len(e.Rules())), "rules")
	runtime.KeepAlive(m)
}

func liveHeap() int64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

func BenchmarkSigmaCompile(b *testing.B) {
	all := sigmaRules(b, sigmatest.AllRules()...)
	for b.Loop() {
		sigma.Compile(all)
	}
	b.ReportMetric(float64(len(all)), "rules")
}
