package seal

import (
	"golang.org/x/mod/sumdb/tlog"
)

// Tree is an RFC 6962 Merkle tree over the leaves of one batch: levels[0] is
// the leaves, the last level is the root. A node without a right neighbour
// moves up unchanged, which gives the tree of RFC 6962 §2.1.
type Tree struct{ levels [][]tlog.Hash }

// NewTree builds the tree over leaves, of which there is at least one.
func NewTree(leaves []tlog.Hash) Tree {
	t := Tree{levels: [][]tlog.Hash{leaves}}
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

// Root is the tree hash.
func (t Tree) Root() tlog.Hash { return t.levels[len(t.levels)-1][0] }

// Path returns the inclusion proof of leaf i, from the leaf upwards.
func (t Tree) Path(i int) tlog.RecordProof {
	p := tlog.RecordProof{}
	for _, level := range t.levels[:len(t.levels)-1] {
		if sibling := i ^ 1; sibling < len(level) {
			p = append(p, level[sibling])
		}
		i >>= 1
	}
	return p
}
