package collect

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"github.com/konseki/konseki/internal/event"
)

// memory is a vault in memory that fails when it is told to.
type memory struct {
	mu     sync.Mutex
	recs   []event.Record
	calls  int
	fail   func(call int) error
	before func() // called before each Append
	drop   bool   // keep no records, for benchmarks
	size   uint64
}

func (m *memory) Append(ctx context.Context, recs []event.Record) error {
	if m.before != nil {
		m.before()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	if m.fail != nil {
		if err := m.fail(m.calls); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range recs {
		m.size++
		recs[i].Seq = m.size
		if !m.drop {
			kept := recs[i]
			kept.Raw = bytes.Clone(kept.Raw)
			m.recs = append(m.recs, kept)
		}
	}
	return nil
}

func raws(recs []event.Record) []string {
	out := make([]string, len(recs))
	for i, r := range recs {
		out[i] = string(r.Raw)
	}
	return out
}

// cutAll frames data that arrives in pieces of the size.
func cutAll(t testing.TB, f framer, limits Limits, size int, data []byte) []event.Record {
	t.Helper()
	var m memory
	c := &cutter{limits: limits, flush: func(w *window) (*window, error) {
		if err := m.Append(t.Context(), w.recs); err != nil {
			return w, err
		}
		w.moveTo(w)
		return w, nil
	}}
	file := &File{Source: "test"}
	w, readErr, err := c.run(newWindow(64), &trickle{bytes.NewReader(data), size}, f, func(w *window, p piece) {
		w.take(file, "file", p)
	})
	if readErr != nil || err != nil {
		t.Fatal(readErr, err)
	}
	if _, err := c.flush(w); err != nil {
		t.Fatal(err)
	}
	return m.recs
}

type trickle struct {
	r    *bytes.Reader
	size int
}

func (s *trickle) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.size)]) }
