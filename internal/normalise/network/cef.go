package network

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// cef reads ArcSight's Common Event Format, version 0 and 1, with or without a
// header before it, also where a relay has taken the word CEF for a syslog tag.
// Source: Micro Focus, "Implementing ArcSight Common Event Format".
type cef struct{}

func newCEF() format.Format { return cef{} }

func (cef) Name() string { return "cef" }

func (cef) Matches(raw []byte) bool { return cefStart(raw) >= 0 }

// cefStart finds the version: behind "CEF:", or at the very beginning.
func cefStart(raw []byte) int {
	head := raw[:min(len(raw), 300)]
	at := 0
	if i := bytes.Index(head, []byte("CEF:")); i >= 0 {
		at = i + len("CEF:")
		if at < len(head) && head[at] == ' ' {
			at++
		}
	}
	if at+2 > len(head) || head[at] < '0' || head[at] > '1' || head[at+1] != '|' || bytes.Count(raw[:min(len(raw), 2048)], []byte("|")) < 7 {
		return -1
	}
	return at
}

func (f cef) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	at := cefStart(in.Raw)
	if at < 0 {
		return dst, false
	}
	text := in.Text()
	before := strings.TrimSuffix(strings.TrimRight(text[:at], " "), "CEF:")
	head, ok := readHeader(before)
	cells, extension, whole := cutCEF(text[at:])
	if !ok || !whole {
		return dst, false
	}
	dst = append(dst, in.New(f.Name(), event.ClassBase))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, 28)
	for i, name := range [...]string{"cefVersion", "deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "severity"} {
		ev.Add(name, cells[i])
	}
	for name, value := range cefPairs(extension) {
		ev.Add(name, value)
	}
	ev.EventCode, ev.SeverityID = cells[4], cefSeverity(cells[6])
	arcColumns(in, ev)
	head.set(in, ev)
	ev.Message = format.Message(cmp.Or(ev.First("msg"), cells[5]))
	arcClass(ev, cells[5])
	return dst, true
}

// cutCEF cuts the seven cells of the header, in which a backslash stands before
// a pipe or a backslash, from the extension.
func cutCEF(s string) (cells [7]string, extension string, ok bool) {
	for i := range cells {
		cell, rest, found := cutEscaped(s, '|')
		if !found {
			return cells, "", false
		}
		cells[i], s = cell, rest
	}
	return cells, s, true
}

func cutEscaped(s string, sep byte) (cell, rest string, ok bool) {
	escaped := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			escaped = true
			i++
		case sep:
			if cell = s[:i]; escaped {
				cell = unescapeCEF(cell)
			}
			return cell, s[i+1:], true
		}
	}
	return "", "", false
}

func unescapeCEF(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\|`, `|`, `\=`, `=`, `\n`, "\n", `\r`, "\r").Replace(s)
}

// cefPairs reads "name=value name=value": a value goes to the blank before the
// next name.
func cefPairs(s string) func(yield func(string, string) bool) {
	return func(yield func(string, string) bool) {
		name, from := "", 0
		for i := 0; i < len(s); i++ {
			if s[i] == '\\' {
				i++
				continue
			}
			if s[i] != '=' {
				continue
			}
			begin := i
			for begin > from && isCEFName(s[begin-1]) {
				begin--
			}
			if begin == i || begin > 0 && s[begin-1] != ' ' {
				continue
			}
			if name != "" && !yield(name, cefValue(s[from:begin])) {
				return
			}
			name, from = s[begin:i], i+1
		}
		if name != "" {
			yield(name, cefValue(s[from:]))
		}
	}
}

func cefValue(s string) string {
	s = strings.TrimSpace(s)
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	return unescapeCEF(s)
}

func isCEFName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || format.IsDigit(c) || c == '_' || c == '.' || c == '[' || c == ']'
}

// cefSeverity reads 0 to 10 or a word.
func cefSeverity(s string) int32 {
	switch s {
	case "0", "1", "2", "3", "Low":
		return event.SeverityLow
	case "4", "5", "6", "Medium":
		return event.SeverityMedium
	case "7", "8", "High":
		return event.SeverityHigh
	case "9", "10", "Very-High":
		return event.SeverityCritical
	}
	return format.Severity(s)
}
