package exchange

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// values gives the promoted columns of an event, in the order of
// [event.Columns]; what is not stated is empty.
func values(ev *event.Event) []string {
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	return []string{
		stamp(ev.Time), stamp(ev.TimeRx), ev.Quality.String(), ev.Source, ev.NativeSeq, number(int64(ev.ClassUID)), number(int64(ev.ActivityID)),
		number(int64(ev.StatusID)), ev.EventCode, number(int64(ev.SeverityID)), ev.ActorUser, ev.TargetUser, ev.SrcIP, number(int64(ev.SrcPort)),
		ev.DstIP, number(int64(ev.DstPort)), ev.Host, ev.SessionUID, ev.ProcessPath, ev.CmdLine, ev.Object, ev.Statement, ev.ClientApp, number(ev.BytesOut),
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// csv writes a table for spreadsheets: UTF-8 with a byte order mark, and no cell
// that one of them would take for a formula.
func (w *writer) csv(out *bufio.Writer) sink {
	_, _ = out.WriteString("\uFEFF") // it fails again where it is flushed
	table := csv.NewWriter(out)
	head := []string{"case", "cited_by", "record", "nth", "time_local"}
	for _, c := range event.Columns() {
		head = append(head, c.Name)
	}
	_ = table.Write(append(head, "class", "message", "text"))
	one := func(ev *event.Event) error {
		row := []string{
			w.Case.ID, strings.Join(w.citedBy(ev.Record), " "), strconv.FormatUint(ev.Record, 10), strconv.Itoa(int(ev.Nth)),
			ev.Time.In(w.Zone).Format("2006-01-02 15:04:05.999999999 MST"),
		}
		row = append(row, values(ev)...)
		row = append(row, event.ClassName(ev.ClassUID), ev.Message, ev.Text)
		for i := range row {
			row[i] = cell(row[i])
		}
		return table.Write(row)
	}
	return sink{one, func() (Count, error) {
		table.Flush()
		return Count{}, table.Error()
	}}
}

// formulas are the letters that a cell must not begin with, also after spaces:
// spreadsheets take it for a formula then.
const formulas = "=+-@＝＋－＠\t\r\n|%"

// cell keeps a text from being taken for a formula, and makes control
// characters visible.
func cell(s string) string {
	if trimmed := strings.TrimLeft(s, " \u00a0\u3000"); trimmed != "" && strings.ContainsRune(formulas, []rune(trimmed)[0]) {
		s = "'" + s
	}
	if !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hidden(r) {
			fmt.Fprintf(&b, "[U+%04X]", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hidden reports whether a letter is not seen, or turns the order of others.
func hidden(r rune) bool {
	return r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// eventLine is an event as a line of JSON.
type eventLine struct {
	Case    string            `json:"case"`
	CitedBy []string          `json:"cited_by"`
	Record  uint64            `json:"record"`
	Nth     uint16            `json:"nth"`
	Class   string            `json:"class"`
	Format  string            `json:"format"`
	Columns map[string]string `json:"columns"`
	Message string            `json:"message,omitempty"`
	Fields  []nativeField     `json:"fields,omitempty"` // in the order of the record; a name can stand twice
	Text    string            `json:"text,omitempty"`
}

type nativeField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func columns(ev *event.Event) map[string]string {
	out, all := map[string]string{}, event.Columns()
	for i, v := range values(ev) {
		if v != "" {
			out[all[i].Name] = v
		}
	}
	return out
}

func (w *writer) jsonl(out *bufio.Writer) sink {
	return sink{func(ev *event.Event) error {
		l := eventLine{
			Case: w.Case.ID, CitedBy: w.citedBy(ev.Record), Record: ev.Record, Nth: ev.Nth, Class: event.ClassName(ev.ClassUID),
			Format: ev.Format, Columns: columns(ev), Message: ev.Message, Text: ev.Text,
		}
		for _, f := range ev.Fields {
			l.Fields = append(l.Fields, nativeField(f))
		}
		return line(out, l)
	}, nothing}
}

// timesketch writes one object a line with the three members that Timesketch
// asks for: message, datetime (ISO 8601) and timestamp_desc.
func (w *writer) timesketch(out *bufio.Writer) sink {
	return sink{func(ev *event.Event) error {
		l := map[string]any{
			"message": firstNonEmpty(ev.Message, ev.Text, event.ClassName(ev.ClassUID)), "timestamp_desc": "Event Time",
			"tag": append([]string{"konseki"}, w.citedBy(ev.Record)...), "case": w.Case.ID, "record": strconv.FormatUint(ev.Record, 10),
			"data_type": "konseki:" + ev.Format, "class": event.ClassName(ev.ClassUID),
		}
		when(l, ev.Time)
		for name, value := range columns(ev) {
			if name != "time" {
				l[name] = value
			}
		}
		if p := w.cited[ev.Record]; len(p) > 0 {
			l["said"] = w.text(p[0].text)
		}
		return line(out, l)
	}, func() (Count, error) { return w.unrecorded(out) }}
}

// unrecorded writes the rows of the timeline that no record bears: what people
// did, were told, or infer.
func (w *writer) unrecorded(out *bufio.Writer) (n Count, err error) {
	for i := range w.Case.Timeline {
		r := &w.Case.Timeline[i]
		if len(r.Cites) > 0 {
			continue
		}
		if r.At.IsZero() {
			n.Left++
			continue
		}
		desc := map[string]string{investigate.About: "About (頃)", investigate.OnDay: "Day"}[r.Precision]
		l := map[string]any{
			"message": w.text(r.Text), "timestamp_desc": firstNonEmpty(desc, "Stated Time"), "tag": []string{"konseki", r.ID, r.What, "no record"},
			"case": w.Case.ID, "data_type": "konseki:timeline", "source": w.plain(r.Source),
		}
		when(l, r.At)
		if err := line(out, l); err != nil {
			return n, err
		}
		n.Lines++
	}
	return n, nil
}

// when sets the times as Timesketch reads them: to the microsecond.
func when(l map[string]any, t time.Time) {
	l["datetime"] = t.UTC().Format("2006-01-02T15:04:05.000000+00:00")
	l["timestamp"] = t.UnixMicro()
}

func firstNonEmpty(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
