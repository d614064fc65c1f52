package normalise_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
)

func benchLines() map[string]string {
	return map[string]string{
		"sshd":  `Mar  1 12:13:01 dev01 sshd[3410]: Failed password for invalid user admin from 203.0.113.7 port 40022 ssh2`,
		"nginx": `192.0.2.10 - - [01/Mar/2018:12:12:50 +0900] "GET /index.html?a=1&b=2 HTTP/1.1" 200 612 "https://www.example/" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 Safari/537.36" rt=0.123`,
		"auditd": `type=SYSCALL msg=audit(1519873970.123:2995): arch=c000003e syscall=59 success=yes exit=0 a0=237f568 a1=237f368 a2=2384008 a3=59a items=2 ppid=26843 pid=27032 auid=1000 uid=1000 gid=1000 euid=0 suid=0 fsuid=0 egid=1000 sgid=1000 fsgid=1000 tty=pts2 ses=42 comm="sh" exe="/bin/sh" key="susp_shell"
type=EXECVE msg=audit(1519873970.123:2995): argc=3 a0="sh" a1="-c" a2=726D202D7266202F737276
type=CWD msg=audit(1519873970.123:2995): cwd="/home/bob"`,
	}
}

// processorTime is what this process has used: on a shared machine the wall
// clock says little.
func processorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkEvents measures records a second; the audit record has three lines.
func BenchmarkEvents(b *testing.B) {
	for name, line := range benchLines() {
		b.Run(name, func(b *testing.B) {
			n := normalise.New()
			rec := &event.Record{
				Seq: 1, Received: time.Date(2018, 4, 1, 0, 0, 0, 0, time.UTC), Source: "server",
				Transport: "file;tz=Asia%2FTokyo;tzfrom=configured", Raw: []byte(line),
			}
			var dst []event.Event
			b.ReportAllocs()
			start := processorTime(b)
			for b.Loop() {
				dst = n.Events(dst[:0], rec)
			}
			used := processorTime(b) - start
			if dst[0].Format == event.Unparsed {
				b.Fatal("unparsed")
			}
			b.ReportMetric(float64(b.N)/used.Seconds(), "records/cpu-s")
		})
	}
}
