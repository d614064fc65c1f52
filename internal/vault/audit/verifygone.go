package audit

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/vault/ondisk"

	"github.com/go-json-experiment/json"
	"github.com/konseki/konseki/internal/event"
)

// declared is a record by which konseki says that it let records go.
type declared struct {
	seq    uint64
	source string
	raw    []byte
}

func isDeclaration(source []byte) bool {
	return string(source) == event.SourceExpiry || string(source) == event.SourceShred
}

type goneRecord struct {
	seq  uint64
	key  string
	gone event.Gone
}

type goneSpan struct {
	ondisk.Span
	file string
}

// letGo compares what is gone with what sealed records say was let go.
type letGo struct {
	gone     []goneSpan            // let go under retention
	keys     map[string][]goneSpan // under a destroyed key, by its name
	locked   map[string]uint64     // records under a key that is not at hand, by its name
	own      []declared
	expiries []ondisk.Span   // declared
	shreds   map[string]bool // names of keys, declared
}

// take notes what a chunk tells.
func (l *letGo) take(c chunk, file string) {
	for _, g := range c.gone {
		s := goneSpan{ondisk.Span{First: g.seq, Last: g.seq}, file}
		switch g.gone {
		case event.Expired:
			l.gone = join(l.gone, s)
		case event.Shredded:
			l.destroyed(g.key, s.Span, file)
		default:
			l.lock(g.key, 1)
		}
	}
	l.own = append(l.own, c.own...)
}

func (l *letGo) lock(key string, n uint64) {
	if l.locked == nil {
		l.locked = map[string]uint64{}
	}
	l.locked[key] += n
}

func (l *letGo) destroyed(key string, s ondisk.Span, file string) {
	if l.keys == nil {
		l.keys = map[string][]goneSpan{}
	}
	l.keys[key] = join(l.keys[key], goneSpan{s, file})
}

// join appends a span, to the last one if it touches it.
func join(list []goneSpan, s goneSpan) []goneSpan {
	if n := len(list); n > 0 && list[n-1].Last+1 == s.First && list[n-1].file == s.file {
		list[n-1].Last = s.Last
		return list
	}
	return append(list, s)
}

// Declaration is the part of a konseki.expiry or konseki.shred record that
// says what was let go.
type Declaration struct {
	Records string   `json:"records,omitempty"` // expiry: spans such as "1-20,25-25"
	Keys    []string `json:"keys,omitempty"`    // shred: names of keys in the keyring
}

// declare takes what a sealed record says was let go. What is in the tail says
// nothing: anybody can write there.
func (a *audit) declare(d declared) {
	l := &a.let
	var said struct {
		Declaration
		By     string    `json:"by"`
		Reason string    `json:"reason"`
		At     time.Time `json:"at"`
	}
	if d.seq > a.sealed {
		return
	}
	if err := json.Unmarshal(d.raw, &said); err != nil {
		return // then what it let go is named
	}
	a.report.Declarations = append(a.report.Declarations, LetGo{
		Record: d.seq, Source: d.source, Records: said.Records, Keys: said.Keys, By: said.By, Reason: said.Reason, At: said.At,
	})
	if d.source == event.SourceShred {
		if l.shreds == nil {
			l.shreds = map[string]bool{}
		}
		for _, k := range said.Keys {
			l.shreds[k] = true
		}
		return
	}
	spans, err := ondisk.ParseSpans(said.Records, 1, d.seq-1) // only what came before it
	if err == nil {
		l.expiries = append(l.expiries, spans...)
	}
}

// checkLetGo names what is gone and was not declared, and counts the rest.
func (a *audit) checkLetGo() {
	for _, d := range a.let.own {
		a.declare(d)
	}
	slices.SortFunc(a.let.expiries, func(x, y ondisk.Span) int { return cmp.Compare(x.First, y.First) })
	slices.SortFunc(a.let.gone, func(x, y goneSpan) int { return cmp.Compare(x.First, y.First) })
	var gone []goneSpan
	for _, g := range a.let.gone {
		gone = join(gone, g)
	}
	for _, g := range gone {
		missing := minus(g.Span, a.let.expiries)
		for _, m := range missing {
			a.problem(KindRemoved, g.file, m.First, "records %d to %d were let go, and no sealed expiry record says so", m.First, m.Last)
		}
		a.report.Expired += g.Last - g.First + 1 - ondisk.Total(missing)
	}
	for key, spans := range a.let.keys {
		for _, g := range spans {
			if !a.let.shreds[key] {
				a.problem(KindRemoved, g.file, g.First, "records %d to %d: %s", g.First, g.Last, fmt.Sprintf("the key %q was destroyed, and no sealed record says so", key))
				continue
			}
			a.report.Shredded += g.Last - g.First + 1
		}
	}
	for key, n := range a.let.locked { // whoever has no keyring goes by what was declared
		if a.let.shreds[key] {
			a.report.Shredded += n
		} else {
			a.report.Locked += n
		}
	}
}

// minus gives what of s no span in order holds.
func minus(s ondisk.Span, spans []ondisk.Span) (out []ondisk.Span) {
	for _, x := range spans {
		if x.Last < s.First {
			continue
		}
		if x.First > s.Last {
			break
		}
		if x.First > s.First {
			out = append(out, ondisk.Span{First: s.First, Last: x.First - 1})
		}
		s.First = x.Last + 1
		if s.First > s.Last {
			return out
		}
	}
	return append(out, s)
}
