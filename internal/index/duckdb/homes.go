package duckdb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/query"
)

// residence is a home that an item has in rows of some shapes.
type residence struct {
	home   home
	shapes []string // ids
}

// residences lists the homes of an item in the group of files being written.
func (b *builder) residences(it item) (all []residence) {
	seen := map[int64]bool{}
	for _, f := range b.group {
		for _, s := range f.shapes {
			if seen[s.id] {
				continue
			}
			seen[s.id] = true
			h, ok := s.home(it)
			if !ok {
				continue
			}
			i := slices.IndexFunc(all, func(r residence) bool { return r.home == h })
			if i < 0 {
				i = len(all)
				all = append(all, residence{home: h})
			}
			all[i].shapes = append(all[i].shapes, strconv.FormatInt(s.id, 10))
		}
	}
	return all
}

// lives writes that a row has one of the shapes.
func (r *residence) lives() string { return shapeColumn + " IN (" + strings.Join(r.shapes, ", ") + ")" }

// text writes the value that lives there, as text that is never null.
func (r *residence) text(b *builder) string {
	switch {
	case r.home.kind == inSlot:
		return slotName(r.home.n)
	case r.home.kind == inRecord:
		return fmt.Sprintf("cut_text(record, %s)", slotName(r.home.n))
	case specs()[r.home.n].kept.text():
		return b.column(r.home.n)
	}
	return "CAST(" + b.column(r.home.n) + " AS VARCHAR)"
}

// homed writes a comparison of an item in files: home by home.
func (b *builder) homed(it item, m query.Match) string {
	parts := []string{fmt.Sprintf("(%s = %d AND %s)", shapeColumn, shapeless, b.unhomed(it, m))}
	known := []string{strconv.Itoa(shapeless)}
	for _, r := range b.residences(it) {
		known = append(known, r.shapes...)
		if r.home.kind != inRecord {
			parts = append(parts, "("+r.lives()+" AND "+b.text(r.text(b), m)+")")
			continue
		}
		parts = append(parts, b.cutTest(it, &r, m))
	}
	if emptyHolds(m) {
		parts = append(parts, "("+shapeColumn+" NOT IN ("+strings.Join(known, ", ")+"))")
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

// unhomed writes the comparison for rows without a shape.
func (b *builder) unhomed(it item, m query.Match) string {
	if it.col == colFields {
		return b.asJSON(m)
	}
	return b.text(b.column(it.col), m)
}

// cutTest writes a comparison of what is cut out of records. As far as the
// comparison needs certain words to stand in the value, only records are cut
// that hold them; they were searched before. What is not to be cut must not be,
// hence CASE.
func (b *builder) cutTest(it item, r *residence, m query.Match) string {
	if b.upper {
		return "(" + r.lives() + " AND " + strconv.FormatBool(!b.not) + ")"
	}
	if m.Op == query.Exists { // cuts are never empty
		return "(" + r.lives() + ")"
	}
	where := r.lives()
	if words := cutWords(m); len(words) > 0 && b.finder != nil {
		if set := b.finder.set(words); set >= 0 {
			where += " AND " + b.finder.among(set)
		}
	}
	return fmt.Sprintf("(CASE WHEN %s THEN %s ELSE false END)", where, b.text(r.text(b), m))
}

// minWord is the length from which words are worth a search of raw text.
const minWord = 3

// cutWords lists what stands in the raw text of a record for whose value a
// comparison holds, wherever the value is cut out of it.
func cutWords(m query.Match) (words []query.Text) {
	var pieces []query.Piece
	switch m.Op {
	case query.Equal:
		pieces = []query.Piece{{Literal: m.Value}}
	case query.Like:
		pieces = query.Pattern(m.Value)
	}
	for _, p := range pieces {
		for word := range strings.FieldsFuncSeq(p.Literal, func(r rune) bool { return r < 0x80 && escapable(byte(r)) }) {
			if w := (query.Text{Word: word}); len(word) >= minWord && !slices.Contains(words, w) {
				words = append(words, w)
			}
		}
	}
	return words
}

// itemOf tells what a comparison is about, if a derived file may keep it in
// records.
func itemOf(m query.Match) (item, bool) {
	if m.Native {
		return item{colFields, query.Clean(m.Field)}, true
	}
	col, ok := byName(m.Field)
	return item{col: col}, ok && (col == colMessage || col == colOriginal)
}

// value writes an item's value as text that is never null.
func (b *builder) value(it item) string {
	fallback := func() string {
		if it.col == colFields {
			return b.extract(it.name)
		}
		return b.column(it.col)
	}
	if len(b.group) == 0 {
		return fallback()
	}
	var out strings.Builder
	out.WriteString("CASE")
	for _, r := range b.residences(it) {
		fmt.Fprintf(&out, " WHEN %s THEN %s", r.lives(), r.text(b))
	}
	fmt.Fprintf(&out, " WHEN %s = %d THEN %s ELSE '' END", shapeColumn, shapeless, fallback())
	return out.String()
}
