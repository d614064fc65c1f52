package database

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// mysqlError is one line of the error log.
type mysqlError struct {
	time                                    format.Moment
	thread, level, code, subsystem, message string
}

// parseMySQLError reads "2023-01-01T00:00:00.0Z 8 [Warning] [MY-010926]
// [Server] message", MariaDB's "2021-11-09  5:13:12 8 [Warning] message" and
// the older "221128 14:49:17 [Warning] message".
func parseMySQLError(line string) (e mysqlError, ok bool) {
	if e.time, ok = errorTime(line); !ok {
		return e, false
	}
	rest := strings.TrimLeft(line[len(e.time.Text):], " ")
	if word, after, cut := strings.Cut(rest, " "); cut && format.IsDecimal(word) {
		e.thread, rest = word, after
	}
	if e.level, rest, ok = bracketField(rest); !ok || mysqlSeverity(e.level) == event.SeverityUnknown {
		return e, false
	}
	if strings.HasPrefix(rest, "[MY-") {
		e.code, rest, _ = bracketField(rest)
		e.subsystem, rest, _ = bracketField(rest)
	}
	e.message = rest
	return e, true
}

func errorTime(line string) (format.Moment, bool) {
	if m, ok := mysqlTime(line); ok {
		return m, true
	}
	// MariaDB writes "2021-11-09  5:13:12": hour padded with a space.
	m, _, ok := format.LooseTime(line)
	return m, ok && m.Precision != event.PrecisionDay
}

// bracketField takes "[text] " from the beginning of s.
func bracketField(s string) (text, rest string, ok bool) {
	if !strings.HasPrefix(s, "[") {
		return "", s, false
	}
	text, rest, ok = strings.Cut(s[1:], "]")
	return text, strings.TrimLeft(rest, " "), ok && len(text) < 64
}

func mysqlSeverity(level string) int32 {
	switch level {
	case "Note", "System":
		return event.SeverityInformational
	case "Warning":
		return event.SeverityLow
	case "ERROR", "Error":
		return event.SeverityMedium
	}
	return event.SeverityUnknown
}

func (e *mysqlError) fill(in *format.Input, ev *event.Event) {
	e.time.Set(in, ev)
	ev.SessionUID, ev.EventCode = e.thread, e.code
	ev.SeverityID, ev.Message = mysqlSeverity(e.level), format.Message(e.message)
	ev.Add("thread", e.thread)
	ev.Add("level", e.level)
	ev.Add("error_code", e.code)
	ev.Add("subsystem", e.subsystem)
	ev.Add("message", e.message)
	switch {
	case accessDenied(ev, e.message):
	case ev.SeverityID >= event.SeverityMedium:
		ev.StatusID = event.StatusFailure
	default:
		ev.ClassUID, ev.ActivityID = event.ClassAppLifecycle, event.ActivityOther
	}
}
