package derived

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/zeebo/xxh3"
)

// Folded is how a derived file keeps the native fields, messages and original
// times of its rows.
type Folded struct {
	Shapes []*Shape // the most frequent first
	rows   []*Shape // of each row; nil for shapeless ones
	Slots  []Column // text, a value for every row
}

// Fold finds the layout of some rows. It takes them apart twice: first some rows
// of each template, a list of native names, tell where its values are usually
// found; then every row gets the shape that it needs.
func Fold(places []Place) *Folded {
	f := &folder{places: places, templates: map[string]*template{}, streams: map[string]*stream{}}
	of := make([]*template, len(places))
	for i, p := range places {
		of[i] = f.template(p)
	}
	chosen := make([]*variant, len(places))
	for i, p := range places {
		if of[i] != nil {
			of[i].decide(f)
			chosen[i] = f.row(i, p, of[i])
		}
	}
	return f.layout(chosen)
}

type folder struct {
	places    []Place
	templates map[string]*template
	streams   map[string]*stream
	order     []*variant // as they were met
	now       parsedRow
	code      []byte
}

// template is a list of native names, and the two that every row has besides.
type template struct {
	names    []string
	variants map[string]*variant // by the kinds of their homes
	sampled  int
	decided  bool
	items    []templateItem // of each name, then of the message and the original time
}

// templateItem is what the sampled rows tell of one value, and what was made
// of it.
type templateItem struct {
	equal   [ColumnCount]uint16 // rows in which it equals a column
	same    []uint16            // rows in which it equals each native field
	hashes  [sampleRows / 16]uint64
	bytes   int
	column  int     // -1: none
	kept    Storage // of that column
	as      int     // the native field whose home it shares; -1: none
	cuts    bool
	last    cut
	value   *stream // what is kept of it in a slot
	pointer *stream // the cuts
}

// stream is the values of one native name, by row.
type stream struct {
	rows []int32
	Column
	next int
}

func (s *stream) add(row int, b []byte) {
	s.rows = append(s.rows, int32(row))
	s.Data = append(s.Data, b...)
	s.Ends = append(s.Ends, uint32(len(s.Data)))
}

// variant is a template with one choice of homes; its slots come last.
type variant struct {
	template *template
	kinds    []byte
	rows     int
	order    int
	shape    *Shape
	streams  []*stream // by slot
}

const (
	sampleRows   = 256
	MaxNames     = 200 // of a template; longer rows keep their fields as JSON
	maxTemplates = 512 // of a file; rows of further ones do so, too
	// minCut is the length from which values may be left in the record. It is
	// short enough for times and serial numbers.
	minCut = 16
)

// parsedRow is a row taken apart.
type parsedRow struct {
	names, values [][]byte
	key           []byte // names, quoted
	scratch       []byte
}

// read takes apart what appendFields wrote.
func (r *parsedRow) read(text []byte) {
	r.names, r.values, r.key, r.scratch = r.names[:0], r.values[:0], r.key[:0], r.scratch[:0]
	for at := 1; at < len(text); {
		name, end := r.text(text, at)
		r.key = append(r.key, text[at:end]...)
		value, end := r.text(text, end+1)
		r.names, r.values = append(r.names, name), append(r.values, value)
		at = end + 1
	}
}

// text gives the string that begins at a quote, and where it ends.
func (r *parsedRow) text(text []byte, at int) (value []byte, end int) {
	last, escaped := stringEnd(text, at+1)
	if !escaped {
		return text[at+1 : last], last + 1
	}
	start := len(r.scratch)
	r.scratch, _ = jsontext.AppendUnquote(r.scratch, text[at:last+1]) // our own writing
	return r.scratch[start:], last + 1
}

// items are the values of the row in the order of a template's items.
func (r *parsedRow) items(p Place) [][]byte {
	return append(r.values, p.Batch.Cols[ColMessage].Text(p.Row), p.Batch.Cols[ColOriginal].Text(p.Row))
}

