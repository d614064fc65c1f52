package sha

import "crypto/sha256"

//go:noescape
func blocks2(state *[16]uint32, a, b *byte, n int)

//go:noescape
func cpuid(leaf, sub uint32) (b, c uint32)

// able says whether the processor has SSSE3, SSE4.1 and the SHA extensions.
func able() bool {
	const ssse3, sse41, sha = 1 << 9, 1 << 19, 1 << 29
	_, c := cpuid(1, 0)
	b, _ := cpuid(7, 0)
	return c&ssse3 != 0 && c&sse41 != 0 && b&sha != 0
}

// lane is what is left of one message.
type lane struct {
	message []byte // whole blocks not yet taken
	tail    [2 * block]byte
	padded  int // blocks of tail
	taken   int // of these
}

// next gives the next blocks that stand together, and how many they are.
func (l *lane) next() ([]byte, int) {
	if n := len(l.message) / block; n > 0 {
		return l.message, n
	}
	return l.tail[l.taken*block:], l.padded - l.taken
}

func (l *lane) take(n int) {
	if len(l.message) >= block {
		l.message = l.message[n*block:]
		return
	}
	l.taken += n
}

func sum2(a, b []byte) (x, y [sha256.Size]byte) {
	var state [16]uint32
	first := begin()
	copy(state[:8], first[:])
	copy(state[8:], first[:])
	if len(a) <= longest && len(b) <= longest && blocksOf(len(a)) == blocksOf(len(b)) {
		var p, q [2 * block]byte
		n := padWhole(&p, a)
		padWhole(&q, b)
		blocks2(&state, &p[0], &q[0], n)
		return output(state[:8]), output(state[8:])
	}
	var la, lb lane
	la.message, lb.message = a[:len(a)/block*block], b[:len(b)/block*block]
	la.padded, lb.padded = pad(&la.tail, a), pad(&lb.tail, b)
	for {
		p, n := la.next()
		q, m := lb.next()
		switch {
		case n == 0 && m == 0:
			return output(state[:8]), output(state[8:])
		case n == 0 || m == 0: // the other lane works for nothing, and what it makes is thrown away
			alone := state
			if n == 0 {
				blocks2(&alone, &q[0], &q[0], m)
				copy(state[8:], alone[8:])
				lb.take(m)
			} else {
				blocks2(&alone, &p[0], &p[0], n)
				copy(state[:8], alone[:8])
				la.take(n)
			}
		default:
			n = min(n, m)
			blocks2(&state, &p[0], &q[0], n)
			la.take(n)
			lb.take(n)
		}
	}
}
