package stream

import (
	"bytes"
	"context"
	"sync"

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

func (m *memory) records() []event.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]event.Record(nil), m.recs...)
}

func (m *memory) count() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.size
}

func raws(recs []event.Record) []string {
	out := make([]string, len(recs))
	for i, r := range recs {
		out[i] = string(r.Raw)
	}
	return out
}
