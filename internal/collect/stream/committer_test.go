package stream

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/konseki/konseki/internal/event"
)

func TestSyslogSendersShareAnAppend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m memory
		c := newCommitter(&m, func([]event.Record) {}, slog.New(slog.DiscardHandler))
		go c.run(context.WithoutCancel(t.Context()))
		for _, raw := range []string{"a", "b", "c"} {
			c.add(event.Record{Raw: []byte(raw)}, true, nil)
			pause(t.Context(), time.Millisecond)
		}
		pause(t.Context(), linger)
		synctest.Wait()
		if m.Calls != 1 || len(m.Recs) != 3 {
			t.Errorf("%d records in %d appends", len(m.Recs), m.Calls)
		}
		c.close()
		if c.add(event.Record{Raw: []byte("late")}, true, nil) {
			t.Error("a closed committer takes records")
		}
		pause(t.Context(), time.Second)
	})
}
