package detect

import (
	"github.com/konseki/konseki/internal/detect/correlation"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/detect/note"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
)

// A Detector looks at one event at a time. It is used by one goroutine at a time.
type Detector struct {
	plan    *correlation.Plan
	matcher *sigma.Matcher
	matches []sigma.Match
}

// NewDetector returns a Detector for the rules of a pack.
func NewDetector(p *Pack) *Detector {
	return &Detector{plan: p.plan, matcher: p.Engine.NewMatcher()}
}

// Look takes down the event's Notes and appends to dst what the rules find in it.
// raw is the record's bytes.
func (d *Detector) Look(ev *event.Event, raw []byte, dst []finding.Finding) []finding.Finding {
	ev.Notes = note.Of(ev, nil)
	d.matches = d.matcher.Match(ev, raw, d.matches[:0])
	for _, m := range d.matches {
		ev.Notes = d.plan.Note(ev, m.Rule, ev.Notes)
		if m.Rule.Quiet {
			continue
		}
		dst = append(dst, finding.FromMatch(m, ev))
	}
	return dst
}
