package collect

import (
	"bytes"
	"testing"

	"github.com/konseki/konseki/internal/collect/collecttest"
	"github.com/konseki/konseki/internal/event"
)

// memory is a vault in memory that fails when it is told to.
type memory = collecttest.Memory

func raws(recs []event.Record) []string { return collecttest.Raws(recs) }

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
	return m.Recs
}

type trickle struct {
	r    *bytes.Reader
	size int
}

func (s *trickle) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.size)]) }
