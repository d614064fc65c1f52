package copies

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault"
)

// acknowledged is what appenders were told is safe, by sequence.
type acknowledged struct {
	mu  sync.Mutex
	raw map[uint64]string
}

func (a *acknowledged) len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.raw)
}

// load runs appenders until stop is closed or appending fails.
func load(v *vault.Vault, stop <-chan struct{}, senders int) (*acknowledged, *sync.WaitGroup) {
	a, wg := &acknowledged{raw: map[uint64]string{}}, &sync.WaitGroup{}
	for s := range senders {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				recs := records(s*1_000_000+n*10, 1+n%7)
				if err := v.Append(context.Background(), recs); err != nil {
					continue
				}
				a.mu.Lock()
				for _, r := range recs {
					a.raw[r.Seq] = string(r.Raw)
				}
				a.mu.Unlock()
			}
		})
	}
	return a, wg
}

func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(60 * time.Second); !done(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("in vain waited until " + what)
		}
	}
}

// wiped is a drill: appenders run, the whole data folder goes while they do,
// the machine stops, and a vault is made from the copy. It gives what was
// acknowledged, what came back, and the shipper's last word.
func wiped(t *testing.T, add, look Store, synchronous bool) (acked *acknowledged, back map[uint64]string, copied uint64) {
	data, err := os.MkdirTemp("", "konseki-drill-") // not the test's own folder: the lost machine may still write there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(data) })
	journal := filepath.Join(t.TempDir(), "elsewhere", "copy.journal") // only to ask it after the folder is gone
	sh, err := NewShipper(nil, add, Options{Every: 20 * time.Millisecond, LogEvery: time.Nanosecond, Journal: journal})
	if err != nil {
		t.Fatal(err)
	}
	defer sh.Close()
	o := vault.Options{BatchEvery: 50 * time.Millisecond, SegmentRecords: 1000}
	if synchronous {
		o.Second = sh.Second
	}
	v, err := vault.OpenOrCreate(filepath.Join(data, "vault"), o) // never closed: its machine is lost
	if err != nil {
		t.Fatal(err)
	}
	key := keyOf(t, v)
	if err := sh.Follow(v); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil { // as Run does, but no put is cut off: what was not acknowledged did not arrive
			_ = sh.Round(context.WithoutCancel(ctx))
		}
	})
	stop := make(chan struct{})
	acked, senders := load(v, stop, 4)
	until(t, "segments are closed and copied", func() bool { return len(v.Segments()) >= 3 && sh.Status().Copied >= 3000 })
	if !synchronous { // let some records be newer than the copy
		cancel()
		running.Wait()
		copied = sh.Status().Copied
		until(t, "there are newer records", func() bool { return uint64(acked.len()) > copied+50 })
	}
	if err := os.RemoveAll(data); err != nil {
		t.Log("removing while files are made:", err)
		_ = os.RemoveAll(data)
	}
	close(stop)
	senders.Wait()
	cancel()
	running.Wait()
	if synchronous {
		copied = sh.Status().Copied
	}
	dir := filepath.Join(t.TempDir(), "restored")
	r, err := Restore(t.Context(), look, dir, RestoreOptions{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Report.OK() || len(r.Missing) > 0 {
		t.Fatalf("missing %v, problems %v", r.Missing, r.Report.Problems)
	}
	again := openVault(t, filepath.Join(dir, "vault"), vault.Options{})
	back = map[uint64]string{}
	for rec, err := range again.Records(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		back[rec.Seq] = string(rec.Raw)
	}
	return acked, back, copied
}

func drillStores(t *testing.T) map[string]func(t *testing.T) (add, look Store) {
	return map[string]func(t *testing.T) (add, look Store){
		"peer": func(t *testing.T) (Store, Store) {
			f := newPeerFixture(t)
			return f.client("tokyo", ""), f.client("restorer", "tokyo")
		},
		"s3": func(t *testing.T) (Store, Store) {
			g := newGateway(t)
			g.user("adder", "s3:PutObject", "s3:PutObjectRetention")
			return g.bucket("adder", "copies/tokyo"), g.bucket("root", "copies/tokyo")
		},
	}
}

// TestDrillWipedDataFolderLosesOnlyWhatWasNotCopied: the loss is exactly the
// acknowledged records that are newer than the last acknowledged copy.
func TestDrillWipedDataFolderLosesOnlyWhatWasNotCopied(t *testing.T) {
	t.Parallel()
	for name, open := range drillStores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			add, look := open(t)
			acked, back, copied := wiped(t, add, look, false)
			lost := 0
			for seq, raw := range acked.raw {
				switch got, ok := back[seq]; {
				case seq > copied && ok:
					t.Fatalf("record %d came back, but the copy was said to end at %d", seq, copied)
				case seq > copied:
					lost++
				case !ok:
					t.Fatalf("record %d is lost, but the copy was said to reach %d", seq, copied)
				case got != raw:
					t.Fatalf("record %d came back as %q, it was %q", seq, got, raw)
				}
			}
			if lost == 0 || uint64(len(back)) != copied {
				t.Errorf("%d came back, the copy was said to reach %d; %d lost", len(back), copied, lost)
			}
			t.Logf("%d acknowledged, %d copied, %d came back, %d lost", acked.len(), copied, len(back), lost)
		})
	}
}

