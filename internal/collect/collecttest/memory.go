// Package collecttest is what the tests of collectors share: a vault in memory that fails when it is told to.
package collecttest

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"github.com/konseki/konseki/internal/event"
)

// Memory implements collect.Appender. Its fields are set before it is used, or
// between uses.
type Memory struct {
	// Fail says whether the call, counted from 1, fails; Before is called before each.
	Fail   func(call int) error
	Before func()
	Drop   bool // keep no records, for benchmarks

	mu    sync.Mutex
	Recs  []event.Record // what was stored
	Calls int
	Size  uint64 // records, also those not kept
}

// Append stores copies of the records.
func (m *Memory) Append(ctx context.Context, recs []event.Record) error {
	if m.Before != nil {
		m.Before()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Calls++
	if m.Fail != nil {
		if err := m.Fail(m.Calls); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range recs {
		m.Size++
		recs[i].Seq = m.Size
		if !m.Drop {
			kept := recs[i]
			kept.Raw = bytes.Clone(kept.Raw)
			m.Recs = append(m.Recs, kept)
		}
	}
	return nil
}

// Records gives what was stored, while others may go on storing.
func (m *Memory) Records() []event.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.Recs)
}

// Count is how many records were stored, while others may go on storing.
func (m *Memory) Count() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.Size
}

// Set changes it while others may go on storing.
func (m *Memory) Set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

// Raws gives the bytes of records as text.
func Raws(recs []event.Record) []string {
	out := make([]string, len(recs))
	for i, r := range recs {
		out[i] = string(r.Raw)
	}
	return out
}
