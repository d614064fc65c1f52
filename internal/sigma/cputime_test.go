package sigma

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// cpuTime is the processor time this process has used: on a shared machine the
// wall clock says little.
func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// loop runs f under the benchmark and reports events per second of processor time.
func loop(b *testing.B, f func(i int)) {
	b.ReportAllocs()
	runtime.GC()
	start := cpuTime(b)
	n := 0
	for b.Loop() {
		f(n)
		n++
	}
	b.ReportMetric(float64(n)/(cpuTime(b)-start).Seconds(), "events/cpu-s")
}
