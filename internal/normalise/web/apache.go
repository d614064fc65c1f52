package web

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// apache reads the access log of Apache httpd (common, combined, vhost) and
// its error log, of version 2.2 and 2.4.
type apache struct{}

// NewApache returns the format "apache".
func NewApache() format.Format { return &apache{} }

func (*apache) Name() string { return "apache" }

func (*apache) Matches(raw []byte) bool {
	return isApacheError(raw) || isAccess(raw)
}

// isApacheError looks for "[Thu Mar 01 12:12:50", for "[2018-03-01 12:12:50"
// that ErrorLogFormat may ask for, and for "AH00558: " before the log is open.
func isApacheError(raw []byte) bool {
	if len(raw) < 27 || raw[0] != '[' {
		return isApacheStart(raw)
	}
	return raw[4] == ' ' && raw[8] == ' ' && raw[14] == ':' || raw[5] == '-' && raw[11] == ' ' && raw[14] == ':' && bytes.Contains(raw, []byte("] ["))
}

// isApacheStart looks for what httpd says on its way up: "AH00558: apache2: …".
func isApacheStart(raw []byte) bool {
	return len(raw) > 9 && raw[0] == 'A' && raw[1] == 'H' && format.IsDecimal(string(raw[2:7])) && raw[7] == ':' && raw[8] == ' '
}

func (*apache) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if isApacheError(in.Raw) {
		return apacheError(in, dst)
	}
	a, ok := parseAccess(in.Text())
	if !ok {
		return dst, false
	}
	return a.appendEvent(dst, in, "apache"), true
}

// apacheError reads "[TIME] [MODULE:LEVEL] [pid N:tid N] [client ADDRESS:PORT]
// AH00126: MESSAGE, referer: URL".
func apacheError(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	ev := in.New("apache", event.ClassApplicationError)
	s, hasPort := in.Text(), false
	if s[0] == '[' {
		stamp, rest, ok := strings.Cut(s[1:], "] ")
		at, timed := format.CTime(stamp)
		if !timed {
			at, timed = format.ParseTime(stamp)
		}
		if !ok || !timed {
			return dst, false
		}
		at.Text = stamp
		at.Set(in, &ev)
		tagged := readApacheTags(&ev, rest, &hasPort)
		if tagged == rest && rest != "" && stamp[4] == '-' { // another program's
			return dst, false
		}
		s = tagged
	}
	if cause, rest, ok := strings.Cut(s, ": [client "); ok && strings.HasPrefix(cause, "(") { // the error of the system
		ev.Add("cause", cause)
		s = readApacheTags(&ev, "[client "+rest, &hasPort)
	}
	if len(s) > 9 && strings.HasPrefix(s, "AH") && s[7] == ':' {
		ev.EventCode, s = s[:7], s[9:]
	}
	if i := strings.LastIndex(s, ", referer: "); i >= 0 {
		ev.Add("cs-referer", s[i+len(", referer: "):])
		s = s[:i]
	}
	ev.Message = s
	apacheOutcome(&ev, s)
	modSecurity(&ev, s)
	return append(dst, ev), true
}

// readApacheTags reads brackets from the start of s and returns the rest.
func readApacheTags(ev *event.Event, s string, hasPort *bool) string {
	for strings.HasPrefix(s, "[") {
		inside, rest, ok := strings.Cut(s[1:], "] ")
		if !ok || !apacheTag(ev, inside, hasPort) {
			break
		}
		s = rest
	}
	return s
}

// apacheTag reads one of the brackets before the message and reports whether
// it was one: from 2.4 on, which writes the process, clients have a port.
func apacheTag(ev *event.Event, s string, hasPort *bool) bool {
	word, value, _ := strings.Cut(s, " ")
	switch word {
	case "pid":
		pid, _, _ := strings.Cut(value, ":")
		ev.Add("pid", pid)
		*hasPort = true
	case "tid", "host", "remote":
	case "client":
		if ev.SrcIP != "" { // a module has put it a second time
			return true
		}
		ev.Add("client", value)
		if i := strings.LastIndexByte(value, ':'); *hasPort && i > 0 && format.Address(value[:i]) != "" {
			ev.SrcIP, ev.SrcPort = format.Address(value[:i]), format.Port(value[i+1:])
		} else {
			ev.SrcIP, ev.SrcPort = format.AddressPort(value)
		}
	default:
		module, level, ok := strings.Cut(s, ":")
		if !ok {
			module, level = "", s
		}
		severity := levelSeverity(level)
		if severity == event.SeverityUnknown {
			return false
		}
		ev.SeverityID = severity
		ev.Add("module", module)
		ev.Add("level", level)
	}
	return true
}

// apacheOutcome recognises refused passwords (mod_auth_basic, mod_auth_digest):
// "user bob: authentication failure for "/x": Password Mismatch", "user bob
// not found: /x".
func apacheOutcome(ev *event.Event, s string) {
	user, ok := strings.CutPrefix(s, "user ")
	if !ok {
		return
	}
	for _, mark := range [...]string{": authentication failure for ", " not found: "} {
		i := strings.LastIndex(user, mark)
		if i < 0 {
			continue
		}
		format.Logon(ev, strings.Trim(user[:i], "`'"), event.StatusFailure)
		object, _, _ := strings.Cut(user[i+len(mark):], ": ")
		ev.Object = strings.Trim(object, `"`)
		return
	}
}

// modSecurity reads the message of ModSecurity or Coraza in an error log.
func modSecurity(ev *event.Event, s string) {
	if strings.HasPrefix(s, "ModSecurity") || strings.HasPrefix(s, "Coraza") {
		modSecurityTags(ev, s)
	}
}

// modSecurityTags reads the [name "value"] pairs that end a message.
func modSecurityTags(ev *event.Event, s string) {
	start := strings.Index(s, " [file ")
	if start < 0 {
		start = strings.Index(s, ` [id "`)
	}
	if start < 0 {
		return
	}
	for s = s[start+1:]; strings.HasPrefix(s, "["); {
		name, rest, ok := strings.Cut(s[1:], ` "`)
		value, tail, closed := cutEscaped(rest)
		if !ok || !closed {
			return
		}
		switch name {
		case "id":
			ev.EventCode = value
		case "uri":
			ev.Object = value
		}
		ev.Add(name, value)
		s = strings.TrimPrefix(strings.TrimPrefix(tail, "]"), " ")
	}
}
