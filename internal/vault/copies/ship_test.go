package copies

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/vault/audit"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault"
)

func records(from, n int) []event.Record {
	recs := make([]event.Record, n)
	for i := range recs {
		k := from + i
		recs[i] = event.Record{
			Received: time.Unix(1_790_000_000, int64(k)).UTC(), Source: []string{"vpn", "server"}[k%2], Transport: "syslog/udp",
			Raw: fmt.Appendf(nil, "record %d user=u%d from 198.51.100.%d", k, k%7, k%250),
		}
	}
	return recs
}

func openVault(t testing.TB, dir string, o vault.Options) *vault.Vault {
	t.Helper()
	if o.BatchEvery == 0 {
		o.BatchEvery = time.Hour
	}
	if o.SegmentRecords == 0 {
		o.SegmentRecords = 100
	}
	v, err := vault.OpenOrCreate(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func add(t testing.TB, v *vault.Vault, from, n, each int) {
	t.Helper()
	for n > 0 {
		k := min(n, each)
		if err := v.Append(t.Context(), records(from, k)); err != nil {
			t.Fatal(err)
		}
		from, n = from+k, n-k
	}
}

func seal(t testing.TB, v *vault.Vault) {
	t.Helper()
	if err := v.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func newShipper(t testing.TB, v Vault, s Store) *Shipper {
	t.Helper()
	return journalled(t, v, s, filepath.Join(t.TempDir(), "copy.journal"))
}

func journalled(t testing.TB, v Vault, s Store, journal string) *Shipper {
	t.Helper()
	sh, err := NewShipper(v, s, Options{
		Every: 10 * time.Millisecond, LogEvery: time.Nanosecond, Journal: journal,
		Logger: slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sh.Close() })
	return sh
}

func round(t testing.TB, s *Shipper) {
	t.Helper()
	if err := s.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func keyOf(t testing.TB, v *vault.Vault) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(v.Dir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// all reads every record of a vault as text.
func all(t testing.TB, v *vault.Vault) []string {
	t.Helper()
	var out []string
	for r, err := range v.Records(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%d %s %s %s %s", r.Seq, r.Received.Format(time.RFC3339Nano), r.Source, r.Transport, r.Raw))
	}
	return out
}

func restoreTo(t testing.TB, s Store, o RestoreOptions) (string, *Restoration) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "restored")
	r, err := Restore(t.Context(), s, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return dir, r
}

// waitSegments waits until the vault has n segments.
func waitSegments(t testing.TB, v *vault.Vault, n int) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); len(v.Segments()) < n; <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("%d segments, want %d", len(v.Segments()), n)
		}
	}
}

// TestRestoredVaultIsTheVaultThatWasShipped goes through every store: segments,
// a sealed and an unsealed tail, and the log under which the next is sealed.
func TestRestoredVaultIsTheVaultThatWasShipped(t *testing.T) {
	for name, open := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			v := openVault(t, filepath.Join(t.TempDir(), "vault"), vault.Options{})
			sh := newShipper(t, v, s)
			round(t, sh) // an empty vault has a copy too
			for i := range 4 {
				add(t, v, i*90, 90, 30)
				seal(t, v)
				round(t, sh)
			}
			waitSegments(t, v, 3)
			add(t, v, 360, 25, 10)
			round(t, sh)
			round(t, sh)
			want, key := all(t, v), keyOf(t, v)
			if st := sh.Status(); st.Copied != 385 || st.Behind != 0 || st.Trouble != "" {
				t.Fatalf("status is %+v", st)
			}
			if err := v.Close(); err != nil {
				t.Fatal(err)
			}
			dir, r := restoreTo(t, s, RestoreOptions{Key: key})
			// A log file that was full may have woken the sealer amid the last records.
			if !r.Report.OK() || r.Records != 385 || r.Sealed < 360 || r.Sealed+r.Report.Unsealed != 385 || r.Last != 385 || len(r.Missing) > 0 || len(r.PassedBy) > 0 {
				t.Fatalf("restored %+v, verified %+v", r, r.Report)
			}
			again := openVault(t, filepath.Join(dir, "vault"), vault.Options{})
			if got := all(t, again); !slices.Equal(got, want) {
				t.Fatalf("%d records differ from %d", len(got), len(want))
			}
			add(t, again, 385, 300, 50)
			seal(t, again)
			round(t, journalled(t, again, s, filepath.Join(dir, "copy.journal"))) // it goes on into the same copy
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
			rep, err := audit.Verify(t.Context(), again.Dir(), audit.VerifyOptions{})
			if err != nil || !rep.OK() || rep.Sealed != 685 {
				t.Fatalf("verified %+v: %v", rep, err)
			}
			if _, r := restoreTo(t, s, RestoreOptions{Key: key}); !r.Report.OK() || r.Records != 685 {
				t.Fatalf("the second time restored %+v, verified %+v", r, r.Report)
			}
		})
	}
}

