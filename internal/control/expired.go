package control

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
)

// Expiry is what a run let go, or in a dry run would let go.
type Expiry struct {
	At       time.Time  `json:"at"`
	By       string     `json:"by"`
	DryRun   bool       `json:"dry_run"`
	Records  int64      `json:"records"`
	Bytes    int64      `json:"bytes"`
	Segments int        `json:"segments"`
	Lines    []Expired  `json:"lines"`           // by source
	Held     []HeldBack `json:"held"`            // too old, and held
	Open     []string   `json:"open_cases"`      // open cases that nothing is held for
	Record   uint64     `json:"record,omitzero"` // of the konseki.expiry record
}

// Expired is what is let go of one source.
type Expired struct {
	Source    string          `json:"source"`
	Retention event.Period    `json:"retention"`
	Rule      event.Phrase    `json:"rule"`
	Until     time.Time       `json:"until"` // received before
	Records   int64           `json:"records"`
	Windows   []ExpiredWindow `json:"windows"`
}

// ExpiredWindow is a run of records of a source that are let go together: when
// they were received, first and last, and the interval [From, To) of their
// events, for which the source can tell nothing any more.
type ExpiredWindow struct {
	ReceivedFirst time.Time `json:"received_first"`
	ReceivedLast  time.Time `json:"received_last"`
	From          time.Time `json:"from"`
	To            time.Time `json:"to"`
}

// HeldBack counts what a hold kept from being let go, or, when it names none,
// that an open case cites it.
type HeldBack struct {
	Hold    string `json:"hold,omitempty"`
	Case    string `json:"case"`
	Source  string `json:"source"`
	Records int64  `json:"records"`
}

// expiryOp is the record of a run: one before anything is let go, and one that
// tells what was.
type expiryOp struct {
	At       time.Time  `json:"at"`
	By       string     `json:"by"`
	Op       string     `json:"op"`             // expiry.begin, expiry.end or expiry.failed
	Begun    uint64     `json:"begun,omitzero"` // record of the expiry.begin
	Records  int64      `json:"records"`
	Bytes    int64      `json:"bytes,omitzero"`
	Segments int        `json:"segments,omitzero"`
	Lines    []Expired  `json:"lines"`
	Held     []HeldBack `json:"held"`
	Error    string     `json:"error,omitempty"`
}

const (
	opExpireBegin  = "expiry.begin"
	opExpire       = "expiry.end"
	opExpireFailed = "expiry.failed"
)

// expiries is what the konseki.expiry records say: for which times a source
// can tell nothing any more because its records were let go.
type expiries struct {
	gone  map[string][]coverage.Absence // by source, in order, none touching the next
	begun map[uint64][]Expired          // runs of which nothing tells how they ended
}

// applyExpiry folds the record of a run. What a run announced counts as gone
// until the run is known to have let nothing go: it may have been stopped midway.
func (r *registry) applyExpiry(rec event.Record) error {
	var head struct {
		Op string `json:"op"`
	}
	if err := jsonx.Unmarshal(rec.Raw, &head, jsonx.DefaultLimits()); err != nil {
		return err
	}
	if !strings.HasPrefix(head.Op, "expiry.") {
		return nil // the vault tells of each segment by itself
	}
	var op expiryOp
	if err := jsonx.Unmarshal(rec.Raw, &op, jsonx.DefaultLimits()); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	x := &r.expiries
	if x.gone == nil {
		x.gone, x.begun = map[string][]coverage.Absence{}, map[uint64][]Expired{}
	}
	switch op.Op {
	case opExpireBegin:
		x.begun[rec.Seq] = op.Lines
	case opExpireFailed, opExpire:
		delete(x.begun, op.Begun)
		if op.Records > 0 {
			for _, line := range op.Lines {
				x.gone[line.Source] = withWindows(x.gone[line.Source], line)
			}
		}
	default:
		return fmt.Errorf("control: record %d: unknown operation %q of an expiry", rec.Seq, op.Op)
	}
	r.changes++
	return nil
}

// withWindows adds what was let go of a source to the absences known of it.
func withWindows(list []coverage.Absence, line Expired) []coverage.Absence {
	words := line.Retention.Words()
	reason := event.Phrase{JA: "保存期間（" + words.JA + "）を過ぎて手放した", EN: "kept for " + words.EN + ", then let go"}
	for _, w := range line.Windows {
		if w.From.Before(w.To) {
			list = append(list, coverage.Absence{From: w.From, To: w.To, State: coverage.Expired, Reason: reason, Proof: "expiry"})
		}
	}
	slices.SortStableFunc(list, func(a, b coverage.Absence) int { return a.From.Compare(b.From) })
	var out []coverage.Absence
	for _, a := range list {
		if n := len(out); n > 0 && !out[n-1].To.Before(a.From) && out[n-1].Reason == a.Reason {
			out[n-1].To = latest(out[n-1].To, a.To)
			continue
		}
		out = append(out, a)
	}
	return out
}

// expiredUpTo is the end of what was let go of a source; zero when nothing was.
func (r *registry) expiredUpTo(source string) (at time.Time) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, a := range r.expiries.gone[source] {
		at = latest(at, a.To)
	}
	return at
}

// interrupted reports whether a run began and nothing tells how it ended.
func (r *registry) interrupted() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.expiries.begun) > 0
}

func (r *registry) isFromFiles(source string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.fromFiles[source] || r.byID[source].Ack == "file"
}

// judged are the sources as coverage judges them: with what was let go of them.
func (r *registry) judged() []coverage.Source {
	out := r.sources()
	r.mu.RLock()
	defer r.mu.RUnlock()
	for i := range out {
		gone := r.expiries.gone[out[i].ID]
		for _, lines := range r.expiries.begun {
			for _, line := range lines {
				if line.Source == out[i].ID {
					gone = withWindows(slices.Clone(gone), line)
				}
			}
		}
		gone = slices.Concat(gone, r.shredded[out[i].ID], refusals(out[i]))
		if len(gone) > 0 {
			out[i].Absent = slices.Concat(out[i].Absent, gone)
		}
	}
	return out
}
