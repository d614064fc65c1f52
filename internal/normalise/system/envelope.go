package system

import (
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// envelope is what surrounds a syslog message.
type envelope struct {
	priority int // -1: none
	at       format.Moment
	timed    bool
	host     string
	program  string // tag without path and process id
	pid      string
	msgID    string // RFC 5424
	params   []event.Field
	message  string // the tail of the record, unless it is detached
	detached bool   // the message was decoded out of the record
}

// inside is the input of what stands in the envelope: message, or its end.
func (env *envelope) inside(in *format.Input, message string) format.Input {
	if !env.detached {
		return in.Tail(message)
	}
	return format.Input{
		Rec: in.Rec, Raw: []byte(message), Via: in.Via, Zone: in.Zone, ZoneFrom: in.ZoneFrom, Reference: in.Reference,
	}
}

// parseEnvelope reads RFC 5424 and RFC 3164 in the forms that occur.
func parseEnvelope(s string) (envelope, bool) {
	env := envelope{priority: -1}
	rest := s
	if number, after, ok := cutPriority(s); ok {
		env.priority, rest = number, after
		if v5424, ok := strings.CutPrefix(after, "1 "); ok && env.parse5424(v5424) {
			return env, true
		}
	}
	return env, env.parse3164(rest)
}

// cutPriority reads "<34>".
func cutPriority(s string) (number int, rest string, ok bool) {
	if len(s) < 3 || s[0] != '<' {
		return 0, s, false
	}
	end := strings.IndexByte(s[:min(len(s), 5)], '>')
	if end < 2 {
		return 0, s, false
	}
	n, err := strconv.ParseUint(s[1:end], 10, 8)
	if err != nil || n > 191 {
		return 0, s, false
	}
	return int(n), s[end+1:], true
}

// parse5424 reads TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG.
func (env *envelope) parse5424(s string) bool {
	var head [5]string
	for i := range head {
		word, rest, ok := strings.Cut(s, " ")
		if !ok || word == "" {
			return false
		}
		head[i], s = word, rest
	}
	if head[0] != "-" {
		at, end, ok := format.ISOTime(head[0])
		if !ok || end != len(head[0]) {
			return false
		}
		env.at, env.timed = at, true
	}
	env.host, env.program, env.pid, env.msgID = format.NilValue(head[1]), programName(format.NilValue(head[2])), format.NilValue(head[3]), format.NilValue(head[4])
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		s = rest
	} else if s, ok = env.structured(s); !ok {
		return false
	}
	env.message = strings.TrimPrefix(strings.TrimPrefix(s, " "), "\uFEFF")
	return true
}

// structured reads STRUCTURED-DATA, "[id name="value" …][…]", into params.
func (env *envelope) structured(s string) (rest string, ok bool) {
	for strings.HasPrefix(s, "[") {
		end := strings.IndexAny(s, " ]")
		if end < 2 {
			return s, false
		}
		id := s[1:end]
		s = s[end:]
		for strings.HasPrefix(s, " ") {
			name, after, found := strings.Cut(s[1:], `="`)
			value, tail, closed := cutQuoted(after)
			if !found || !closed {
				return s, false
			}
			env.params = append(env.params, event.Field{Name: id + "." + name, Value: value})
			s = tail
		}
		if s, ok = strings.CutPrefix(s, "]"); !ok {
			return s, false
		}
	}
	return s, ok
}