// template finds the row's template and lets the row vote in it.
func (f *folder) template(p Place) *template {
	r := &f.now
	r.read(p.Batch.Cols[ColFields].Text(p.Row))
	t := f.templates[string(r.key)]
	if t == nil && (len(r.names) > MaxNames || len(f.templates) == maxTemplates) {
		return nil
	}
	if t == nil {
		t = &template{items: make([]templateItem, len(r.names)+2), variants: map[string]*variant{}}
		for _, n := range r.names {
			t.names = append(t.names, string(n))
		}
		for i := range t.items {
			t.items[i].column, t.items[i].as = -1, -1
			if i >= len(r.names) {
				t.items[i].same = make([]uint16, len(r.names))
			}
		}
		f.templates[string(r.key)] = t
	}
	if t.sampled == sampleRows {
		return t
	}
	t.sampled++
	values := r.items(p)
	for i, v := range values {
		it := &t.items[i]
		h := xxh3.Hash(v)
		it.hashes[h/64%uint64(len(it.hashes))] |= 1 << (h % 64)
		it.bytes += len(v)
		for col, s := range Specs() {
			if repeated(col) && equalsColumn(v, p, col, s.Kept) {
				it.equal[col]++
			}
		}
		for j := range it.same {
			if bytes.Equal(v, values[j]) {
				it.same[j]++
			}
		}
	}
	return t
}

// repeated reports whether native fields may be found in a column.
func repeated(col int) bool {
	switch col {
	case ColTime, ColRecord, ColNth, ColTimeRx, ColQuality, ColOriginal, ColMessage, ColFields, ColTextKind, ColText, ColNotes:
		return false
	}
	return true
}

// equalsColumn reports whether a column of the row says the value.
func equalsColumn(v []byte, p Place, col int, kept Storage) bool {
	if kept.Text() {
		return bytes.Equal(v, p.Batch.Cols[col].Text(p.Row))
	}
	if len(v) == 0 || len(v) > 20 {
		return false
	}
	var digits [20]byte
	return bytes.Equal(v, strconv.AppendInt(digits[:0], p.Batch.Cols[col].Numbers[p.Row], 10))
}

// decide makes of the votes where the template's values are looked for.
func (t *template) decide(f *folder) {
	if t.decided {
		return
	}
	t.decided = true
	most := func(votes []uint16) int {
		best := -1
		for i, n := range votes {
			if 2*int(n) > t.sampled && (best < 0 || n > votes[best]) {
				best = i
			}
		}
		return best
	}
	seen := map[string]int{}
	for i := range t.items {
		it := &t.items[i]
		if it.column = most(it.equal[:]); i >= len(t.names) {
			// Message and original time have columns of their own, where few of
			// either are kept.
			it.as = most(it.same)
		}
		if it.column >= 0 {
			it.kept = Specs()[it.column].Kept
		}
		distinct := 0
		for _, w := range it.hashes {
			distinct += bits.OnesCount64(w)
		}
		it.cuts = it.bytes >= minCut*t.sampled && 2*distinct > t.sampled
		name := "m" + strconv.Itoa(i-len(t.names))
		if i < len(t.names) {
			seen[t.names[i]]++
			name = "f" + strconv.Itoa(seen[t.names[i]]) + t.names[i]
		}
		it.value, it.pointer = f.stream("v"+name), f.stream("c"+name)
	}
}

func (f *folder) stream(name string) *stream {
	if f.streams[name] == nil {
		f.streams[name] = new(stream)
	}
	return f.streams[name]
}

// How a variant keeps an item.
const (
	asColumn = 'c'
	asValue  = 'v'
	asCut    = 'r'
	asOther  = 'a' // as the native field of templateItem.as
	asOwn    = 'o' // message and original time: in the column of that name
)

// row finds the variant of a row and puts its values into streams.
func (f *folder) row(i int, p Place, t *template) *variant {
	f.now.read(p.Batch.Cols[ColFields].Text(p.Row))
	f.code = f.code[:0]
	var raw []byte
	if p.Batch.Cols[ColTextKind].Numbers[p.Row] == TextIsRaw {
		raw = p.Batch.Cols[ColText].Text(p.Row)
	}
	values := f.now.items(p)
	for n, v := range values {
		f.code = append(f.code, t.keep(i, n, v, values, raw, p))
	}
	v := t.variants[string(f.code)]
	if v == nil {
		v = &variant{template: t, kinds: bytes.Clone(f.code), order: len(f.order)}
		t.variants[string(f.code)] = v
		f.order = append(f.order, v)
	}
	v.rows++
	return v
}

