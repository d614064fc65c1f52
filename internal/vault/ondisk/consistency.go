package ondisk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/konseki/konseki/internal/vault/seal"

	flog "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrLogSize says that a size was asked of the tile log that it does not have.
var ErrLogSize = errors.New("the log does not have that size")

// Consistency returns the RFC 6962 §2.1.2 consistency proof that the first
// from entries of the tile log in the vault folder dir are the beginning of
// its first to entries, at most 63 hashes. It is empty when from is 0 or equals
// to. Sizes count batches. It reads the tiles only, holds no lock and needs no
// key; whoever gets the proof checks it against roots of his own. Errors:
// ErrLogSize unless from ≤ to ≤ the checkpoint's size, ErrTampered when a tile
// is cut, and ErrIncomplete when the log is not there.
func Consistency(ctx context.Context, dir string, from, to uint64) ([]tlog.Hash, error) {
	path, err := consistency(ctx, dir, from, to)
	if err != nil {
		return nil, fmt.Errorf("vault: consistency of %d with %d: %w", from, to, err)
	}
	return path, nil
}

func consistency(ctx context.Context, dir string, from, to uint64) ([]tlog.Hash, error) {
	var path []tlog.Hash
	err := ofLog(ctx, dir, to, func(fetch client.FileFetcher, size uint64) error {
		if from > to {
			return fmt.Errorf("%w: %d entries cannot be the beginning of %d", ErrLogSize, from, to)
		}
		if from == 0 || from == to {
			return nil
		}
		b, err := client.NewProofBuilder(ctx, size, fetch.ReadTile)
		if err != nil {
			return err
		}
		nodes, err := b.ConsistencyProof(ctx, from, to)
		if err != nil {
			return tileError(ctx, err)
		}
		path = make([]tlog.Hash, len(nodes))
		for i, n := range nodes {
			if len(n) != tlog.HashSize {
				return fmt.Errorf("tile holds a hash of %d bytes: %w", len(n), seal.ErrTampered)
			}
			path[i] = tlog.Hash(n)
		}
		return nil
	})
	return path, err
}

// maxLooks bounds how often a log is read again that grew under our eyes.
const maxLooks = 10

// ofLog reads from the tiles of the log in the vault folder dir, which must
// have wanted entries. The tiles are read as of the log's present size: partial
// tiles of former sizes are gone, but every node of a former tree is in those
// there are. A log that grows takes the tiles of its former size away, and
// then read is called again with the new one.
func ofLog(ctx context.Context, dir string, wanted uint64, read func(fetch client.FileFetcher, size uint64) error) error {
	size, err := LogSize(dir)
	if err != nil {
		return err
	}
	for look := 1; ; look++ {
		if wanted > size {
			return fmt.Errorf("%w: its checkpoint is of %d entries", ErrLogSize, size)
		}
		err := read(client.FileFetcher{Root: filepath.Join(dir, LogDir)}, size)
		if err == nil || ctx.Err() != nil || look == maxLooks {
			return err
		}
		now, serr := LogSize(dir)
		if serr != nil || now == size {
			return err
		}
		size = now
	}
}

// LogRoot returns the RFC 6962 tree hash over the first size entries of the
// tile log in the vault folder dir, computed from its tiles. Nothing says that
// the tiles are those that the checkpoint signs: compare. Errors are those of
// Consistency.
func LogRoot(ctx context.Context, dir string, size uint64) (tlog.Hash, error) {
	root, err := rootAt(ctx, dir, size)
	if err != nil {
		return tlog.Hash{}, fmt.Errorf("vault: root of %d entries: %w", size, err)
	}
	return root, nil
}

func rootAt(ctx context.Context, dir string, size uint64) (tlog.Hash, error) {
	root := tlog.Hash(rfc6962.DefaultHasher.EmptyRoot())
	err := ofLog(ctx, dir, size, func(fetch client.FileFetcher, now uint64) error {
		if size == 0 {
			return nil
		}
		nodes := compact.RangeNodes(0, size, nil) // its full subtrees
		hashes := make([][]byte, 0, len(nodes))
		for _, id := range nodes {
			h, err := logNode(ctx, fetch, id, now)
			if err != nil {
				return tileError(ctx, err)
			}
			hashes = append(hashes, h)
		}
		factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
		tree, err := factory.NewRange(0, size, hashes)
		if err != nil {
			return err
		}
		h, err := tree.GetRootHash(nil)
		if err != nil || len(h) != tlog.HashSize {
			return fmt.Errorf("the tiles give no root: %w", errors.Join(err, seal.ErrTampered))
		}
		root = tlog.Hash(h)
		return nil
	})
	return root, err
}

// logNode reads the root of a full subtree of a log of size entries. Tiles hold
// every eighth level of the tree; levels between are hashed from the one below.
func logNode(ctx context.Context, fetch client.FileFetcher, id compact.NodeID, size uint64) ([]byte, error) {
	leaves, err := client.FetchLeafHashes(ctx, levelFetcher(fetch, id.Level/8), id.Index<<(id.Level%8), 1<<(id.Level%8), size>>(id.Level/8*8))
	if err != nil {
		return nil, err
	}
	for len(leaves) > 1 {
		for i := range len(leaves) / 2 {
			leaves[i] = rfc6962.DefaultHasher.HashChildren(leaves[2*i], leaves[2*i+1])
		}
		leaves = leaves[:len(leaves)/2]
	}
	return leaves[0], nil
}

// levelFetcher reads the tiles of one level as if they were the lowest.
func levelFetcher(fetch client.FileFetcher, level uint) client.TileFetcherFunc {
	return func(ctx context.Context, _, index uint64, p uint8) ([]byte, error) {
		return fetch.ReadTile(ctx, uint64(level), index, p)
	}
}

// tileError says of a tile that cannot be read that it is not what was sealed;
// the end of ctx stays what it is.
func tileError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("%w: %w: run konseki verify", seal.ErrTampered, err)
}

// LogSize reads how many entries the log's checkpoint covers. The signature is
// not looked at: who relies on the size relies on roots too.
func LogSize(dir string) (uint64, error) {
	text, err := ReadCheckpointFile(dir)
	if err != nil {
		return 0, err
	}
	var cp flog.Checkpoint
	if _, err := cp.Unmarshal(bytes.TrimSpace(text)); err != nil {
		return 0, fmt.Errorf("checkpoint: %w: %w", err, seal.ErrTampered)
	}
	if cp.Size >= 1<<62 {
		return 0, fmt.Errorf("checkpoint is of %d entries: %w", cp.Size, seal.ErrTampered)
	}
	return cp.Size, nil
}
