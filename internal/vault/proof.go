package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/konseki/konseki/internal/event"
	"github.com/transparency-dev/tessera/client"
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
	LeafVersion int              `json:"leaf_version"` // 1: whole record, 2: parts
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
	trusted, err := parseTrust(publicKey)
	if err != nil {
		return nil, fmt.Errorf("vault: verify proof: public key: %w: give the content of key.pub", err)
	}
	content, shown, err := d.content(rec.Raw)
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
	content, _, err := d.content(rec.Raw)
	if err != nil {
		return [32]byte{}, fmt.Errorf("vault: leaf of %d: %w", rec.Seq, err)
	}
	return leafOf(rec, byte(p.LeafVersion), content), nil
}

func (p *Proof) verify(trusted trust, rec event.Record, content tlog.Hash, d *Disclosure) error {
	whole := d == nil || len(d.Content) > 0
	parts := d != nil
	switch {
	case p.LeafVersion != int(leafWhole) && p.LeafVersion != int(leafParts):
		return fmt.Errorf("leaf version %d is unknown", p.LeafVersion)
	case p.LeafVersion == int(leafWhole) && !whole, p.LeafVersion == int(leafParts) && !parts:
		return fmt.Errorf("what is disclosed does not fit leaf version %d", p.LeafVersion)
	case rec.Seq != p.Seq:
		return fmt.Errorf("the proof is for record %d", p.Seq)
	case p.BatchCount == 0 || p.BatchCount > maxBatch || p.Seq < p.BatchFirst || p.Seq-p.BatchFirst >= p.BatchCount:
		return errors.New("the record is not in the batch")
	case len(p.BatchPath) > maxPath || len(p.LogPath) > maxPath:
		return errors.New("a path is too long")
	case p.LogIndex >= p.LogSize || p.LogSize >= 1<<62:
		return errors.New("the batch is not in the log")
	}
	cp, err := trusted.open([]byte(p.Checkpoint))
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if cp.size != p.LogSize {
		return fmt.Errorf("the checkpoint is of %d entries, the proof of %d", cp.size, p.LogSize)
	}
	b := batch{first: p.BatchFirst, count: p.BatchCount, root: p.BatchRoot, sealed: p.SealedAt}
	if err := tlog.CheckRecord(p.LogPath, int64(p.LogSize), cp.root, int64(p.LogIndex), tlog.RecordHash(b.encode())); err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	if err := tlog.CheckRecord(p.BatchPath, int64(p.BatchCount), p.BatchRoot, int64(p.Seq-p.BatchFirst), leafOf(rec, byte(p.LeafVersion), content)); err != nil {
		return fmt.Errorf("leaf: %w", err)
	}
	return nil
}

// Prove returns the proof of a sealed record under the latest checkpoint.
// Errors: ErrNotFound, ErrUnsealed.
func (v *Vault) Prove(ctx context.Context, seq uint64) (*Proof, error) {
	p, err := v.prove(ctx, seq)
	if err != nil {
		return nil, fmt.Errorf("vault: prove %d: %w", seq, err)
	}
	return p, nil
}

func (v *Vault) prove(ctx context.Context, seq uint64) (*Proof, error) {
	v.mu.Lock()
	size, sealed, cp := v.size, v.sealed, v.checkpoint
	v.mu.Unlock()
	switch {
	case seq == 0 || seq > size:
		return nil, ErrNotFound
	case seq > sealed:
		return nil, fmt.Errorf("%w: it is younger than the last checkpoint", ErrUnsealed)
	}
	v.proofs.mu.Lock()
	defer v.proofs.mu.Unlock()
	bt, err := v.proofs.batchOf(ctx, v, seq, cp.size)
	if err != nil {
		return nil, err
	}
	logPath, err := v.proofs.logPath(ctx, v.log.dir, bt.index, cp.size)
	if err != nil {
		return nil, err
	}
	return &Proof{
		LeafVersion: int(bt.versions[seq-bt.first]), Seq: seq,
		BatchFirst: bt.first, BatchCount: bt.count, BatchRoot: bt.root, SealedAt: bt.sealed,
		BatchPath: bt.tree.path(int(seq - bt.first)),
		LogIndex:  bt.index, LogSize: cp.size, LogPath: logPath, Checkpoint: cp.text,
	}, nil
}

// proofCache keeps the trees of the batches proven last and the tiles of the
// log, so that the next proof reads nothing.
type proofCache struct {
	mu      sync.Mutex
	trees   []batchTree // used last at the end
	builder *client.ProofBuilder
	size    uint64 // of the log the builder is for
}

