package duckdb

import (
	"bytes"
	"math"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/query"
)

// The columns of a row in memory. A derived file has them as well, and those of
// its layout; there the last ones but source text are mostly empty. Empty text and zero mean "not
// stated", as in an Event; there are no nulls.
const (
	colTime     = iota // nanoseconds since 1970 UTC, see nanos
	colRecord          // Seq of the record
	colNth             // the event's place in its record
	colTimeRx          // nanoseconds
	colQuality         // event.Quality's text form
	colOriginal        // the time as it stands in the record
	colSource
	colFormat
	colSeq
	colClass
	colActivity
	colStatus
	colSeverity
	colCode
	colActor
	colTarget
	colSrcIP
	colSrcPort
	colDstIP
	colDstPort
	colHost
	colSession
	colProcess
	colCmd
	colObject
	colStatement
	colClient
	colBytes
	colMessage
	colFields   // JSON object of the native fields, in the order read
	colTextKind // whose text colText is
	colText     // what free words search where that is not the raw bytes
	columnCount
)

// Values of colTextKind.
const (
	textIsRaw     = 0 // colText is empty
	textOfEvent   = 1 // Event.Text
	textOfDecoded = 2 // made valid or unescaped, see query.Plain
)

// storage is how a column is kept.
type storage uint8

const (
	number64   storage = iota
	number32           // few distinct values in a row
	dictionary         // text that repeats
	plain              // text that does not
)

type spec struct {
	name string
	kept storage
}

// specs lists name and storage of every column by its number.
func specs() [columnCount]spec {
	return [columnCount]spec{
		colTime: {"time", number64}, colRecord: {"record", number64}, colNth: {"nth", number32},
		colTimeRx: {"time_rx", number64}, colQuality: {"time_quality", dictionary},
		colOriginal: {"time_original", plain}, colSource: {"source", dictionary},
		colFormat: {"format", dictionary}, colSeq: {"seq", plain},
		colClass: {"class_uid", number32}, colActivity: {"activity_id", number32},
		colStatus: {"status_id", number32}, colSeverity: {"severity_id", number32},
		colCode: {"event_code", dictionary}, colActor: {"actor_user", dictionary},
		colTarget: {"target_user", dictionary}, colSrcIP: {"src_ip", dictionary},
		colSrcPort: {"src_port", number32}, colDstIP: {"dst_ip", dictionary},
		colDstPort: {"dst_port", number32}, colHost: {"host", dictionary},
		colSession: {"session_uid", plain}, colProcess: {"process_path", dictionary},
		colCmd: {"cmd_line", plain}, colObject: {"object", dictionary},
		colStatement: {"statement", plain}, colClient: {"client_app", dictionary},
		colBytes: {"bytes_out", number64}, colMessage: {"message", plain},
		colFields: {"fields", plain}, colTextKind: {"text_kind", number32}, colText: {"text", plain},
	}
}

func (s storage) text() bool { return s == dictionary || s == plain }

// Instants are kept as nanoseconds between two bounds, the beginnings of the
// years 1700 and 2250, that leave room for arithmetic in 64 bits. The lower
// bound stands for the zero time.
const (
	lowSecond  int64 = -8520336000
	highSecond int64 = 8835955200
)

func bounds() (low, high int64) { return lowSecond * 1e9, highSecond * 1e9 }

// nanos clamps an instant to the bounds.
func nanos(t time.Time) int64 {
	switch s := t.Unix(); {
	case s < lowSecond:
		return lowSecond * 1e9
	case s >= highSecond:
		return highSecond * 1e9
	}
	return t.UnixNano()
}

