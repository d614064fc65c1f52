package web

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// liteSpeed reads the error log of LiteSpeed and OpenLiteSpeed; their access
// log is that of Apache.
type liteSpeed struct{}

// NewLiteSpeed returns the format "litespeed".
func NewLiteSpeed() format.Format { return liteSpeed{} }

func (liteSpeed) Name() string { return "litespeed" }

// Matches looks for "2022-06-08 22:49:20.774649 [NOTICE] [".
func (liteSpeed) Matches(raw []byte) bool {
	return len(raw) > 32 && raw[4] == '-' && raw[10] == ' ' && raw[19] == '.' && raw[26] == ' ' && raw[27] == '['
}

func (f liteSpeed) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !f.Matches(in.Raw) {
		return dst, false
	}
	s := in.Text()
	at, end, ok := format.ISOTime(s)
	level, rest, closed := strings.Cut(strings.TrimPrefix(s[end:], " ["), "] ")
	if !ok || end != 26 || !closed || liteSpeedSeverity(level) == event.SeverityUnknown {
		return dst, false
	}
	ev := in.New(f.Name(), event.ClassApplicationError)
	at.Set(in, &ev)
	ev.SeverityID = liteSpeedSeverity(level)
	ev.Add("level", level)
	for strings.HasPrefix(rest, "[") {
		tag, after, ok := strings.Cut(rest[1:], "] ")
		if !ok {
			break
		}
		liteSpeedTag(&ev, tag)
		rest = after
	}
	ev.Message = format.Message(rest)
	liteSpeedLogon(&ev, rest)
	return append(dst, ev), true
}

func liteSpeedSeverity(level string) int32 {
	if level == "WARNING" {
		level = "warn"
	}
	return levelSeverity(strings.ToLower(level))
}

// liteSpeedTag reads "1226033", "192.0.2.4:45164:HTTP2-41#_AdminVHost",
// "192.0.2.4:61120-5#Example" and "STDERR".
func liteSpeedTag(ev *event.Event, tag string) {
	peer, vhost, ok := strings.Cut(tag, "#")
	if !ok {
		if format.IsDecimal(tag) {
			ev.Add("pid", tag)
		} else {
			ev.Add("module", tag)
		}
		return
	}
	ev.Add("vhost", vhost)
	host, number, _ := strings.Cut(peer, ":")
	if strings.HasPrefix(peer, "[") {
		inside, after, _ := strings.Cut(peer[1:], "]")
		host, number = inside, strings.TrimPrefix(after, ":")
	}
	port, n := format.LeadingDigits(number, 5)
	if ev.SrcIP = format.Address(host); ev.SrcIP != "" && n > 0 && port <= 65535 {
		ev.SrcPort = int32(port)
	}
	ev.SessionUID = tag
	ev.Add("c-ip", ev.SrcIP)
}

// liteSpeedLogon recognises refused passwords of the console and of realms.
func liteSpeedLogon(ev *event.Event, s string) {
	if user, rest, ok := strings.Cut(format.After(s, "Failed Login Attempt - username:"), " ip:"); ok {
		format.Logon(ev, user, event.StatusFailure)
		address, _, _ := strings.Cut(rest, " ")
		if ip := format.Address(address); ev.SrcIP == "" {
			ev.SrcIP = ip
		}
		return
	}
	if user, ok := strings.CutSuffix(s, "' failed to authenticate."); ok && strings.HasPrefix(user, "User '") {
		format.Logon(ev, user[len("User '"):], event.StatusFailure)
	}
}
