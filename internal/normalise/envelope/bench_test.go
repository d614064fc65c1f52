package envelope_test

import (
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
)

// BenchmarkEnvelopes measures an nginx line by each way; "bare" is the line alone.
func BenchmarkEnvelopes(b *testing.B) {
	ways := wrapped(lines()["nginx"])
	ways["bare"] = lines()["nginx"]
	for via, raw := range ways {
		b.Run(event.ParseTransport(via).Kind, func(b *testing.B) {
			n := normalise.New()
			rec := &event.Record{Transport: via, Raw: []byte(raw)}
			var dst []event.Event
			b.ReportAllocs()
			for b.Loop() {
				if dst = n.Events(dst[:0], rec); dst[0].Format != "nginx" {
					b.Fatal(dst[0].Format)
				}
			}
		})
	}
}
