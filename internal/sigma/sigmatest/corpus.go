// Package sigmatest reads public collections of logs as events, for tests and benchmarks of rules.
package sigmatest

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/zstd"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

// A Sample is an event with the bytes of its record.
type Sample struct {
	Event event.Event
	Raw   []byte
	From  string // the collection
}

// W1 reads the first n events of the benchmark stream W1: Windows and Linux
// processes and web accesses, a quarter of which match a rule. They are made
// as normalise would: native fields, class and code.
func W1(tb testing.TB, n int) []Sample {
	tb.Helper()
	f, err := os.Open(normalisetest.Shared(tb, "data", "bench", "sigma-w1.ndjson.zst"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	defer z.Close()
	var out []Sample
	for lines := bufio.NewScanner(z); lines.Scan() && len(out) < n; {
		out = append(out, Sample{Event: w1Event(tb, lines.Bytes()), From: "w1"})
	}
	return out
}

func w1Event(tb testing.TB, line []byte) event.Event {
	ev := event.Event{Format: "jsonlines", ClassUID: event.ClassProcess, ActivityID: event.ActivityProcessLaunch}
	d := jsontext.NewDecoder(bytes.NewReader(line))
	token := func() string {
		t, err := d.ReadToken()
		if err != nil {
			tb.Fatal(err)
		}
		return t.String()
	}
	token()
	for d.PeekKind() == '"' {
		switch name, text := token(), token(); name {
		case "_category":
			if text == "webserver" {
				ev.ClassUID = event.ClassHTTP
			}
		case "_product", "_service":
		default:
			switch name {
			case "EventID":
				ev.EventCode = text
			case "Image":
				ev.ProcessPath = text
			}
			ev.Add(name, text)
		}
	}
	return ev
}

// A lineSet is the records of one collection.
type lineSet struct {
	from  string
	lines [][]byte
}

// collections reads the records of all collections, in lexical order.
func collections(tb testing.TB) []lineSet {
	tb.Helper()
	return []lineSet{
		{"regression", documents(tb, normalisetest.Shared(tb, "data", "sigma", "regression_data"))},
		{"hub", lines(tb, normalisetest.Shared(tb, "data", "logs", "crowdsec-hub", "tests"), nil)},
		{"samples", lines(tb, normalisetest.Shared(tb, "data", "logs", "samples"), nil)},
		{"captured", lines(tb, normalisetest.Shared(tb, "data", "logs", "captured"), nil)},
		{"linux", lines(tb, normalisetest.Shared(tb, "data", "logs", "loghub"), []string{"Linux", "OpenSSH", "Mac", "Thunderbird"})},
		{"applications", lines(tb, normalisetest.Shared(tb, "data", "logs", "loghub"), []string{"Android", "Apache", "BGL", "HDFS", "HPC", "Hadoop", "HealthApp", "OpenStack", "Proxifier", "Spark", "Windows", "Zookeeper"})},
	}
}

// Collected returns the events of every collection but W1.
func Collected(tb testing.TB) []Sample {
	tb.Helper()
	n := normalise.New()
	var out []Sample
	for _, set := range collections(tb) {
		for _, line := range set.lines {
			out = derive(out, n, line, set.from)
		}
	}
	return out
}

// derive appends the events of a record, which keeps its bytes.
func derive(dst []Sample, n *normalise.Normaliser, raw []byte, from string) []Sample {
	rec := event.Record{Seq: 1, Received: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Source: "test", Raw: raw}
	for _, ev := range n.Events(nil, &rec) {
		dst = append(dst, Sample{ev, raw, from})
	}
	return dst
}

// documents reads each JSON file under a folder as records of one document.
func documents(tb testing.TB, root string) [][]byte {
	tb.Helper()
	var out [][]byte
	for _, name := range files(tb, root, ".json") {
		text, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		for d := jsontext.NewDecoder(bytes.NewReader(text)); ; {
			v, err := d.ReadValue()
			if err != nil {
				break
			}
			line := slices.Clone(v)
			if line.Compact() == nil {
				out = append(out, line)
			}
		}
	}
	return out
}

// maxLine bounds a line of the collections.
const maxLine = 1 << 20

// lines reads the log files under a folder, or under some folders of it.
func lines(tb testing.TB, root string, folders []string) [][]byte {
	tb.Helper()
	var out [][]byte
	for _, name := range files(tb, root, ".log", ".csv", ".jsonl") {
		rel, err := filepath.Rel(root, name)
		if err != nil {
			tb.Fatal(err)
		}
		first, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		if folders != nil && (!slices.Contains(folders, first) || filepath.Ext(name) != ".log") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		for line := range bytes.SplitSeq(text, []byte("\n")) {
			if line = bytes.TrimRight(line, "\r"); len(line) > 0 && len(line) < maxLine {
				out = append(out, line)
			}
		}
	}
	return out
}

// files lists the files under root with one of the endings, in lexical order.
func files(tb testing.TB, root string, endings ...string) []string {
	tb.Helper()
	var out []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.Contains(endings, filepath.Ext(name)) {
			out = append(out, name)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}
