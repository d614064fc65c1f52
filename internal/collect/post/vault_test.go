package post

import (
	"bytes"
	"context"
	"sync"

	"github.com/klauspost/compress/gzip"

	"github.com/konseki/konseki/internal/event"
)

// memory is a vault in memory that fails when it is told to.
type memory struct {
	mu    sync.Mutex
	recs  []event.Record
	calls int
	fail  func(call int) error
}

func (m *memory) Append(ctx context.Context, recs []event.Record) error {
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
		recs[i].Seq = uint64(len(m.recs) + 1)
		kept := recs[i]
		kept.Raw = bytes.Clone(kept.Raw)
		m.recs = append(m.recs, kept)
	}
	return nil
}

func (m *memory) records() []event.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]event.Record(nil), m.recs...)
}

func raws(recs []event.Record) []string {
	out := make([]string, len(recs))
	for i, r := range recs {
		out[i] = string(r.Raw)
	}
	return out
}

func gz(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}
