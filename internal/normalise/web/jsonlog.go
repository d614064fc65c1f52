package web

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
)

// part is what a member of a request logged in JSON stands for.
type part uint8

const (
	partNone part = iota
	partTime
	partClient
	partClientPort
	partUser
	partMethod
	partURI
	partProtocol
	partStatus
	partBytes
	partReferer
	partAgent
	partHost
	partSession
	partForwarded
	partCount
)

// jsonLog reads the requests that one product logs in JSON.
type jsonLog struct {
	name  string
	marks []string // one of them is in every record
	parts map[string]part
	flat  *jsonx.Flattener
}

func newJSONLog(name string, marks []string, parts map[string]part) *jsonLog {
	return &jsonLog{name: name, marks: marks, parts: parts, flat: jsonx.NewFlattener(jsonx.DefaultLimits())}
}

func (j *jsonLog) Name() string { return j.name }

func (j *jsonLog) Matches(raw []byte) bool {
	if len(raw) == 0 || raw[0] != '{' {
		return false
	}
	for _, mark := range j.marks {
		if bytes.Contains(raw, []byte(mark)) {
			return true
		}
	}
	return false
}

// Shape takes files whose first record bears a mark.
func (j *jsonLog) Shape(head []byte) (event.Shape, bool) {
	first, framing, ok := format.FirstJSON(head)
	return event.Shape{Format: j.name, Framing: framing}, ok && j.Matches(first)
}

func (j *jsonLog) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !j.Matches(in.Raw) {
		return dst, false
	}
	return j.object(in, in.Raw, dst)
}

// object reads the JSON object raw, which is or stands in the record.
func (j *jsonLog) object(in *format.Input, raw []byte, dst []event.Event) ([]event.Event, bool) {
	members, err := j.flat.Flatten(raw)
	if err != nil {
		return dst, false
	}
	var of [partCount]string
	ev := in.New(j.name, event.ClassHTTP)
	ev.Fields = make([]event.Field, 0, len(members)+12)
	for i := range members {
		m := &members[i]
		if isCredentialHeader(m.Name) {
			continue
		}
		if p := j.parts[m.Name]; of[p] == "" {
			of[p] = format.NilValue(m.Value)
		}
		ev.Add(m.Name, m.Value)
	}
	if of[partMethod] == "" || !isStatus(of[partStatus]) && of[partStatus] != "0" {
		return dst, false
	}
	setParts(in, &ev, &of)
	return append(dst, ev), true
}

// setParts fills the columns, and the names that rules know of every web log.
func setParts(in *format.Input, ev *event.Event, of *[partCount]string) {
	if at, ok := format.ParseTime(of[partTime]); ok {
		at.Set(in, ev)
	}
	ev.SrcIP, ev.SrcPort = format.AddressPort(of[partClient])
	if n := format.Port(of[partClientPort]); n != 0 && ev.SrcIP != "" {
		ev.SrcPort = n
	}
	if ev.SrcIP == "" { // the addresses that a proxy was told, nearest last
		setForwarded(ev, of[partClient])
	}
	if ev.SrcIP == "" {
		setForwarded(ev, of[partForwarded])
	}
	ev.Add("c-ip", ev.SrcIP)
	ev.ActorUser, ev.SessionUID = of[partUser], of[partSession]
	ev.Add("cs-username", ev.ActorUser)
	setVhost(ev, of[partHost])
	setRequest(ev, of[partMethod]+" "+of[partURI])
	ev.Add("cs-version", of[partProtocol])
	setStatus(ev, of[partStatus])
	ev.BytesOut = format.ByteCount(of[partBytes])
	ev.Add("sc-bytes", of[partBytes])
	ev.Add("cs-referer", of[partReferer])
	ev.Add("cs-user-agent", of[partAgent])
	ev.ClientApp = of[partAgent]
	ev.Message = format.Message(of[partMethod] + " " + of[partURI] + " " + of[partStatus])
}

// setForwarded takes the last address of a list: the one that the server's own
// neighbour has seen.
func setForwarded(ev *event.Event, list string) {
	if i := strings.LastIndexByte(list, ','); i >= 0 {
		list = list[i+1:]
	}
	ev.SrcIP, ev.SrcPort = format.AddressPort(strings.TrimSpace(list))
}

// isCredentialHeader reports whether a member or header holds what lets its
// reader in: such values go into no field.
func isCredentialHeader(name string) bool {
	name = strings.ToLower(name)
	if strings.HasPrefix(name, "cookies.") {
		return true
	}
	for _, tail := range [...]string{"authorization", "cookie", "x-api-key", "x-auth-token"} {
		if strings.HasSuffix(name, tail) {
			return true
		}
	}
	return false
}
