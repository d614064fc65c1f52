package duckdb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/index/duckdb/derived"

	"github.com/konseki/konseki/internal/query"
)

// residence is a home that an item has in rows of some shapes.
type residence struct {
	home   derived.Home
	shapes []string // ids
}

// residences lists the homes of an item in the group of files being written.
func (b *builder) residences(it derived.Item) (all []residence) {
	seen := map[int64]bool{}
	for _, f := range b.group {
		for _, s := range f.Shapes {
			if seen[s.ID] {
				continue
			}
			seen[s.ID] = true
			h, ok := s.Home(it)
			if !ok {
				continue
			}
			i := slices.IndexFunc(all, func(r residence) bool { return r.home == h })
			if i < 0 {
				i = len(all)
				all = append(all, residence{home: h})
			}
			all[i].shapes = append(all[i].shapes, strconv.FormatInt(s.ID, 10))
		}
	}
	return all
}

// lives writes that a row has one of the shapes.
func (r *residence) lives() string {
	return derived.ShapeColumn + " IN (" + strings.Join(r.shapes, ", ") + ")"
}

// text writes the value that lives there, as text that is never null.
func (r *residence) text(b *builder) string {
	switch {
	case r.home.Kind == derived.InSlot:
		return derived.SlotName(r.home.N)
	case r.home.Kind == derived.InRecord:
		return fmt.Sprintf("cut_text(record, %s)", derived.SlotName(r.home.N))
	case derived.Specs()[r.home.N].Kept.Text():
		return b.column(r.home.N)
	}
	return "CAST(" + b.column(r.home.N) + " AS VARCHAR)"
}

// homed writes a comparison of an item in files: home by home.
func (b *builder) homed(it derived.Item, m query.Match) string {
	parts := []string{fmt.Sprintf("(%s = %d AND %s)", derived.ShapeColumn, derived.Shapeless, b.unhomed(it, m))}
	known := []string{strconv.Itoa(derived.Shapeless)}
	for _, r := range b.residences(it) {
		known = append(known, r.shapes...)
		if r.home.Kind != derived.InRecord {
			parts = append(parts, "("+r.lives()+" AND "+b.text(r.text(b), m)+")")
			continue
		}
		parts = append(parts, b.cutTest(it, &r, m))
	}
	if emptyHolds(m) {
		parts = append(parts, "("+derived.ShapeColumn+" NOT IN ("+strings.Join(known, ", ")+"))")
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

// unhomed writes the comparison for rows without a shape.
func (b *builder) unhomed(it derived.Item, m query.Match) string {
	if it.Col == derived.ColFields {
		return b.asJSON(m)
	}
	return b.text(b.column(it.Col), m)
}

// cutTest writes a comparison of what is cut out of records. As far as the
// comparison needs certain words to stand in the value, only records are cut
// that hold them; they were searched before. What is not to be cut must not be,
// hence CASE.
func (b *builder) cutTest(it derived.Item, r *residence, m query.Match) string {
	if b.upper {
		return "(" + r.lives() + " AND " + strconv.FormatBool(!b.not) + ")"
	}
	if m.Op == query.Exists { // cuts are never empty
		return "(" + r.lives() + ")"
	}
	where := r.lives()
	if words := derived.CutWords(m); len(words) > 0 && b.finder != nil {
		if set := b.finder.set(words); set >= 0 {
			where += " AND " + b.finder.among(set)
		}
	}
	return fmt.Sprintf("(CASE WHEN %s THEN %s ELSE false END)", where, b.text(r.text(b), m))
}

// itemOf tells what a comparison is about, if a derived file may keep it in
// records.
func itemOf(m query.Match) (derived.Item, bool) {
	if m.Native {
		return derived.Item{Col: derived.ColFields, Name: query.Clean(m.Field)}, true
	}
	col, ok := byName(m.Field)
	return derived.Item{Col: col}, ok && (col == derived.ColMessage || col == derived.ColOriginal)
}

// value writes an item's value as text that is never null.
func (b *builder) value(it derived.Item) string {
	fallback := func() string {
		if it.Col == derived.ColFields {
			return b.extract(it.Name)
		}
		return b.column(it.Col)
	}
	if len(b.group) == 0 {
		return fallback()
	}
	var out strings.Builder
	out.WriteString("CASE")
	for _, r := range b.residences(it) {
		fmt.Fprintf(&out, " WHEN %s THEN %s", r.lives(), r.text(b))
	}
	fmt.Fprintf(&out, " WHEN %s = %d THEN %s ELSE '' END", derived.ShapeColumn, derived.Shapeless, fallback())
	return out.String()
}
