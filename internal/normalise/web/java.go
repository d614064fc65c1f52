package web

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// java reads what Java applications and their servers log: catalina.out and
// the two lines of java.util.logging, also in Japanese, and the usual patterns
// of log4j, Logback and Spring Boot. A stack trace belongs to its first line.
// Where an exception is logged, its class and message are fields, and those of
// the cause at the bottom of it.
type java struct{}

// NewJava returns the format "java".
func NewJava() format.Format { return java{} }

func (java) Name() string { return "java" }

// maxJavaHead bounds what stands before the message of a line.
const maxJavaHead = 512

func (java) Matches(raw []byte) bool {
	line, _, _ := bytes.Cut(raw[:min(len(raw), maxJavaHead)], []byte("\n"))
	if !mayBeJava(line) {
		return false
	}
	r, ok := parseJava(string(line))
	return ok && (r.twoLines || r.level != "" && (namesClass(r.logger) || namesClass(r.thread)))
}

// namesClass reports whether a logger, or ZooKeeper's thread, ends like the
// name of a class: what tells Java from the many others with such lines.
func namesClass(s string) bool {
	if i := strings.LastIndexByte(s, '@'); i >= 0 && format.IsDecimal(s[i+1:]) {
		s = s[:i]
	}
	for part := range strings.FieldsFuncSeq(s, func(c rune) bool { return c == '.' || c == '$' || c == ':' }) {
		if part[0] >= 'A' && part[0] <= 'Z' && strings.ToUpper(part) != part {
			return strings.ContainsAny(s, ".$:@")
		}
	}
	return false
}

// mayBeJava tells cheaply whether a line may begin with a time.
func mayBeJava(line []byte) bool {
	return len(line) >= 20 && (line[0] == '[' || format.IsDigit(line[0]) || line[0] >= 'A' && line[0] <= 'S')
}

// isJavaStart reports whether a line of a file known to be Java's begins a
// record: its logger need not be a class.
func isJavaStart(line []byte) bool {
	if !mayBeJava(line) {
		return false
	}
	r, ok := parseJava(string(line[:min(len(line), maxJavaHead)]))
	return ok && (r.level != "" || r.twoLines)
}

// Shape takes files most of whose first lines begin a record or go on with
// one, and that have a level and a logger somewhere.
func (f java) Shape(head []byte) (event.Shape, bool) {
	lines := format.SampleLines(head)
	starts, follows, sure := 0, 0, false
	for _, line := range lines {
		sure = sure || f.Matches(line)
		switch {
		case isJavaStart(line):
			starts++
		case starts > 0 && followsJava(line):
			follows++
		}
	}
	if !sure || 2*(starts+follows) <= len(lines) {
		return event.Shape{}, false
	}
	return event.Shape{Format: f.Name(), Continues: func(_, line []byte) bool { return !isJavaStart(line) }}, true
}

// followsJava recognises lines of a stack trace and the second line of
// java.util.logging.
func followsJava(line []byte) bool {
	if bytes.HasPrefix(line, []byte("at ")) || bytes.HasPrefix(line, []byte("Caused by: ")) || bytes.HasPrefix(line, []byte("... ")) {
		return true
	}
	if level, _, ok := bytes.Cut(line, []byte(": ")); ok && javaSeverity(string(level)) != event.SeverityUnknown {
		return true
	}
	_, _, ok := exceptionIn(string(line))
	return ok
}

func (f java) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	text := in.Text()
	line, rest, _ := strings.Cut(text, "\n")
	r, ok := parseJava(strings.TrimSuffix(line, "\r"))
	if ok && r.twoLines {
		line, rest, _ = strings.Cut(rest, "\n")
		r.level, r.message, ok = strings.Cut(strings.TrimSuffix(line, "\r"), ": ")
	}
	severity := javaSeverity(r.level)
	if !ok || severity == event.SeverityUnknown {
		return dst, false
	}
	ev := in.New(f.Name(), event.ClassBase)
	if r.at.Text != "" {
		r.at.Set(in, &ev)
	}
	ev.SeverityID, ev.Message = severity, format.Message(r.message)
	ev.Add("level", r.level)
	ev.Add("application", r.app)
	ev.Add("thread", r.thread)
	ev.Add("logger", r.logger)
	ev.Add("pid", r.pid)
	ev.Add("message", r.message)
	ev.EventCode = r.logger
	traced := readTrace(&ev, r.message, rest)
	if severity >= event.SeverityMedium || traced {
		ev.ClassUID, ev.StatusID = event.ClassApplicationError, event.StatusFailure
	}
	javaLogon(&ev, r.message)
	return append(dst, ev), true
}

// javaSeverity knows the levels of log4j, Logback and java.util.logging, the
// latter also as the Japanese runtime writes them.
func javaSeverity(level string) int32 {
	switch level {
	case "TRACE", "DEBUG", "FINE", "FINER", "FINEST", "CONFIG", "INFO", "構成", "普通", "詳細", "詳細レベル(低)", "最も詳細", "非常に詳細", "情報":
		return event.SeverityInformational
	case "WARN", "WARNING", "警告":
		return event.SeverityLow
	case "ERROR":
		return event.SeverityMedium
	case "SEVERE", "重大", "致命的":
		return event.SeverityHigh
	case "FATAL":
		return event.SeverityCritical
	}
	return event.SeverityUnknown
}

// javaLogon recognises refused logons of applications whose wording is known:
// Apache Guacamole.
func javaLogon(ev *event.Event, message string) {
	from := format.Between(message, "Authentication attempt from ", ` for user "`)
	user := format.Between(message, ` for user "`, `"`)
	if from == "" || !strings.HasSuffix(message, " failed.") {
		return
	}
	format.Logon(ev, user, event.StatusFailure)
	first, _, _ := strings.Cut(strings.Trim(from, "[]"), ",")
	ev.SrcIP = format.Address(first)
}
