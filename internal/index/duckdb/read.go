package duckdb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/zeebo/xxh3"

	"github.com/konseki/konseki/internal/event"
)

// reader turns result rows of some columns into Events.
type reader struct {
	columns []int
	values  values
	quality qualities
	targets []any
}

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

// list writes what a statement has to select for the reader.
func (r *reader) list() string {
	names := make([]string, len(r.columns))
	all := specs()
	for i, col := range r.columns {
		names[i] = all[col].name
		if all[col].kept.text() {
			names[i] = "nullif(" + names[i] + ", '')"
		}
	}
	return strings.Join(names, ", ")
}

func newReader(columns []int) *reader {
	r := &reader{columns: columns}
	all := specs()
	for _, col := range columns {
		if all[col].kept.text() {
			r.targets = append(r.targets, (*cell)(&r.values.texts[col]))
		} else {
			r.targets = append(r.targets, &r.values.numbers[col])
		}
	}
	return r
}

// read gives the row's event; columns not selected stay unstated.
func (r *reader) read(rows *sql.Rows) (*event.Event, error) {
	if err := rows.Scan(r.targets...); err != nil {
		return nil, err
	}
	ev := new(event.Event)
	r.values.fill(ev, &r.quality)
	var err error
	ev.Fields, err = parseFields(r.values.texts[colFields])
	if from := r.values.texts[colFrom]; from != "" {
		ev.Message, _ = ev.Get(from)
	}
	return ev, err
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
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	sum := xxh3.New()
	_, err = io.Copy(sum, f)
	return sum.Sum64(), errors.Join(err, f.Close())
}
