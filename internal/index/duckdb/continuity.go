package duckdb

import (
	"context"
	"fmt"
	"math"

	"github.com/konseki/konseki/internal/coverage/offset"
	"github.com/konseki/konseki/internal/coverage/sequence"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index/duckdb/derived"
	"github.com/konseki/konseki/internal/index/duckdb/skip"
)

// Sequences gives the runs of numbers that producers gave their records, of
// everything in the index, for sequence.Merge. Files keep theirs in memory, so
// that nothing is read; of rows not yet in a file they are made anew.
func (x *Index) Sequences(ctx context.Context) ([]sequence.Run, error) {
	s := x.state.Load()
	all := sequencesOf(derived.Arrange(s.hot, 0, math.MaxUint64))
	for _, f := range s.files {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("index: sequences: %w", err)
		}
		runs, err := sequence.Unmarshal(f.Sequences)
		if err != nil {
			return nil, fmt.Errorf("index: sequences of %s: %w", f.Segment, err)
		}
		all = append(all, runs...)
	}
	sequence.Sort(all)
	return all, nil
}

// Offsets estimates the clocks of sources by hour of receipt, ordered by source,
// host and hour, from everything in the index that arrived as it was written.
func (x *Index) Offsets(ctx context.Context) ([]offset.Estimate, error) {
	s := x.state.Load()
	parts := [][]offset.Summary{offsetsOf(derived.Arrange(s.hot, 0, math.MaxUint64))}
	for _, f := range s.files {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("index: offsets: %w", err)
		}
		part, err := offset.Unmarshal(f.Offsets)
		if err != nil {
			return nil, fmt.Errorf("index: offsets of %s: %w", f.Segment, err)
		}
		parts = append(parts, part)
	}
	return offset.Merge(parts...), nil
}

// checkContinuity fails when a sidecar's parts cannot be read.
func checkContinuity(side *skip.Sidecar) error {
	if _, err := sequence.Unmarshal(side.Sequences); err != nil {
		return err
	}
	_, err := offset.Unmarshal(side.Offsets)
	return err
}

// sequencesOf makes the runs of rows.
func sequencesOf(places []derived.Place) []sequence.Run {
	var b sequence.Builder
	var source kept
	for _, p := range places {
		chain := p.Batch.Chain.Text(p.Row)
		if len(chain) == 0 {
			continue
		}
		c := &p.Batch.Cols
		if event.IsOwn(source.of(c[derived.ColSource].Text(p.Row))) {
			continue
		}
		b.Note(c[derived.ColSource].Text(p.Row), c[derived.ColHost].Text(p.Row), chain, c[derived.ColSeq].Text(p.Row),
			c[derived.ColTime].Numbers[p.Row], uint64(c[derived.ColRecord].Numbers[p.Row]))
	}
	return b.Runs()
}

// offsetsOf summarises the clocks of rows.
func offsetsOf(places []derived.Place) []offset.Summary {
	var b offset.Builder
	var source, quality kept
	hosts := map[string]string{} // they take turns
	usable := false
	for _, p := range places {
		c := &p.Batch.Cols
		if !p.Batch.Live[p.Row] {
			continue
		}
		if text := c[derived.ColQuality].Text(p.Row); string(text) != string(quality) {
			usable = offset.Usable(event.ParseQuality(quality.of(text)))
		}
		if !usable {
			continue
		}
		if event.IsOwn(source.of(c[derived.ColSource].Text(p.Row))) {
			continue
		}
		host, ok := hosts[string(c[derived.ColHost].Text(p.Row))]
		if !ok {
			host = string(c[derived.ColHost].Text(p.Row))
			hosts[host] = host
		}
		received, at := c[derived.ColTimeRx].Numbers[p.Row], c[derived.ColTime].Numbers[p.Row]
		b.Note(string(source), host, derived.Instant(received), received/1e6-at/1e6)
	}
	return b.Summaries()
}

// kept is the last text of a column: those that follow each other are mostly
// equal and share one string.
type kept string

func (k *kept) of(b []byte) string {
	if string(b) != string(*k) {
		*k = kept(b)
	}
	return string(*k)
}
