package duckdb

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/konseki/konseki/internal/durable"
	"github.com/konseki/konseki/internal/index/duckdb/derived"

	"github.com/zeebo/xxh3"

	"github.com/konseki/konseki/internal/index"
)

// write stores the rows as a Parquet file, under its name only when it is whole
// and on the disk.
func write(path string, places []derived.Place, l *derived.Folded) (digest uint64, err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), "new-*"+tempSuffix)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			_ = temp.Close() // the first error is the one to tell
			_ = os.Remove(temp.Name())
		}
	}()
	sum := xxh3.New()
	buffered := bufio.NewWriterSize(io.MultiWriter(temp, sum), 1<<20)
	if err = derived.Encode(buffered, places, l); err != nil {
		return 0, err
	}
	if err = buffered.Flush(); err != nil {
		return 0, err
	}
	if err = temp.Sync(); err != nil {
		return 0, err
	}
	if err = temp.Close(); err != nil {
		return 0, err
	}
	if err = os.Rename(temp.Name(), path); err != nil {
		return 0, err
	}
	return sum.Sum64(), durable.SyncDir(filepath.Dir(path))
}

const tempSuffix = ".part"

// layoutVersion is part of the name of derived files: what is not laid out as
// this version does it is derived again.
const layoutVersion = "3"

// fileName names the derived file of a segment after the range of records, the
// version of layout and normaliser it came from, and the segment's name, so
// that a segment that was rewritten has another file.
func fileName(seg index.Segment, version string) string {
	return fmt.Sprintf("%020d-%020d.%s.%08x%s", seg.First, seg.Last, version, uint32(xxh3.HashString(seg.Name)), fileSuffix)
}

const (
	fileSuffix = ".parquet"
	skipSuffix = ".skip"
)

// safeVersion turns a normaliser version into a part of a file name.
func safeVersion(v string) string {
	for _, r := range v {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", r) {
			return fmt.Sprintf("x%016x", xxh3.HashString(v))
		}
	}
	if v == "" || len(v) > 64 {
		return fmt.Sprintf("x%016x", xxh3.HashString(v))
	}
	return v
}
