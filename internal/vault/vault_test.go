package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/vault/ondisk"

	"github.com/konseki/konseki/internal/event"
)

// records makes n records with invented content that tells them apart.
func records(from, n int) []event.Record {
	recs := make([]event.Record, n)
	for i := range recs {
		k := from + i
		recs[i] = event.Record{
			Received:  time.Unix(1_790_000_000, int64(k)).UTC(),
			Source:    []string{"vpn", "server", "proxy"}[k%3],
			Transport: "syslog/udp;peer=192.0.2." + fmt.Sprint(k%5),
			Raw:       fmt.Appendf(nil, "record %d user=u%d from 198.51.100.%d", k, k%7, k%250),
		}
	}
	return recs
}

func quiet() Options {
	return Options{BatchEvery: time.Hour, Logger: slog.New(slog.DiscardHandler)}
}

func openNew(t testing.TB, opts Options) *Vault {
	t.Helper()
	v, err := OpenOrCreate(filepath.Join(t.TempDir(), "vault"), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func mustAppend(t testing.TB, v *Vault, recs []event.Record) {
	t.Helper()
	if err := v.Append(context.Background(), recs); err != nil {
		t.Fatal(err)
	}
}

func mustSeal(t testing.TB, v *Vault) {
	t.Helper()
	if err := v.Seal(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func same(a, b event.Record) bool {
	return a.Seq == b.Seq && a.Received.Equal(b.Received) && a.Source == b.Source && a.Transport == b.Transport && bytes.Equal(a.Raw, b.Raw)
}

// mustRead reads the vault from seq on and compares with want.
func mustRead(t testing.TB, v *Vault, from uint64, want []event.Record) {
	t.Helper()
	i := 0
	for r, err := range v.Records(context.Background(), from) {
		if err != nil {
			t.Fatal(err)
		}
		if i >= len(want) || !same(r, want[i]) {
			t.Fatalf("record %d: got %v", i, r)
		}
		i++
	}
	if i != len(want) {
		t.Fatalf("read %d records from %d, want %d", i, from, len(want))
	}
}

func TestAppendedRecordsAreReadBackFromLogAndSegments(t *testing.T) {
	opts := quiet()
	opts.SegmentRecords = 1000
	v := openNew(t, opts)
	recs := records(1, 2500)
	for i := 0; i < len(recs); i += 250 {
		mustAppend(t, v, recs[i:i+250])
	}
	mustRead(t, v, 1, recs)
	mustSeal(t, v)
	if err := v.roll(); err != nil {
		t.Fatal(err)
	}
	if n := len(v.Segments()); n != 2 {
		t.Fatalf("%d segments, want 2", n)
	}
	mustRead(t, v, 1, recs)
	mustRead(t, v, 777, recs[776:])
	mustRead(t, v, 2301, recs[2300:])
	for _, seq := range []uint64{1, 999, 1000, 1001, 2000, 2001, 2500} {
		got, err := v.Get(t.Context(), seq)
		if err != nil || !same(got, recs[seq-1]) {
			t.Errorf("Get(%d) = %v, %v", seq, got, err)
		}
		p, err := v.Prove(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Verify(v.Status().PublicKey, got); err != nil {
			t.Error(err)
		}
	}
	if _, err := v.Get(t.Context(), 2501); !errors.Is(err, ondisk.ErrNotFound) {
		t.Errorf("Get past the end: %v", err)
	}
}

func TestReopenedVaultGoesOnWhereItStopped(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	recs := records(1, 90)
	for round := range 3 {
		v, err := OpenOrCreate(dir, quiet())
		if err != nil {
			t.Fatal(err)
		}
		mustRead(t, v, 1, recs[:round*30])
		mustAppend(t, v, recs[round*30:round*30+30])
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
		if err := v.Append(t.Context(), records(1, 1)); !errors.Is(err, ErrClosed) {
			t.Errorf("append after close: %v", err)
		}
	}
}

func TestConcurrentAppendsGetContiguousSequences(t *testing.T) {
	v := openNew(t, Options{BatchEvery: 20 * time.Millisecond, SegmentRecords: 500})
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[uint64]string{}
	for s := range 8 {
		wg.Go(func() {
			for i := range 50 {
				recs := records(s*1000+i*3, 3)
				mustAppend(t, v, recs)
				mu.Lock()
				for _, r := range recs {
					seen[r.Seq] = string(r.Raw)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != 1200 || v.Size() != 1200 {
		t.Fatalf("%d sequences, size %d", len(seen), v.Size())
	}
	for r, err := range v.Records(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		if seen[r.Seq] != string(r.Raw) {
			t.Fatalf("record %d is %q, acknowledged as %q", r.Seq, r.Raw, seen[r.Seq])
		}
	}
}

func TestCreateRefusesFolderWithContent(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Create(dir, quiet()); !errors.Is(err, ErrExists) {
		t.Errorf("Create: %v", err)
	}
	if _, err := OpenOrCreate(dir, quiet()); !errors.Is(err, ondisk.ErrIncomplete) {
		t.Errorf("OpenOrCreate: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "absent"), quiet()); !errors.Is(err, ondisk.ErrNoVault) {
		t.Errorf("Open: %v", err)
	}
}

func TestSecondWriterIsRefusedByName(t *testing.T) {
	v := openNew(t, quiet())
	_, err := Open(v.dir, quiet())
	locked, ok := errors.AsType[*LockedError](err)
	if !ok || locked.PID != os.Getpid() {
		t.Fatalf("second Open: %v", err)
	}
}

func TestCutTurnsALargeLogIntoASegment(t *testing.T) {
	synthetic := func(n int) []event.Record {
		recs := make([]event.Record, n)
		for i := range recs {
			recs[i] = event.Record{Source: "s", Transport: "file", Raw: []byte("x")}
		}
		return recs
	}
	v := openNew(t, Options{BatchEvery: 20 * time.Millisecond})
	if err := v.Append(t.Context(), synthetic(rollOnClose+1)); err != nil {
		t.Fatal(err)
	}
	v.Cut()
	if err := v.Append(t.Context(), synthetic(1)); err != nil {
		t.Fatal(err)
	}
	if err := v.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := v.roll(); err != nil {
		t.Fatal(err)
	}
	if segs := v.Segments(); len(segs) != 1 || segs[0].Last != rollOnClose+1 {
		t.Fatalf("segments %+v, want one that ends before the last append", segs)
	}
}

// TestNothingTouchesAVaultAfterItsClose looks at the goroutines of the tile
// log: one that published a checkpoint would write into a folder that another
// process may have opened.
func TestNothingTouchesAVaultAfterItsClose(t *testing.T) {
	t.Parallel()
	for range 20 {
		v := openNew(t, quiet())
		if err := v.Append(t.Context(), records(0, 3)); err != nil {
			t.Fatal(err)
		}
		if !v.log.running() {
			t.Fatal("the goroutines of an open vault are not recognised")
		}
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
		if v.log.running() {
			t.Fatal("the tile log works on after the vault was closed")
		}
	}
}
