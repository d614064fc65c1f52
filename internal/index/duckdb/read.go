package duckdb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/zeebo/xxh3"

	"github.com/konseki/konseki/internal/event"
)

// reader turns result rows into Events, whose values that are kept in records
// are still missing; see fetch.
type reader struct {
	shapes  map[int64]*shape
	values  values
	shape   int64
	slots   []string
	quality qualities
	targets []any
	found   []event.Event
	missing []missing
}

// missing is a value of a found event that has to be cut out of its record.
type missing struct {
	event int // index in found
	field int // index in its fields, or one of the two below
	cut   string
}

const (
	fieldMessage  = -1
	fieldOriginal = -2
)

// cell is a text column of a row; null stands for empty text, which DuckDB
// hands over much faster than an empty string.
type cell string

// Scan implements sql.Scanner.
func (c *cell) Scan(v any) error {
	s, ok := v.(string)
	if !ok && v != nil {
		return fmt.Errorf("text column holds %T", v)
	}
	*c = cell(s)
	return nil
}

// newReader prepares to read rows of the builder's snapshot.
func newReader(b *builder) *reader {
	r := &reader{shapes: map[int64]*shape{}}
	slots := 0
	for _, f := range b.files {
		slots = max(slots, f.slots)
		for _, s := range f.shapes {
			r.shapes[s.id] = s
		}
	}
	r.slots = make([]string, slots)
	for col, s := range specs() {
		if s.kept.text() {
			r.targets = append(r.targets, (*cell)(&r.values.texts[col]))
		} else {
			r.targets = append(r.targets, &r.values.numbers[col])
		}
	}
	r.targets = append(r.targets, &r.shape)
	for i := range r.slots {
		r.targets = append(r.targets, (*cell)(&r.slots[i]))
	}
	return r
}

// list writes what a side of the union has to give for the reader.
func (r *reader) list(b *builder) []string {
	var names []string
	for col := range columnCount {
		names = append(names, b.column(col))
	}
	has := 0
	if len(b.group) > 0 {
		has = b.group[0].slots
		names = append(names, shapeColumn)
	} else {
		names = append(names, fmt.Sprintf("%d::BIGINT AS %s", shapeless, shapeColumn))
	}
	for slot := range r.slots {
		if slot < has {
			names = append(names, slotName(slot))
		} else {
			names = append(names, "'' AS "+slotName(slot))
		}
	}
	return names
}

// selected writes what a statement has to select for the reader.
func (r *reader) selected() string {
	var names []string
	for _, s := range specs() {
		if s.kept.text() {
			names = append(names, "nullif("+s.name+", '')")
		} else {
			names = append(names, s.name)
		}
	}
	names = append(names, shapeColumn)
	for slot := range r.slots {
		names = append(names, "nullif("+slotName(slot)+", '')")
	}
	return strings.Join(names, ", ")
}

// read adds the row's event.
func (r *reader) read(rows *sql.Rows) error {
	if err := rows.Scan(r.targets...); err != nil {
		return err
	}
	var ev event.Event
	r.values.fill(&ev, &r.quality)
	if r.shape == shapeless {
		var err error
		ev.Fields, err = parseFields(r.values.texts[colFields])
		r.found = append(r.found, ev)
		return err
	}
	s := r.shapes[r.shape]
	if s == nil {
		return errors.New("a row has a shape that its file does not have")
	}
	ev.Message = r.value(s.message, fieldMessage)
	ev.Quality.Original = r.value(s.original, fieldOriginal)
	if len(s.fields) > 0 {
		ev.Fields = make([]event.Field, len(s.fields))
	}
	for i, f := range s.fields {
		ev.Fields[i] = event.Field{Name: f.name, Value: r.value(f.home, i)}
	}
	r.found = append(r.found, ev)
	return nil
}

// value gives the value of a home in the current row, or notes that it is
// missing.
func (r *reader) value(h home, field int) string {
	switch {
	case h.kind == inSlot:
		return r.slots[h.n]
	case h.kind == inRecord:
		r.missing = append(r.missing, missing{len(r.found), field, r.slots[h.n]})
		return ""
	case specs()[h.n].kept.text():
		return r.values.texts[h.n]
	}
	return strconv.FormatInt(r.values.numbers[h.n], 10)
}

