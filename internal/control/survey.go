package control

import (
	"cmp"
	"sync"
	"time"
)

// run is a run of records that are let go, by when they were received.
type run struct{ first, last time.Time }

// maxRuns bounds the runs of one source; what follows is put to the last one.
const maxRuns = 64

// tally is what a survey saw of one source.
type tally struct {
	records   int64
	runs      []run
	keptSince bool // a record too old was kept after the last run
}

// survey judges every record that the vault asks about and counts.
type survey struct {
	mu      sync.Mutex
	keeper  *keeper
	cited   citedRecords
	sources map[string]*tally
	held    map[HeldBack]int64
}

func (s *Service) newSurvey(now time.Time, cited citedRecords) *survey {
	return &survey{keeper: s.keeper(now), cited: cited, sources: map[string]*tally{}, held: map[HeldBack]int64{}}
}

func (v *survey) limit(source string) time.Time { return v.keeper.limit(source) }

// judge reports whether a record may be let go.
func (v *survey) judge(source string, received time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	old, by := v.keeper.judge(source, received)
	if !old {
		return false
	}
	t := v.sources[source]
	if t == nil {
		t = &tally{keptSince: true}
		v.sources[source] = t
	}
	if citing := v.cited[citedAt{source, received.UnixNano()}]; by == nil && citing != "" {
		by = &Hold{Case: citing}
	}
	if by != nil {
		v.held[HeldBack{Hold: by.ID, Case: by.Case, Source: source}]++
		t.keptSince = true
		return false
	}
	t.records++
	if t.keptSince && len(t.runs) < maxRuns || len(t.runs) == 0 {
		t.runs = append(t.runs, run{received, received})
	}
	t.keptSince = false
	r := &t.runs[len(t.runs)-1]
	r.first, r.last = earliest(r.first, received), latest(r.last, received)
	return true
}

func (v *survey) heldBack() []HeldBack {
	out := []HeldBack{}
	for h, n := range v.held {
		h.Records = n
		out = append(out, h)
	}
	sortBy(out, func(a, b HeldBack) bool {
		return cmp.Or(cmp.Compare(a.Hold, b.Hold), cmp.Compare(a.Case, b.Case), cmp.Compare(a.Source, b.Source)) < 0
	})
	return out
}
