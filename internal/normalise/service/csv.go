package service

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// maxHeaders bounds how many headers a csvFile remembers.
const maxHeaders = 1024

// csvFile reads exports in CSV (RFC 4180) whose header the transport carries,
// as services and Japanese groupware give them: separated by commas, tabs or
// semicolons. What a column stands for is told from its heading, see
// columnNames.
type csvFile struct {
	columns *columnMap
	classes *classifier
	cells   []string
	headers map[string]*csvHeader // by the texts of the hints
}

// csvHeader is what the hints of a file say of its cells.
type csvHeader struct {
	names []string
	slots []slot
	kind  export
}

// NewCSV returns the format "csv".
func NewCSV() format.Format {
	return &csvFile{columns: newColumnMap(), classes: newClassifier(), headers: map[string]*csvHeader{}}
}

func (c *csvFile) Name() string { return "csv" }

// Matches never takes a record by its bytes: without a header they say nothing.
func (c *csvFile) Matches([]byte) bool { return false }

func csvSeparators() [3]byte { return [3]byte{',', '\t', ';'} }

// Shape takes a file whose first row reads as headings and whose next rows
// have as many cells.
func (c *csvFile) Shape(head []byte) (event.Shape, bool) {
	rows := csvRows(string(head))
	if len(rows) == 0 {
		return event.Shape{}, false
	}
	for _, sep := range csvSeparators() {
		header, ok := format.SplitCSV(nil, rows[0], sep)
		if ok && c.isHeader(header) && rowsFit(rows[1:], len(header), sep) {
			return event.Shape{Format: c.Name(), Framing: event.FrameCSV, Columns: header}, true
		}
	}
	return event.Shape{}, false
}

// ShapeOfMapped tells how a CSV file is cut whose headings a map explains:
// its first row is its header, whatever it says.
func ShapeOfMapped(head []byte) (event.Shape, bool) {
	rows := csvRows(string(head))
	if len(rows) == 0 {
		return event.Shape{}, false
	}
	for _, sep := range csvSeparators() {
		if header, ok := format.SplitCSV(nil, rows[0], sep); ok && len(header) > 1 && rowsFit(rows[1:], len(header), sep) {
			return event.Shape{Format: "csv", Framing: event.FrameCSV, Columns: header}, true
		}
	}
	return event.Shape{}, false
}

// csvRows cuts the beginning of a file into rows, at line ends outside quotes;
// a row that does not end is left out unless it is the only one.
func csvRows(text string) []string {
	var rows []string
	for text != "" && len(rows) < format.MaxSample {
		end := csvRowEnd(text)
		if end < 0 {
			if len(rows) > 0 {
				break
			}
			end = len(text)
		}
		if row := strings.TrimRight(text[:end], "\r\n"); row != "" {
			rows = append(rows, row)
		}
		text = text[min(end+1, len(text)):]
	}
	return rows
}

func csvRowEnd(text string) int {
	quoted := false
	for i := range len(text) {
		switch text[i] {
		case '"':
			quoted = !quoted
		case '\n':
			if !quoted {
				return i
			}
		}
	}
	return -1
}

// isHeader reports whether a row reads as headings: short, different texts,
// none a number, a time or an address, at least one with a known meaning.
func (c *csvFile) isHeader(cells []string) bool {
	if len(cells) < 2 {
		return false
	}
	known := false
	for i, cell := range cells {
		cell = strings.TrimSpace(cell)
		if cell == "" || utf8.RuneCountInString(cell) > 64 || slices.Contains(cells[:i], cell) || strings.ContainsAny(cell, "={}<>\n") {
			return false
		}
		if _, isTime := format.ParseTime(cell); isTime || format.IsDecimal(cell) || format.Address(cell) != "" {
			return false
		}
		known = known || c.columns.of(cell).col != colNone
	}
	return known
}

// rowsFit reports whether nine rows of ten have n cells; a header alone is enough.
func rowsFit(rows []string, n int, sep byte) bool {
	fit := 0
	for _, row := range rows {
		if cells, ok := format.SplitCSV(nil, row, sep); ok && len(cells) == n {
			fit++
		}
	}
	return fit*10 >= len(rows)*9
}

func (c *csvFile) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	header := c.header(in.Via.Get("columns"), in.Via.Get(mapHint))
	if header == nil {
		return dst, false
	}
	text := in.Text()
	cells, ok := c.split(text, len(header.names))
	if !ok {
		return dst, false
	}
	dst = append(dst, in.New(c.Name(), event.ClassBase))
	ev := &dst[len(dst)-1]
	if slices.Equal(cells, header.names) {
		ev.EventCode, ev.Message = "header", format.Message(text)
		return dst, true
	}
	ev.Fields = make([]event.Field, 0, len(cells))
	var f facts
	for i, cell := range cells {
		if i >= len(header.names) {
			ev.Add("extra", cell) // more cells than headings
			continue
		}
		f.put(&header.slots[i], strings.TrimSpace(cell))
		ev.Add(header.names[i], cell)
	}
	f.apply(in, ev)
	c.classes.classify(&f, ev)
	header.kind.finish(c.classes, &f, ev)
	return dst, true
}

// header gives what the hints say, remembered by their texts.
func (c *csvFile) header(columns, headings string) *csvHeader {
	if columns == "" {
		return nil
	}
	key := columns + "\x00" + headings
	if h, ok := c.headers[key]; ok {
		return h
	}
	if len(c.headers) >= maxHeaders {
		clear(c.headers)
	}
	names := event.SplitColumns(columns)
	h := &csvHeader{names, mapped(names, c.columns.of, parseMap(headings)), exportOf(names)}
	c.headers[key] = h
	return h
}

// split cuts a row with the separator that gives n cells, or else the most.
func (c *csvFile) split(text string, n int) ([]string, bool) {
	best := byte(0)
	most := 1
	for _, sep := range csvSeparators() {
		cells, ok := format.SplitCSV(c.cells[:0], text, sep)
		c.cells = cells[:0]
		if ok && len(cells) == n {
			return cells, true
		}
		if ok && len(cells) > most {
			best, most = sep, len(cells)
		}
	}
	if best == 0 {
		return nil, false
	}
	cells, ok := format.SplitCSV(c.cells[:0], text, best)
	c.cells = cells[:0]
	return cells, ok
}
