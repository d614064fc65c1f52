package web

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// access is one line of a web server's access log in the common, combined or
// vhost form: [VHOST ]ADDRESS IDENT USER [TIME] "REQUEST" STATUS BYTES
// ["REFERER" "AGENT"][ EXTRAS].
type access struct {
	vhost, client, user string
	at                  format.Moment
	request, status     string
	message             string // request and status as they stand
	bytes               string
	referer, agent      string
	combined            bool   // referer and agent are there
	extras              string // what the operator has added: rt=0.123, "-"
}

// isAccess tells cheaply whether a record may be an access line: before the
// request stands a time in brackets.
func isAccess(raw []byte) bool {
	quote := bytes.IndexByte(raw, '"')
	return quote > 20 && (raw[quote-1] == ' ' && raw[quote-2] == ']' || raw[0] == '[')
}

// maxCandidates bounds how many brackets are tried as the start of the time; a
// user name may hold brackets of its own.
const maxCandidates = 4

// parseAccess reads an access line.
func parseAccess(s string) (access, bool) {
	var a access
	from := 0
	for range maxCandidates {
		i := strings.Index(s[from:], " [")
		if i < 0 {
			return a, false
		}
		i += from
		from = i + 1
		end := strings.IndexByte(s[i:min(len(s), i+40)], ']')
		if end < 0 {
			continue
		}
		at, ok := format.CLFTime(s[i+2 : i+end])
		if !ok {
			continue
		}
		a.at = at
		return a, a.parseHead(s[:i]) && a.parseTail(s[i+end+1:])
	}
	return a, false
}

// parseHead reads what stands before the time.
func (a *access) parseHead(s string) bool {
	first, rest, ok := strings.Cut(s, " ")
	if !ok {
		return false
	}
	if format.Address(first) == "" {
		if second, tail, ok := strings.Cut(rest, " "); ok && format.Address(second) != "" {
			a.vhost, first, rest = first, second, tail
		}
	}
	ident, user, ok := strings.Cut(rest, " ")
	a.client, a.user = first, format.NilValue(user)
	return ok && first != "" && ident != "" && !strings.ContainsAny(first, "[]\"=")
}

// parseTail reads what stands after the time.
func (a *access) parseTail(s string) bool {
	line := s
	s, ok := strings.CutPrefix(s, ` "`)
	if !ok {
		return false
	}
	if a.request, s, ok = cutEscaped(s); !ok {
		return false
	}
	n := 4
	switch {
	case strings.HasPrefix(s, " - "): // the server had nothing to answer
		n = 2
	case len(s) < 4 || s[0] != ' ' || format.Digits(s, 1, 3) < 0:
		return false
	}
	a.status, a.message = format.NilValue(s[1:n]), line[1:len(line)-len(s)+n]
	rest, ok := strings.CutPrefix(s[n:], " ")
	if !ok {
		return s[n:] == ""
	}
	a.bytes, s, _ = strings.Cut(rest, " ")
	if a.bytes != "-" && (a.bytes == "" || !format.IsDigit(a.bytes[0])) {
		return false
	}
	a.extras = s
	referer, ok := strings.CutPrefix(s, `"`)
	if !ok {
		return true
	}
	referer, s, ok = cutEscaped(referer)
	agent, quoted := strings.CutPrefix(s, ` "`)
	if !ok || !quoted {
		return true
	}
	if agent, s, ok = cutEscaped(agent); ok {
		a.referer, a.agent, a.combined = referer, agent, true
		a.extras = strings.TrimPrefix(s, " ")
	}
	return true
}

// cutEscaped returns the text before the closing quote as it stands, and what
// follows the quote.
func cutEscaped(s string) (text, rest string, ok bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[:i], s[i+1:], true
		}
	}
	return "", s, false
}

