package audit

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"

	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault/sha"
	"golang.org/x/mod/sumdb/tlog"
)

// hasher hashes the rows of row groups. Nearly all records are kept whole and
// in the clear, and come in runs of one source and transport: those are hashed
// two at a time, straight from the columns, into leaves whose header but for
// its two numbers stays in place.
type hasher struct {
	scan    *ondisk.RowScan
	sha     sha.Pair
	scratch []byte
	leaves  [2]whole
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
		h = &hasher{scan: scan, sha: a.sha}
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
		for i := 0; i < n; {
			if i+1 < n && sc.Whole(i) && sc.Whole(i+1) {
				if err := h.pair(c, i); err != nil {
					return err
				}
				i += 2
				continue
			}
			p, err := sc.Payload(i)
			if err != nil {
				return err
			}
			h.scratch = a.hash(c, &p, h.scratch)
			i++
		}
		sc.Past(n)
	}
}

// pair adds rows i and i+1, which are kept whole, to a chunk.
func (h *hasher) pair(c *chunk, i int) error {
	sc := h.scan
	var seqs [2]uint64
	var raws [2][]byte
	for k := range h.leaves {
		seq, source, transport := uint64(sc.Long(ondisk.ColSeq, i+k)), sc.Bytes(ondisk.ColSource, i+k), sc.Bytes(ondisk.ColTransport, i+k)
		if len(sc.Bytes(ondisk.ColCommit, i+k))+len(sc.Bytes(ondisk.ColKey, i+k)) != 0 || len(source) > ondisk.MaxSource || len(transport) > ondisk.MaxTransport {
			return fmt.Errorf("record %d is malformed", seq)
		}
		seqs[k], raws[k] = seq, sc.Bytes(ondisk.ColRaw, i+k)
		h.leaves[k].set(seq, sc.Long(ondisk.ColReceived, i+k), source, transport)
		if len(source) == len(event.SourceExpiry) || len(source) == len(event.SourceShred) {
			if isDeclaration(source) {
				c.own = append(c.own, declared{seq, string(source), slices.Clone(raws[k])})
			}
		}
	}
	a, b := &h.leaves[0], &h.leaves[1]
	*a.content(), *b.content() = h.sha.Sum2(raws[0], raws[1])
	x, y := h.sha.Sum2(a.bytes, b.bytes)
	c.rows = append(c.rows, row{seqs[0], x}, row{seqs[1], y})
	c.raw += int64(len(raws[0]) + len(raws[1]))
	return nil
}

// rootOf is the RFC 6962 tree hash over leaves, of which there is at least
// one. The leaves are overwritten.
func rootOf(pair sha.Pair, leaves []tlog.Hash) tlog.Hash {
	var nodes [2][1 + 2*tlog.HashSize]byte
	nodes[0][0], nodes[1][0] = 1, 1
	put := func(node *[1 + 2*tlog.HashSize]byte, pair []tlog.Hash) {
		copy(node[1:], pair[0][:])
		copy(node[1+tlog.HashSize:], pair[1][:])
	}
	for n := len(leaves); n > 1; n = (n + 1) / 2 {
		i := 0
		for ; i+4 <= n; i += 4 {
			put(&nodes[0], leaves[i:])
			put(&nodes[1], leaves[i+2:])
			leaves[i/2], leaves[i/2+1] = pair.Sum2(nodes[0][:], nodes[1][:])
		}
		if i+2 <= n {
			leaves[i/2] = tlog.NodeHash(leaves[i], leaves[i+1])
			i += 2
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
	go func() { j.good <- rootOf(a.sha, c.leaves) == c.Root }()
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
