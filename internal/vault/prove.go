package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/konseki/konseki/internal/event"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/tlog"
)

// Prove returns the proof of a sealed record under the latest checkpoint.
// Errors: ErrNotFound, ErrUnsealed.
func (v *Vault) Prove(ctx context.Context, seq uint64) (*seal.Proof, error) {
	return v.Prover().Prove(ctx, seq)
}

// Prover proves records under one checkpoint, however far the vault has gone on
// since, so that all its proofs agree.
type Prover struct {
	vault      *Vault
	sealed     uint64
	checkpoint seal.Checkpoint
}

// Prover returns a prover under the latest checkpoint.
func (v *Vault) Prover() Prover {
	v.mu.Lock()
	defer v.mu.Unlock()
	return Prover{v, v.sealed, v.checkpoint}
}

// Prove is [Vault.Prove] under the prover's checkpoint.
func (p Prover) Prove(ctx context.Context, seq uint64) (*seal.Proof, error) {
	proof, err := p.prove(ctx, seq)
	if err != nil {
		return nil, fmt.Errorf("vault: prove %d: %w", seq, err)
	}
	return proof, nil
}

func (p Prover) prove(ctx context.Context, seq uint64) (*seal.Proof, error) {
	v, sealed, cp := p.vault, p.sealed, p.checkpoint
	v.mu.Lock()
	size := v.size
	v.mu.Unlock()
	switch {
	case seq == 0 || seq > size:
		return nil, ondisk.ErrNotFound
	case seq > sealed:
		return nil, fmt.Errorf("%w: it is younger than the last checkpoint", ErrUnsealed)
	}
	v.proofs.mu.Lock()
	defer v.proofs.mu.Unlock()
	bt, err := v.proofs.batchOf(ctx, v, seq, cp.Size)
	if err != nil {
		return nil, err
	}
	logPath, err := v.proofs.logPath(ctx, v.log.dir, bt.index, cp.Size)
	if err != nil {
		return nil, err
	}
	return &seal.Proof{
		LeafVersion: int(bt.versions[seq-bt.First]), Seq: seq,
		BatchFirst: bt.First, BatchCount: bt.Count, BatchRoot: bt.Root, SealedAt: bt.Sealed,
		BatchPath: bt.tree.Path(int(seq - bt.First)),
		LogIndex:  bt.index, LogSize: cp.Size, LogPath: logPath, Checkpoint: cp.Text,
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
	seal.Batch
	index    uint64
	tree     seal.Tree
	versions []byte // of the leaves
}

const keptTrees = 8

func (c *proofCache) batchOf(ctx context.Context, v *Vault, seq, logSize uint64) (batchTree, error) {
	i := slices.IndexFunc(c.trees, func(t batchTree) bool { return seq >= t.First && seq < t.End() })
	if i >= 0 {
		t := c.trees[i]
		c.trees = append(slices.Delete(c.trees, i, i+1), t)
		return t, nil
	}
	b, index, err := ondisk.FindBatch(ctx, v.log.dir, seq, logSize)
	if err != nil {
		return batchTree{}, err
	}
	t, versions, err := v.growTree(ctx, b)
	if err != nil {
		return batchTree{}, err
	}
	if t.Root() != b.Root {
		return batchTree{}, fmt.Errorf("records %d to %d: %w: run konseki verify", b.First, b.End()-1, seal.ErrTampered)
	}
	if len(c.trees) == keptTrees {
		c.trees = slices.Delete(c.trees, 0, 1)
	}
	bt := batchTree{Batch: b, index: index, tree: t, versions: versions}
	c.trees = append(c.trees, bt)
	return bt, nil
}

// Disclose gives a record with what shows all of it but the bytes in hide, to
// be checked with [Proof.VerifyDisclosed]. A record that is committed to as a
// whole is shown whole, with a nil Disclosure, or, when hide is not empty, not
// at all. Parts that overlap one of hide are masked whole. Raw of the record
// is then what VerifyDisclosed returns. Errors: ErrNotFound, ErrGone.
func (v *Vault) Disclose(ctx context.Context, seq uint64, hide []seal.Range) (event.Record, *seal.Disclosure, error) {
	var rec event.Record
	var d *seal.Disclosure
	err := v.get(ctx, seq, func(p *ondisk.Payload) (err error) {
		var secret []byte
		if rec, secret, err = v.open(p, make(ondisk.Intern)); err == nil {
			d, err = discloseAs(p, &rec, secret, hide)
		}
		return err
	})
	if err != nil {
		return rec, nil, fmt.Errorf("vault: disclose %d: %w", seq, err)
	}
	rec.Raw = slices.Clone(rec.Raw)
	return rec, d, nil
}

func discloseAs(p *ondisk.Payload, rec *event.Record, secret []byte, hide []seal.Range) (d *seal.Disclosure, err error) {
	switch {
	case rec.Gone == event.Present && secret == nil && len(hide) == 0:
		return nil, nil
	case rec.Gone == event.Present && secret != nil:
		d = seal.DiscloseParts(secret, rec.Raw, hide)
		d.Key = p.Key
		_, rec.Raw, err = d.Commits(rec.Raw)
		return d, err
	}
	content := p.Content()
	rec.Raw = []byte(seal.Mask)
	return &seal.Disclosure{Content: content[:]}, nil
}

// growTree hashes the records of a batch again, and notes the versions of their
// leaves.
func (v *Vault) growTree(ctx context.Context, b seal.Batch) (t seal.Tree, versions []byte, err error) {
	leaves := make([]tlog.Hash, 0, b.Count)
	var scratch []byte
	for seq := b.First; seq < b.End(); {
		next, err := v.readFrom(ctx, seq, b.End()-1, func(p *ondisk.Payload) error {
			var leaf tlog.Hash
			leaf, scratch = p.Leaf(scratch)
			leaves = append(leaves, leaf)
			versions = append(versions, p.Form.Version())
			return nil
		})
		if err != nil && !errors.Is(err, ondisk.ErrEnough) {
			return seal.Tree{}, nil, err
		}
		seq = next
	}
	if uint64(len(leaves)) != b.Count {
		return seal.Tree{}, nil, fmt.Errorf("%w: %d records of its batch were let go without a trace", ErrGone, b.Count-uint64(len(leaves)))
	}
	return seal.NewTree(leaves), versions, nil
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
			return nil, fmt.Errorf("tile holds a hash of %d bytes: %w", len(n), seal.ErrTampered)
		}
		path[i] = tlog.Hash(n)
	}
	return path, nil
}
