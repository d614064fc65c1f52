package system

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
)

// journal reads entries of systemd's journal in the export format and in
// that of "journalctl -o json". An entry is one more envelope around what a
// program wrote, so its events are those of a syslog line of that program, of
// format "syslog" or of the format that reads the message, with every field of
// the entry besides. Source: systemd.io, "Journal Export Formats"; systemd.journal-fields(7).
type journal struct {
	syslog *syslog
	flat   *jsonx.Flattener
}

// NewJournal returns the format "journal"; inner is what NewSyslog takes.
func NewJournal(inner []format.Format) format.Format {
	return &journal{syslog: &syslog{inner: inner}, flat: jsonx.NewFlattener(jsonx.DefaultLimits())}
}

func (*journal) Name() string { return "journal" }

// Binary: the lengths in an entry count bytes, which decoding would change.
func (*journal) Binary() bool { return true }

func (*journal) Matches(raw []byte) bool {
	head := raw[:min(len(raw), 1024)]
	if len(raw) > 0 && raw[0] == '{' {
		return bytes.Contains(raw, []byte(`"__REALTIME_TIMESTAMP"`)) && bytes.Contains(raw, []byte(`"__CURSOR"`))
	}
	return bytes.HasPrefix(raw, []byte("__CURSOR=")) || len(head) > 0 && head[0] == '_' && bytes.Contains(head, []byte("__REALTIME_TIMESTAMP="))
}

// Shape takes files of entries in either form.
func (f *journal) Shape(head []byte) (event.Shape, bool) {
	if bytes.HasPrefix(head, []byte("__CURSOR=")) {
		return event.Shape{Format: f.Name(), Framing: event.FrameJournal}, true
	}
	if first, framing, ok := format.FirstJSON(head); ok && f.Matches(first) {
		return event.Shape{Format: f.Name(), Framing: framing}, true
	}
	return event.Shape{}, false
}

func (f *journal) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	raw := in.Rec.Raw // as it came: the lengths count its bytes
	var fields []event.Field
	ok := false
	if json := bytes.TrimSpace(raw); len(json) > 0 && json[0] == '{' {
		fields, ok = f.object(json)
	} else {
		fields, ok = exportFields(raw)
	}
	entry := journalEntry{fields: fields}
	if !ok || entry.get("__REALTIME_TIMESTAMP") == "" {
		return dst, false
	}
	env := entry.envelope()
	start := len(dst)
	dst = f.syslog.message(in, &env, dst)
	for i := range dst[start:] {
		entry.fill(&dst[start+i])
	}
	if !utf8.Valid(raw) {
		dst[start].Text = entry.text()
	}
	return dst, true
}

// object reads an entry as JSON. A value that is no text is an array of its
// bytes; a field that came several times is an array of texts.
func (f *journal) object(raw []byte) ([]event.Field, bool) {
	members, err := f.flat.Flatten(raw)
	if err != nil {
		return nil, false
	}
	fields := make([]event.Field, 0, len(members))
	for i := 0; i < len(members); i++ {
		m := &members[i]
		if m.Kind != jsonx.Number || strings.HasPrefix(m.Name, "__") {
			fields = append(fields, event.Field{Name: m.Name, Value: m.Value})
			continue
		}
		var value []byte
		for ; i < len(members) && members[i].Name == m.Name; i++ {
			b, err := strconv.ParseUint(members[i].Value, 10, 8)
			if err != nil {
				return nil, false
			}
			value = append(value, byte(b))
		}
		i--
		fields = append(fields, event.Field{Name: m.Name, Value: format.Valid(string(value))})
	}
	return fields, true
}

// exportFields reads the export format. What is left of an entry that was cut
// gives the fields that are whole.
func exportFields(raw []byte) ([]event.Field, bool) {
	var fields []event.Field
	for len(raw) > 0 {
		line, rest, ended := bytes.Cut(raw, []byte("\n"))
		if len(line) == 0 {
			raw = rest
			continue
		}
		if name, value, ok := bytes.Cut(line, []byte("=")); ok {
			fields, raw = append(fields, event.Field{Name: format.Valid(string(name)), Value: format.Valid(string(value))}), rest
			continue
		}
		if !ended || len(rest) < 8 {
			break
		}
		size := binary.LittleEndian.Uint64(rest)
		if rest = rest[8:]; size > uint64(len(rest)) {
			break
		}
		fields = append(fields, event.Field{Name: format.Valid(string(line)), Value: format.Valid(string(rest[:size]))})
		raw = bytes.TrimPrefix(rest[size:], []byte("\n"))
	}
	return fields, len(fields) > 0
}

// journalEntry is the fields of an entry in their order.
type journalEntry struct{ fields []event.Field }

// get gives the first value among fields of these names.
func (e *journalEntry) get(names ...string) string {
	for _, name := range names {
		for i := range e.fields {
			if e.fields[i].Name == name && e.fields[i].Value != "" {
				return e.fields[i].Value
			}
		}
	}
	return ""
}

// envelope is what a syslog header would say. The time is when the program
// spoke, where it said so, else when the journal heard it.
func (e *journalEntry) envelope() envelope {
	env := envelope{
		priority: -1, detached: true, host: e.get("_HOSTNAME"), msgID: e.get("MESSAGE_ID"),
		program: programName(e.get("SYSLOG_IDENTIFIER", "_COMM", "_EXE")), pid: e.get("SYSLOG_PID", "_PID"), message: e.get("MESSAGE"),
	}
	for _, name := range [...]string{"_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP"} {
		if env.at, env.timed = format.ParseEpoch(e.get(name)); env.timed {
			break
		}
	}
	if e.get("_TRANSPORT") == "audit" {
		env.message = e.audit(env.message, env.at)
	}
	return env
}

// audit writes a message of the kernel's audit system, from which journald has
// taken the head, as auditd does.
func (e *journalEntry) audit(message string, at format.Moment) string {
	kind, serial := e.get("_AUDIT_TYPE_NAME"), e.get("_AUDIT_ID")
	rest, ok := strings.CutPrefix(message, kind+" ")
	if kind == "" || serial == "" || !ok {
		return message
	}
	seconds := strconv.FormatInt(at.Wall.Unix(), 10)
	millis := strconv.Itoa(1000 + at.Wall.Nanosecond()/1e6)[1:]
	return "type=" + kind + " msg=audit(" + seconds + "." + millis + ":" + serial + "): " + rest
}

// fill adds what the entry says of an event beside the message: its number,
// which counts the records of one journal without gaps (since systemd 254), its
// priority and its fields.
func (e *journalEntry) fill(ev *event.Event) {
	if number, journal := e.get("__SEQNUM"), e.get("__SEQNUM_ID"); number != "" && journal != "" {
		ev.NativeSeq, ev.Chain = number, "journal:"+journal
	}
	if n, err := strconv.Atoi(e.get("PRIORITY")); err == nil && n >= 0 && n <= 7 && ev.SeverityID == event.SeverityUnknown {
		ev.SeverityID = syslogSeverity(n)
	}
	ev.Fields = append(ev.Fields, e.fields...)
}

// text is the entry for free words, where its bytes are no text.
func (e *journalEntry) text() string {
	var b strings.Builder
	for i := range e.fields {
		b.WriteString(e.fields[i].Name + "=" + e.fields[i].Value + "\n")
	}
	return b.String()
}