// TestDrillWithSynchronousCopyLosesNothing: what was acknowledged is in two
// places, so that wiping one loses none of it.
func TestDrillWithSynchronousCopyLosesNothing(t *testing.T) {
	t.Parallel()
	for name, open := range drillStores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			add, look := open(t)
			acked, back, copied := wiped(t, add, look, true)
			for seq, raw := range acked.raw {
				if got, ok := back[seq]; !ok || got != raw {
					t.Fatalf("record %d was acknowledged as %q and came back as %q, %v", seq, raw, got, ok)
				}
			}
			t.Logf("%d acknowledged, %d copied, %d came back", acked.len(), copied, len(back))
		})
	}
}

// failingOften is a store that loses some answers: the object is there, but
// the sender is told otherwise.
type failingOften struct {
	Store
	n int
}

func (f *failingOften) Put(ctx context.Context, o Object) error {
	err := f.Store.Put(ctx, o)
	if f.n++; strings.HasPrefix(o.Name, tailPrefix) && f.n%3 == 0 {
		return errors.Join(errDown, err)
	}
	return err
}

// TestSequencesGivenTwiceComeBackAsLastAcknowledged: an append that failed
// because the answer of its copy was lost leaves records in the copy that were
// never acknowledged; the ones acknowledged later under their sequences count.
func TestSequencesGivenTwiceComeBackAsLastAcknowledged(t *testing.T) {
	s := &failingOften{Store: stores(t)["folder"](t)}
	sh := newShipper(t, nil, s)
	v := openVault(t, filepath.Join(t.TempDir(), "vault"), vault.Options{Second: sh.Second, SegmentRecords: 500})
	if err := sh.Follow(v); err != nil {
		t.Fatal(err)
	}
	want := map[uint64]string{}
	failed := 0
	for n := range 400 {
		recs := records(n*10, 1+(n*7)%9)
		if err := v.Append(t.Context(), recs); err != nil {
			if !errors.Is(err, errDown) {
				t.Fatal(err)
			}
			failed++
			continue
		}
		for _, r := range recs {
			want[r.Seq] = string(r.Raw)
		}
	}
	if failed < 100 {
		t.Fatalf("only %d appends failed", failed)
	}
	if err := newShipperRound(t, sh); err != nil {
		t.Fatal(err)
	}
	dir, r := restoreTo(t, s, RestoreOptions{Key: keyOf(t, v)})
	again := openVault(t, filepath.Join(dir, "vault"), vault.Options{})
	for seq, raw := range want {
		rec, err := again.Get(t.Context(), seq)
		if err != nil || string(rec.Raw) != raw {
			t.Fatalf("record %d was acknowledged as %q and came back as %q: %v (%+v)", seq, raw, rec.Raw, err, r)
		}
	}
	t.Logf("%d appends failed, %d records came back of %d acknowledged", failed, r.Records, len(want))
}

