package web

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// modSecurityAudit reads ModSecurity's audit log: the serial form, sections A
// to Z of one transaction, and the JSON of versions 2 and 3 (ModSecurity
// Reference Manual, "Audit Logging"). One transaction gives one event for the
// request, with all headers but credentials, and one for each rule that
// matched. Bodies go into no field: they may hold what people have typed.
type modSecurityAudit struct{}

// NewModSecurity returns the format "modsecurity".
func NewModSecurity() format.Format { return modSecurityAudit{} }

func (modSecurityAudit) Name() string { return "modsecurity" }

func (modSecurityAudit) Matches(raw []byte) bool {
	return isAuditSection(raw, 'A') || bytes.HasPrefix(raw, []byte(`{"transaction":`))
}

// isAuditSection looks for "--54e6bc0d-A--"; what is the letter of any section
// for 0.
func isAuditSection(line []byte, letter byte) bool {
	line = bytes.TrimRight(line, "\r")
	if len(line) < 8 || line[0] != '-' || line[1] != '-' {
		return false
	}
	i := bytes.IndexByte(line[2:min(len(line), 40)], '-') + 2
	return i > 5 && i+3 < len(line) && line[i+1] >= 'A' && line[i+1] <= 'Z' && (letter == 0 || line[i+1] == letter) && line[i+2] == '-' && line[i+3] == '-'
}

// Shape takes files that begin with a transaction.
func (f modSecurityAudit) Shape(head []byte) (event.Shape, bool) {
	lines := format.SampleLines(head)
	if len(lines) == 0 || !f.Matches(lines[0]) {
		return event.Shape{}, false
	}
	shape := event.Shape{Format: f.Name()}
	if lines[0][0] == '-' {
		shape.Continues = func(_, line []byte) bool { return !isAuditSection(line, 'A') }
	}
	return shape, true
}

// transaction is what an audit log says of one request.
type transaction struct {
	id, client, clientPort, server, serverPort string
	at                                         format.Moment
	request                                    string // "GET /path?query HTTP/1.1"
	requestHeaders, responseHeaders            []event.Field
	status                                     string
	messages                                   []auditMessage
	others                                     []event.Field
	intercepted                                bool
}

// auditMessage is what one rule had to say: a text that ends with [name
// "value"] pairs, or these apart.
type auditMessage struct {
	text string
	tags []event.Field
}

func (f modSecurityAudit) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	var t transaction
	ok := false
	if len(in.Raw) > 0 && in.Raw[0] == '{' {
		ok = t.readJSON(in.Raw)
	} else if isAuditSection(in.Raw, 'A') {
		ok = t.readSections(in.Text())
	}
	if !ok {
		return dst, false
	}
	dst = append(dst, t.requestEvent(in))
	for _, message := range t.messages {
		dst = append(dst, t.alert(in, message))
	}
	return dst, true
}

// requestEvent gives the event of the request itself.
func (t *transaction) requestEvent(in *format.Input) event.Event {
	ev := in.New("modsecurity", event.ClassHTTP)
	ev.Fields = make([]event.Field, 0, len(t.requestHeaders)+len(t.responseHeaders)+len(t.others)+14)
	t.common(in, &ev)
	setRequest(&ev, t.request)
	if isStatus(t.status) {
		setStatus(&ev, t.status)
	}
	if t.intercepted {
		ev.StatusID = event.StatusFailure
	}
	for _, h := range t.requestHeaders {
		if isCredentialHeader(h.Name) {
			continue
		}
		name := strings.ToLower(h.Name)
		ev.Add("cs-"+name, h.Value)
		if name == "user-agent" {
			ev.ClientApp = h.Value
		}
	}
	for _, h := range t.responseHeaders {
		if isCredentialHeader(h.Name) {
			continue
		}
		name := strings.ToLower(h.Name)
		ev.Add("sc-"+name, h.Value)
		if name == "content-length" {
			ev.BytesOut = format.ByteCount(h.Value)
		}
	}
	ev.Fields = append(ev.Fields, t.others...)
	ev.Message = format.Message(t.request + " " + t.status)
	return ev
}

// common sets what all events of a transaction share.
func (t *transaction) common(in *format.Input, ev *event.Event) {
	t.at.Set(in, ev)
	ev.SrcIP, ev.SrcPort = format.Address(t.client), format.Port(t.clientPort)
	ev.DstIP, ev.DstPort = format.Address(t.server), format.Port(t.serverPort)
	ev.SessionUID = t.id
	ev.Add("c-ip", t.client)
	ev.Add("unique_id", t.id)
}

// alert gives the event of one rule that matched.
func (t *transaction) alert(in *format.Input, message auditMessage) event.Event {
	ev := in.New("modsecurity", event.ClassApplicationError)
	t.common(in, &ev)
	_, uri, _ := strings.Cut(t.request, " ")
	uri, _, _ = strings.Cut(uri, " ")
	ev.Object, _, _ = strings.Cut(uri, "?")
	ev.SeverityID = event.SeverityMedium
	if t.intercepted {
		ev.StatusID = event.StatusFailure
	}
	ev.Message = format.Message(message.text)
	modSecurityTags(&ev, message.text)
	for _, tag := range message.tags {
		if tag.Name == "id" {
			ev.EventCode = tag.Value
		}
		ev.Add(tag.Name, tag.Value)
	}
	if severity, ok := ev.Get("severity"); ok {
		ev.SeverityID = auditSeverity(severity)
	}
	return ev
}

// auditSeverity maps the severity of a rule, a number of syslog or its name.
func auditSeverity(s string) int32 {
	switch strings.ToUpper(s) {
	case "0", "1", "2", "EMERGENCY", "ALERT", "CRITICAL":
		return event.SeverityHigh
	case "3", "ERROR":
		return event.SeverityMedium
	case "4", "WARNING":
		return event.SeverityLow
	}
	return event.SeverityInformational
}