// counting counts what reaches a store.
type counting struct {
	Store
	mu    sync.Mutex
	names map[string]int
	down  atomic.Bool
}

var errDown = errors.New("the store is down")

func newCounting(s Store) *counting { return &counting{Store: s, names: map[string]int{}} }

func (c *counting) Put(ctx context.Context, o Object) error {
	if c.down.Load() {
		return errDown
	}
	c.mu.Lock()
	c.names[o.Name]++
	c.mu.Unlock()
	return c.Store.Put(ctx, o)
}

func (c *counting) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.names)
}

func TestRestartShipsNothingTwice(t *testing.T) {
	s := newCounting(stores(t)["folder"](t))
	v := openVault(t, filepath.Join(t.TempDir(), "vault"), vault.Options{})
	journal := filepath.Join(t.TempDir(), "copy.journal")
	for i := range 5 {
		sh := journalled(t, v, s, journal)
		add(t, v, i*60, 60, 7)
		seal(t, v)
		round(t, sh)
		if err := sh.Close(); err != nil {
			t.Fatal(err)
		}
	}
	waitSegments(t, v, 2)
	round(t, journalled(t, v, s, journal))
	before := s.count()
	round(t, journalled(t, v, s, journal))
	if s.count() != before {
		t.Errorf("%d objects became %d without anything new", before, s.count())
	}
	seen := map[uint64]string{}
	for name, n := range s.names {
		if n > 1 {
			t.Errorf("%s was put %d times", name, n)
		}
		if tl, ok := parseTail(name); ok {
			for seq := tl.first; seq <= tl.last; seq++ {
				if other := seen[seq]; other != "" {
					t.Fatalf("record %d is in %s and in %s", seq, other, name)
				}
				seen[seq] = name
			}
		}
	}
	st, err := ReadStatus(journal)
	if err != nil || st.Copied != 300 || st.Behind != 0 || st.Objects != int64(before) || st.LastPut.IsZero() {
		t.Errorf("the journal says %+v: %v", st, err)
	}
}

func TestJournalOfAnotherStoreIsRefused(t *testing.T) {
	journal := filepath.Join(t.TempDir(), "copy.journal")
	sh := journalled(t, nil, stores(t)["folder"](t), journal)
	_ = sh.Close()
	if _, err := NewShipper(nil, stores(t)["folder"](t), Options{Journal: journal}); err == nil || !strings.Contains(err.Error(), "is the journal of") {
		t.Errorf("it gives %v", err)
	}
}

