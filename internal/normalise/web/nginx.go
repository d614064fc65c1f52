package web

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// nginx reads nginx's access log in the combined form, with what operators add
// at its end, the standard log of Nginx Proxy Manager, and the error log.
type nginx struct{}

// NewNginx returns the format "nginx".
func NewNginx() format.Format { return &nginx{} }

func (*nginx) Name() string { return "nginx" }

func (*nginx) Matches(raw []byte) bool {
	return isNginxError(raw) || isAccess(raw)
}

// isNginxError looks for "2018/03/01 12:12:50 [".
func isNginxError(raw []byte) bool {
	return len(raw) > 21 && raw[4] == '/' && raw[7] == '/' && raw[10] == ' ' && raw[20] == '['
}

// Shape recognises an error log, whose messages may have several lines.
func (*nginx) Shape(head []byte) (event.Shape, bool) {
	lines := format.SampleLines(head)
	if len(lines) == 0 || !isNginxError(lines[0]) {
		return event.Shape{}, false
	}
	if _, ok := nginxError(format.SampleInput(lines[0]), nil); !ok {
		return event.Shape{}, false
	}
	return event.Shape{
		Format:    "nginx",
		Continues: func(_, line []byte) bool { return !isNginxError(line) },
	}, true
}

func (*nginx) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if isNginxError(in.Raw) {
		return nginxError(in, dst)
	}
	s := in.Text()
	if strings.HasPrefix(s, "[") {
		return nginxProxyManager(in, dst)
	}
	a, ok := parseAccess(s)
	// A host before the address is Apache's, unless it stands in nginx's file.
	if !ok || !a.combined || a.vhost != "" && in.Via.Get("format") != "nginx" {
		return dst, false
	}
	return a.appendEvent(dst, in, "nginx"), true
}

// nginxError reads "TIME [LEVEL] PID#TID: *CONNECTION MESSAGE, client: ADDRESS,
// server: NAME, request: "…", host: "…"".
func nginxError(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	s := in.Text()
	at, end, ok := format.ISOTime(s)
	if !ok || end != 19 {
		return dst, false
	}
	level, rest, ok := strings.Cut(s[21:], "] ")
	process, message, colon := strings.Cut(rest, ": ")
	if !ok || !colon || strings.IndexByte(process, '#') < 0 {
		return dst, false
	}
	ev := in.New("nginx", event.ClassApplicationError)
	at.Set(in, &ev)
	ev.SeverityID = levelSeverity(level)
	ev.Add("level", level)
	pid, _, _ := strings.Cut(process, "#")
	ev.Add("pid", pid)
	if number, text, ok := strings.Cut(message, " "); ok && strings.HasPrefix(number, "*") {
		ev.SessionUID, message = number[1:], text
	}
	ev.Message = message
	if i := clientMark(message); i >= 0 {
		ev.Message = message[:i]
		nginxTrailer(&ev, message[i:])
	} else if peer, ok := strings.CutPrefix(message, "client "); ok { // mail proxy
		word, rest, _ := strings.Cut(peer, " ")
		ev.SrcIP, ev.SrcPort = format.AddressPort(word)
		ev.DstIP, ev.DstPort = format.AddressPort(format.After(rest, "connected to "))
	}
	nginxOutcome(&ev)
	modSecurity(&ev, ev.Message)
	return append(dst, ev), true
}

// clientMark finds where the trailer begins: the last ", client: " before the
// request, which the peer chose.
func clientMark(message string) int {
	limit := strings.Index(message, `, request: "`)
	if limit < 0 {
		limit = len(message)
	}
	return strings.LastIndex(message[:limit], ", client: ")
}

// nginxTrailer reads ", client: ADDRESS, server: NAME, request: "…", host: "…"".
func nginxTrailer(ev *event.Event, s string) {
	for s != "" {
		name, rest, ok := strings.Cut(strings.TrimPrefix(s, ", "), ": ")
		if !ok {
			return
		}
		var value string
		if quoted, isQuoted := strings.CutPrefix(rest, `"`); isQuoted {
			if value, s, ok = strings.Cut(quoted, `", `); !ok {
				value = strings.TrimSuffix(value, `"`)
			}
		} else {
			value, s, _ = strings.Cut(rest, ", ")
		}
		switch name {
		case "client":
			ev.SrcIP, ev.SrcPort = format.AddressPort(value)
			ev.Add("c-ip", value)
		case "request":
			setErrorRequest(ev, value)
		case "host":
			ev.Add("cs-host", value)
		case "referrer":
			ev.Add("cs-referer", value)
		case "login":
			ev.ActorUser = value
			ev.Add(name, value)
		default:
			ev.Add(name, value)
		}
	}
}

// setErrorRequest keeps the request without making the error an HTTP activity.
func setErrorRequest(ev *event.Event, request string) {
	activity := ev.ActivityID
	setRequest(ev, request)
	ev.ActivityID = activity
}

// nginxOutcome recognises refused passwords of basic authentication
// (ngx_http_auth_basic_module) and of the mail proxy.
func nginxOutcome(ev *event.Event) {
	s := ev.Message
	if user, ok := strings.CutPrefix(s, `user "`); ok {
		for _, mark := range [...]string{`": password mismatch`, `" was not found in "`} {
			if i := strings.LastIndex(user, mark); i >= 0 {
				format.Logon(ev, user[:i], event.StatusFailure)
			}
		}
		return
	}
	switch {
	case strings.HasPrefix(s, "client login failed"):
		format.Logon(ev, ev.ActorUser, event.StatusFailure)
	case strings.HasPrefix(s, "client logged in"):
		format.Logon(ev, ev.ActorUser, event.StatusSuccess)
	}
}
