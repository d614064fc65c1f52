package report

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault/seal"
)

// Names of the files of a bundle. docs/format.md describes each.
const (
	fileIssue    = "issue.json"     // the sealed record that lists every other file with its SHA-256
	fileEvidence = "evidence.jsonl" // the cited records and the case's own operations, with their proofs
	fileAnchors  = "anchors.jsonl"  // what remembers the checkpoint outside
	fileCase     = "case.json"      // the case folded from those operations
	fileCoverage = "coverage.json"
	fileKey      = "key.pub"
	fileReadme   = "README.txt"
	filePage     = "verify.html"

	fileRecords = "records.jsonl" // of format 2 in the place of the evidence: the records,
	fileProofs  = "proofs.jsonl"  // and one proof per record, in the same order
)

// bundleFormat is the version of the bundle's format that is written. Those
// back to oldestFormat are read.
const (
	bundleFormat = 3
	oldestFormat = 2
)

// issued is the content of issue.json.
type issued struct {
	Record sealedRecord `json:"record"`
	Proof  *seal.Proof  `json:"proof"`
}

// evidenceLine is a line of evidence.jsonl: a checkpoint, a batch under the
// checkpoint before it, or a record of the batch before it.
type evidenceLine struct {
	Checkpoint string           `json:"checkpoint,omitempty"`
	Batch      *batchLine       `json:"batch,omitempty"`
	Record     *sealedRecord    `json:"record,omitempty"`
	Leaf       int              `json:"leaf_version,omitzero"` // 0 where the record was let go without a trace
	Path       tlog.RecordProof `json:"path,omitempty"`        // from the record to the root of the batch
}

// batchLine is a batch and its way to the checkpoint.
type batchLine struct {
	First    uint64           `json:"first"`
	Count    uint64           `json:"count"`
	Root     tlog.Hash        `json:"root"`
	SealedAt time.Time        `json:"sealed_at"`
	LogIndex uint64           `json:"log_index"`
	LogPath  tlog.RecordProof `json:"log_path,omitempty"`
}

// sealedRecord is a record as a bundle shows it.
type sealedRecord struct {
	Seq       uint64    `json:"seq"`
	Received  time.Time `json:"received,omitzero"`
	Source    string    `json:"source,omitempty"`
	Transport string    `json:"transport,omitempty"`
	Raw       []byte    `json:"raw,omitempty"`  // base64; absent where something is masked
	Gone      string    `json:"gone,omitempty"` // expired, shredded or locked: why it is not shown
	// Disclosure is there when the record is committed to in parts or withheld.
	Disclosure *seal.Disclosure `json:"disclosure,omitempty"`
}

func sealedOf(e Evidence) sealedRecord {
	r, d := e.Record, e.Disclosure
	if d != nil && d.Secret == nil {
		r.Raw = nil // the disclosure holds what is shown
	}
	s := sealedRecord{Seq: r.Seq, Source: r.Source, Transport: r.Transport, Raw: r.Raw, Disclosure: d}
	if !r.Received.IsZero() {
		s.Received = r.Received.UTC()
	}
	if r.Gone != event.Present {
		s.Gone = r.Gone.String()
	}
	return s
}

func (r sealedRecord) record() event.Record {
	return event.Record{Seq: r.Seq, Received: r.Received, Source: r.Source, Transport: r.Transport, Raw: r.Raw}
}

var errOrder = errors.New("records must come in sequence, each once")

// writeEvidence writes the lines of evidence.jsonl and returns the number of
// entries of the log that the last checkpoint is of.
func writeEvidence(w io.Writer, list iter.Seq2[Evidence, error]) (size uint64, err error) {
	var checkpoint string
	var batch, last uint64
	for e, err := range list {
		if err != nil {
			return 0, err
		}
		if e.Record.Seq <= last {
			return 0, fmt.Errorf("%w: %d after %d", errOrder, e.Record.Seq, last)
		}
		last = e.Record.Seq
		r := sealedOf(e)
		l := evidenceLine{Record: &r}
		if p := e.Proof; p != nil {
			if p.Checkpoint != checkpoint {
				checkpoint, batch, size = p.Checkpoint, 0, p.LogSize
				if err := line(w, evidenceLine{Checkpoint: checkpoint}); err != nil {
					return 0, err
				}
			}
			if p.BatchFirst != batch {
				batch = p.BatchFirst
				b := &batchLine{p.BatchFirst, p.BatchCount, p.BatchRoot, p.SealedAt, p.LogIndex, p.LogPath}
				if err := line(w, evidenceLine{Batch: b}); err != nil {
					return 0, err
				}
			}
			l.Leaf, l.Path = p.LeafVersion, p.BatchPath
		}
		if err := line(w, l); err != nil {
			return 0, err
		}
	}
	return size, nil
}
