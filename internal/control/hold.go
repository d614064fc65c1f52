package control

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/retention"
)

// Hold (保全) is a legal hold: what it names is not let go while it lasts,
// whatever its retention.
//
// From and To bound the instant a record was received, with a day to either
// side for clocks that are off. To does not bound sources of which files were
// imported: a file tells of times long before it was received.
type Hold struct {
	ID       string    `json:"id"` // of the case, and a number: 2026-001/1
	Case     string    `json:"case"`
	Sources  []string  `json:"sources,omitempty"` // patterns; none: every source
	From     time.Time `json:"from,omitzero"`
	To       time.Time `json:"to,omitzero"`
	Reason   string    `json:"reason,omitempty"`
	At       time.Time `json:"at"`
	By       string    `json:"by"`
	Record   uint64    `json:"record"`
	Released *Release  `json:"released,omitempty"`
}

// Release is the end of a hold.
type Release struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	Record uint64    `json:"record"`
}

// holdOp is the record of a hold started or released.
type holdOp struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Op      string    `json:"op"` // hold.start or hold.release
	Case    string    `json:"case"`
	Sources []string  `json:"sources,omitempty"`
	From    time.Time `json:"from,omitzero"`
	To      time.Time `json:"to,omitzero"`
	Reason  string    `json:"reason,omitempty"`
}

const (
	opHoldStart   = "hold.start"
	opHoldRelease = "hold.release"

	holdSlack   = 24 * time.Hour // clocks of producers that are off
	maxReason   = 2000           // bytes of a reason
	maxHoldGlob = 200            // patterns of one hold
)

// names reports whether a hold is about a source.
func (h *Hold) names(source string) bool {
	return len(h.Sources) == 0 || slices.ContainsFunc(h.Sources, func(p string) bool { return retention.Matches(p, source) })
}

// holds reports whether a record is held; files says that its source has
// records from imported files.
func (h *Hold) holds(source string, received time.Time, files bool) bool {
	if !h.names(source) || !h.From.IsZero() && received.Before(h.From.Add(-holdSlack)) {
		return false
	}
	return h.To.IsZero() || files || received.Before(h.To.Add(holdSlack))
}

// applyHold folds a hold started or released; a record folded before changes
// nothing.
func (r *registry) applyHold(rec event.Record) error {
	var op holdOp
	if err := jsonx.Unmarshal(rec.Raw, &op, jsonx.DefaultLimits()); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	holds := slices.Clone(r.holds) // readers have the old one
	switch op.Op {
	case opHoldStart:
		n := 1
		for i := range holds {
			if holds[i].Record == rec.Seq {
				return nil
			}
			if holds[i].Case == op.Case {
				n++
			}
		}
		holds = append(holds, Hold{ID: op.Case + "/" + strconv.Itoa(n), Case: op.Case, Sources: op.Sources, From: op.From, To: op.To,
			Reason: op.Reason, At: op.At, By: op.By, Record: rec.Seq})
	case opHoldRelease:
		for i := range holds {
			if holds[i].Case == op.Case && holds[i].Released == nil && holds[i].Record < rec.Seq {
				holds[i].Released = &Release{At: op.At, By: op.By, Reason: op.Reason, Record: rec.Seq}
			}
		}
	default:
		return fmt.Errorf("control: record %d: unknown operation %q on a hold", rec.Seq, op.Op)
	}
	r.holds = holds
	r.changes++
	return nil
}

func (r *registry) allHolds() []Hold {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.holds
}

func (r *registry) activeHolds() []Hold {
	var out []Hold
	for _, h := range r.allHolds() {
		if h.Released == nil {
			out = append(out, h)
		}
	}
	return out
}

// holding is the first hold that holds a record, or nil.
func (r *registry) holding(source string, received time.Time) *Hold {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for i := range r.holds {
		h := &r.holds[i]
		if h.Released == nil && h.holds(source, received, r.fromFiles[source] || r.byID[source].Ack == "file") {
			return h
		}
	}
	return nil
}

// Holds implements [Keeping].
func (s *Service) Holds(context.Context) ([]Hold, error) {
	return slices.Clone(s.registry.allHolds()), nil
}

// StartHold implements [Keeping].
func (s *Service) StartHold(ctx context.Context, by string, h Hold) (*Hold, error) {
	if s.registry.desk.Case(h.Case) == nil {
		return nil, fmt.Errorf("case %s: %w; open it first: konseki case open %s", h.Case, ErrNotFound, h.Case)
	}
	h.Reason = strings.TrimSpace(h.Reason)
	if err := h.valid(); err != nil {
		return nil, err
	}
	rec, err := s.seal(ctx, event.SourceHold, holdOp{At: s.Now(), By: by, Op: opHoldStart, Case: h.Case, Sources: h.Sources, From: h.From, To: h.To, Reason: h.Reason})
	if err != nil {
		return nil, err
	}
	// The hold counts from now on. What is being let go at this moment was
	// judged before; once that is over, nothing held goes any more.
	select {
	case s.keeping <- struct{}{}:
		<-s.keeping
	case <-ctx.Done():
		return nil, fmt.Errorf("control: the hold is recorded; records judged before it may still be let go: %w", ctx.Err())
	}
	return find(s.registry.allHolds(), func(x Hold) bool { return x.Record == rec.Seq }), nil
}

func (h *Hold) valid() error {
	if len(h.Sources) > maxHoldGlob {
		return event.Refuse(ErrInvalid, "a hold names at most %d patterns of sources", "保全の対象に書けるパターンは %d 個までです", maxHoldGlob)
	}
	for _, p := range h.Sources {
		if err := retention.ValidPattern(p); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	if len(h.Reason) > maxReason {
		return event.Refuse(ErrInvalid, "a reason has at most %d bytes", "理由は %d バイトまでです", maxReason)
	}
	if !h.From.IsZero() && !h.To.IsZero() && !h.From.Before(h.To) {
		return event.Refuse(ErrInvalid, "the hold ends before it begins", "保全の終わりが始まりより前です")
	}
	return nil
}

// ReleaseHold implements [Keeping].
func (s *Service) ReleaseHold(ctx context.Context, by, caseID, reason string) ([]Hold, error) {
	reason = strings.TrimSpace(reason)
	switch {
	case reason == "":
		return nil, event.Refuse(ErrInvalid, "say why the hold of case %s may end; the reason is recorded", "事案 %s の保全を終える理由を書いてください。理由は記録されます", caseID)
	case len(reason) > maxReason:
		return nil, event.Refuse(ErrInvalid, "a reason has at most %d bytes", "理由は %d バイトまでです", maxReason)
	case !slices.ContainsFunc(s.registry.activeHolds(), func(h Hold) bool { return h.Case == caseID }):
		return nil, fmt.Errorf("case %s has no hold: %w; konseki hold list shows the holds", caseID, ErrNotFound)
	}
	rec, err := s.seal(ctx, event.SourceHold, holdOp{At: s.Now(), By: by, Op: opHoldRelease, Case: caseID, Reason: reason})
	if err != nil {
		return nil, err
	}
	var out []Hold
	for _, h := range s.registry.allHolds() {
		if h.Released != nil && h.Released.Record == rec.Seq {
			out = append(out, h)
		}
	}
	return out, nil
}
