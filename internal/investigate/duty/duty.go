// Package duty tells which deadlines a case has, and which of its parts fill what each asks for.
package duty

import (
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/clock"
)

// Duty is a deadline with what it asks for.
type Duty struct {
	clock.Clock
	Items []Item
}

// Open counts the items that nothing fills yet.
func (d *Duty) Open() (n int) {
	for i := range d.Items {
		if len(d.Items[i].Fills) == 0 {
			n++
		}
	}
	return n
}

// Item is one thing that has to be told, and what the case says of it.
type Item struct {
	Text  event.Phrase
	Fills []Fill
}

// Fill is a part of the case that says something of an item.
type Fill struct {
	Kind investigate.Kind
	ID   string
	Text event.Phrase
}

// Of computes the deadlines of a case at an instant: those of the book and those
// that people added. Days are counted in the zone. A fact counts from when it was
// known; where that was not said, from when it was recorded.
func Of(c *investigate.Case, book *clock.Book, now time.Time, zone *time.Location) ([]Duty, error) {
	var rules []clock.Rule
	for i := range c.Clocks {
		k := &c.Clocks[i]
		r, err := clock.Contract(k.ID, k.Name, k.Recipient, k.Start, k.Within, k.Calendar, k.Items, k.Basis)
		if err != nil {
			return nil, fmt.Errorf("duty: %w", err)
		}
		rules = append(rules, r)
	}
	book, err := book.With(rules...)
	if err != nil {
		return nil, fmt.Errorf("duty: %w", err)
	}
	var facts []clock.Fact
	for i := range c.Facts {
		f := &c.Facts[i]
		at := f.Known
		if at.IsZero() {
			at = f.At
		}
		facts = append(facts, clock.Fact{Key: f.ID, Value: f.Value, At: at, Known: f.Known, By: f.By, Record: f.Recorded})
	}
	var handed []clock.Submission
	for i := range c.Submissions {
		s := &c.Submissions[i]
		handed = append(handed, clock.Submission{ID: s.ID, Rule: s.Clock, At: s.At, Late: s.Late, Record: s.Recorded})
	}
	var out []Duty
	for _, k := range book.Compute(facts, handed, now, zone) {
		d := Duty{Clock: k}
		for _, it := range k.Rule.Items {
			item := Item{Text: it.Text}
			for _, from := range it.From {
				item.Fills = append(item.Fills, fills(c, from)...)
			}
			d.Items = append(d.Items, item)
		}
		out = append(out, d)
	}
	return out, nil
}

// fills finds the parts that a word of the rules means: "section:summary",
// "fact:persons", "told:customers", "measure" …
func fills(c *investigate.Case, from string) (out []Fill) {
	kind, what, _ := strings.Cut(from, ":")
	add := func(k investigate.Kind, id string, text event.Phrase) { out = append(out, Fill{k, id, text}) }
	switch kind {
	case "section":
		if p := c.Section(what); !p.Empty() {
			add(investigate.KindSection, what, p)
		}
	case "timeline":
		if n := len(c.Timeline); n > 0 {
			add(investigate.KindRow, c.Timeline[0].ID, event.Phrase{JA: fmt.Sprintf("経緯 %d 行", n), EN: fmt.Sprintf("%d rows of the timeline", n)})
		}
	case "fact":
		if f := c.Fact(what); f != nil && f.Value != "unknown" {
			add(investigate.KindFact, what, event.Phrase{JA: f.Value, EN: f.Value})
		}
	case "scope":
		for i := range c.Scopes {
			if s := &c.Scopes[i]; s.Of == what && s.Number != nil {
				add(investigate.KindScope, s.ID, s.Text)
			}
		}
	case "question":
		for i := range c.Questions {
			if q := &c.Questions[i]; q.Board == what && (!q.Conclusion.Empty() || q.Answer.Verdict != coverage.VerdictUnknown) {
				add(investigate.KindQuestion, q.ID, concluded(q))
			}
		}
	case "statement":
		for i := range c.Statements {
			if s := &c.Statements[i]; s.Chapter == what {
				add(investigate.KindStatement, s.ID, s.Text)
			}
		}
	default:
		return fillsOfPeople(c, kind, what)
	}
	return out
}

func concluded(q *investigate.Question) event.Phrase {
	if q.Conclusion.Empty() {
		return q.Text
	}
	return q.Conclusion
}

// fillsOfPeople finds what people were told, did and promised.
func fillsOfPeople(c *investigate.Case, kind, what string) (out []Fill) {
	add := func(k investigate.Kind, id string, text event.Phrase) { out = append(out, Fill{k, id, text}) }
	switch kind {
	case "told":
		for i := range c.Told {
			if t := &c.Told[i]; what == "" || t.Group == what {
				add(investigate.KindTold, t.ID, t.Text)
			}
		}
	case "task":
		for i := range c.Tasks {
			if t := &c.Tasks[i]; t.Status != "dropped" {
				add(investigate.KindTask, t.ID, t.Text)
			}
		}
	case "version":
		for i := range c.Versions {
			add(investigate.KindVersion, c.Versions[i].ID, c.Versions[i].Says())
		}
	case "measure":
		for i := range c.Measures {
			if m := &c.Measures[i]; m.Status != "dropped" {
				add(investigate.KindMeasure, m.ID, m.Text)
			}
		}
	case "containment":
		for i := range c.Containments {
			add(investigate.KindContainment, c.Containments[i].ID, c.Containments[i].Text)
		}
	case "entity":
		for i := range c.Entities {
			if e := &c.Entities[i]; what == "" || what == "indicator" && e.Indicator || e.Type == what {
				add(investigate.KindEntity, e.ID, e.Public)
			}
		}
	}
	return out
}
