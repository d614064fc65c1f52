package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/collect/post"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault"
)

// acknowledge calls send from so many senders, b.N times in all, each waiting
// for its acknowledgement before it sends again, and reports records per second,
// how long an acknowledgement takes (the middle one, and what one in a hundred
// exceeds), and the processor time of a record, which a busy machine changes
// least.
func acknowledge(b *testing.B, senders, size int, send func(ctx context.Context, sender int) error) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(b.N))
	waits := make([][]time.Duration, senders)
	used := cpuTime(b)
	b.ResetTimer()
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				began := time.Now()
				if err := send(b.Context(), i); err != nil {
					b.Error(err)
					return
				}
				waits[i] = append(waits[i], time.Since(began))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	used = cpuTime(b) - used
	all := slices.Concat(waits...)
	slices.Sort(all)
	if len(all) == 0 {
		return
	}
	b.ReportMetric(float64(len(all)*size)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(used.Seconds()*1e6/float64(len(all)*size), "cpu-µs/record")
	b.ReportMetric(all[len(all)/2].Seconds()*1e3, "p50-ms")
	b.ReportMetric(all[len(all)*99/100].Seconds()*1e3, "p99-ms")
}

// loads runs a benchmark for so many senders and records at a time.
func loads(b *testing.B, run func(b *testing.B, senders, size int)) {
	for _, size := range []int{1, 100} {
		for _, senders := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("records=%d/senders=%d", size, senders), func(b *testing.B) { run(b, senders, size) })
		}
	}
}

// closing closes a vault that was measured.
func closing(b *testing.B, v *vault.Vault) {
	if err := v.Close(); err != nil {
		b.Error(err)
	}
}

// BenchmarkAppend measures acknowledgements of the vault, sealing and rolling
// going on.
func BenchmarkAppend(b *testing.B) {
	loads(b, func(b *testing.B, senders, size int) {
		v := open(b, filepath.Join(b.TempDir(), "vault"))
		defer closing(b, v)
		recs := make([][]event.Record, senders)
		for i := range recs {
			recs[i] = lines(i*size, size)
		}
		b.SetBytes(int64(size * len(recs[0][0].Raw)))
		acknowledge(b, senders, size, func(ctx context.Context, sender int) error { return v.Append(ctx, recs[sender]) })
	})
}

// BenchmarkAppendHTTP measures the same through the HTTP door, over loopback
// connections that stay open. The senders work on the same cores.
func BenchmarkAppendHTTP(b *testing.B) {
	loads(b, func(b *testing.B, senders, size int) {
		v := open(b, filepath.Join(b.TempDir(), "vault"))
		defer closing(b, v)
		door := httptest.NewServer(post.New(v, post.Options{
			Authenticate: func(string) (string, []string, bool) { return "bench", []string{"*"}, true },
		}))
		defer door.Close()
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
		defer client.CloseIdleConnections()
		var body bytes.Buffer
		for _, r := range lines(0, size) {
			body.Write(r.Raw)
			body.WriteByte('\n')
		}
		b.SetBytes(int64(body.Len()))
		acknowledge(b, senders, size, func(ctx context.Context, _ int) error {
			return deliver(ctx, client, door.URL+"/ingest/jsonlines?source=bench", body.Bytes())
		})
		if got := v.Size(); got != uint64(b.N*size) {
			b.Errorf("%d records are in the vault, %d were acknowledged", got, b.N*size)
		}
	})
}

func deliver(ctx context.Context, client *http.Client, address string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer kt_bench")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, text)
	}
	return err
}

// BenchmarkSync measures the disk alone: as many bytes as a small append has
// are written to the end of a file and synced, by one writer. No
// acknowledgement can be quicker.
func BenchmarkSync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "file"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	text := lines(0, 1)[0].Raw
	acknowledge(b, 1, 1, func(context.Context, int) error {
		if _, err := f.Write(text); err != nil {
			return err
		}
		return f.Sync()
	})
}
