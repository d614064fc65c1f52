package vault

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/transparency-dev/tessera/api/layout"
)

// collect removes partial tiles and bundles that no log of size entries or
// more has: the tile log itself removes them only once the full one is there,
// which for the upper levels is after 65,536 entries. Whoever reads the log
// with a checkpoint of size entries or a newer one misses nothing.
func (l *sealLog) collect(size uint64) error {
	var errs []error
	errs = append(errs, removeBelow(filepath.Join(l.dir, layout.EntriesPath(size/layout.EntryBundleWidth, 0)+".p"), size%layout.EntryBundleWidth))
	for level, n := uint64(0), size; n > 0; level, n = level+1, n/layout.TileWidth {
		errs = append(errs, removeBelow(filepath.Join(l.dir, layout.TilePath(level, n/layout.TileWidth, 0)+".p"), n%layout.TileWidth))
	}
	return errors.Join(errs...)
}

// removeBelow removes the partial tiles in a folder that have fewer entries
// than width.
func removeBelow(dir string, width uint64) error {
	names, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range names {
		if n, err := strconv.ParseUint(e.Name(), 10, 8); err == nil && n < width {
			errs = append(errs, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(errs...)
}
