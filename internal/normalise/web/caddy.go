package web

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// caddy reads Caddy's access log and the alerts of its firewall Coraza, both
// in JSON (Caddy documentation, "How logging works").
type caddy struct{ *jsonLog }

// NewCaddy returns the format "caddy".
func NewCaddy() format.Format {
	return caddy{newJSONLog("caddy", []string{`"http.log.access`, `"http.handlers.waf"`}, map[string]part{
		"ts": partTime, "request.client_ip": partClient, "request.remote_addr": partClient, "request.remote_ip": partForwarded,
		"request.remote_port": partClientPort, "user_id": partUser, "request.method": partMethod, "request.uri": partURI,
		"request.proto": partProtocol, "status": partStatus, "size": partBytes, "request.headers.Referer": partReferer,
		"request.headers.User-Agent": partAgent, "request.host": partHost,
	})}
}

func (c caddy) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !c.Matches(in.Raw) {
		return dst, false
	}
	if out, ok := c.object(in, in.Raw, dst); ok {
		return out, true
	}
	return c.alert(in, dst)
}

// alert reads {"level":…,"ts":…,"logger":"http.handlers.waf","msg":"[client
// "ADDRESS"] Coraza: Warning. … [id "…"] [msg "…"]"}.
func (c caddy) alert(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	members, err := c.flat.Flatten(in.Raw)
	if err != nil {
		return dst, false
	}
	ev := in.New(c.name, event.ClassApplicationError)
	text := ""
	for i := range members {
		switch m := &members[i]; m.Name {
		case "ts":
			if at, ok := format.ParseTime(m.Value); ok {
				at.Set(in, &ev)
			}
		case "msg":
			text = strings.TrimSpace(m.Value)
		case "level":
			ev.SeverityID = levelSeverity(m.Value)
			ev.Add(m.Name, m.Value)
		default:
			ev.Add(m.Name, m.Value)
		}
	}
	if client, rest, ok := strings.Cut(text, "] "); ok && strings.HasPrefix(client, "[client ") {
		ev.SrcIP, ev.SrcPort = format.AddressPort(strings.Trim(client[len("[client "):], `"`))
		ev.Add("c-ip", ev.SrcIP)
		text = rest
	}
	ev.Message = text
	modSecurity(&ev, text)
	return append(dst, ev), text != ""
}
