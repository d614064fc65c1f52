package sha

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"testing"
)

func TestTwoAtOnceAreEachWhatOneIs(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	message := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	for n := range 300 {
		for _, m := range []int{n, n ^ 1, random.IntN(1000), 0, 55, 56, 63, 64, 65, 119, 120, 5000} {
			a, b := message(n), message(m)
			before := bytes.Clone(a)
			x, y := Sum2(a, b)
			if x != sha256.Sum256(a) || y != sha256.Sum256(b) || !bytes.Equal(a, before) {
				t.Fatalf("of %d and %d bytes: %x %x", n, m, x, y)
			}
		}
	}
}

func FuzzSum2(f *testing.F) {
	f.Add([]byte("a"), []byte{})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if x, y := Sum2(a, b); x != sha256.Sum256(a) || y != sha256.Sum256(b) {
			t.Fatalf("of %d and %d bytes", len(a), len(b))
		}
	})
}

func BenchmarkSum2(b *testing.B) {
	for _, n := range []int{65, 84, 410} {
		x, y := make([]byte, n), make([]byte, n)
		b.Run("", func(b *testing.B) {
			b.SetBytes(int64(2 * n))
			for b.Loop() {
				Sum2(x, y)
			}
		})
	}
}
