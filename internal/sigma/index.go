package sigma

import (
	"cmp"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/sigma/pattern"
)

// A fieldIndex tells which of a group's predicates a value of a field satisfies.
type fieldIndex struct {
	memo    int // its number for the memo
	field   int32
	least   int                 // bytes of a value in which anything can be found
	present []uint32            // rules that any value makes candidates
	exact   map[string][]uint32 // folded value to predicates
	long    *scanner            // texts of four bytes and more, or nil
	short   *scanner            // texts of two and three bytes, or nil
}

// kind says how a predicate is decided.
type kind uint8

const (
	indexed   kind = iota // the index alone decides
	confirmed             // what the index finds is looked at
	asked                 // not in the index: evaluated when a rule asks
)

// Bytes of the texts that scanners look for at least. Those shorter than
// longNeedle take a second pass over the value and are only looked for when
// they are a rule's witness.
const (
	shortNeedle = 2
	longNeedle  = 4
)

// A clue is how a predicate can be found and how much it is asked for.
type clue struct {
	texts   []string // folded; a value that satisfies it holds at least one; may be empty
	uses    int      // rules that ask for it
	witness bool     // for one of them it is a witness
}

func newClue(p *predicate) *clue {
	if p.op == opRegexp {
		return &clue{texts: p.re.Literals()}
	}
	return &clue{texts: indexTexts(p)}
}

// findable tells whether looking for texts is worth while.
func findable(texts []string) bool {
	n := pattern.Shortest(texts)
	return n >= longNeedle || n >= shortNeedle && len(texts) <= 16
}

// kindOf says how a predicate is decided.
func kindOf(p *predicate, c *clue) kind {
	if p.op == opEqual && !p.cased {
		return indexed
	}
	if !findable(c.texts) || pattern.Shortest(c.texts) < longNeedle && !c.witness {
		return asked
	}
	if !p.cased && (p.op == opPrefix || p.op == opSuffix || p.op == opContains) {
		return indexed
	}
	return confirmed
}

// indexTexts gives the folded texts of which a value that satisfies p holds at
// least one; none when there are no such texts.
func indexTexts(p *predicate) []string {
	text := p.text
	switch p.op {
	case opEqual, opPrefix, opSuffix, opContains:
	case opGlob:
		text = p.lit
	case opRegexp:
		return p.re.AnyOf()
	default:
		return nil
	}
	// In a part of a character folding does not find the part of another case.
	if text == "" || p.cased && !utf8.ValidString(text) {
		return nil
	}
	return []string{pattern.Fold(text)}
}

// leads are the rules that each predicate of a group makes candidates.
type leads struct {
	first []uint32 // per predicate, and one more
	rules []uint32
}

func (l *leads) of(pred uint32) []uint32 { return l.rules[l.first[pred]:l.first[pred+1]] }

func newLeads(of [][]uint32) leads {
	l := leads{first: make([]uint32, 1, len(of)+1)}
	for _, rules := range of {
		l.rules = append(l.rules, rules...)
		l.first = append(l.first, uint32(len(l.rules)))
	}
	return l
}

type fieldBuilder struct {
	fieldIndex
	long, short []needle
}

// buildIndex makes the index of a group; sets are the witnesses of its rules.
func (c *compiler) buildIndex(g *group, sets [][]witness, number map[*predicate]uint32, clues map[*predicate]*clue) {
	fields := make(map[int32]*fieldBuilder)
	of := func(field int32) *fieldBuilder {
		f, ok := fields[field]
		if !ok {
			f = &fieldBuilder{fieldIndex: fieldIndex{field: field, exact: make(map[string][]uint32)}}
			fields[field] = f
		}
		return f
	}
	for i := range g.preds[:g.decided] {
		p := g.preds[i]
		of(p.id).add(p.predicate, clues[p.predicate].texts, uint32(i))
	}
	led := make([][]uint32, g.decided)
	for i, set := range sets {
		rule := g.rules[i]
		for _, w := range set {
			if n := number[w.pred]; n < g.decided {
				led[n] = appendOnce(led[n], rule)
				continue
			}
			f := of(g.preds[number[w.pred]].id)
			f.present = appendOnce(f.present, rule)
		}
	}
	g.leads = newLeads(led)
	for _, f := range fields {
		f.fieldIndex.long, f.fieldIndex.short = newScanner(f.long, longNeedle, c.long), newScanner(f.short, shortNeedle, c.short)
		f.setLeast()
		g.index = append(g.index, f.fieldIndex)
	}
	slices.SortFunc(g.index, func(a, b fieldIndex) int { return cmp.Compare(a.field, b.field) })
	for i := range g.index {
		g.index[i].memo = c.remembered
		c.remembered++
	}
}

// add files a predicate under the texts that lead to it.
func (f *fieldBuilder) add(p *predicate, texts []string, number uint32) {
	if p.op == opEqual {
		k := pattern.Fold(p.text)
		f.exact[k] = append(f.exact[k], number)
		return
	}
	where := opContains
	if p.op == opPrefix || p.op == opSuffix {
		where = p.op
	}
	list := &f.long
	if pattern.Shortest(texts) < longNeedle {
		list = &f.short
	}
	for _, t := range texts {
		*list = append(*list, needle{text: t, where: where, pred: number})
	}
}

// setLeast notes how long a value must be for the index to find anything in it.
func (f *fieldIndex) setLeast() {
	f.least = math.MaxInt
	for text := range f.exact {
		f.least = min(f.least, len(text))
	}
	for _, s := range []*scanner{f.long, f.short} {
		if s != nil {
			f.least = min(f.least, s.least)
		}
	}
}

func appendOnce(list []uint32, rule uint32) []uint32 {
	if n := len(list); n > 0 && list[n-1] == rule {
		return list
	}
	return append(list, rule)
}
