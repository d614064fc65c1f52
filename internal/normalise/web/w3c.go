package web

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// maxW3CHeaders bounds how many headers a reader remembers.
const maxW3CHeaders = 256

// w3c reads the W3C Extended Log File Format, whose "#Fields:" line names the
// columns of the lines after it. Times are UTC, as the format says.
type w3c struct {
	name    string
	usual   [][]string          // columns by default, for lines that came without their header
	headers map[string][]string // by the text of the hint
}

// columns gives the headings of a record: those of the transport, or the usual
// ones with as many.
func (w *w3c) columns(in *format.Input, n int) []string {
	hint := in.Via.Get("columns")
	if hint == "" {
		for _, columns := range w.usual {
			if len(columns) == n {
				return columns
			}
		}
		return nil
	}
	if h, ok := w.headers[hint]; ok {
		return h
	}
	if len(w.headers) >= maxW3CHeaders {
		clear(w.headers)
	}
	h := event.SplitColumns(hint)
	w.headers[hint] = h
	return h
}

// w3cHeader gives the columns that the first "#Fields:" of a file names.
func w3cHeader(head []byte) ([]string, bool) {
	if !bytes.HasPrefix(head, []byte("#")) {
		return nil, false
	}
	for line := range bytes.Lines(head) {
		if rest, ok := bytes.CutPrefix(line, []byte("#Fields:")); ok {
			return strings.Fields(string(rest)), true
		}
		if line[0] != '#' {
			break
		}
	}
	return nil, false
}

// isW3CDirective reports whether a record is a line of the header.
func isW3CDirective(raw []byte) bool {
	if len(raw) == 0 || raw[0] != '#' || bytes.IndexByte(raw, '\n') >= 0 {
		return false
	}
	for _, name := range [...]string{"#Fields:", "#Software:", "#Version:", "#Date:", "#Start-Date:", "#End-Date:", "#Remark:"} {
		if bytes.HasPrefix(raw, []byte(name)) {
			return true
		}
	}
	return false
}

// directive gives the event of a line of the header.
func (w *w3c) directive(in *format.Input, dst []event.Event) []event.Event {
	ev := in.New(w.name, event.ClassBase)
	ev.EventCode, ev.Message = "header", format.Message(in.Text())
	name, value, _ := strings.Cut(in.Text()[1:], ":")
	ev.Add(name, strings.TrimSpace(value))
	return append(dst, ev)
}

// read gives the event of a line whose cells are known.
func (w *w3c) read(in *format.Input, columns, cells []string, dst []event.Event) ([]event.Event, bool) {
	var of [partCount]string
	ev := in.New(w.name, event.ClassHTTP)
	ev.Fields = make([]event.Field, 0, len(cells)+6)
	date, clock := "", ""
	for i, cell := range cells {
		value, name := format.NilValue(cell), w3cName(columns[i])
		switch name {
		case "cs-cookie":
			continue
		case "date":
			date = value
		case "time":
			clock = value
		case "s-ip":
			ev.DstIP = format.Address(value)
		case "s-port":
			ev.DstPort = format.Port(value)
		case "s-computername":
			ev.Host = value
		default:
			if p := w3cPart(name); p != partNone {
				of[p] = value
				continue // setParts adds it
			}
		}
		ev.Add(name, value)
	}
	at, ok := format.ParseTime(date + " " + clock)
	if !ok || !isMethod(of[partMethod]) {
		return dst, false
	}
	at.Zoned, at.Offset = true, 0
	at.Set(in, &ev)
	query, _ := ev.Get("cs-uri-query")
	uri := of[partURI]
	if query != "" {
		uri += "?" + query
		ev.Fields = withoutField(ev.Fields, "cs-uri-query")
	}
	of[partURI] = uri
	setParts(in, &ev, &of)
	ev.ClientApp = strings.ReplaceAll(of[partAgent], "+", " ")
	return append(dst, ev), true
}

// withoutField leaves out the fields of a name.
func withoutField(fields []event.Field, name string) []event.Field {
	kept := fields[:0]
	for _, f := range fields {
		if f.Name != name {
			kept = append(kept, f)
		}
	}
	return kept
}

// w3cName gives the name that rules use for a column: cs(User-Agent) of a
// file, csUser-Agent of an event log.
func w3cName(column string) string {
	switch column {
	case "cs(User-Agent)", "csUser-Agent":
		return "cs-user-agent"
	case "cs(Referer)", "csReferer":
		return "cs-referer"
	case "cs(Cookie)", "csCookie":
		return "cs-cookie"
	case "cs(Host)":
		return "x-cs-host" // of a CDN: its own name, not the one asked for
	case "x-host-header":
		return "cs-host"
	case "cs-protocol-version":
		return "cs-version"
	}
	return column
}

func w3cPart(name string) part {
	switch name {
	case "c-ip":
		return partClient
	case "c-port":
		return partClientPort
	case "cs-username":
		return partUser
	case "cs-method":
		return partMethod
	case "cs-uri-stem":
		return partURI
	case "cs-version":
		return partProtocol
	case "sc-status":
		return partStatus
	case "sc-bytes":
		return partBytes
	case "cs-referer":
		return partReferer
	case "cs-user-agent":
		return partAgent
	case "cs-host":
		return partHost
	}
	return partNone
}
