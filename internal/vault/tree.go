package vault

import (
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// tree is an RFC 6962 Merkle tree over the leaves of one batch: levels[0] is
// the leaves, the last level is the root. A node without a right neighbour
// moves up unchanged, which gives the tree of RFC 6962 §2.1.
type tree struct{ levels [][]tlog.Hash }

func newTree(leaves []tlog.Hash) tree {
	t := tree{levels: [][]tlog.Hash{leaves}}
	for len(leaves) > 1 {
		up := make([]tlog.Hash, (len(leaves)+1)/2)
		for i := range up {
			if 2*i+1 == len(leaves) {
				up[i] = leaves[2*i]
				continue
			}
			up[i] = tlog.NodeHash(leaves[2*i], leaves[2*i+1])
		}
		t.levels = append(t.levels, up)
		leaves = up
	}
	return t
}

func (t tree) root() tlog.Hash { return t.levels[len(t.levels)-1][0] }

// path returns the inclusion proof of leaf i, from the leaf upwards.
func (t tree) path(i int) tlog.RecordProof {
	p := tlog.RecordProof{}
	for _, level := range t.levels[:len(t.levels)-1] {
		if sibling := i ^ 1; sibling < len(level) {
			p = append(p, level[sibling])
		}
		i >>= 1
	}
	return p
}

// leavesOf reads the records first … first+count-1 from a scanner that stands
// at first and returns their leaves; hashing uses all cores.
func leavesOf(s *walScanner, first, count uint64) ([]tlog.Hash, error) {
	leaves := make([]tlog.Hash, count)
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	const chunk = 1024
	group := make([]payload, 0, chunk)
	flush := func(at uint64, group []payload) {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			var scratch []byte
			for i := range group {
				leaves[at+uint64(i)], scratch = group[i].leaf(scratch)
			}
		})
	}
	for i := range count {
		p, err := s.next()
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", first+i, err)
		}
		if p.seq != first+i {
			return nil, fmt.Errorf("record %d stands where %d belongs: %w", p.seq, first+i, ErrTampered)
		}
		group = append(group, p)
		if len(group) == chunk || i == count-1 {
			flush(i+1-uint64(len(group)), group)
			group = make([]payload, 0, chunk)
		}
	}
	wg.Wait()
	return leaves, nil
}