// cutQuoted returns the text before the closing quote, unescaped as RFC 5424
// says (\" \\ \]), and what follows the quote.
func cutQuoted(s string) (value, rest string, ok bool) {
	escaped := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			if value = s[:i]; escaped {
				value = strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\]`, `]`).Replace(value)
			}
			return value, s[i+1:], true
		}
	}
	return "", s, false
}

// parse3164 reads "TIME HOST TAG[PID]: MSG". Time and host may be missing
// after a priority; without one, a time must be there.
func (env *envelope) parse3164(s string) bool {
	strict := false // the time alone does not make it syslog
	at, end, ok := format.BSDTime(strings.TrimPrefix(s, "*"))
	if ok {
		end += len(s) - len(strings.TrimPrefix(s, "*"))
	} else if at, end, ok = format.ISOTime(s); ok {
		strict = env.priority < 0
		if strict && (!at.Zoned || s[10] != 'T') {
			return false
		}
	}
	if !ok {
		env.setTagged(s)
		return env.priority >= 0
	}
	if end == len(s) || s[end] != ' ' && s[end] != ':' {
		return false
	}
	env.at, env.timed = at, true
	rest := strings.TrimLeft(s[end+1:], " ")
	if strings.HasPrefix(rest, "%") { // Cisco's tag, which its own format reads
		env.message = rest
		return !strict
	}
	if program, pid, message, ok := cutTag(rest); ok && !strict {
		env.program, env.pid, env.message = program, pid, message
		return true
	}
	host, rest, ok := strings.Cut(rest, " ")
	if !ok || !isHost(host) {
		return false
	}
	env.host = host
	rest = strings.TrimPrefix(rest, host+" ") // UniFi gateways name themselves twice
	return env.setTagged(rest) || !strict
}

// setTagged splits tag and message; without a tag all is message.
func (env *envelope) setTagged(s string) bool {
	program, pid, message, ok := cutTag(s)
	if !ok {
		env.message = s
		return false
	}
	env.program, env.pid, env.message = program, pid, message
	return true
}

// cutTag reads "sshd[123]: ", "sshd(pam_unix)[123]: ", "kernel: " and
// "syslogd 1.4.1: " from the start of s.
func cutTag(s string) (program, pid, message string, ok bool) {
	i := 0
	for i < len(s) && i <= 64 && isTagByte(s[i]) {
		i++
	}
	if i == 0 || i == len(s) {
		return "", "", s, false
	}
	program = programName(s[:i])
	rest := s[i:]
	if rest[0] == '[' {
		end := strings.IndexByte(rest[:min(len(rest), 64)], ']')
		if end < 0 {
			return "", "", s, false
		}
		pid, rest = rest[1:end], rest[end+1:]
	} else if rest[0] == ' ' && i+1 < len(s) && format.IsDigit(s[i+1]) { // the version, as sysklogd writes it
		if end := strings.IndexByte(rest[:min(len(rest), 32)], ':'); end > 0 && strings.Count(rest[:end], " ") == 1 && strings.Contains(rest[:end], ".") {
			rest = rest[end:]
		}
	}
	if rest, ok = strings.CutPrefix(rest, ":"); !ok || rest != "" && rest[0] != ' ' && rest[0] != '[' && pid == "" {
		return "", "", s, false
	}
	return program, pid, strings.TrimPrefix(rest, " "), true
}

func isTagByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || format.IsDigit(c) || strings.IndexByte("-_./()@%+~", c) >= 0
}

// programName drops the folder of a program that gives its whole path and the
// module in parentheses that old PAM adds, "sshd(pam_unix)".
func programName(s string) string {
	if len(s) > 1 && s[0] == '/' {
		s = s[strings.LastIndexByte(s, '/')+1:]
	}
	if i := strings.IndexByte(s, '('); i > 0 {
		s = s[:i]
	}
	return s
}

// isHost reports whether s can be a host name or address, and is not the
// level of an application's own log.
func isHost(s string) bool {
	if s == "" || len(s) > 255 {
		return false
	}
	switch s {
	case "INFO", "WARN", "WARNING", "ERROR", "DEBUG", "TRACE", "FATAL", "NOTICE", "CRITICAL":
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isTagByte(c) && c != ':' && c < 0x80 {
			return false
		}
	}
	return true
}

// fill sets all that the envelope says of an event.
func (env *envelope) fill(in *format.Input, ev *event.Event) {
	if env.timed {
		env.at.Set(in, ev)
	}
	if env.host != "" {
		ev.Host = env.host
	}
	ev.ProcessPath, ev.EventCode, ev.Message = env.program, env.msgID, strings.TrimLeft(env.message, " ")
	ev.Fields = make([]event.Field, 0, 6+len(env.params))
	ev.Add("program", env.program)
	ev.Add("pid", env.pid)
	ev.Fields = append(ev.Fields, env.params...)
	env.number(ev)
	if env.priority >= 0 {
		ev.Add("facility", strconv.Itoa(env.priority/8))
		ev.Add("severity", strconv.Itoa(env.priority%8))
		ev.SeverityID = syslogSeverity(env.priority % 8)
	}
}

// wrap gives an event that another format read from the message the host of
// the envelope, its program and process, where the message states none, and its
// time, where that is the better one.
func (env *envelope) wrap(in *format.Input, ev *event.Event) {
	if env.host != "" && (ev.Host == "" || ev.Host == in.Via.Get("host")) {
		ev.Host = env.host
	}
	if ev.SeverityID == event.SeverityUnknown && env.priority >= 0 {
		ev.SeverityID = syslogSeverity(env.priority % 8)
	}
	for _, f := range [...]event.Field{{Name: "program", Value: env.program}, {Name: "pid", Value: env.pid}} {
		if _, ok := ev.Get(f.Name); !ok {
			ev.Add(f.Name, f.Value)
		}
	}
	env.number(ev)
	if !env.timed {
		return
	}
	outer := in.New("", event.ClassBase)
	env.at.Set(in, &outer)
	if better(outer.Quality, ev.Quality) {
		ev.Time, ev.Quality = outer.Time, outer.Quality
	}
}

// number takes over the count of the originator (RFC 5424 §7.3.1, from 1 to
// 2147483647 and again), unless the message has one of its own. Whether a host or
// each of its programs is the originator is not said; package coverage/sequence
// finds out.
func (env *envelope) number(ev *event.Event) {
	if ev.NativeSeq != "" {
		return
	}
	for _, p := range env.params {
		if n, err := strconv.ParseUint(p.Value, 10, 31); p.Name == "meta.sequenceId" && err == nil && n > 0 {
			ev.NativeSeq, ev.Chain = p.Value, "rfc5424:"+env.program
			return
		}
	}
}

// better reports whether time a is to be trusted more than time b.
func better(a, b event.Quality) bool {
	rank := func(q event.Quality) int {
		switch {
		case q.Zone == event.ZoneStated:
			return 3
		case q.Zone == event.ZoneReceived:
			return 0
		case q.YearInferred:
			return 1
		}
		return 2
	}
	if rank(a) != rank(b) {
		return rank(a) > rank(b)
	}
	return a.Precision < b.Precision
}

// syslogSeverity maps the severities of RFC 5424 (0 emergency … 7 debug).
func syslogSeverity(n int) int32 {
	switch {
	case n <= 2:
		return event.SeverityCritical
	case n == 3:
		return event.SeverityHigh
	case n == 4:
		return event.SeverityMedium
	case n == 5:
		return event.SeverityLow
	}
	return event.SeverityInformational
}
