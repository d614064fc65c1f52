package seal

import (
	"errors"
	"fmt"

	"github.com/konseki/konseki/internal/event"
	"golang.org/x/mod/sumdb/tlog"
)

// The two steps of a proof, for whoever checks many records of the same batch:
// the checkpoint holds the batch, and the batch holds the record.

// Holds checks that the batch is entry number index of the log under the
// checkpoint.
func (c Checkpoint) Holds(b Batch, index uint64, path tlog.RecordProof) error {
	switch {
	case b.First == 0 || b.Count == 0 || b.Count > MaxBatch:
		return errors.New("the batch is none")
	case len(path) > maxPath:
		return errors.New("a path is too long")
	case index >= c.Size || c.Size >= 1<<62:
		return errors.New("the batch is not in the log")
	}
	if err := tlog.CheckRecord(path, int64(c.Size), c.Root, int64(index), tlog.RecordHash(b.Encode())); err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	return nil
}

// Holds checks that the batch has the leaf as that of record seq.
func (b Batch) Holds(seq uint64, leaf tlog.Hash, path tlog.RecordProof) error {
	switch {
	case b.Count == 0 || b.Count > MaxBatch || seq < b.First || seq-b.First >= b.Count:
		return errors.New("the record is not in the batch")
	case len(path) > maxPath:
		return errors.New("a path is too long")
	}
	if err := tlog.CheckRecord(path, int64(b.Count), b.Root, int64(seq-b.First), leaf); err != nil {
		return fmt.Errorf("leaf: %w", err)
	}
	return nil
}

// Disclosed gives the leaf of a record of which d tells as much as is to be
// shown, and the text that is proven once the leaf is; see [Proof.VerifyDisclosed].
func Disclosed(rec event.Record, version int, d *Disclosure) (leaf tlog.Hash, shown []byte, err error) {
	if version < int(LeafWhole) || version > int(LeafKeyed) {
		return leaf, nil, fmt.Errorf("leaf version %d is unknown", version)
	}
	if !d.fits(byte(version)) {
		return leaf, nil, fmt.Errorf("what is disclosed does not fit leaf version %d", version)
	}
	content, shown, err := d.Commits(rec.Raw)
	if err != nil {
		return leaf, nil, err
	}
	return LeafOf(rec, byte(version), content), shown, nil
}
