package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"

	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"golang.org/x/mod/sumdb/tlog"
)

// hasher hashes the rows of row groups. Nearly all records are kept whole and
// in the clear, and come in runs of one source and transport: those are hashed
// straight from the columns, into a leaf whose header but for its two numbers
// stays in place.
type hasher struct {
	scan    *ondisk.RowScan
	scratch []byte
	leaf    whole
}

// whole is the leaf of a record of form 1 before it is hashed:
// 0x00 ‖ version ‖ header ‖ content.
type whole struct {
	source, transport []byte
	bytes             []byte
}

const leafNumbers = 2 // where sequence and receive time stand in it

// set puts all but the content into a leaf.
func (w *whole) set(seq uint64, received int64, source, transport []byte) {
	if len(w.bytes) == 0 || !sameBytes(w.source, source) || !sameBytes(w.transport, transport) {
		w.source, w.transport = append(w.source[:0], source...), append(w.transport[:0], transport...)
		w.bytes = append(w.bytes[:0], 0, seal.LeafWhole)
		w.bytes = append(w.bytes, make([]byte, 16)...)
		w.bytes = ondisk.AppendNames(w.bytes, source, transport)
		w.bytes = append(w.bytes, make([]byte, tlog.HashSize)...)
	}
	binary.BigEndian.PutUint64(w.bytes[leafNumbers:], seq)
	binary.BigEndian.PutUint64(w.bytes[leafNumbers+8:], uint64(received))
}

func (w *whole) content() *[tlog.HashSize]byte {
	return (*[tlog.HashSize]byte)(w.bytes[len(w.bytes)-tlog.HashSize:])
}

func sameBytes(a, b []byte) bool { return string(a) == string(b) }

func (a *audit) hashGroup(r *ondisk.SegmentReader, g int) (c chunk) {
	defer ondisk.Guard(&c.err)
	h, ok := a.hashers.Get().(*hasher)
	if !ok {
		scan, err := ondisk.NewRowScan()
		if err != nil {
			c.err = err
			return c
		}
		h = &hasher{scan: scan}
	}
	defer a.hashers.Put(h)
	c.rows = make([]row, 0, r.Groups[g].NumRows)
	c.err = h.group(a, &c, r, g)
	return c
}

func (h *hasher) group(a *audit, c *chunk, r *ondisk.SegmentReader, g int) error {
	sc := h.scan
	if err := sc.Open(r, g, 0, ondisk.AllColumns(), false, ondisk.WholeChunk); err != nil {
		return err
	}
	for {
		n, err := sc.Run()
		if err != nil || n == 0 {
			return err
		}
		for i := range n {
			if sc.Whole(i) {
				if err := h.whole(c, i); err != nil {
					return err
				}
				continue
			}
			p, err := sc.Payload(i)
			if err != nil {
				return err
			}
			h.scratch = a.hash(c, &p, h.scratch)
		}
		sc.Past(n)
	}
}

// whole adds row i, which is kept whole, to a chunk.
func (h *hasher) whole(c *chunk, i int) error {
	sc := h.scan
	seq, source, transport := uint64(sc.Long(ondisk.ColSeq, i)), sc.Bytes(ondisk.ColSource, i), sc.Bytes(ondisk.ColTransport, i)
	if len(sc.Bytes(ondisk.ColCommit, i))+len(sc.Bytes(ondisk.ColKey, i)) != 0 || len(source) > ondisk.MaxSource || len(transport) > ondisk.MaxTransport {
		return fmt.Errorf("record %d is malformed", seq)
	}
	raw := sc.Bytes(ondisk.ColRaw, i)
	h.leaf.set(seq, sc.Long(ondisk.ColReceived, i), source, transport)
	if isDeclaration(source) {
		c.own = append(c.own, declared{seq, string(source), slices.Clone(raw)})
	}
	*h.leaf.content() = sha256.Sum256(raw)
	c.rows = append(c.rows, row{seq, sha256.Sum256(h.leaf.bytes)})
	c.raw += int64(len(raw))
	return nil
}

// rootOf is the RFC 6962 tree hash over leaves, of which there is at least
// one. The leaves are overwritten.
func rootOf(leaves []tlog.Hash) tlog.Hash {
	for n := len(leaves); n > 1; n = (n + 1) / 2 {
		i := 0
		for ; i+2 <= n; i += 2 {
			leaves[i/2] = tlog.NodeHash(leaves[i], leaves[i+1])
		}
		if i < n {
			leaves[i/2] = leaves[i]
		}
	}
	return leaves[0]
}

// rootJob is a batch whose root is being computed aside.
type rootJob struct {
	batch *openBatch
	good  chan bool
}

// check computes the root of a whole batch aside; what is wrong is named by
// settleRoots, in order.
func (a *audit) check(c *openBatch) error {
	j := rootJob{c, make(chan bool, 1)}
	a.roots = append(a.roots, j)
	go func() { j.good <- rootOf(c.leaves) == c.Root }()
	if len(a.roots) > 2*runtime.GOMAXPROCS(0) {
		return a.settleRoots(1)
	}
	return nil
}

// settleRoots waits for the first n roots.
func (a *audit) settleRoots(n int) error {
	for _, j := range a.roots[:n] {
		good := <-j.good
		a.spare = append(a.spare, j.batch.leaves)
		j.batch.leaves = nil
		if !good {
			a.bad = append(a.bad, j.batch)
		}
	}
	a.roots = append(a.roots[:0], a.roots[n:]...)
	bad := a.bad
	a.bad = nil
	for _, c := range bad {
		if err := a.localise(c); err != nil {
			return err
		}
	}
	return nil
}

// leavesFor gives room for the leaves of a batch.
func (a *audit) leavesFor(count uint64) []tlog.Hash {
	for i, s := range a.spare {
		if uint64(cap(s)) >= count {
			a.spare = slices.Delete(a.spare, i, i+1)
			return s[:count]
		}
	}
	a.spare = nil
	return make([]tlog.Hash, count)
}
