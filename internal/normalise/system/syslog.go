package system

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// syslog reads the envelopes of RFC 3164 and RFC 5424, with and without the
// priority, and the file form of rsyslog whose time is ISO 8601. The message
// is read by program; that of a program it does not know is offered to the
// formats that may stand inside a syslog line.
type syslog struct {
	inner []format.Format
}

// NewSyslog returns the format "syslog". A message of a program that it does
// not know is offered to inner, in their order.
func NewSyslog(inner []format.Format) format.Format { return &syslog{inner: inner} }

// handler reads the message of one program family into an event that already
// holds what the envelope says.
type handler func(ev *event.Event, message string)

func (*syslog) Name() string { return "syslog" }

func (*syslog) Matches(raw []byte) bool {
	if len(raw) < 5 {
		return false
	}
	switch c := raw[0]; {
	case c == '<':
		return format.IsDigit(raw[1])
	case c >= 'A' && c <= 'S':
		return raw[3] == ' '
	case format.IsDigit(c):
		return len(raw) > 20 && raw[4] == '-' && raw[10] == 'T'
	}
	return false
}

func (f *syslog) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	env, ok := parseEnvelope(in.Text())
	if !ok {
		return dst, false
	}
	return f.message(in, &env, dst), true
}

// message appends the events of what stands in an envelope: at least one.
func (f *syslog) message(in *format.Input, env *envelope, dst []event.Event) []event.Event {
	read := handlerOf(env.program)
	if read == nil || env.program == "kernel" && strings.HasPrefix(env.message, "audit: ") {
		if out, ok := f.nested(in, env, dst); ok {
			return out
		}
	}
	dst = append(dst, in.New("syslog", event.ClassBase))
	env.read(in, &dst[len(dst)-1], read) // in place: an Event is large
	return dst
}

// read fills an event with what the envelope says and what read, which may be
// nil, makes of the message.
func (env *envelope) read(in *format.Input, ev *event.Event, read handler) {
	env.fill(in, ev)
	message := env.message
	if count, repeated, ok := repeatedMessage(message); ok {
		ev.Add("repeated", count)
		message = repeated
	}
	if read == nil && isNetfilter(message) { // by way of ulogd, or without a program
		read = readKernel
	}
	if read != nil {
		read(ev, message)
	}
}

// Said reads a message that came without its envelope, whose program is known.
// It returns false when that is none whose messages are read by program.
func Said(in *format.Input, program, pid, message string) (event.Event, bool) {
	env := envelope{priority: -1, program: programName(program), pid: pid, message: message}
	read := handlerOf(env.program)
	if read == nil {
		return event.Event{}, false
	}
	ev := in.New("syslog", event.ClassBase)
	env.read(in, &ev, read)
	return ev, true
}

// nested offers the message to the formats that may stand in a syslog line. Of
// the two times the better one is kept.
func (f *syslog) nested(in *format.Input, env *envelope, dst []event.Event) ([]event.Event, bool) {
	message := strings.TrimPrefix(env.message, "audit: ")
	inside := env.inside(in, message)
	start := len(dst)
	for _, inner := range f.inner {
		if !inner.Matches(inside.Raw) {
			continue
		}
		out, ok := inner.Normalise(&inside, dst[:start])
		if !ok || len(out) == start {
			continue
		}
		for i := range out[start:] {
			env.wrap(in, &out[start+i])
		}
		return out, true
	}
	return dst[:start], false
}

// repeatedMessage takes apart rsyslog's "message repeated 3 times: [ text]".
func repeatedMessage(s string) (count, message string, ok bool) {
	rest, ok := strings.CutPrefix(s, "message repeated ")
	if !ok {
		return "", s, false
	}
	count, rest, ok = strings.Cut(rest, " times: [")
	if !ok {
		return "", s, false
	}
	return count, strings.TrimSpace(strings.TrimSuffix(rest, "]")), true
}

// handlerOf returns the reader of a program's messages, nil when there is none.
func handlerOf(program string) handler {
	switch program {
	case "sshd", "sshd-session", "sshd-auth":
		return readSSHD
	case "sudo":
		return readSudo
	case "su":
		return readSu
	case "login":
		return readLogin
	case "cron", "CRON", "crond", "CROND", "crontab", "anacron", "fcron":
		return readCron
	case "kernel":
		return readKernel
	case "systemd":
		return readSystemd
	case "chronyd", "ntpd", "ntpdate", "sntp", "systemd-timesyncd", "systemd-timedated", "openntpd":
		return readClock
	case "systemd-logind", "elogind":
		return readLogind
	case "useradd", "adduser", "groupadd", "usermod", "groupmod", "userdel", "groupdel", "passwd", "chpasswd",
		"chage", "chsh", "chfn", "gpasswd":
		return readAccount
	case "rsyslogd", "syslogd", "syslog-ng", "systemd-journald", "journald":
		return readLogger
	}
	return nil
}