// newShipperRound ships the log in spite of lost answers.
func newShipperRound(t *testing.T, s *Shipper) (err error) {
	for range 5 {
		if err = s.Round(t.Context()); err == nil {
			return nil
		}
	}
	return err
}

// TestOutageIsMadeUpFor stops the S3 server while records come in, and starts
// it again.
func TestOutageIsMadeUpFor(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	g.user("adder", "s3:PutObject", "s3:PutObjectRetention")
	v := openVault(t, filepath.Join(t.TempDir(), "vault"), vault.Options{BatchEvery: 20 * time.Millisecond, SegmentRecords: 300})
	sh := newShipper(t, v, g.bucket("adder", "copies/tokyo"))
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = sh.Run(ctx) })
	defer func() { cancel(); running.Wait() }()
	add(t, v, 0, 1000, 50)
	until(t, "the first records are copied", func() bool { return sh.Status().Copied >= 1000 })
	g.stop()
	add(t, v, 1000, 2000, 50)
	until(t, "the outage is noticed", func() bool { return sh.Status().Trouble != "" })
	if st := sh.Status(); st.Behind == 0 || st.Copied < 1000 {
		t.Errorf("status in the outage is %+v", st)
	}
	g.start()
	until(t, "the outage is made up for", func() bool { st := sh.Status(); return st.Copied == 3000 && st.Trouble == "" })
	seal(t, v)
	until(t, "everything sealed is under a copied checkpoint", func() bool { return sh.Status().Batches == v.Status().Batches })
	_, r := restoreTo(t, g.bucket("root", "copies/tokyo"), RestoreOptions{})
	if r.Records != 3000 || r.Sealed != 3000 || !r.Report.OK() {
		t.Errorf("restored %+v, verified %+v", r, r.Report)
	}
}

// TestTailsThatOvertakeEachOtherAreOrdered checks the rule by itself.
func TestTailsThatOvertakeEachOtherAreOrdered(t *testing.T) {
	got := afterwards([]tail{{10, 20, 3}, {1, 9, 1}, {5, 12, 2}, {10, 12, 5}, {13, 30, 6}, {40, 50, 0}, {31, 33, 7}, {13, 14, 4}})
	var text []string
	for _, f := range got {
		text = append(text, strings.TrimPrefix(tail{f.first, f.last, f.again}.name(), tailPrefix))
	}
	want := []tail{{40, 50, 0}, {1, 4, 1}, {5, 9, 2}, {10, 12, 5}, {13, 30, 6}, {31, 33, 7}}
	for i, w := range want {
		if i >= len(text) || text[i] != strings.TrimPrefix(w.name(), tailPrefix) {
			t.Fatalf("got %v, want %v", text, want)
		}
	}
	if len(text) != len(want) || slices.Contains(text, "") {
		t.Fatalf("got %v", text)
	}
}

func BenchmarkSecond(b *testing.B) {
	f := newPeerFixture(b)
	sh, err := NewShipper(nil, f.client("tokyo", ""), Options{Journal: filepath.Join(b.TempDir(), "copy.journal")})
	if err != nil {
		b.Fatal(err)
	}
	v := openVault(b, filepath.Join(b.TempDir(), "vault"), vault.Options{Second: sh.Second, SegmentRecords: 1 << 18})
	b.ResetTimer()
	for b.Loop() {
		if err := v.Append(b.Context(), []event.Record{{Source: "vpn", Raw: []byte("one line of a log that one sender waits for")}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "acks/s")
}
