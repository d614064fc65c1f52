package evidence

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/web/reading"
)

// factView is one thing that is known of a source.
type factView struct {
	Label, Text string
	Bad         bool
}

// tracerEvery is the minutes between signs of life that the page suggests.
const tracerEvery = 20

// pulled tells how far a source is that konseki asks for its records.
func (v Visit) pulled(p coverage.Pull) []factView {
	at := func(t time.Time) string {
		if t.IsZero() {
			return v.T("pull.notyet")
		}
		return v.Clock(t, event.PrecisionSecond).Text()
	}
	list := []factView{
		{Label: v.T("pull.api"), Text: reading.Visible(p.API, 80)}, {Label: v.T("pull.asked"), Text: at(p.Asked)}, {Label: v.T("pull.got"), Text: at(p.Succeeded)},
		{Label: v.T("pull.complete"), Text: at(p.Complete)}, {Label: v.T("pull.proven"), Text: at(p.Proven)},
		{Label: v.T("pull.records"), Text: reading.Grouped(int64(min(p.Records, 1<<62)))},
	}
	if p.Lag > 0 {
		list = append(list, factView{Label: v.T("pull.lag"), Text: v.Span(p.Lag)})
	}
	if !p.Next.IsZero() {
		list = append(list, factView{Label: v.T("pull.next"), Text: at(p.Next)})
	}
	if p.Error != "" {
		text := v.F("pull.failed", at(p.Failing), p.Failures) + " " + reading.Visible(p.Error, 300)
		list = append(list, factView{Label: v.T("pull.error"), Text: text, Bad: true})
	}
	if w := p.Wrong; w != nil {
		list = append(list, factView{Label: v.T("pull.wrong"), Text: v.Between(w.From, w.To) + "  " + v.Phrase(w.Reason), Bad: true})
	}
	return list
}

// proofs are the kinds of proof that a source's records rest on over the window,
// each with how much of it, longest first as they are met.
func (v Visit) proofs(row control.SourceCoverage) string {
	lengths, order := map[string]time.Duration{}, []string{}
	for _, iv := range row.Intervals {
		if iv.Proof == "" {
			continue
		}
		if _, ok := lengths[iv.Proof]; !ok {
			order = append(order, iv.Proof)
		}
		lengths[iv.Proof] += max(0, iv.To.Sub(iv.From))
	}
	parts := make([]string, 0, len(order))
	for _, kind := range order {
		parts = append(parts, v.proof(kind)+" "+v.Span(lengths[kind].Round(time.Second)))
	}
	return strings.Join(parts, " · ")
}

// sourceForm is what the form about a source holds.
type sourceForm struct {
	New                                     bool
	ID, Kind, NameJA, NameEN, Owner, HeldBy string
	Heartbeat, Rhythm, Retention, Origin    string
	Critical                                bool
	Kinds                                   []kindChoice
	Tracer                                  string
}

// kindChoice is one kind of source to choose.
type kindChoice struct {
	Name, Label string
	Chosen      bool
}

// formOf fills the form with what is known of a source.
func (v Visit) formOf(src control.Source) sourceForm {
	f := sourceForm{
		ID: src.ID, Kind: src.Kind, NameJA: src.Name.JA, NameEN: src.Name.EN, Owner: src.Owner, HeldBy: src.HeldBy, Critical: src.Critical,
		Retention: src.Retention.String(), Origin: src.OriginRetention.String(), New: src.ID == "",
	}
	if src.Heartbeat > 0 {
		f.Heartbeat = src.Heartbeat.String()
	}
	if src.Rhythm > 0 {
		f.Rhythm = src.Rhythm.String()
	}
	for _, k := range coverage.Kinds() {
		f.Kinds = append(f.Kinds, kindChoice{k.Name, v.Phrase(k.Label), k.Name == src.Kind})
	}
	if !f.New {
		f.Tracer = coverage.Tracer(reading.Visible(src.ID, 60), tracerEvery).In(v.Lang)
	}
	return f
}

// wrongForm is a form that cannot be read, with what to write instead.
func wrongForm(what string, err error) error {
	return fmt.Errorf("%w: %s: %w", control.ErrInvalid, what, err)
}

// known finds a source among those that are registered or were seen.
func (v Visit) known(id string) (control.Source, error) {
	list, err := v.Ops.Sources(v.R.Context())
	if err != nil {
		return control.Source{}, err
	}
	for _, src := range list {
		if src.ID == id {
			return src, nil
		}
	}
	return control.Source{ID: id}, nil
}

// registerSource registers a source by its form: what has a field there is as
// the form says, what has none stays as it was.
func (v Visit) registerSource() error {
	form := func(name string) string { return strings.TrimSpace(v.R.PostFormValue(name)) }
	src, err := v.known(form("id"))
	if err != nil {
		return err
	}
	src.Kind, src.Owner, src.HeldBy, src.Critical = form("kind"), form("owner"), form("held_by"), form("critical") != ""
	src.Name = event.Phrase{JA: form("name_ja"), EN: form("name_en")}
	for name, into := range map[string]*coverage.Span{"heartbeat": &src.Heartbeat, "rhythm": &src.Rhythm} {
		if *into, err = coverage.ParseSpan(form(name)); err != nil {
			return wrongForm(name, err)
		}
	}
	for name, into := range map[string]*event.Period{"retention": &src.Retention, "origin": &src.OriginRetention} {
		if form(name) == "" {
			continue // what was said stays
		}
		if *into, err = event.ParsePeriod(form(name)); err != nil {
			return wrongForm(name, err)
		}
	}
	if err := v.Ops.AddSource(v.R.Context(), v.Person.Name, src); err != nil {
		return err
	}
	return v.backTo(src.ID)
}

// confirmSource registers a source as it was seen.
func (v Visit) confirmSource() error {
	id := v.R.PostFormValue("id")
	if err := v.Ops.ConfirmSource(v.R.Context(), v.Person.Name, id); err != nil {
		return err
	}
	return v.backTo(id)
}

// requestSource takes down that others were asked for a source's records, or
// what they answered.
func (v Visit) requestSource() error {
	form := func(name string) string { return strings.TrimSpace(v.R.PostFormValue(name)) }
	id := v.R.PostFormValue("id")
	r := coverage.Request{Of: form("of"), State: coverage.RequestState(form("state"))}
	if note := form("note"); v.Lang == "ja" {
		r.Note.JA = note
	} else {
		r.Note.EN = note
	}
	for name, into := range map[string]*time.Time{"from": &r.From, "to": &r.To} {
		text := form(name)
		if text == "" {
			continue
		}
		t, err := time.ParseInLocation(time.DateOnly, text, v.Zone)
		if err != nil {
			return wrongForm(name, err)
		}
		*into = t
	}
	if err := v.Ops.RequestEvidence(v.R.Context(), v.Person.Name, id, r); err != nil {
		return err
	}
	return v.backTo(id)
}

// backTo shows the page of sources again, at the one that was spoken of.
func (v Visit) backTo(id string) error { return v.Redirect("/coverage#source-" + url.PathEscape(id)) }
