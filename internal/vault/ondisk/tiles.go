package ondisk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
)

// ReadEntry reads one entry of a log of size entries.
func ReadEntry(ctx context.Context, dir string, index, size uint64) ([]byte, error) {
	bundle, err := ReadBundle(ctx, dir, index/layout.EntryBundleWidth, size)
	if err != nil {
		return nil, err
	}
	i := index % layout.EntryBundleWidth
	if i >= uint64(len(bundle)) {
		return nil, fmt.Errorf("log entry %d is missing", index)
	}
	return bundle[i], nil
}

// ReadBundle reads the entries of one bundle, as many as a log of size entries
// has in it or more.
func ReadBundle(ctx context.Context, dir string, bundle, size uint64) ([][]byte, error) {
	fetch := client.FileFetcher{Root: dir}
	b, err := fetch.ReadEntryBundle(ctx, bundle, layout.PartialTileSize(0, bundle, size))
	if err != nil {
		return nil, fmt.Errorf("log bundle %d: %w", bundle, err)
	}
	var entries api.EntryBundle
	if err := entries.UnmarshalText(b); err != nil {
		return nil, fmt.Errorf("log bundle %d: %w", bundle, err)
	}
	return entries.Entries, nil
}

// ReadBatch reads the batch at index of a log of size entries.
func ReadBatch(ctx context.Context, dir string, index, size uint64) (seal.Batch, error) {
	entry, err := ReadEntry(ctx, dir, index, size)
	if err != nil {
		return seal.Batch{}, err
	}
	b, err := seal.ParseBatch(entry)
	if err != nil {
		return seal.Batch{}, fmt.Errorf("log entry %d: %w", index, err)
	}
	return b, nil
}

// FindBatch returns the batch that holds seq, and its index. Batches follow
// each other without gaps, so that halving finds it.
func FindBatch(ctx context.Context, dir string, seq, size uint64) (b seal.Batch, index uint64, err error) {
	lo, hi := uint64(0), size
	for lo < hi {
		mid := lo + (hi-lo)/2
		if b, err = ReadBatch(ctx, dir, mid, size); err != nil {
			return seal.Batch{}, 0, err
		}
		switch {
		case seq < b.First:
			hi = mid
		case seq >= b.End():
			lo = mid + 1
		default:
			return b, mid, nil
		}
	}
	return seal.Batch{}, 0, ErrNotFound
}

// ReadCheckpointFile reads the text of a vault's present checkpoint.
func ReadCheckpointFile(dir string) ([]byte, error) {
	b, err := ReadSmall(filepath.Join(dir, LogDir, layout.CheckpointPath))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s/%s: %w: restore the log folder from a copy of the vault", ErrIncomplete, LogDir, layout.CheckpointPath, err)
	}
	return b, err
}
