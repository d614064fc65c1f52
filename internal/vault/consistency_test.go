package vault

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

// batchedVault makes a closed vault of so many batches of one record each.
func batchedVault(t *testing.T, dir string, batches int) {
	t.Helper()
	opts := quiet()
	opts.BatchRecords = 1
	v, err := OpenOrCreate(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	recs := make([]event.Record, batches)
	for i := range recs {
		recs[i] = event.Record{Source: "vpn", Transport: "file", Raw: []byte{byte(i), byte(i >> 8)}}
	}
	mustAppend(t, v, recs)
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
}

// rootsOf hashes the entries of the log anew: the root at every size.
func rootsOf(t *testing.T, dir string, size uint64) []tlog.Hash {
	t.Helper()
	roots := []tlog.Hash{tlog.Hash(rfc6962.DefaultHasher.EmptyRoot())}
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for i := range size {
		entry, err := ondisk.ReadEntry(t.Context(), filepath.Join(dir, ondisk.LogDir), i, size)
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.Append(rfc6962.DefaultHasher.HashLeaf(entry), nil); err != nil {
			t.Fatal(err)
		}
		root, err := tree.GetRootHash(nil)
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, tlog.Hash(root))
	}
	return roots
}

// TestConsistencyProvesEveryFormerSize compares proofs and roots from the tiles
// with a tree hashed from the entries, over more than one tile.
func TestConsistencyProvesEveryFormerSize(t *testing.T) {
	const size = 300
	dir := filepath.Join(t.TempDir(), "vault")
	batchedVault(t, dir, size)
	roots := rootsOf(t, dir, size)
	rapid.Check(t, func(rt *rapid.T) {
		to := rapid.Uint64Range(0, size).Draw(rt, "to")
		from := rapid.Uint64Range(0, to).Draw(rt, "from")
		path, err := ondisk.Consistency(t.Context(), dir, from, to)
		if err != nil {
			rt.Fatal(err)
		}
		var hashes [][]byte
		for _, h := range path {
			hashes = append(hashes, h[:])
		}
		if err := proof.VerifyConsistency(rfc6962.DefaultHasher, from, to, hashes, roots[from][:], roots[to][:]); err != nil {
			rt.Fatalf("%d to %d: %v", from, to, err)
		}
		root, err := ondisk.LogRoot(t.Context(), dir, to)
		if err != nil || root != roots[to] {
			rt.Fatalf("root of %d is %v (%v), want %v", to, root, err, roots[to])
		}
	})
}

func TestConsistencyRefusesSizesThatAreNotThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	batchedVault(t, dir, 3)
	for _, c := range []struct{ from, to uint64 }{{2, 1}, {0, 4}, {3, 4}, {4, 4}, {1, 1 << 63}} {
		if _, err := ondisk.Consistency(t.Context(), dir, c.from, c.to); !errors.Is(err, ondisk.ErrLogSize) {
			t.Errorf("%d to %d: %v", c.from, c.to, err)
		}
	}
	if _, err := ondisk.LogRoot(t.Context(), dir, 4); !errors.Is(err, ondisk.ErrLogSize) {
		t.Error(err)
	}
	if _, err := ondisk.Consistency(t.Context(), filepath.Join(dir, "nowhere"), 0, 1); !errors.Is(err, ondisk.ErrIncomplete) {
		t.Error(err)
	}
}

func TestConsistencySaysThatATileIsCut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	batchedVault(t, dir, 3)
	tile := filepath.Join(dir, "log", "tile", "0", "000.p", "3")
	if err := os.Truncate(tile, 40); err != nil {
		t.Fatal(err)
	}
	if _, err := ondisk.Consistency(t.Context(), dir, 2, 3); !errors.Is(err, seal.ErrTampered) {
		t.Error(err)
	}
	if _, err := ondisk.LogRoot(t.Context(), dir, 3); !errors.Is(err, seal.ErrTampered) {
		t.Error(err)
	}
}

// TestConsistencyHoldsWhileTheLogGrows reads while partial tiles come and go.
func TestConsistencyHoldsWhileTheLogGrows(t *testing.T) {
	opts := quiet()
	opts.BatchRecords = 1
	dir := filepath.Join(t.TempDir(), "vault")
	v, err := OpenOrCreate(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	mustAppend(t, v, records(0, 3))
	mustSeal(t, v)
	grown := make(chan struct{})
	go func() {
		defer close(grown)
		for i := range 10 {
			if v.Append(t.Context(), records(10*i, 5)) != nil || v.Seal(t.Context()) != nil {
				return
			}
		}
	}()
	for n := 0; ; n++ {
		select {
		case <-grown:
			if s := v.Status(); s.Batches != 53 {
				t.Errorf("it grew to %d only", s.Batches)
			}
			return
		default:
		}
		size, err := ondisk.LogSize(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ondisk.Consistency(t.Context(), dir, max(1, size/2), size); err != nil {
			t.Fatal(err)
		}
		if _, err := ondisk.LogRoot(t.Context(), dir, size); err != nil {
			t.Fatal(err)
		}
	}
}
