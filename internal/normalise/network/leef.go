package network

import (
	"bytes"
	"cmp"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// leef reads IBM's Log Event Extended Format 1.0 and 2.0, with or without a
// header before it. Source: IBM, "QRadar LEEF format".
type leef struct{}

func newLEEF() format.Format { return leef{} }

func (leef) Name() string { return "leef" }

func (leef) Matches(raw []byte) bool {
	return bytes.Contains(raw[:min(len(raw), 300)], []byte("LEEF:"))
}

func (f leef) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	before, rest, ok := strings.Cut(in.Text(), "LEEF:")
	head, fits := readHeader(before)
	if !ok || !fits {
		return dst, false
	}
	cells := strings.SplitN(strings.TrimPrefix(rest, " "), "|", 6)
	if len(cells) < 6 || cells[0] != "1.0" && cells[0] != "2.0" {
		return dst, false
	}
	sep, attributes := "\t", cells[5]
	if cells[0] == "2.0" {
		if mark, after, ok := strings.Cut(attributes, "|"); ok && len(mark) <= 5 && !strings.Contains(mark, "=") {
			sep, attributes = leefSeparator(mark), after
		}
	}
	dst = append(dst, in.New(f.Name(), event.ClassBase))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, 20)
	for i, name := range [...]string{"leefVersion", "vendor", "product", "version", "eventID"} {
		ev.Add(name, cells[i])
	}
	for pair := range strings.SplitSeq(attributes, sep) {
		if name, value, ok := strings.Cut(pair, "="); ok {
			ev.Add(strings.TrimSpace(name), value)
		}
	}
	ev.EventCode, ev.SeverityID = cells[4], cefSeverity(ev.First("sev"))
	arcColumns(in, ev)
	head.set(in, ev)
	ev.Message = format.Message(cmp.Or(ev.First("msg", "message", "reason"), cells[4]))
	arcClass(ev, cells[4]+" "+ev.First("cat"))
	return dst, true
}

// leefSeparator reads the separator of version 2: a character, or its code as
// x5E or 0x5E; a tab when it is neither.
func leefSeparator(mark string) string {
	if code, ok := strings.CutPrefix(strings.TrimPrefix(mark, "0"), "x"); ok && len(code) > 0 {
		if n, err := strconv.ParseUint(code, 16, 8); err == nil {
			return string(rune(n))
		}
	}
	return cmp.Or(mark, "\t")
}
