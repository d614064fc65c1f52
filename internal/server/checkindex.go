package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/detect"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/index/duckdb"
	"github.com/konseki/konseki/internal/vault"
)

// IndexReport says whether the index is what the vault's records give.
type IndexReport struct {
	Segments int            `json:"segments"` // derived again and compared
	Missing  int            `json:"missing"`  // not derived yet by this version; the next start does it
	Problems []IndexProblem `json:"problems"`
}

// OK says that nothing differs.
func (r *IndexReport) OK() bool { return len(r.Problems) == 0 }

// IndexProblem is a segment whose derived file is not what its records give.
type IndexProblem struct {
	Segment string `json:"segment"` // of the vault; "" for a file of none
	File    string `json:"file"`    // within the index folder
	Detail  string `json:"detail"`
}

// CheckIndex derives the events of every closed segment of a vault again, aside,
// and compares the derived files with those in the data folder's index, byte by
// byte. It changes neither. progress is told of records derived and all there
// are.
func CheckIndex(ctx context.Context, dir string, v *vault.Vault, opts Options) (*IndexReport, error) {
	aside, err := os.MkdirTemp(dir, "index-check-")
	if err != nil {
		return nil, fmt.Errorf("server: check the index: %w", err)
	}
	c := &indexCheck{vault: v, have: filepath.Join(dir, indexFolder), aside: aside, opts: opts, rep: &IndexReport{Problems: []IndexProblem{}}}
	err = c.run(ctx)
	if err = errors.Join(err, os.RemoveAll(aside)); err != nil {
		return nil, fmt.Errorf("server: check the index: %w", err)
	}
	return c.rep, nil
}

type indexCheck struct {
	vault       *vault.Vault
	have, aside string
	opts        Options
	pack        *detect.Pack
	rep         *IndexReport
	known       []string // files that belong to a segment
}

func (c *indexCheck) run(ctx context.Context) error {
	pack, _, err := loadPack(filepath.Dir(c.have), c.opts.Config)
	if err != nil {
		return err
	}
	c.pack = pack
	x, err := duckdb.Open(c.aside, duckdb.Options{Logger: c.opts.Logger, Version: indexVersion(pack)})
	if err != nil {
		return err
	}
	err = c.segments(ctx, x)
	if err = errors.Join(err, x.Close()); err != nil {
		return err
	}
	return c.strays()
}

func (c *indexCheck) segments(ctx context.Context, x *duckdb.Index) error {
	size := c.vault.Size()
	for _, s := range c.vault.Segments() {
		if err := c.derive(ctx, x, s, size); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		names, err := derivedFiles(c.aside)
		if err != nil {
			return err
		}
		for _, name := range names {
			c.known = append(c.known, name)
			if err := c.compare(s.Name, name); err != nil {
				return err
			}
		}
		c.rep.Segments++
		if err := x.Drop(ctx, s.Name); err != nil {
			return err
		}
	}
	return nil
}

// derive writes the derived file of one segment aside.
func (c *indexCheck) derive(ctx context.Context, x *duckdb.Index, s vault.Segment, size uint64) error {
	seg := segmentOf(s)
	rows := make([]index.Row, 0, batchRecords)
	add := func() error {
		err := x.Add(ctx, rows)
		rows = rows[:0]
		return err
	}
	for r, err := range (&flow{vault: c.vault, pack: c.pack}).rowsOf(ctx, seg) {
		if err != nil {
			return err
		}
		if rows = append(rows, r); len(rows) < batchRecords {
			continue
		}
		if c.opts.Progress != nil {
			c.opts.Progress(r.Event.Record, size)
		}
		if err := add(); err != nil {
			return err
		}
	}
	if err := add(); err != nil {
		return err
	}
	if c.opts.Progress != nil {
		c.opts.Progress(s.Last, size)
	}
	return x.Cover(ctx, seg)
}

// compare holds a file derived aside against the one in the index.
func (c *indexCheck) compare(segment, name string) error {
	want, err := hashFile(filepath.Join(c.aside, name))
	if err != nil {
		return err
	}
	got, err := hashFile(filepath.Join(c.have, name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if strings.HasSuffix(name, derivedSuffix) {
			c.rep.Missing++
		}
	case err != nil:
		c.rep.Problems = append(c.rep.Problems, IndexProblem{segment, name, "it cannot be read: " + err.Error()})
	case got != want:
		c.rep.Problems = append(c.rep.Problems, IndexProblem{segment, name, "it is not what the segment's records give"})
	}
	return nil
}

// strays names files of this version that belong to no segment: searches would
// answer from them until the next start.
func (c *indexCheck) strays() error {
	names, err := derivedFiles(c.have)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	versions := map[string]bool{}
	for _, name := range c.known {
		versions[derivedVersion(name)] = true
	}
	for _, name := range names {
		if !slices.Contains(c.known, name) && versions[derivedVersion(name)] {
			c.rep.Problems = append(c.rep.Problems, IndexProblem{"", name, "it is of no segment of the vault"})
		}
	}
	return nil
}

const derivedSuffix = ".parquet"

// derivedVersion is the part of a derived file's name between the records and
// the eight digits that stand for the segment.
func derivedVersion(name string) string {
	name, _, _ = strings.Cut(name, derivedSuffix)
	_, name, _ = strings.Cut(name, ".")
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name = name[:i]
	}
	return name
}

// derivedFiles lists the derived files in a folder and what stands beside them.
func derivedFiles(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if !e.IsDir() && (strings.HasSuffix(e.Name(), derivedSuffix) || strings.HasSuffix(e.Name(), derivedSuffix+".skip")) {
			names = append(names, e.Name())
		}
	}
	return names, err
}

func hashFile(path string) (sum [sha256.Size]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	return [sha256.Size]byte(h.Sum(nil)), errors.Join(err, f.Close())
}
