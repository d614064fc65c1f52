package clock

import (
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Change is a moment at which a deadline moved, and why.
type Change struct {
	At     time.Time    `json:"at"`
	By     string       `json:"by,omitempty"`
	Record uint64       `json:"record,omitempty"`
	Fact   string       `json:"fact,omitempty"` // the key; empty for a submission
	Was    string       `json:"was,omitempty"`  // its value before
	Is     string       `json:"is,omitempty"`   // its value from then on
	State  State        `json:"state"`          // Running, Possible or NotApplicable: whether it applied from then on
	Due    Due          `json:"due"`            // what was due from then on
	Before Due          `json:"before"`         // what had been due
	Text   event.Phrase `json:"text"`           // what changed, without times: those are in Due and Before
}

// history replays what was recorded and keeps what moved the rule's deadline.
func (b *Book) history(r *Rule, steps []step, zone *time.Location) []Change {
	var out []Change
	w := b.world(zone)
	before := w.look(r)
	for _, s := range steps {
		var was string
		if s.fact != nil {
			was = w.facts[s.fact.Key].Value
		}
		w.take(s)
		after := w.look(r)
		if after.due == before.due && after.applies == before.applies && after.start.Equal(before.start) {
			continue
		}
		c := Change{At: s.at, Record: s.record, State: applying(after), Due: after.due, Before: before.due}
		if s.fact != nil {
			c.By, c.Fact, c.Was, c.Is = s.fact.By, s.fact.Key, was, s.fact.Value
		}
		c.Text = b.moved(s, was, before, after)
		out = append(out, c)
		before = after
	}
	return out
}

func applying(s sight) State {
	switch {
	case s.applies == no:
		return NotApplicable
	case s.applies == unknown || s.start.IsZero():
		return Possible
	}
	return Running
}

// moved says why a deadline moved.
func (b *Book) moved(s step, was string, before, after sight) event.Phrase {
	var why event.Phrase
	if s.fact == nil {
		why = event.Phrase{JA: s.submission.Rule + " の提出", EN: s.submission.Rule + " was submitted"}
	} else {
		label, old, now := b.label(s.fact.Key), b.value(s.fact.Key, was), b.value(s.fact.Key, s.fact.Value)
		why = event.Phrase{JA: label.JA + "：" + now.JA, EN: label.EN + ": " + now.EN}
		if was != "" {
			why = event.Phrase{JA: label.JA + "：" + old.JA + " → " + now.JA, EN: label.EN + ": " + old.EN + " → " + now.EN}
		}
	}
	what := effect(before, after)
	return event.Phrase{JA: why.JA + "（" + what.JA + "）", EN: why.EN + " (" + what.EN + ")"}
}

func effect(before, after sight) event.Phrase {
	was, is := applying(before), applying(after)
	switch {
	case is == NotApplicable:
		return event.Phrase{JA: "該当しなくなった", EN: "it no longer applies"}
	case is == Running && was != Running:
		return event.Phrase{JA: "該当する", EN: "it applies"}
	case is == Possible && was == NotApplicable:
		return event.Phrase{JA: "該当する可能性がある", EN: "it may apply"}
	case is == Possible && was == Running:
		return event.Phrase{JA: "該当するか未確定になった", EN: "whether it applies is no longer certain"}
	case before.due.Latest.IsZero():
		return event.Phrase{JA: "期限が定まった", EN: "its time is set"}
	case after.due.Latest.Before(before.due.Latest):
		return event.Phrase{JA: "期限が早まった", EN: "it is due earlier"}
	case after.due.Latest.After(before.due.Latest):
		return event.Phrase{JA: "期限が延びた", EN: "it is due later"}
	case after.due.Earliest.After(before.due.Earliest):
		return event.Phrase{JA: "期限が定まった", EN: "its time is set"}
	}
	return event.Phrase{JA: "期限が変わった", EN: "it changed"}
}

// because explains what is not plainly running.
func (b *Book) because(s sight) []event.Phrase {
	var out []event.Phrase
	ja, en := b.names(s.by)
	switch s.applies {
	case no:
		return []event.Phrase{{JA: "次の事実により該当しない：" + ja, EN: "does not apply because of: " + en}}
	case unknown:
		out = append(out, event.Phrase{JA: "次の事実が未確定：" + ja, EN: "not known yet: " + en})
	}
	if len(s.moves) > 0 {
		ja, en := b.names(s.moves)
		out = append(out, event.Phrase{JA: "次の事実によって期限が変わる：" + ja, EN: "when it is due depends on: " + en})
	}
	if s.start.IsZero() && s.problem == "" {
		out = append(out, event.Phrase{JA: "起算となる時がまだ記録されていない", EN: "the time that it runs from is not recorded yet"})
	}
	if s.problem != "" {
		out = append(out, event.Phrase{JA: "期限を計算できない：" + s.problem, EN: "its time cannot be computed: " + s.problem})
	}
	return out
}

// names joins what facts are called.
func (b *Book) names(keys []string) (ja, en string) {
	var j, e []string
	for _, key := range keys {
		l := b.label(key)
		j, e = append(j, l.JA), append(e, l.EN)
	}
	return strings.Join(j, "、"), strings.Join(e, ", ")
}

// label is what a fact is called; one of a contract by its key.
func (b *Book) label(key string) event.Phrase {
	if k, ok := b.keys[key]; ok {
		return k.Label
	}
	return event.Phrase{JA: key, EN: key}
}

// value is what a value is called.
func (b *Book) value(key, value string) event.Phrase {
	for _, c := range b.keys[key].Choices {
		if c.Value == value {
			return c.Label
		}
	}
	return event.Phrase{JA: fmt.Sprintf("%.80s", value), EN: fmt.Sprintf("%.80s", value)}
}
