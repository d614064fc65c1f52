package duckdb

import (
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
)

func FuzzCursor(f *testing.F) {
	f.Add("n.1.2.3", false)
	f.Add("o.-1.2.3", true)
	f.Fuzz(func(t *testing.T, s string, oldest bool) {
		ev := event.Event{Time: time.Unix(0, 5), Record: 7, Nth: 2}
		m, err := parseCursor(makeCursor(&ev, oldest), oldest)
		if err != nil || *m != (mark{5, 7, 2}) {
			t.Fatalf("own cursor: %v %v", m, err)
		}
		_, _ = parseCursor(index.Cursor(s), oldest)
	})
}
