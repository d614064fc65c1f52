package duckdb_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/index/duckdb"
	"github.com/konseki/konseki/internal/index/indextest"
	"github.com/konseki/konseki/internal/query"
)

func TestContract(t *testing.T) {
	indextest.Run(t, func(t *testing.T) indextest.Index { return open(t, filepath.Join(t.TempDir(), "it's [1]*")) })
}

func open(t testing.TB, dir string) *duckdb.Index {
	t.Helper()
	x, err := duckdb.Open(dir, duckdb.Options{Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

// sample makes n plain rows and their segment.
func sample(t testing.TB, dir string, first, n int) ([]index.Row, index.Segment) {
	t.Helper()
	rows := make([]index.Row, n)
	for i := range rows {
		record := uint64(first + i)
		rows[i] = index.Row{
			Event: &event.Event{
				Record: record, Source: "vpn", Host: fmt.Sprintf("gw%d", i%3), SrcIP: "192.0.2.7",
				Time:   time.Date(2018, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(record) * time.Second),
				Fields: []event.Field{{Name: "EventID", Value: "4625"}},
			},
			Raw: fmt.Appendf(nil, "login failed %d", record),
		}
	}
	return rows, indextest.Segment(t, dir, rows)
}

func count(t testing.TB, x *duckdb.Index, text string) int64 {
	t.Helper()
	plan, err := query.Parse(text, query.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n, err := x.Count(t.Context(), index.Request{Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// covered opens an index in dir that holds one derived file.
func covered(t testing.TB, dir, version string) (*duckdb.Index, index.Segment) {
	t.Helper()
	x, err := duckdb.Open(dir, duckdb.Options{Version: version})
	if err != nil {
		t.Fatal(err)
	}
	rows, seg := sample(t, t.TempDir(), 1, 100)
	if err := errors.Join(x.Add(t.Context(), rows), x.Cover(t.Context(), seg)); err != nil {
		t.Fatal(err)
	}
	return x, seg
}

func TestDerivedFilesAreFoundAgainAfterReopening(t *testing.T) {
	dir := t.TempDir()
	x, seg := covered(t, dir, "1")
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir)
	plan, err := query.Parse("failed", query.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Search(t.Context(), index.Request{Plan: plan}); err == nil {
		t.Error("free words were answered without the raw segment")
	}
	if !again.Has(seg) || again.Last() != 100 {
		t.Fatalf("has %v, last %d", again.Has(seg), again.Last())
	}
	if n := count(t, again, `"failed 7"`); n != 11 {
		t.Errorf("free words found %d events", n)
	}
}

func TestFilesOfAnotherVersionAreRemoved(t *testing.T) {
	dir := t.TempDir()
	x, seg := covered(t, dir, "0")
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if again := open(t, dir); again.Has(seg) || again.Last() != 0 {
		t.Error("a file of another version was taken")
	}
}

func TestABrokenFileIsDroppedAndRebuilt(t *testing.T) {
	breakages := map[string]func(t *testing.T, path string){
		"cut": func(t *testing.T, path string) {
			if err := os.Truncate(path, 200); err != nil {
				t.Fatal(err)
			}
		},
		"footer changed":  func(t *testing.T, path string) { flip(t, path, -20) },
		"sidecar changed": func(t *testing.T, path string) { flip(t, path+".skip", 40) },
		"sidecar missing": func(t *testing.T, path string) {
			if err := os.Remove(path + ".skip"); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, damage := range breakages {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			x, seg := covered(t, dir, "1")
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			damage(t, derived(t, dir))
			again := open(t, dir)
			if again.Has(seg) {
				t.Fatal("a broken file was taken")
			}
			rows, _ := sample(t, t.TempDir(), 1, 100)
			if err := errors.Join(again.Add(t.Context(), rows), again.Cover(t.Context(), seg)); err != nil {
				t.Fatal(err)
			}
			if n := count(t, again, "host:gw1"); n != 33 || !again.Has(seg) {
				t.Errorf("after rebuilding: %d events, has %v", n, again.Has(seg))
			}
		})
	}
}

func TestAFileThatBreaksWhileOpenEndsInAnErrorAndIsDropped(t *testing.T) {
	dir := t.TempDir()
	x, seg := covered(t, dir, "1")
	defer func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := os.WriteFile(derived(t, dir), []byte("PAR1 nonsense PAR1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Search(t.Context(), index.Request{}); err == nil {
		t.Fatal("no error from a broken file")
	}
	if x.Has(seg) {
		t.Error("the broken file is still taken for good")
	}
	if n := count(t, x, "*"); n != 0 {
		t.Errorf("counted %d", n)
	}
}

func derived(t *testing.T, dir string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.parquet"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("derived files: %v %v", paths, err)
	}
	return paths[0]
}

// flip changes one byte, counted from the end when negative.
func flip(t *testing.T, path string, at int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 0x55
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSQLReadsTheViewAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	x, _ := covered(t, dir, "1")
	defer func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	}()
	hot, _ := sample(t, t.TempDir(), 101, 20)
	if err := x.Add(t.Context(), hot); err != nil {
		t.Fatal(err)
	}
	columns, rows, err := x.SQL(t.Context(), "SELECT host, count(*) AS n FROM events WHERE fields->>'EventID' = '4625' AND time >= '2018-03-01' GROUP BY host ORDER BY host")
	if err != nil {
		t.Fatal(err)
	}
	var got [][]any
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row)
	}
	want := [][]any{{"gw0", int64(41)}, {"gw1", int64(40)}, {"gw2", int64(39)}}
	if diff := cmp.Diff(want, got); diff != "" || !slices.Equal(columns, []string{"host", "n"}) {
		t.Errorf("%v: %s", columns, diff)
	}
	secret := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(secret, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"SELECT * FROM read_csv('" + secret + "')", "SELECT * FROM read_text('" + secret + "')", "SELECT * FROM '" + secret + "'",
		"COPY (SELECT 1) TO '" + dir + "/x.parquet'", "SELECT 1; COPY (SELECT 1) TO '" + dir + "/x.parquet'; SELECT 2",
		"SELECT 1; SELECT 2", "SET memory_limit = '1GB'", "ATTACH '" + dir + "/x.db'", "INSTALL httpfs", "DROP VIEW events",
		"", "nonsense", "SELECT * FROM glob('/*')", "PRAGMA version", "CREATE TABLE x (a INT)",
	} {
		if _, _, err := x.SQL(t.Context(), text); err == nil {
			t.Errorf("allowed: %s", text)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "x.parquet")); !errors.Is(err, os.ErrNotExist) {
		t.Error("a statement wrote a file")
	}
}

func TestMessagesThatFieldsRepeatAreNotLost(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	rows, seg := sample(t, t.TempDir(), 1, 30)
	for i, r := range rows {
		r.Event.Message = []string{"said once", "says~this/twice", "bad\xff"}[i%3]
		r.Event.Fields = append(r.Event.Fields, event.Field{Name: "a~b/c", Value: "says~this/twice"}, event.Field{Name: "bad\xff", Value: "bad\xff"})
	}
	if err := errors.Join(x.Add(t.Context(), rows[:20]), x.Add(t.Context(), rows[20:]), x.Cover(t.Context(), seg)); err != nil {
		t.Fatal(err)
	}
	want := []index.Value{{Value: "bad\ufffd", Count: 10}, {Value: "said once", Count: 10}, {Value: "says~this/twice", Count: 10}}
	got, err := x.Facet(t.Context(), index.Request{}, "message", 10)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("facet: %v %s", err, diff)
	}
	_, answer, err := x.SQL(t.Context(), "SELECT message, count(*) FROM events GROUP BY message ORDER BY message")
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for row, err := range answer {
		if err != nil || row[0] != want[i].Value || row[1] != want[i].Count {
			t.Errorf("%v %v", row, err)
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%d messages", i)
	}
}

func TestSQLSaysWhereItsAnswerWasCut(t *testing.T) {
	x := open(t, t.TempDir())
	_, rows, err := x.SQL(t.Context(), "SELECT range FROM range(20000)")
	if err != nil {
		t.Fatal(err)
	}
	n, last := 0, error(nil)
	for _, err := range rows {
		n, last = n+1, err
	}
	if n != index.MaxSQLRows+1 || !errors.Is(last, index.ErrCut) {
		t.Errorf("%d rows, then %v", n, last)
	}
}
