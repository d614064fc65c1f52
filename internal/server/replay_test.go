package server

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/konseki/konseki/internal/manifest"
)

// said is what findings say, without the numbers that records have in a vault.
func said(t testing.TB, s *Server) []string {
	t.Helper()
	var out []string
	for _, f := range findings(t, s) {
		out = append(out, fmt.Sprintf("%s %s %s %s %s %s %s, %d cited, %v", f.RuleID, f.Level, f.Time, f.User, f.Address, f.Host, f.Why.EN, len(f.Cites), f.Because))
	}
	slices.Sort(out)
	return out
}

func TestG5TheSameFilesInAnotherOrderGiveTheSameFindings(t *testing.T) {
	t.Parallel()
	dir := evidence(t)
	whole := started(t)
	imported(t, whole, dir)
	want := said(t, whole)
	if len(want) < 2 {
		t.Fatalf("%d findings: nothing to compare", len(want))
	}
	// The server's log first, then the whole folder, with a restart between.
	home, first := t.TempDir(), t.TempDir()
	put(t, first, manifest.Name, manifestText)
	log, err := os.ReadFile(filepath.Join(dir, "server/auth.log"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, first, "server/auth.log", string(log))
	if err := os.Chtimes(filepath.Join(first, "server/auth.log"), jst(3, 0, 0), jst(3, 0, 0)); err != nil {
		t.Fatal(err)
	}
	s := start(t, home)
	imported(t, s, first)
	closed(t, s)
	s = start(t, home)
	defer closed(t, s)
	imported(t, s, dir)
	if diff := cmp.Diff(want, said(t, s)); diff != "" {
		t.Errorf("in another order:\n%s", diff)
	}
}

func TestG5JudgingEverythingAgainFindsNothingNew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir)
	imported(t, s, evidence(t))
	want := findings(t, s)
	for range 2 {
		if err := s.flow.Correlate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, findings(t, s)); diff != "" {
			t.Fatalf("judged again:\n%s", diff)
		}
		closed(t, s)
		s = start(t, dir, func(o *Options) { o.Reindex = true })
	}
	closed(t, s)
}
