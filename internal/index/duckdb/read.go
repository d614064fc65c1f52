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

	"github.com/konseki/konseki/internal/index/duckdb/derived"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/zeebo/xxh3"

	"github.com/konseki/konseki/internal/event"
)

// reader turns result rows into Events, whose values that are kept in records
// are still missing; see fetch.
type reader struct {
	shapes  map[int64]*derived.Shape
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
	r := &reader{shapes: map[int64]*derived.Shape{}}
	slots := 0
	for _, f := range b.files {
		slots = max(slots, f.Slots)
		for _, s := range f.Shapes {
			r.shapes[s.ID] = s
		}
	}
	r.slots = make([]string, slots)
	for col, s := range derived.Specs() {
		if s.Kept.Text() {
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
	for col := range derived.ColumnCount {
		names = append(names, b.column(col))
	}
	has := 0
	if len(b.group) > 0 {
		has = b.group[0].Slots
		names = append(names, derived.ShapeColumn)
	} else {
		names = append(names, fmt.Sprintf("%d::BIGINT AS %s", derived.Shapeless, derived.ShapeColumn))
	}
	for slot := range r.slots {
		if slot < has {
			names = append(names, derived.SlotName(slot))
		} else {
			names = append(names, "'' AS "+derived.SlotName(slot))
		}
	}
	return names
}

// selected writes what a statement has to select for the reader.
func (r *reader) selected() string {
	var names []string
	for _, s := range derived.Specs() {
		if s.Kept.Text() {
			names = append(names, "nullif("+s.Name+", '')")
		} else {
			names = append(names, s.Name)
		}
	}
	names = append(names, derived.ShapeColumn)
	for slot := range r.slots {
		names = append(names, "nullif("+derived.SlotName(slot)+", '')")
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
	if r.shape == derived.Shapeless {
		var err error
		ev.Fields, err = parseFields(r.values.texts[derived.ColFields])
		r.found = append(r.found, ev)
		return err
	}
	s := r.shapes[r.shape]
	if s == nil {
		return errors.New("a row has a shape that its file does not have")
	}
	ev.Message = r.value(s.Message, fieldMessage)
	ev.Quality.Original = r.value(s.Original, fieldOriginal)
	if len(s.Fields) > 0 {
		ev.Fields = make([]event.Field, len(s.Fields))
	}
	for i, f := range s.Fields {
		ev.Fields[i] = event.Field{Name: f.Name, Value: r.value(f.Home, i)}
	}
	r.found = append(r.found, ev)
	return nil
}

// value gives the value of a home in the current row, or notes that it is
// missing.
func (r *reader) value(h derived.Home, field int) string {
	switch {
	case h.Kind == derived.InSlot:
		return r.slots[h.N]
	case h.Kind == derived.InRecord:
		r.missing = append(r.missing, missing{len(r.found), field, r.slots[h.N]})
		return ""
	case derived.Specs()[h.N].Kept.Text():
		return r.values.texts[h.N]
	}
	return strconv.FormatInt(r.values.numbers[h.N], 10)
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
		value, err := derived.CutText(raws[ev.Record], m.cut)
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
		Record: uint64(n[derived.ColRecord]), Nth: uint16(n[derived.ColNth]),
		Time: derived.Instant(n[derived.ColTime]), TimeRx: derived.Instant(n[derived.ColTimeRx]), Quality: q.parse(s[derived.ColQuality]),
		Source: s[derived.ColSource], Format: s[derived.ColFormat], NativeSeq: s[derived.ColSeq],
		ClassUID: int32(n[derived.ColClass]), ActivityID: int32(n[derived.ColActivity]), StatusID: int32(n[derived.ColStatus]),
		SeverityID: int32(n[derived.ColSeverity]), EventCode: s[derived.ColCode],
		ActorUser: s[derived.ColActor], TargetUser: s[derived.ColTarget],
		SrcIP: s[derived.ColSrcIP], SrcPort: int32(n[derived.ColSrcPort]), DstIP: s[derived.ColDstIP], DstPort: int32(n[derived.ColDstPort]),
		Host: s[derived.ColHost], SessionUID: s[derived.ColSession], ProcessPath: s[derived.ColProcess], CmdLine: s[derived.ColCmd],
		Object: s[derived.ColObject], Statement: s[derived.ColStatement], ClientApp: s[derived.ColClient], BytesOut: n[derived.ColBytes],
		Message: s[derived.ColMessage],
	}
	ev.Quality.Original = s[derived.ColOriginal]
	if n[derived.ColTextKind] == derived.TextOfEvent {
		ev.Text = s[derived.ColText]
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
		if digest, failed := digestFile(f.path); failed == nil && digest == f.Digest {
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