// forget drops the trees: segments were written again.
func (c *proofCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trees = nil
}

type batchTree struct {
	batch
	index    uint64
	tree     tree
	versions []byte // of the leaves
}

const keptTrees = 8

func (c *proofCache) batchOf(ctx context.Context, v *Vault, seq, logSize uint64) (batchTree, error) {
	i := slices.IndexFunc(c.trees, func(t batchTree) bool { return seq >= t.first && seq < t.end() })
	if i >= 0 {
		t := c.trees[i]
		c.trees = append(slices.Delete(c.trees, i, i+1), t)
		return t, nil
	}
	b, index, err := findBatch(ctx, v.log.dir, seq, logSize)
	if err != nil {
		return batchTree{}, err
	}
	t, versions, err := v.growTree(ctx, b)
	if err != nil {
		return batchTree{}, err
	}
	if t.root() != b.root {
		return batchTree{}, fmt.Errorf("records %d to %d: %w: run konseki verify", b.first, b.end()-1, ErrTampered)
	}
	if len(c.trees) == keptTrees {
		c.trees = slices.Delete(c.trees, 0, 1)
	}
	bt := batchTree{batch: b, index: index, tree: t, versions: versions}
	c.trees = append(c.trees, bt)
	return bt, nil
}

// Disclose gives a record with what shows all of it but the bytes in hide, to
// be checked with [Proof.VerifyDisclosed]. A record that is committed to as a
// whole is shown whole, with a nil Disclosure, or, when hide is not empty, not
// at all. Parts that overlap one of hide are masked whole. Raw of the record
// is then what VerifyDisclosed returns. Errors: ErrNotFound, ErrGone.
func (v *Vault) Disclose(ctx context.Context, seq uint64, hide []Range) (event.Record, *Disclosure, error) {
	var rec event.Record
	var d *Disclosure
	err := v.get(ctx, seq, func(p *payload) (err error) {
		rec, err = v.recordOf(p, make(intern))
		if err != nil {
			return err
		}
		d, err = v.discloseAs(p, &rec, hide)
		return err
	})
	if err != nil {
		return rec, nil, fmt.Errorf("vault: disclose %d: %w", seq, err)
	}
	rec.Raw = slices.Clone(rec.Raw)
	return rec, d, nil
}

func (v *Vault) discloseAs(p *payload, rec *event.Record, hide []Range) (*Disclosure, error) {
	_, secret, gone, err := reveal(v.ring, p)
	switch {
	case err != nil:
		return nil, err
	case gone == event.Present && secret == nil && len(hide) == 0:
		return nil, nil
	case gone == event.Present && secret != nil:
		d := discloseParts(secret, rec.Raw, hide)
		_, rec.Raw, err = d.content(rec.Raw)
		return d, err
	}
	content := p.content()
	rec.Raw = []byte(Mask)
	return &Disclosure{Content: content[:]}, nil
}

// growTree hashes the records of a batch again, and notes the versions of their
// leaves.
func (v *Vault) growTree(ctx context.Context, b batch) (t tree, versions []byte, err error) {
	leaves := make([]tlog.Hash, 0, b.count)
	var scratch []byte
	for seq := b.first; seq < b.end(); {
		next, err := v.readFrom(ctx, seq, b.end()-1, func(p *payload) error {
			var leaf tlog.Hash
			leaf, scratch = p.leaf(scratch)
			leaves = append(leaves, leaf)
			versions = append(versions, p.form.version())
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return tree{}, nil, err
		}
		seq = next
	}
	if uint64(len(leaves)) != b.count {
		return tree{}, nil, fmt.Errorf("%w: %d records of its batch were let go without a trace", ErrGone, b.count-uint64(len(leaves)))
	}
	return newTree(leaves), versions, nil
}

func (c *proofCache) logPath(ctx context.Context, dir string, index, size uint64) (tlog.RecordProof, error) {
	if c.builder == nil || c.size != size {
		b, err := client.NewProofBuilder(ctx, size, client.FileFetcher{Root: dir}.ReadTile)
		if err != nil {
			return nil, err
		}
		c.builder, c.size = b, size
	}
	nodes, err := c.builder.InclusionProof(ctx, index)
	if err != nil {
		return nil, err
	}
	path := make(tlog.RecordProof, len(nodes))
	for i, n := range nodes {
		if len(n) != tlog.HashSize {
			return nil, fmt.Errorf("tile holds a hash of %d bytes: %w", len(n), ErrTampered)
		}
		path[i] = tlog.Hash(n)
	}
	return path, nil
}