// fetch cuts what is missing in the first n events out of their records.
func (r *reader) fetch(ctx context.Context, x *Index, n int) error {
	wanted := map[uint64]bool{}
	for _, m := range r.missing {
		if m.event < n {
			wanted[r.found[m.event].Record] = true
		}
	}
	raws, err := x.records(ctx, wanted)
	if err != nil {
		return err
	}
	for _, m := range r.missing {
		if m.event >= n {
			continue
		}
		ev := &r.found[m.event]
		value, err := cutText(raws[ev.Record], m.cut)
		if err != nil {
			return fmt.Errorf("record %d: %w", ev.Record, err)
		}
		switch m.field {
		case fieldMessage:
			ev.Message = value
		case fieldOriginal:
			ev.Quality.Original = value
		default:
			ev.Fields[m.field].Value = value
		}
	}
	return nil
}

// qualities keeps the last quality read: rows that follow each other share it.
type qualities struct {
	text  string
	known event.Quality
}

func (q *qualities) parse(s string) event.Quality {
	if s != q.text {
		q.text, q.known = s, event.ParseQuality(s)
	}
	return q.known
}

// fill writes the row over an event, without native fields.
func (v *values) fill(ev *event.Event, q *qualities) {
	n, s := &v.numbers, &v.texts
	*ev = event.Event{
		Record: uint64(n[colRecord]), Nth: uint16(n[colNth]),
		Time: instant(n[colTime]), TimeRx: instant(n[colTimeRx]), Quality: q.parse(s[colQuality]),
		Source: s[colSource], Format: s[colFormat], NativeSeq: s[colSeq],
		ClassUID: int32(n[colClass]), ActivityID: int32(n[colActivity]), StatusID: int32(n[colStatus]),
		SeverityID: int32(n[colSeverity]), EventCode: s[colCode],
		ActorUser: s[colActor], TargetUser: s[colTarget],
		SrcIP: s[colSrcIP], SrcPort: int32(n[colSrcPort]), DstIP: s[colDstIP], DstPort: int32(n[colDstPort]),
		Host: s[colHost], SessionUID: s[colSession], ProcessPath: s[colProcess], CmdLine: s[colCmd],
		Object: s[colObject], Statement: s[colStatement], ClientApp: s[colClient], BytesOut: n[colBytes],
		Message: s[colMessage],
	}
	ev.Quality.Original = s[colOriginal]
	if n[colTextKind] == textOfEvent {
		ev.Text = s[colText]
	}
}

// parseFields is the inverse of appendFields.
func parseFields(s string) ([]event.Field, error) {
	if s == "" {
		return nil, nil
	}
	d := jsontext.NewDecoder(bytes.NewBufferString(s), jsontext.AllowDuplicateNames(true))
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	var fields []event.Field
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		field := event.Field{Name: name.String()}
		value, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		field.Value = value.String()
		fields = append(fields, field)
	}
	return fields, nil
}

// errBroken means that a derived file did not hold what was written.
var errBroken = errors.New("a derived file was broken and has been removed; reindex builds it again")

// explain looks for the reason of a failed query in the files it read. Broken
// ones are removed, so that Has reports them missing and they are built again.
func (x *Index) explain(err error, files []*file) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	for _, f := range files {
		if digest, failed := digestFile(f.path); failed == nil && digest == f.digest {
			continue
		}
		x.log.Warn("index: removing a broken file; it will be built again", "file", f.path, "reason", err)
		x.drop(f)
		err = errors.Join(errBroken, err)
	}
	return err
}

// drop takes a file out of the index.
func (x *Index) drop(f *file) {
	x.write.Lock()
	defer x.write.Unlock()
	s := x.state.Load()
	next := &state{hot: s.hot}
	for _, other := range s.files {
		if other != f {
			next.files = append(next.files, other)
		}
	}
	x.state.Store(next)
	if err := remove(f.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		x.log.Warn("index: removing a broken file", "file", f.path, "error", err)
	}
}

func digestFile(path string) (uint64, error) {
	sum := xxh3.New()
	err := copyFile(sum, path)
	return sum.Sum64(), err
}
