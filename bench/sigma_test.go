package bench

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/zstd"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
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

// sigmaRules loads the folders that W1 is measured with, and konseki's own.
func sigmaRules(b *testing.B) []*sigma.Rule {
	b.Helper()
	public := os.DirFS(filepath.Join(sigmaData(b), "sigma", "rules"))
	all, problems := sigma.LoadDir(rules.FS(), ".")
	for _, folder := range []string{"linux", "web", "windows/process_creation"} {
		more, bad := sigma.LoadDir(public, folder)
		all, problems = append(all, more...), append(problems, bad...)
	}
	for _, p := range problems {
		b.Errorf("%s:%d: %s", p.File, p.Line, p.Reason)
	}
	return all
}

// sigmaEvents reads W1: Windows and Linux processes and web accesses, a
// quarter of which match a rule.
func sigmaEvents(b *testing.B, n int) []event.Event {
	b.Helper()
	f, err := os.Open(filepath.Join(sigmaData(b), "bench", "sigma-w1.ndjson.zst"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	defer z.Close()
	var out []event.Event
	for lines := bufio.NewScanner(z); lines.Scan() && len(out) < n; {
		out = append(out, sigmaEvent(b, lines.Bytes()))
	}
	return out
}

func sigmaEvent(b *testing.B, line []byte) event.Event {
	ev := event.Event{Format: "jsonlines", ClassUID: event.ClassProcess, ActivityID: event.ActivityProcessLaunch}
	d := jsontext.NewDecoder(bytes.NewReader(line))
	if _, err := d.ReadToken(); err != nil {
		b.Fatal(err)
	}
	for d.PeekKind() == '"' {
		k, err := d.ReadToken()
		if err != nil {
			b.Fatal(err)
		}
		name := k.String()
		v, err := d.ReadToken()
		if err != nil {
			b.Fatal(err)
		}
		switch text := v.String(); name {
		case "_category":
			if text == "webserver" {
				ev.ClassUID = event.ClassHTTP
			}
		case "_product", "_service":
		case "EventID":
			ev.EventCode = text
			ev.Add(name, text)
		case "Image":
			ev.ProcessPath = text
			ev.Add(name, text)
		default:
			ev.Add(name, text)
		}
	}
	return ev
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

func BenchmarkSigmaW1(b *testing.B) {
	m := sigma.Compile(sigmaRules(b)).NewMatcher()
	events := sigmaEvents(b, 100_000)
	var dst []sigma.Match
	perProcessor(b, func(i int) { dst = m.Match(&events[i%len(events)], nil, dst[:0]) })
}

func BenchmarkSigmaCompile(b *testing.B) {
	all := sigmaRules(b)
	for b.Loop() {
		sigma.Compile(all)
	}
	b.ReportMetric(float64(len(all)), "rules")
}
