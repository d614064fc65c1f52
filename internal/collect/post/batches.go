package post

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// maxBatches is how many batches are known again.
const maxBatches = 4096

// batches remembers what senders sent lately, to tell when they send it again.
// A restart forgets it.
type batches struct {
	keep  time.Duration
	mu    sync.Mutex
	known map[[sha256.Size]byte]batch
	order [][sha256.Size]byte // a ring: the oldest at next once it is full
	next  int
}

// batch is what came under one key.
type batch struct {
	at      time.Time
	records int64
}

// repeated remembers a batch of which n records were stored and says how many
// of them an earlier one had brought: one of the same sender for the same
// source with the same key, or with the same bytes if this one is whole.
func (b *batches) repeated(sender, source, key string, sum []byte, n int64, whole bool) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	var before int64
	if key != "" {
		before = b.swap(name("key", sender, source, key), n, now)
	}
	if whole {
		before = max(before, b.swap(name("bytes", sender, source, string(sum)), n, now))
	}
	return min(n, before)
}

// swap remembers the records under a name and returns how many were under it.
func (b *batches) swap(name [sha256.Size]byte, n int64, now time.Time) int64 {
	old, ok := b.known[name]
	if now.Sub(old.at) > b.keep {
		old.records = 0
	}
	if b.known == nil {
		b.known = make(map[[sha256.Size]byte]batch)
	}
	b.known[name] = batch{now, max(n, old.records)}
	switch {
	case ok:
	case len(b.order) < maxBatches:
		b.order = append(b.order, name)
	default:
		delete(b.known, b.order[b.next])
		b.order[b.next] = name
		b.next = (b.next + 1) % maxBatches
	}
	return old.records
}

// name makes one key of several texts of any content.
func name(parts ...string) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, p := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		h.Write([]byte(p))
	}
	return [sha256.Size]byte(h.Sum(nil))
}
