package sha

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"
)

func TestTwoAtOnceAreEachWhatOneIs(t *testing.T) {
	pair := New()
	t.Logf("with instructions of the processor: %v", pair.fast)
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
			x, y := pair.Sum2(a, b)
			if x != sha256.Sum256(a) || y != sha256.Sum256(b) || !bytes.Equal(a, before) {
				t.Fatalf("of %d and %d bytes: %x %x", n, m, x, y)
			}
		}
	}
}

func FuzzSum2(f *testing.F) {
	f.Add([]byte("a"), []byte{})
	pair := New()
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if x, y := pair.Sum2(a, b); x != sha256.Sum256(a) || y != sha256.Sum256(b) {
			t.Fatalf("of %d and %d bytes", len(a), len(b))
		}
	})
}

// BenchmarkSum2 is of a node of a tree, a leaf and a record.
func BenchmarkSum2(b *testing.B) {
	both := map[string]Pair{"pair": New(), "library": {}}
	for _, n := range []int{65, 84, 410} {
		x, y := make([]byte, n), make([]byte, n)
		for name, pair := range both {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.SetBytes(int64(2 * n))
				began := cpuTime(b)
				for b.Loop() {
					pair.Sum2(x, y)
				}
				b.ReportMetric(float64(2*n*b.N)/1e6/(cpuTime(b)-began).Seconds(), "MB/cpu-s")
			})
		}
	}
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