// keep decides for one value of a row.
func (t *template) keep(row, n int, v []byte, values [][]byte, raw []byte, p Place) byte {
	it := &t.items[n]
	if it.column >= 0 && equalsColumn(v, p, it.column, it.kept) {
		return asColumn
	}
	if it.as >= 0 && bytes.Equal(v, values[it.as]) {
		return asOther
	}
	if it.cuts && raw != nil && len(v) >= minCut && !numeric(v) {
		if c, ok := locate(raw, v, it.last); ok {
			it.last = c
			var b [48]byte
			it.pointer.add(row, c.append(b[:0]))
			return asCut
		}
	}
	if n >= len(t.names) {
		return asOwn
	}
	it.value.add(row, v)
	return asValue
}

// numeric reports whether a value may be compared as a number, which is done in
// SQL and so needs the value itself.
func numeric(v []byte) bool {
	for _, c := range v {
		if (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// layout gives the most frequent variants a shape and lays out the slots.
func (f *folder) layout(chosen []*variant) *Folded {
	ranked := slices.Clone(f.order)
	slices.SortFunc(ranked, func(a, b *variant) int { return cmp.Or(cmp.Compare(b.rows, a.rows), cmp.Compare(a.order, b.order)) })
	s := slotter{slots: map[*stream]int{}}
	l := &Folded{rows: make([]*Shape, len(chosen))}
	for _, v := range ranked[:min(len(ranked), MaxShapes)] {
		if s.place(v) && !slices.ContainsFunc(l.Shapes, func(o *Shape) bool { return o.ID == v.shape.ID }) {
			l.Shapes = append(l.Shapes, v.shape)
		} else {
			v.shape = nil
		}
	}
	l.Slots = make([]Column, (s.count+SlotStep-1)/SlotStep*SlotStep)
	for i, v := range chosen {
		if v != nil {
			l.rows[i] = v.shape
		}
		for slot := range l.Slots {
			c := &l.Slots[slot]
			if l.rows[i] != nil && slot < len(v.streams) && v.streams[slot] != nil {
				c.Data = append(c.Data, v.streams[slot].take(i)...)
			}
			c.Ends = append(c.Ends, uint32(len(c.Data)))
		}
	}
	return l
}

// SlotStep is what the number of slots of a file is a multiple of: files with
// equally many are read together.
const SlotStep = 4

// take gives the value of a row; rows are asked for in ascending order.
func (s *stream) take(row int) []byte {
	for int(s.rows[s.next]) < row {
		s.next++
	}
	return s.Text(s.next)
}

// slotter gives streams their slots. Each has one of its own while there are
// any; then those share one that do not occur together.
type slotter struct {
	slots map[*stream]int
	count int
}

// place makes the shape of a variant. It reports false when the variant needs
// more slots than there are.
func (s *slotter) place(v *variant) bool {
	t := v.template
	homes := make([]Home, len(v.kinds))
	for n, kind := range v.kinds {
		it := &t.items[n]
		switch kind {
		case asColumn:
			homes[n] = Home{InColumn, it.column}
		case asOwn:
			homes[n] = Home{InColumn, [...]int{ColMessage, ColOriginal}[n-len(t.names)]}
		case asOther:
			homes[n] = homes[it.as]
		default:
			st, h := it.value, InSlot
			if kind == asCut {
				st, h = it.pointer, InRecord
			}
			slot := s.slot(v, st)
			if slot < 0 {
				return false
			}
			homes[n] = Home{h, slot}
		}
	}
	v.shape = &Shape{Message: homes[len(t.names)], Original: homes[len(t.names)+1]}
	for i, name := range t.names {
		v.shape.Fields = append(v.shape.Fields, NamedHome{name, homes[i]})
	}
	v.shape.Marshal()
	return true
}

// slot finds a slot for a stream that the variant does not use yet, or -1.
func (s *slotter) slot(v *variant, st *stream) int {
	free := func(i int) bool { return i >= len(v.streams) || v.streams[i] == nil }
	slot, known := s.slots[st]
	switch {
	case known && free(slot):
	case s.count < MaxSlots:
		slot = s.count
		s.count++
	default:
		for slot = 0; slot < MaxSlots && !free(slot); slot++ {
		}
		if slot == MaxSlots {
			return -1
		}
	}
	if !known {
		s.slots[st] = slot
	}
	for len(v.streams) <= slot {
		v.streams = append(v.streams, nil)
	}
	v.streams[slot] = st
	return slot
}