// appendEvent appends the event of an access line.
func (a *access) appendEvent(dst []event.Event, in *format.Input, name string) []event.Event {
	dst = append(dst, in.New(name, event.ClassHTTP))
	ev := &dst[len(dst)-1]
	a.at.Set(in, ev)
	ev.Fields = make([]event.Field, 0, 14)
	ev.SrcIP = format.Address(a.client)
	ev.Add("c-ip", a.client)
	ev.ActorUser = a.user
	ev.Add("cs-username", a.user)
	setVhost(ev, a.vhost)
	setRequest(ev, a.request)
	if a.status != "" {
		setStatus(ev, a.status)
	}
	if n, err := strconv.ParseInt(a.bytes, 10, 64); err == nil {
		ev.BytesOut = n
		ev.Add("sc-bytes", a.bytes)
	}
	ev.Add("cs-referer", a.referer)
	ev.Add("cs-user-agent", a.agent)
	ev.ClientApp = format.NilValue(a.agent)
	a.addExtras(ev)
	ev.Message = a.message
	return dst
}

// addExtras keeps what follows the standard columns: NAME=VALUE pairs under
// their names, anything else together.
func (a *access) addExtras(ev *event.Event) {
	if a.extras == "" {
		return
	}
	for word := range strings.FieldsSeq(a.extras) {
		name, value, ok := strings.Cut(word, "=")
		if !ok || name == "" || strings.IndexByte(name, '"') >= 0 {
			ev.Add("extras", a.extras)
			return
		}
		ev.Add(name, strings.Trim(value, `"`))
	}
}

// setVhost reads "www.example.com:443".
func setVhost(ev *event.Event, vhost string) {
	if vhost == "" {
		return
	}
	if name, number, ok := strings.Cut(vhost, ":"); ok {
		vhost = name
		ev.DstPort = format.Port(number)
	}
	ev.Add("cs-host", vhost)
}

// setRequest reads "GET /path?query HTTP/1.1". What a scanner sends in its
// place is kept whole as the statement.
func setRequest(ev *event.Event, request string) {
	method, uri, ok := strings.Cut(request, " ")
	if !ok || !isMethod(method) {
		ev.ActivityID, ev.Statement = event.ActivityOther, format.NilValue(request)
		ev.Add("request", request)
		return
	}
	if i := strings.LastIndex(uri, " HTTP/"); i >= 0 {
		ev.Add("cs-version", uri[i+1:])
		uri = uri[:i]
	}
	if ev.ActivityID = format.HTTPActivity(method); ev.ActivityID == 0 {
		ev.ActivityID = event.ActivityOther
	}
	ev.Add("cs-method", method)
	setURI(ev, uri)
}

// setURI sets path and query under the names of the W3C log that rules read.
func setURI(ev *event.Event, uri string) {
	path, query, _ := strings.Cut(uri, "?")
	if i := strings.Index(path, "://"); i > 0 { // as clients ask a proxy
		host, _, _ := strings.Cut(path[i+3:], "/")
		ev.Add("cs-host", host)
		path = path[i+3+len(host):]
	}
	ev.Object, ev.Statement = path, query
	ev.Add("cs-uri", uri)
	ev.Add("c-uri", uri)
	ev.Add("cs-uri-stem", path)
	ev.Add("cs-uri-query", query)
}

// setStatus sets what a status of three digits says.
func setStatus(ev *event.Event, code string) {
	ev.EventCode = code
	ev.Add("sc-status", code)
	ev.StatusID = event.StatusSuccess
	if code >= "400" {
		ev.StatusID = event.StatusFailure
	}
}

func isMethod(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

// levelSeverity maps the levels of Apache and nginx error logs.
func levelSeverity(level string) int32 {
	switch {
	case level == "emerg", level == "alert", level == "crit":
		return event.SeverityCritical
	case level == "error":
		return event.SeverityHigh
	case level == "warn":
		return event.SeverityMedium
	case level == "notice":
		return event.SeverityLow
	case level == "info", level == "debug", strings.HasPrefix(level, "trace"):
		return event.SeverityInformational
	}
	return event.SeverityUnknown
}
