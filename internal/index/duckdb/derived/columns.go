// Package derived is the rows of the index in columns, in memory and as the derived Parquet files, which keep each value once.
//
// The package comment of index/duckdb tells the layout of a derived file.
package derived

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/query"
)

// The columns of a row in memory, by their numbers. A derived file has them as
// well, and those of its layout; there the last ones are mostly empty. Empty text
// and zero mean "not stated", as in an Event; there are no nulls.
const (
	ColTime     = iota // nanoseconds since 1970 UTC, see Nanos
	ColRecord          // Seq of the record
	ColNth             // the event's place in its record
	ColTimeRx          // nanoseconds
	ColQuality         // event.Quality's text form
	ColOriginal        // the time as it stands in the record
	ColSource
	ColFormat
	ColSeq
	ColClass
	ColActivity
	ColStatus
	ColSeverity
	ColCode
	ColActor
	ColTarget
	ColSrcIP
	ColSrcPort
	ColDstIP
	ColDstPort
	ColHost
	ColSession
	ColProcess
	ColCmd
	ColObject
	ColStatement
	ColClient
	ColBytes
	ColMessage
	ColFields   // JSON object of the native fields, in the order read
	ColTextKind // whose text ColText is
	ColText     // what free words search where that is not the raw bytes
	ColNotes    // what detection keeps of the event, as ColFields; not searched
	// ColumnCount is their number.
	ColumnCount
)

// Values of ColTextKind.
const (
	TextIsRaw     = 0 // the raw bytes; the file's column is empty
	TextOfEvent   = 1 // Event.Text
	textOfDecoded = 2 // made valid or unescaped, see query.Plain
)

// Storage is how a column is kept.
type Storage uint8

// The ways to keep numbers; the others keep text.
const (
	Number64   Storage = iota
	Number32           // few distinct values in a row
	dictionary         // text that repeats
	plain              // text that does not
)

// Spec is the name of a column, in files and statements, and how it is kept.
type Spec struct {
	Name string
	Kept Storage
}

// Specs lists name and storage of every column by its number.
func Specs() [ColumnCount]Spec {
	return [ColumnCount]Spec{
		ColTime: {"time", Number64}, ColRecord: {"record", Number64}, ColNth: {"nth", Number32},
		ColTimeRx: {"time_rx", Number64}, ColQuality: {"time_quality", dictionary},
		ColOriginal: {"time_original", plain}, ColSource: {"source", dictionary},
		ColFormat: {"format", dictionary}, ColSeq: {"seq", plain},
		ColClass: {"class_uid", Number32}, ColActivity: {"activity_id", Number32},
		ColStatus: {"status_id", Number32}, ColSeverity: {"severity_id", Number32},
		ColCode: {"event_code", dictionary}, ColActor: {"actor_user", dictionary},
		ColTarget: {"target_user", dictionary}, ColSrcIP: {"src_ip", dictionary},
		ColSrcPort: {"src_port", Number32}, ColDstIP: {"dst_ip", dictionary},
		ColDstPort: {"dst_port", Number32}, ColHost: {"host", dictionary},
		ColSession: {"session_uid", plain}, ColProcess: {"process_path", dictionary},
		ColCmd: {"cmd_line", plain}, ColObject: {"object", dictionary},
		ColStatement: {"statement", plain}, ColClient: {"client_app", dictionary},
		ColBytes: {"bytes_out", Number64}, ColMessage: {"message", plain},
		ColFields: {"fields", plain}, ColTextKind: {"text_kind", Number32}, ColText: {"text", plain},
		ColNotes: {"notes", plain},
	}
}

// Text reports whether the column holds text.
func (s Storage) Text() bool { return s == dictionary || s == plain }

// Instants are kept as nanoseconds between two bounds, the beginnings of the
// years 1700 and 2250, that leave room for arithmetic in 64 bits. The lower
// bound stands for the zero time.
const (
	lowSecond  int64 = -8520336000
	highSecond int64 = 8835955200
)

// Bounds gives the lowest and the highest instant that is kept, as nanoseconds
// since 1970 UTC.
func Bounds() (low, high int64) { return lowSecond * 1e9, highSecond * 1e9 }

// Nanos gives an instant as nanoseconds since 1970 UTC, clamped to the bounds.
func Nanos(t time.Time) int64 {
	switch s := t.Unix(); {
	case s < lowSecond:
		return lowSecond * 1e9
	case s >= highSecond:
		return highSecond * 1e9
	}
	return t.UnixNano()
}

