package audit

import (
	"bytes"
	"fmt"
	"iter"
	"path/filepath"

	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/tlog"
)

// checkLog reads every entry of the log under the checkpoint, and compares the
// tree over them with the checkpoint's root and with the stored tiles.
func (a *audit) checkLog(cp seal.Checkpoint) error {
	t := tileAudit{audit: a, size: cp.Size, rows: map[uint][][]byte{}, last: map[uint]uint64{}}
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	tree := factory.NewEmptyRange(0)
	index, next := uint64(0), uint64(1)
	for index < cp.Size {
		if err := a.ctx.Err(); err != nil {
			return err
		}
		bundle := index / layout.EntryBundleWidth
		entries, err := ondisk.ReadBundle(a.ctx, filepath.Join(a.dir, ondisk.LogDir), bundle, cp.Size)
		want := min(cp.Size-index, layout.EntryBundleWidth)
		if err != nil || uint64(len(entries)) < want {
			a.problem(KindLog, a.bundleName(bundle), next, "the log is cut: entries %d to %d cannot be read (%v)", index, index+want-1, err)
			a.sealed = next - 1
			return nil
		}
		for _, entry := range entries[:want] {
			b, err := seal.ParseBatch(entry)
			switch {
			case err != nil:
				a.problem(KindLog, a.bundleName(bundle), next, "entry %d is not a batch", index)
			case b.First != next:
				a.problem(KindLog, a.bundleName(bundle), next, "entry %d begins with record %d instead of %d", index, b.First, next)
			}
			if err == nil {
				next = b.End()
				a.report.SealedAt = b.Sealed
			}
			if err := tree.Append(rfc6962.DefaultHasher.HashLeaf(entry), t.visit); err != nil {
				return err
			}
			index++
		}
	}
	a.sealed = next - 1
	a.report.Sealed = a.sealed
	t.finish()
	root := rfc6962.DefaultHasher.EmptyRoot()
	if cp.Size > 0 {
		var err error
		if root, err = tree.GetRootHash(nil); err != nil {
			return err
		}
	}
	if !bytes.Equal(root, cp.Root[:]) {
		a.problem(KindLog, ondisk.LogDir, 0, "the %d entries of the log do not have the root that the checkpoint signs", cp.Size)
	}
	return nil
}

func (a *audit) bundleName(bundle uint64) string {
	return ondisk.LogDir + "/" + layout.EntriesPath(bundle, layout.PartialTileSize(0, bundle, a.logSize))
}

// tileAudit compares the nodes of the tree with the stored tiles, which other
// proofs are made from.
type tileAudit struct {
	audit *audit
	size  uint64
	rows  map[uint][][]byte // by tile level: the nodes of the tile being filled
	last  map[uint]uint64   // by tile level: the index of the last node
}

// visit takes a node of the tree; those on every eighth level are in tiles.
func (t *tileAudit) visit(id compact.NodeID, hash []byte) {
	if id.Level%layout.TileHeight != 0 {
		return
	}
	level := id.Level / layout.TileHeight
	t.rows[level] = append(t.rows[level], hash)
	t.last[level] = id.Index
	if len(t.rows[level]) == layout.TileWidth {
		t.compare(level, id.Index/layout.TileWidth)
		t.rows[level] = t.rows[level][:0]
	}
}

func (t *tileAudit) finish() {
	for level, row := range t.rows {
		if len(row) > 0 {
			t.compare(level, t.last[level]/layout.TileWidth)
		}
	}
}

func (t *tileAudit) compare(level uint, index uint64) {
	partial := layout.PartialTileSize(uint64(level), index, t.size)
	name := ondisk.LogDir + "/" + layout.TilePath(uint64(level), index, partial)
	fetch := client.FileFetcher{Root: filepath.Join(t.audit.dir, ondisk.LogDir)}
	b, err := fetch.ReadTile(t.audit.ctx, uint64(level), index, partial)
	if err != nil {
		t.audit.problem(KindLog, name, 0, "a tile of the log cannot be read: %v", err)
		return
	}
	var tile api.HashTile
	if err := tile.UnmarshalText(b); err != nil || len(tile.Nodes) < len(t.rows[level]) {
		t.audit.problem(KindLog, name, 0, "a tile of the log is damaged")
		return
	}
	for i, want := range t.rows[level] {
		if !bytes.Equal(tile.Nodes[i], want) {
			t.audit.problem(KindLog, name, 0, "node %d of the tile is not that of the log's entries", i)
			return
		}
	}
}

// batches gives the batches of the log in order. Entries that are none were
// reported before and are passed over.
func (a *audit) batches() iter.Seq2[seal.Batch, error] {
	return func(yield func(seal.Batch, error) bool) {
		for index := uint64(0); index < a.logSize; {
			bundle := index / layout.EntryBundleWidth
			entries, err := ondisk.ReadBundle(a.ctx, filepath.Join(a.dir, ondisk.LogDir), bundle, a.logSize)
			if err != nil {
				yield(seal.Batch{}, fmt.Errorf("entry %d: %w", index, err))
				return
			}
			for _, entry := range entries[:min(uint64(len(entries)), a.logSize-index)] {
				if b, err := seal.ParseBatch(entry); err == nil && !yield(b, nil) {
					return
				}
				index++
			}
		}
	}
}

// openBatch is a batch whose leaves are being gathered.
type openBatch struct {
	seal.Batch
	leaves  []tlog.Hash
	present uint64
	file    string // where its first record was found
	checks  bool   // that file has a check for every record
}

// leaf takes the leaf of a record. Records come in order; those that are
// missing are simply not given.
func (a *audit) leaf(seq uint64, leaf tlog.Hash, file string, checks bool) error {
	for a.current == nil || seq >= a.current.End() {
		if err := a.finishBatch(); err != nil {
			return err
		}
		b, err, ok := a.nextBatch()
		if !ok {
			return nil // after the last batch; the log's own problem if there is one
		}
		if err != nil {
			return err
		}
		a.current = &openBatch{Batch: b, leaves: a.leavesFor(b.Count), file: file, checks: checks}
	}
	c := a.current
	if i := seq - c.First; seq >= c.First && i < c.Count {
		c.leaves[i] = leaf
		c.present++
	}
	return nil
}

// finishBatch compares the tree over a batch with its root in the log.
func (a *audit) finishBatch() error {
	c := a.current
	a.current = nil
	if c == nil {
		return nil
	}
	if c.present == c.Count {
		return a.check(c)
	}
	if err := a.settleRoots(len(a.roots)); err != nil { // name what is wrong in order
		return err
	}
	if s, gone := ondisk.SpanOf(a.dropped, c.First); c.present == 0 && gone && s.Last >= c.End()-1 {
		return nil // let go whole: its root in the log stays
	}
	for _, s := range a.dropped {
		if s.First < c.End() && s.Last >= c.First && c.present > 0 {
			first := max(s.First, c.First)
			a.problem(KindRemoved, c.file, first, "record %d has no row and others of its batch have: what is left of records %d to %d cannot be verified", first, c.First, c.End()-1)
			break
		}
	}
	return a.localise(c)
}