// TestOtherContentInTheCopyIsAnAlarmAndCostsNoRecord plants objects where the
// shipper will want to put its own.
func TestOtherContentInTheCopyIsAnAlarmAndCostsNoRecord(t *testing.T) {
	s := stores(t)["folder"](t)
	v := openVault(t, filepath.Join(t.TempDir(), "vault"), vault.Options{})
	sh := newShipper(t, v, s)
	var alarms []Alarm
	sh.opts.Alarm = func(a Alarm) { alarms = append(alarms, a) }
	round(t, sh)
	if err := s.Put(t.Context(), object(tail{first: 1, last: 40}.name(), "planted")); err != nil {
		t.Fatal(err)
	}
	add(t, v, 0, 40, 40)
	round(t, sh)
	if len(alarms) != 1 || alarms[0].Name != (tail{first: 1, last: 40}).name() {
		t.Errorf("alarms are %v", alarms)
	}
	if st := sh.Status(); st.Copied != 40 {
		t.Errorf("status is %+v", st)
	}
	sh.trouble("")
	if st := sh.Status(); !strings.Contains(st.Trouble, "other content") {
		t.Errorf("trouble is %q", st.Trouble)
	}
	if _, r := restoreTo(t, s, RestoreOptions{}); r.Records != 40 || !r.Report.OK() {
		t.Errorf("restored %+v", r)
	}
}

func TestCopyOfAnotherVaultIsRefused(t *testing.T) {
	s := stores(t)["folder"](t)
	for i := range 2 {
		v := openVault(t, filepath.Join(t.TempDir(), "vault"), vault.Options{})
		err := newShipper(t, v, s).Round(t.Context())
		if i == 0 && err != nil || i == 1 && !errors.Is(err, ErrDiffers) {
			t.Fatalf("vault %d: %v", i, err)
		}
	}
}

func TestTornJournalCountsItsWholeLines(t *testing.T) {
	var b bytes.Buffer
	s := newShipped("file:///x")
	for _, l := range []string{"records 1 10", "records 20 30", "records 11 19", "segment a", "begin ab tail/x", "sum 3 400 5", `trouble "a\nb"`} {
		if !s.line(l) {
			t.Fatal(l)
		}
	}
	s.write(&b)
	b.WriteString("records 31 4")
	got, err := parseJournal(&b, "j")
	if err != nil || got.acked() != 30 || got.objects != 3 || got.trouble != "a\nb" || !maps.Equal(got.began, s.began) {
		t.Errorf("got %+v: %v", got, err)
	}
}

func FuzzJournal(f *testing.F) {
	f.Add(journalHead + "file:///x\nrecords 1 2\nsegment a\nbegin 00 b\nend b\nlog 3\nkey 00\nsize 4\nanchor c\nagain 9\ntail 2\nsum 1 2 3\ntrouble \"x\"\n")
	f.Add(journalHead + "\nrecords 2 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseJournal(strings.NewReader(text), "j")
		if err != nil {
			return
		}
		var b bytes.Buffer
		s.write(&b)
		again, err := parseJournal(bytes.NewReader(b.Bytes()), "j")
		if err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, b.String())
		}
		if again.acked() != s.acked() || again.trouble != s.trouble || again.tailTo != s.tailTo || !maps.Equal(again.segments, s.segments) {
			t.Fatalf("%+v became %+v", s, again)
		}
	})
}

// growing is a vault that gets and seals new records while it is shipped.
type growing struct {
	*vault.Vault
	grow func()
}

func (g growing) WriteFrames(ctx context.Context, w io.Writer, first, last uint64) error {
	defer g.grow()
	return g.Vault.WriteFrames(ctx, w, first, last)
}

// TestCheckpointInTheCopyHasItsRecordsThere lets the vault seal more in the
// middle of a round: the checkpoint of that must wait for its records.
func TestCheckpointInTheCopyHasItsRecordsThere(t *testing.T) {
	s := stores(t)["folder"](t)
	v := openVault(t, filepath.Join(t.TempDir(), "vault"), vault.Options{SegmentRecords: 100_000})
	n := 0
	more := func() {
		add(t, v, n, 10, 10)
		seal(t, v)
		n += 10
	}
	more()
	sh := newShipper(t, growing{v, more}, s)
	for range 3 {
		round(t, sh)
		_, r := restoreTo(t, s, RestoreOptions{})
		if !r.Report.OK() || len(r.Missing) > 0 || r.Sealed == 0 {
			t.Fatalf("restored %+v, problems %v", r.Restored, r.Report.Problems)
		}
	}
}
