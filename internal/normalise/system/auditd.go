package system

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// auditd reads the records of the Linux audit system as auditd writes them to
// audit.log, plain or enriched, and as its plugins hand them to syslog. The
// lines of one serial are one record and give one event; a name that occurs in
// several lines occurs several times among the native fields, those of EXECVE
// first.
type auditd struct {
	syscalls map[string]string // "c000003e 59" → "execve"
}

// NewAuditd returns the format "auditd".
func NewAuditd() format.Format { return &auditd{syscalls: syscallNames()} }

func (*auditd) Name() string { return "auditd" }

func (*auditd) Matches(raw []byte) bool { return len(auditID(raw)) > 0 }

// auditID returns "1684329817.579:2995" of "type=… msg=audit(1684329817.579:2995): ".
func auditID(raw []byte) []byte {
	if !bytes.HasPrefix(raw, []byte("type=")) && !bytes.HasPrefix(raw, []byte("node=")) {
		return nil
	}
	head := raw[:min(len(raw), 384)]
	i := bytes.Index(head, []byte("audit("))
	if i < 0 {
		return nil
	}
	head = head[i+len("audit("):]
	end := bytes.IndexByte(head, ')')
	if end < 0 || bytes.IndexByte(head[:end], ':') < 0 {
		return nil
	}
	return head[:end]
}

// Shape keeps the lines of one serial together.
func (*auditd) Shape(head []byte) (event.Shape, bool) {
	lines := format.SampleLines(head)
	if len(lines) == 0 || auditID(lines[0]) == nil {
		return event.Shape{}, false
	}
	return event.Shape{
		Format: "auditd",
		Continues: func(first, line []byte) bool {
			id := auditID(line)
			return len(id) > 0 && bytes.Equal(id, auditID(first))
		},
	}, true
}

func (f *auditd) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	s := in.Text()
	lines, ok := auditLines(s)
	if !ok {
		return dst, false
	}
	a := audit{ev: in.New("auditd", event.ClassBase), syscalls: f.syscalls}
	if !a.setID(in, lines[0].id) {
		return dst, false
	}
	a.ev.Fields = make([]event.Field, 0, strings.Count(s, "=")+8)
	if lines[0].node != "" {
		a.ev.Host = lines[0].node
		a.ev.Add("node", lines[0].node)
	}
	for _, exec := range [...]bool{true, false} {
		for _, l := range lines {
			if (l.kind == "EXECVE") == exec {
				a.line(l.kind, l.body)
			}
		}
		if exec {
			a.joinArguments()
		}
	}
	a.finish(lines[0].body)
	if a.broken {
		format.MakeValid(&a.ev)
	}
	return append(dst, a.ev), true
}

// auditLine is one line of a record.
type auditLine struct{ node, kind, id, body string }

// auditLines takes a record apart. Every line must be an audit line, and all of
// one serial.
func auditLines(s string) ([]auditLine, bool) {
	var lines []auditLine
	for text := range strings.Lines(s) {
		text = strings.TrimRight(text, "\r\n")
		if text == "" {
			continue
		}
		l, ok := parseAuditLine(text)
		if !ok || len(lines) > 0 && l.id != lines[0].id {
			return nil, false
		}
		lines = append(lines, l)
	}
	return lines, len(lines) > 0
}

// parseAuditLine reads "[node=HOST ]type=TYPE [msg=]audit(ID): BODY".
func parseAuditLine(s string) (l auditLine, ok bool) {
	if rest, ok := strings.CutPrefix(s, "node="); ok {
		l.node, s, _ = strings.Cut(rest, " ")
	}
	s, ok = strings.CutPrefix(s, "type=")
	if !ok {
		return l, false
	}
	l.kind, s, ok = strings.Cut(s, " ")
	if !ok || l.kind == "" {
		return l, false
	}
	l.kind = auditTypeName(l.kind)
	s, ok = strings.CutPrefix(strings.TrimPrefix(s, "msg="), "audit(")
	if !ok {
		return l, false
	}
	l.id, s, ok = strings.Cut(s, ")")
	l.body = strings.TrimPrefix(strings.TrimPrefix(s, ":"), " ")
	return l, ok
}

// setID reads time and serial of "1684329817.579:2995".
func (a *audit) setID(in *format.Input, id string) bool {
	at, serial, ok := strings.Cut(id, ":")
	seconds, millis, dotted := strings.Cut(at, ".")
	sec, err := strconv.ParseInt(seconds, 10, 64)
	if !ok || !dotted || err != nil || sec < 0 || sec > 1<<36 {
		return false
	}
	if _, err := strconv.ParseUint(serial, 10, 64); err != nil || len(millis) == 0 || len(millis) > 9 {
		return false
	}
	nanos, precision, end := format.Fraction(millis, 0)
	if end != len(millis) {
		return false
	}
	in.Stated(&a.ev, time.Unix(sec, int64(nanos)), precision, at)
	a.ev.NativeSeq, a.ev.Chain = serial, "audit"
	return true
}

// auditTypeName names the numbers that the kernel writes to syslog in place of
// names (linux/audit.h).
func auditTypeName(s string) string {
	switch s {
	case "1300":
		return "SYSCALL"
	case "1302":
		return "PATH"
	case "1305":
		return "CONFIG_CHANGE"
	case "1306":
		return "SOCKADDR"
	case "1307":
		return "CWD"
	case "1309":
		return "EXECVE"
	case "1326":
		return "SECCOMP"
	case "1327":
		return "PROCTITLE"
	case "1400":
		return "AVC"
	case "1701":
		return "ANOM_ABEND"
	}
	return s
}
