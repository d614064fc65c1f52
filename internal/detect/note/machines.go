package note

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// machines notes what is said of amounts, programs and applications:
//
//	rows         how many rows a statement gave or changed: pgaudit (log_rows), MySQL's slow log, JSON
//	database     the database a statement ran in, where the object does not name it
//	parent       the program that started a process
//	runas        the account a process runs as, where another one acted
//	exception    an application's exception by its class and what it says, as far as there is
//	             room: "java.net.ConnectException: Connection refused"
//	application  the application that wrote a log line, where no column holds it
//	logging      "off" when the log says that a source's logging was switched off
//
// The names of fields are those of pgaudit, MySQL, auditd, Windows, Sysmon, ECS
// and of what loggers of Java, Python, Go and JavaScript write.
func machines(ev *event.Event, dst []event.Field) []event.Field {
	switch ev.ClassUID {
	case event.ClassDatastore:
		dst = add(dst, "rows", digits(first(ev, "rows", "rows_sent", "Rows_sent", "row_count", "rowcount", "rows_returned", "rowsReturned", "affected_rows", "rows_affected")))
		return add(dst, "database", first(ev, "database", "dbname", "db"))
	case event.ClassProcess:
		dst = add(dst, "parent", first(ev, "ParentImage", "ParentProcessName", "process.parent.executable", "parent"))
		return runsAs(ev, dst)
	case event.ClassFileSystem:
		return runsAs(ev, dst)
	case event.ClassApplicationError:
		return exception(ev, dst)
	case event.ClassBase:
		if ev.SeverityID >= event.SeverityMedium || ev.Format == "jsonlines" {
			dst = exception(ev, dst)
		}
	}
	return switchedOff(ev, dst)
}

func runsAs(ev *event.Event, dst []event.Field) []event.Field {
	if user, _ := ev.Get("User"); user != ev.ActorUser {
		return add(dst, "runas", user)
	}
	return dst
}

// digits gives a number without signs between its digits, or "".
func digits(s string) string {
	if len(s) > 18 {
		return ""
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return ""
		}
	}
	return s
}

// exception notes the class of an exception and the application it is of.
func exception(ev *event.Event, dst []event.Field) []event.Field {
	class := className(first(ev, "error.type", "exception.type", "exception_class", "exception.class", "exception.name", "error_class", "thrown.name", "exc_type"))
	if class == "" {
		class = className(first(ev, "exception", "stack_trace", "error.stack_trace", "exc_info", "stacktrace", "error.stack", "stack"))
	}
	if class == "" && ev.SeverityID >= event.SeverityMedium {
		class = className(ev.Message)
	}
	if class == "" {
		return dst
	}
	dst = add(dst, "exception", class)
	if ev.ClientApp == "" {
		dst = add(dst, "application", first(ev, "service.name", "service", "app", "application", "app_name"))
	}
	return dst
}

// maxException bounds the note of an exception, in bytes.
const maxException = 120

// className takes class and message out of the first line of a stack trace:
// "java.net.ConnectException: Connection refused", "Traceback … ValueError: x".
func className(text string) string {
	if strings.HasPrefix(text, "Traceback ") { // Python names it in the last line
		text = strings.TrimRight(text, "\r\n ")
		text = text[strings.LastIndexByte(text, '\n')+1:]
	}
	text, _, _ = strings.Cut(text, "\n")
	name, message, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(text), "Uncaught "), ":")
	name = strings.TrimSpace(name)
	if i := strings.LastIndexByte(name, ' '); i >= 0 { // Exception in thread "main" java.lang.Error
		name = name[i+1:]
	}
	if len(name) > 100 || !strings.Contains(name, "Error") && !strings.Contains(name, "Exception") && !strings.Contains(name, "Panic") {
		return ""
	}
	if message = strings.TrimSpace(message); message != "" {
		name += ": " + message
	}
	return strings.ToValidUTF8(name[:min(len(name), maxException)], "")
}

// switchedOff notes that auditing was switched off by its own means.
func switchedOff(ev *event.Event, dst []event.Field) []event.Field {
	switch ev.Format {
	case "auditd", "laurel":
		if ev.EventCode == "CONFIG_CHANGE" && first(ev, "audit_enabled") == "0" {
			return add(dst, "logging", "off")
		}
	case "postgres":
		if strings.HasPrefix(ev.Message, `parameter "pgaudit.log" changed to "none"`) || strings.HasPrefix(ev.Message, `parameter "log_connections" changed to "off"`) {
			return add(dst, "logging", "off")
		}
	}
	return dst
}
