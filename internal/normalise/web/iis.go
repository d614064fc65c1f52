package web

import (
	"bytes"
	"html"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// iis reads the W3C log of Internet Information Services, and the same columns
// in the events that IIS sends to the Windows event log (Microsoft Learn, "W3C
// Logging"; "Logging/Logs" channel of Microsoft-Windows-IIS-Logging).
type iis struct{ *w3c }

// NewIIS returns the format "iis".
func NewIIS() format.Format {
	base := strings.Fields("date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken")
	referer := strings.Fields("date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken")
	return iis{&w3c{name: "iis", usual: [][]string{referer, base}, headers: map[string][]string{}}}
}

func (iis) Name() string { return "iis" }

// Matches looks for "2018-03-01 12:12:50 192.0.2.1 GET /", a line of the
// header, or an event of IIS in XML.
func (iis) Matches(raw []byte) bool {
	if len(raw) < 24 {
		return isW3CDirective(raw)
	}
	switch raw[0] {
	case '#':
		return isW3CDirective(raw)
	case '<':
		return isIISEvent(raw)
	}
	return raw[4] == '-' && raw[10] == ' ' && raw[13] == ':' && raw[19] == ' ' && (format.IsDigit(raw[20]) || isHexColon(raw[20:24])) && bytes.IndexByte(raw, '/') > 0
}

// isHexColon reports whether an IPv6 address begins here.
func isHexColon(s []byte) bool { return bytes.IndexByte(s, ':') >= 0 }

func isIISEvent(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte("<Event ")) && bytes.Contains(raw[:min(len(raw), 512)], []byte("Microsoft-Windows-IIS-Logging"))
}

// Shape takes a file that begins with IIS's header; another product's is left
// to it.
func (f iis) Shape(head []byte) (event.Shape, bool) {
	columns, ok := w3cHeader(head)
	if !ok || !strings.Contains(strings.Join(columns, " "), "cs-method") || strings.Contains(strings.Join(columns, " "), "x-edge-") {
		return event.Shape{}, false
	}
	return event.Shape{Format: f.name, Columns: columns}, true
}

func (f iis) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	switch {
	case isW3CDirective(in.Raw):
		return f.directive(in, dst), true
	case isIISEvent(in.Raw):
		return f.event(in, dst)
	}
	cells := strings.Split(in.Text(), " ")
	columns := f.columns(in, len(cells))
	if len(columns) != len(cells) {
		return dst, false
	}
	return f.read(in, columns, cells, dst)
}

// event reads <Data Name="COLUMN">VALUE</Data> elements.
func (f iis) event(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	text := in.Text()
	var columns, cells []string
	for rest := text; len(columns) < maxWords; {
		_, after, ok := strings.Cut(rest, `<Data Name="`)
		if !ok {
			break
		}
		name, after, ok := strings.Cut(after, `">`)
		value, after, closed := strings.Cut(after, "</Data>")
		if !ok || !closed || strings.ContainsAny(name, "<>") {
			break
		}
		columns, cells = append(columns, name), append(cells, html.UnescapeString(value))
		rest = after
	}
	if len(columns) == 0 {
		return dst, false
	}
	out, ok := f.read(in, columns, cells, dst)
	if ok {
		ev := &out[len(out)-1]
		ev.Host = format.Between(text, "<Computer>", "</Computer>")
		ev.NativeSeq = format.Between(text, "<EventRecordID>", "</EventRecordID>")
		ev.Add("Channel", format.Between(text, "<Channel>", "</Channel>"))
		ev.Add("EventID", format.Between(text, "<EventID>", "</EventID>"))
	}
	return out, ok
}
