package seal

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/konseki/konseki/internal/event"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	maxProofBytes = 256 << 10
	maxPath       = 64 // nodes of a path in a tree of 2^64 leaves
)

// Proof shows that a record is under a signed checkpoint. It stands by itself:
// the record, the proof and the log's public key are enough. Hashes are base64
// in JSON; docs/format.md says how to check one.
type Proof struct {
	LeafVersion int              `json:"leaf_version"` // 1: whole record, 2: parts, 3: parts under a key
	Seq         uint64           `json:"seq"`
	BatchFirst  uint64           `json:"batch_first"`
	BatchCount  uint64           `json:"batch_count"`
	BatchRoot   tlog.Hash        `json:"batch_root"`
	SealedAt    time.Time        `json:"sealed_at"`  // when the batch was sealed, UTC
	BatchPath   tlog.RecordProof `json:"batch_path"` // record to batch root
	LogIndex    uint64           `json:"log_index"`
	LogSize     uint64           `json:"log_size"`
	LogPath     tlog.RecordProof `json:"log_path"` // batch to checkpoint root
	Checkpoint  string           `json:"checkpoint"`
}

// ParseProof reads a proof from JSON of at most 256 KiB. Unknown and duplicate
// names are refused.
func ParseProof(b []byte) (*Proof, error) {
	if len(b) > maxProofBytes {
		return nil, fmt.Errorf("vault: parse proof: %d bytes, at most %d", len(b), maxProofBytes)
	}
	var p Proof
	if err := json.Unmarshal(b, &p, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("vault: parse proof: %w", err)
	}
	return &p, nil
}

// Verify checks, with nothing but publicKey (the text of key.pub, note
// verifier keys), that rec is the record that was sealed. It returns an error
// that wraps ErrTampered when it is not.
func (p *Proof) Verify(publicKey string, rec event.Record) error {
	_, err := p.VerifyDisclosed(publicKey, rec, nil)
	return err
}

// VerifyDisclosed checks a record of which d tells as much as is to be shown;
// rec.Raw counts only where d is nil or gives the secret. It returns the text
// that is proven, with [Mask] where something was masked.
func (p *Proof) VerifyDisclosed(publicKey string, rec event.Record, d *Disclosure) (shown []byte, err error) {
	trusted, err := ParseTrust(publicKey)
	if err != nil {
		return nil, fmt.Errorf("vault: verify proof: public key: %w: give the content of key.pub", err)
	}
	content, shown, err := d.Commits(rec.Raw)
	if err == nil {
		err = p.verify(trusted, rec, content, d)
	}
	if err != nil {
		return nil, fmt.Errorf("vault: verify proof: record %d: %w: %w", rec.Seq, err, ErrTampered)
	}
	return shown, nil
}

// LeafOf computes the leaf of a record from what is disclosed of it.
func (p *Proof) LeafOf(rec event.Record, d *Disclosure) ([32]byte, error) {
	content, _, err := d.Commits(rec.Raw)
	if err != nil {
		return [32]byte{}, fmt.Errorf("vault: leaf of %d: %w", rec.Seq, err)
	}
	return LeafOf(rec, byte(p.LeafVersion), content), nil
}

func (p *Proof) verify(trusted Trust, rec event.Record, content tlog.Hash, d *Disclosure) error {
	switch {
	case p.LeafVersion < int(LeafWhole) || p.LeafVersion > int(LeafKeyed):
		return fmt.Errorf("leaf version %d is unknown", p.LeafVersion)
	case !d.fits(byte(p.LeafVersion)):
		return fmt.Errorf("what is disclosed does not fit leaf version %d", p.LeafVersion)
	case rec.Seq != p.Seq:
		return fmt.Errorf("the proof is for record %d", p.Seq)
	}
	cp, err := trusted.Open([]byte(p.Checkpoint))
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if cp.Size != p.LogSize {
		return fmt.Errorf("the checkpoint is of %d entries, the proof of %d", cp.Size, p.LogSize)
	}
	b := Batch{First: p.BatchFirst, Count: p.BatchCount, Root: p.BatchRoot, Sealed: p.SealedAt}
	if err := cp.Holds(b, p.LogIndex, p.LogPath); err != nil {
		return err
	}
	return b.Holds(p.Seq, LeafOf(rec, byte(p.LeafVersion), content), p.BatchPath)
}
