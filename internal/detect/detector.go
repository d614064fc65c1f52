package detect

import (
	"fmt"
	"slices"

	"github.com/konseki/konseki/internal/detect/correlation"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/detect/note"
	"github.com/konseki/konseki/internal/detect/secret"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
)

// A Detector looks at one event at a time. It is used by one goroutine at a time.
type Detector struct {
	plan    *correlation.Plan
	secrets *secret.Scanner
	matcher *sigma.Matcher
	matches []sigma.Match
}

// NewDetector returns a Detector for the rules of a pack.
func NewDetector(p *Pack) *Detector {
	return &Detector{plan: p.plan, secrets: p.secrets, matcher: p.Engine.NewMatcher()}
}

// Note takes down the event's Notes, for when its findings were made before. raw
// is the record's bytes.
func (d *Detector) Note(ev *event.Event, raw []byte) {
	ev.Notes = note.Of(ev, nil)
	d.matches = d.matcher.Match(ev, raw, d.matches[:0])
	for _, m := range d.matches {
		ev.Notes = d.plan.Note(ev, m.Rule, ev.Notes)
	}
}

// Look takes down the event's Notes and appends to dst what the rules, and the
// search for secrets, find in it. raw is the record's bytes.
func (d *Detector) Look(ev *event.Event, raw []byte, dst []finding.Finding) []finding.Finding {
	d.Note(ev, raw)
	for _, m := range d.matches {
		if !m.Rule.Quiet {
			dst = append(dst, finding.FromMatch(m, ev))
		}
	}
	hits := d.secrets.Scan(ev, raw)
	object := ev.Object
	if slices.ContainsFunc(hits, func(h secret.Hit) bool { return h.Field == "object" }) {
		object = sigma.Withheld
	}
	for _, h := range hits {
		dst = append(dst, ofSecret(h, ev, object))
	}
	return dst
}

// ofSecret makes the finding of a secret; nothing in it is the secret.
func ofSecret(h secret.Hit, ev *event.Event, object string) finding.Finding {
	f := finding.Finding{
		RuleID: h.RuleID, Title: h.Title, TitleJA: h.TitleJA, Level: h.Level, Kind: finding.KindSecret,
		Time: ev.Time.UTC(), Records: []uint64{ev.Record}, Source: ev.Source, Host: ev.Host, ActorUser: ev.ActorUser, SrcIP: ev.SrcIP,
		Object: object, Tags: []string{"attack.credential-access", "attack.t1552"},
		Because: []sigma.Reason{{Field: h.Field, Value: h.Masked, Pattern: h.Kind}},
		Why:     fmt.Sprintf("%s: %s in %s, %d of them.", h.Title, h.Masked, h.Field, h.Count),
		WhyJA:   fmt.Sprintf("%s：%s（%s に %d 件）。", h.TitleJA, h.Masked, h.Field, h.Count),
	}
	f.SealDaily(ev.Source, ev.Host, ev.ActorUser, ev.SrcIP, h.Field)
	return f
}
