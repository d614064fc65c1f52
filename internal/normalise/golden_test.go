package normalise_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

var update = flag.Bool("update", false, "rewrite the .want files of the golden tests")

// goldenTransport is what a golden sample's records carry unless a file
// NAME.hints beside NAME.in says otherwise.
const goldenTransport = "file;tz=Asia%2FTokyo;tzfrom=configured;ref=2018-04-01T00%3A00%3A00Z"

// TestGoldenSamplesGiveTheEventsWritten reads every testdata/FORMAT/NAME.in,
// cuts it as Recognise says and compares the events with NAME.want.
func TestGoldenSamplesGiveTheEventsWritten(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*/*.in")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no golden samples: %v", err)
	}
	for _, path := range inputs {
		t.Run(strings.TrimSuffix(path[len("testdata/"):], ".in"), func(t *testing.T) { golden(t, path) })
	}
}

func golden(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	transport := goldenTransport
	if hints, err := os.ReadFile(strings.TrimSuffix(path, ".in") + ".hints"); err == nil {
		transport = strings.TrimSpace(string(hints))
	}
	shape := normalise.Recognise("sample", data)
	var b strings.Builder
	fmt.Fprintf(&b, "recognised as %q\n", shape.Format)
	for _, ev := range normalisetest.Shaped(shape, data, transport) {
		b.WriteString("\n" + normalisetest.Describe(&ev))
	}
	want := strings.TrimSuffix(path, ".in") + ".want"
	if *update {
		if err := os.WriteFile(want, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	old, err := os.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(old), b.String()); diff != "" {
		t.Errorf("events differ (-want +got):\n%s", diff)
	}
}
