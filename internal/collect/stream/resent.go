package stream

import (
	"hash/maphash"
	"net/netip"
	"sync"
)

// A RELP sender whose connection broke sends again what was not answered, as
// far as it knows: also frames whose answer was lost on the way, which are here
// already. Their numbers do not tell, for they begin anew with each session. So
// the last frames of a connection that broke are remembered by their content,
// and one of the next connection of the same address that is the same counts
// as a duplicate, once. It is stored all the same: a message may well be said
// twice, byte for byte, and a record more does less harm than one that is
// missing. What was remembered is gone with the process; a frame sent again
// around a restart is stored and not counted.

const (
	resentFrames = maxOpen // frames of a connection remembered, a window at most
	resentPeers  = 1024
)

// resent is the frames of a connection that broke, and of the one that follows.
type resent struct {
	seed   maphash.Seed
	before map[uint64]int // how often each came last on the connection before
	left   int            // frames until before is forgotten
	ring   []uint64       // the last frames of this connection
	next   int
}

// seen notes a frame and reports whether the connection before brought it.
func (r *resent) seen(raw []byte) bool {
	sum := maphash.Bytes(r.seed, raw)
	if len(r.ring) < resentFrames {
		r.ring = append(r.ring, sum)
	} else {
		r.ring[r.next] = sum
		r.next = (r.next + 1) % resentFrames
	}
	if r.left == 0 {
		r.before = nil
		return false
	}
	r.left--
	if r.before[sum] == 0 {
		return false
	}
	r.before[sum]--
	return true
}

// unsure keeps what connections that broke brought last, by address.
type unsure struct {
	mu    sync.Mutex
	seed  maphash.Seed
	peers map[netip.Addr][]uint64
}

// take begins a connection.
func (u *unsure) take(peer netip.Addr) *resent {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.peers == nil {
		u.peers, u.seed = map[netip.Addr][]uint64{}, maphash.MakeSeed()
	}
	r := &resent{seed: u.seed, before: map[uint64]int{}}
	for _, sum := range u.peers[peer] {
		r.before[sum]++
	}
	if len(r.before) > 0 {
		r.left = resentFrames
	}
	delete(u.peers, peer)
	return r
}

// keep ends a connection that broke.
func (u *unsure) keep(peer netip.Addr, r *resent) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.peers) >= resentPeers {
		clear(u.peers)
	}
	if len(r.ring) > 0 {
		u.peers[peer] = r.ring
	}
}