// Instant is the inverse of Nanos.
func Instant(n int64) time.Time {
	if low, _ := Bounds(); n <= low {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// Batch is a run of rows in columns. Batches that queries see never change;
// a grown one shares its older rows with the version before.
type Batch struct {
	Rows                 int
	size                 int // bytes of text
	Earliest, Latest     int64
	LowRecord, TopRecord uint64
	quality              event.Quality // of the last row, without Original
	written              string        // its text form
	Cols                 [ColumnCount]Column
	// What a row's number counts, and whether the row arrived as it was written: no
	// columns of a file, but the sidecar tells what is found by them.
	Chain Column
	Live  []bool
}

// Column holds numbers, or text as the end of each value in Data.
type Column struct {
	Numbers []int64
	Ends    []uint32
	Data    []byte
}

// Text returns the bytes of row i.
func (c *Column) Text(i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = c.Ends[i-1]
	}
	return c.Data[start:c.Ends[i]]
}

// NewBatch begins a batch.
func NewBatch() *Batch {
	return &Batch{Earliest: math.MaxInt64, Latest: math.MinInt64, LowRecord: math.MaxUint64}
}

// Sibling begins an empty batch that expects rows like b's.
func (b *Batch) Sibling() *Batch {
	s := NewBatch()
	for i := range b.Cols {
		from := &b.Cols[i]
		s.Cols[i] = Column{
			Numbers: make([]int64, 0, len(from.Numbers)),
			Ends:    make([]uint32, 0, len(from.Ends)),
			Data:    make([]byte, 0, len(from.Data)+len(from.Data)/16),
		}
	}
	s.Chain = Column{Ends: make([]uint32, 0, len(b.Chain.Ends)), Data: make([]byte, 0, len(b.Chain.Data)+len(b.Chain.Data)/16)}
	s.Live = make([]bool, 0, len(b.Live))
	return s
}

// CopyIf gives a batch of its own of the rows whose record is wanted.
func (b *Batch) CopyIf(wanted func(record uint64) bool) *Batch {
	out := NewBatch()
	for row, record := range b.Cols[ColRecord].Numbers {
		if !wanted(uint64(record)) {
			continue
		}
		at := b.Cols[ColTime].Numbers[row]
		out.Rows++
		out.Earliest, out.Latest = min(out.Earliest, at), max(out.Latest, at)
		out.LowRecord, out.TopRecord = min(out.LowRecord, uint64(record)), max(out.TopRecord, uint64(record))
		for col, s := range Specs() {
			if s.Kept.Text() {
				out.bytes(col, b.Cols[col].Text(row))
			} else {
				out.number(col, b.Cols[col].Numbers[row])
			}
		}
		out.beside(string(b.Chain.Text(row)), b.Live[row])
	}
	return out
}

// Full reports whether the batch should not grow further.
func (b *Batch) Full() bool { return b.Rows >= batchRows || b.size >= batchBytes }

const (
	batchRows  = 8192
	batchBytes = 32 << 20
)

func (b *Batch) number(col int, n int64) { b.Cols[col].Numbers = append(b.Cols[col].Numbers, n) }

func (b *Batch) text(col int, s string) {
	if !utf8.ValidString(s) {
		s = query.Clean(s)
	}
	c := &b.Cols[col]
	c.Data = append(c.Data, s...)
	c.Ends = append(c.Ends, uint32(len(c.Data)))
	b.size += len(s)
}

func (b *Batch) bytes(col int, s []byte) {
	c := &b.Cols[col]
	c.Data = append(c.Data, s...)
	c.Ends = append(c.Ends, uint32(len(c.Data)))
	b.size += len(s)
}

// Add appends one event and the text of its record.
func (b *Batch) Add(ev *event.Event, raw []byte) {
	at := Nanos(ev.Time)
	b.Rows++
	b.Earliest, b.Latest = min(b.Earliest, at), max(b.Latest, at)
	b.LowRecord, b.TopRecord = min(b.LowRecord, ev.Record), max(b.TopRecord, ev.Record)
	b.number(ColTime, at)
	b.number(ColRecord, int64(ev.Record))
	b.number(ColNth, int64(ev.Nth))
	b.number(ColTimeRx, Nanos(ev.TimeRx))
	b.text(ColQuality, b.qualityText(ev.Quality))
	b.text(ColOriginal, ev.Quality.Original)
	b.text(ColSource, ev.Source)
	b.text(ColFormat, ev.Format)
	b.text(ColSeq, ev.NativeSeq)
	b.number(ColClass, int64(ev.ClassUID))
	b.number(ColActivity, int64(ev.ActivityID))
	b.number(ColStatus, int64(ev.StatusID))
	b.number(ColSeverity, int64(ev.SeverityID))
	b.text(ColCode, ev.EventCode)
	b.text(ColActor, ev.ActorUser)
	b.text(ColTarget, ev.TargetUser)
	b.text(ColSrcIP, ev.SrcIP)
	b.number(ColSrcPort, int64(ev.SrcPort))
	b.text(ColDstIP, ev.DstIP)
	b.number(ColDstPort, int64(ev.DstPort))
	b.text(ColHost, ev.Host)
	b.text(ColSession, ev.SessionUID)
	b.text(ColProcess, ev.ProcessPath)
	b.text(ColCmd, ev.CmdLine)
	b.text(ColObject, ev.Object)
	b.text(ColStatement, ev.Statement)
	b.text(ColClient, ev.ClientApp)
	b.number(ColBytes, ev.BytesOut)
	b.text(ColMessage, ev.Message)
	b.fields(ColFields, ev.Fields)
	b.words(ev, raw)
	b.fields(ColNotes, ev.Notes)
	b.beside(ev.Chain, ev.Live)
}

// beside appends what is kept beside the columns.
func (b *Batch) beside(chain string, live bool) {
	b.Chain.Data = append(b.Chain.Data, query.Clean(chain)...)
	b.Chain.Ends = append(b.Chain.Ends, uint32(len(b.Chain.Data)))
	b.Live = append(b.Live, live)
	b.size += len(chain)
}

// qualityText writes the text form anew only where it changes.
func (b *Batch) qualityText(q event.Quality) string {
	q.Original = ""
	if b.written == "" || q != b.quality {
		b.quality, b.written = q, q.String()
	}
	return b.written
}

// fields appends native fields, or notes, as a JSON object.
func (b *Batch) fields(col int, fields []event.Field) {
	c := &b.Cols[col]
	start := len(c.Data)
	if len(fields) > 0 {
		c.Data = appendFields(c.Data, fields)
	}
	c.Ends = append(c.Ends, uint32(len(c.Data)))
	b.size += len(c.Data) - start
}

func appendFields(dst []byte, fields []event.Field) []byte {
	for i, f := range fields {
		if i == 0 {
			dst = append(dst, '{')
		} else {
			dst = append(dst, ',')
		}
		dst = AppendQuoted(dst, f.Name)
		dst = append(dst, ':')
		dst = AppendQuoted(dst, f.Value)
	}
	return append(dst, '}')
}

// AppendQuoted appends a JSON string; bytes that are not UTF-8 become U+FFFD.
func AppendQuoted(dst []byte, s string) []byte {
	if isPlain(s) {
		dst = append(dst, '"')
		dst = append(dst, s...)
		return append(dst, '"')
	}
	quoted, err := jsontext.AppendQuote(dst, s)
	if err != nil {
		quoted, _ = jsontext.AppendQuote(dst, query.Clean(s)) // valid text cannot fail
	}
	return quoted
}

// isPlain reports whether JSON writes s as it is.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// words appends what free words search.
func (b *Batch) words(ev *event.Event, raw []byte) {
	text := query.Plain(ev, raw)
	kind := int64(textOfDecoded)
	switch {
	case ev.Text != "":
		kind = TextOfEvent
	case bytes.Equal(text, raw):
		kind = TextIsRaw
	}
	b.number(ColTextKind, kind)
	b.bytes(ColText, text)
}

// Place is one row of a batch.
type Place struct {
	Batch *Batch
	Row   int
}

// Arrange lists the rows of the batches whose record lies in [first,last], in
// the order (time, record, nth).
func Arrange(batches []*Batch, first, last uint64) []Place {
	total := 0
	for _, b := range batches {
		total += b.Rows
	}
	places := make([]Place, 0, total)
	for _, b := range batches {
		if b.TopRecord < first || b.LowRecord > last {
			continue
		}
		for row, n := range b.Cols[ColRecord].Numbers {
			if uint64(n) >= first && uint64(n) <= last {
				places = append(places, Place{b, row})
			}
		}
	}
	slices.SortStableFunc(places, func(a, b Place) int {
		for _, col := range [...]int{ColTime, ColRecord, ColNth} {
			if c := cmp.Compare(a.Batch.Cols[col].Numbers[a.Row], b.Batch.Cols[col].Numbers[b.Row]); c != 0 {
				return c
			}
		}
		return 0
	})
	return places
}
