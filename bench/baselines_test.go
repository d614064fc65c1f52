package bench

import (
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
)

// BenchmarkBaselines observes events that are no logons: what the rhythm of
// sources costs every event.
func BenchmarkBaselines(b *testing.B) {
	hosts := make([]string, 200)
	for i := range hosts {
		hosts[i] = "app" + string(rune('a'+i%26)) + string(rune('a'+i/26))
	}
	p, err := detect.NewPack(&sigma.Collection{}, detect.Settings{})
	if err != nil {
		b.Fatal(err)
	}
	w, err := detect.NewWatch(p)
	if err != nil {
		b.Fatal(err)
	}
	ev := event.Event{Time: time.Date(2018, 3, 1, 0, 0, 0, 0, time.UTC), Source: "server", Format: "syslog"}
	perProcessor(b, func(i int) {
		ev.Host = hosts[i%len(hosts)]
		ev.Time = ev.Time.Add(20 * time.Millisecond)
		w.Observe(&ev)
	})
}