// instant is the inverse of nanos.
func instant(n int64) time.Time {
	if low, _ := bounds(); n <= low {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// batch is a run of rows in columns. Batches that queries see never change;
// a grown one shares its older rows with the version before.
type batch struct {
	rows                 int
	size                 int // bytes of text
	earliest, latest     int64
	lowRecord, topRecord uint64
	quality              event.Quality // of the last row, without Original
	written              string        // its text form
	cols                 [columnCount]column
}

// column holds numbers, or text as the end of each value in data.
type column struct {
	numbers []int64
	ends    []uint32
	data    []byte
}

// text returns the bytes of row i.
func (c *column) text(i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = c.ends[i-1]
	}
	return c.data[start:c.ends[i]]
}

func newBatch() *batch {
	return &batch{earliest: math.MaxInt64, latest: math.MinInt64, lowRecord: math.MaxUint64}
}

// sibling begins a batch that expects rows like b's.
func (b *batch) sibling() *batch {
	s := newBatch()
	for i := range b.cols {
		from := &b.cols[i]
		s.cols[i] = column{
			numbers: make([]int64, 0, len(from.numbers)),
			ends:    make([]uint32, 0, len(from.ends)),
			data:    make([]byte, 0, len(from.data)+len(from.data)/16),
		}
	}
	return s
}

// copyIf copies the rows whose record is wanted.
func (b *batch) copyIf(wanted func(record uint64) bool) *batch {
	out := newBatch()
	for row, record := range b.cols[colRecord].numbers {
		if !wanted(uint64(record)) {
			continue
		}
		at := b.cols[colTime].numbers[row]
		out.rows++
		out.earliest, out.latest = min(out.earliest, at), max(out.latest, at)
		out.lowRecord, out.topRecord = min(out.lowRecord, uint64(record)), max(out.topRecord, uint64(record))
		for col, s := range specs() {
			if s.kept.text() {
				out.bytes(col, b.cols[col].text(row))
			} else {
				out.number(col, b.cols[col].numbers[row])
			}
		}
	}
	return out
}

// full reports whether the batch should not grow further.
func (b *batch) full() bool { return b.rows >= batchRows || b.size >= batchBytes }

const (
	batchRows  = 8192
	batchBytes = 32 << 20
)

func (b *batch) number(col int, n int64) { b.cols[col].numbers = append(b.cols[col].numbers, n) }

func (b *batch) text(col int, s string) {
	if !utf8.ValidString(s) {
		s = query.Clean(s)
	}
	c := &b.cols[col]
	c.data = append(c.data, s...)
	c.ends = append(c.ends, uint32(len(c.data)))
	b.size += len(s)
}

func (b *batch) bytes(col int, s []byte) {
	c := &b.cols[col]
	c.data = append(c.data, s...)
	c.ends = append(c.ends, uint32(len(c.data)))
	b.size += len(s)
}

// add appends one event and the text of its record.
func (b *batch) add(ev *event.Event, raw []byte) {
	at := nanos(ev.Time)
	b.rows++
	b.earliest, b.latest = min(b.earliest, at), max(b.latest, at)
	b.lowRecord, b.topRecord = min(b.lowRecord, ev.Record), max(b.topRecord, ev.Record)
	b.number(colTime, at)
	b.number(colRecord, int64(ev.Record))
	b.number(colNth, int64(ev.Nth))
	b.number(colTimeRx, nanos(ev.TimeRx))
	b.text(colQuality, b.qualityText(ev.Quality))
	b.text(colOriginal, ev.Quality.Original)
	b.text(colSource, ev.Source)
	b.text(colFormat, ev.Format)
	b.text(colSeq, ev.NativeSeq)
	b.number(colClass, int64(ev.ClassUID))
	b.number(colActivity, int64(ev.ActivityID))
	b.number(colStatus, int64(ev.StatusID))
	b.number(colSeverity, int64(ev.SeverityID))
	b.text(colCode, ev.EventCode)
	b.text(colActor, ev.ActorUser)
	b.text(colTarget, ev.TargetUser)
	b.text(colSrcIP, ev.SrcIP)
	b.number(colSrcPort, int64(ev.SrcPort))
	b.text(colDstIP, ev.DstIP)
	b.number(colDstPort, int64(ev.DstPort))
	b.text(colHost, ev.Host)
	b.text(colSession, ev.SessionUID)
	b.text(colProcess, ev.ProcessPath)
	b.text(colCmd, ev.CmdLine)
	b.text(colObject, ev.Object)
	b.text(colStatement, ev.Statement)
	b.text(colClient, ev.ClientApp)
	b.number(colBytes, ev.BytesOut)
	b.text(colMessage, ev.Message)
	b.fields(ev.Fields)
	b.words(ev, raw)
}

// qualityText writes the text form anew only where it changes.
func (b *batch) qualityText(q event.Quality) string {
	q.Original = ""
	if b.written == "" || q != b.quality {
		b.quality, b.written = q, q.String()
	}
	return b.written
}

// fields appends the native fields as a JSON object.
func (b *batch) fields(fields []event.Field) {
	c := &b.cols[colFields]
	start := len(c.data)
	if len(fields) > 0 {
		c.data = appendFields(c.data, fields)
	}
	c.ends = append(c.ends, uint32(len(c.data)))
	b.size += len(c.data) - start
}

func appendFields(dst []byte, fields []event.Field) []byte {
	for i, f := range fields {
		if i == 0 {
			dst = append(dst, '{')
		} else {
			dst = append(dst, ',')
		}
		dst = appendQuoted(dst, f.Name)
		dst = append(dst, ':')
		dst = appendQuoted(dst, f.Value)
	}
	return append(dst, '}')
}

// appendQuoted appends a JSON string; bytes that are not UTF-8 become U+FFFD.
func appendQuoted(dst []byte, s string) []byte {
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
func (b *batch) words(ev *event.Event, raw []byte) {
	text := query.Plain(ev, raw)
	kind := int64(textOfDecoded)
	switch {
	case ev.Text != "":
		kind = textOfEvent
	case bytes.Equal(text, raw):
		kind = textIsRaw
	}
	b.number(colTextKind, kind)
	b.bytes(colText, text)
}
