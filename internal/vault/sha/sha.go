// Package sha hashes two messages at once with SHA-256, where the processor has instructions for it.
//
// One SHA-256 leaves most of a processor idle, because every round waits for
// the one before. Two that have nothing to do with each other fill the gaps.
// Where there are no such instructions the standard library does the work.
package sha

import (
	"crypto/sha256"
	"encoding/binary"
)

// Pair hashes two messages at once. New makes one.
type Pair struct{ fast bool }

// New asks the processor what it can do, which takes a while.
func New() Pair { return Pair{fast: able()} }

// Sum2 returns the SHA-256 (FIPS 180-4) of a and of b.
func (p Pair) Sum2(a, b []byte) (x, y [sha256.Size]byte) {
	if !p.fast {
		return sha256.Sum256(a), sha256.Sum256(b)
	}
	return sum2(a, b)
}

const block = 64

// begin is the initial state.
func begin() [8]uint32 {
	return [8]uint32{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}
}

// pad writes what follows the whole blocks of a message, to whole blocks, and
// says how many these are.
func pad(dst *[2 * block]byte, message []byte) int {
	rest := message[len(message)/block*block:]
	n := 1
	if len(rest)+1+8 > block {
		n = 2
	}
	end := copy(dst[:], rest)
	dst[end] = 0x80
	clear(dst[end+1 : n*block-8])
	binary.BigEndian.PutUint64(dst[n*block-8:], uint64(len(message))*8)
	return n
}

// longest is the longest message that with its end fits into two blocks; leaves
// and nodes of trees do.
const longest = 2*block - 9

func blocksOf(length int) int { return (length + 9 + block - 1) / block }

// padWhole writes a message of at most longest bytes and what follows it.
func padWhole(dst *[2 * block]byte, message []byte) int {
	n := blocksOf(len(message))
	dst[copy(dst[:], message)] = 0x80
	binary.BigEndian.PutUint64(dst[n*block-8:], uint64(len(message))*8)
	return n
}

func output(state []uint32) (out [sha256.Size]byte) {
	for i := range 8 {
		binary.BigEndian.PutUint32(out[4*i:], state[i])
	}
	return out
}
