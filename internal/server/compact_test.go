package server

import (
	"testing"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault"
)

// TestCompactionLeavesEveryAnswerAsItWas puts the segments of a vault together
// under a serving index.
func TestCompactionLeavesEveryAnswerAsItWas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v, err := vault.OpenOrCreate(dir+"/"+vaultFolder, vault.Options{SegmentRecords: 4, BatchRecords: 4, BatchEvery: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		recs := make([]event.Record, 4)
		for k := range recs {
			recs[k] = event.Record{Source: "web", Transport: "file;format=json", Raw: []byte(`{"time":"2026-03-01T00:00:0` + string(rune('0'+i)) + `Z","user":"kay"}`)}
		}
		if err := v.Append(t.Context(), recs); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir)
	before := len(s.vault.Segments())
	found := func() int64 {
		t.Helper()
		r, err := s.Search(t.Context(), "sato", control.Search{Query: "user:kay"})
		if err != nil {
			t.Fatal(err)
		}
		return r.Total
	}
	want := found()
	fewer, err := s.Compact(t.Context())
	if err != nil || before < 5 || fewer != before-1 || len(s.vault.Segments()) != 1 {
		t.Fatalf("%d segments, %d fewer, %d now: %v", before, fewer, len(s.vault.Segments()), err)
	}
	if got := found(); got != want || want != 40 {
		t.Errorf("%d events before, %d after", want, got)
	}
}
