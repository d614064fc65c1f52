package normalisetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/event"
)

// SampleColumns imports a file of the sample collections, requires that the
// format reads 95 % of its records, and compares what was derived of each (time,
// account, addresses, object, class and outcome: facts, not the text) with
// testdata/samples/NAME.columns of the calling room, which update rewrites.
func SampleColumns(t *testing.T, path, format string, update bool) {
	t.Helper()
	var b strings.Builder
	for i, ev := range ImportShare(t, path, format, 0.95) {
		fmt.Fprintf(&b, "%d\t%s\n", i+1, strings.Join(columnsOf(&ev), "\t"))
	}
	name := strings.TrimSuffix(filepath.Base(path), ".log") + ".columns"
	golden := filepath.Join("testdata", "samples", name)
	if update {
		if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("columns differ (-want +got):\n%s", diff)
	}
}

// columnsOf lists what SampleColumns compares; "-" stands for what is not told.
func columnsOf(ev *event.Event) []string {
	status := map[int32]string{event.StatusSuccess: "success", event.StatusFailure: "failure"}[ev.StatusID]
	cells := []string{
		ev.Time.Format(time.RFC3339Nano), ev.Quality.Zone.String(), ev.Host, fmt.Sprintf("%s/%d", event.ClassName(ev.ClassUID), ev.ActivityID), status,
		ev.ActorUser, ev.TargetUser, endpoint(ev.SrcIP, ev.SrcPort), endpoint(ev.DstIP, ev.DstPort), ev.Object, ev.SessionUID, ev.EventCode, ev.NativeSeq,
	}
	for i, cell := range cells {
		if cell == "" {
			cells[i] = "-"
		}
	}
	return cells
}

func endpoint(ip string, port int32) string {
	if port == 0 {
		return ip
	}
	return fmt.Sprintf("%s#%d", ip, port)
}
