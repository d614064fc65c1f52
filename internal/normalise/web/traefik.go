package web

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// traefik reads Traefik's access log, as JSON and in the common form with its
// own end (Traefik documentation, "Access Logs").
type traefik struct{ *jsonLog }

// NewTraefik returns the format "traefik".
func NewTraefik() format.Format {
	return traefik{newJSONLog("traefik", []string{`"DownstreamStatus"`}, map[string]part{
		"StartUTC": partTime, "ClientHost": partClient, "ClientPort": partClientPort, "ClientUsername": partUser, "RequestMethod": partMethod,
		"RequestPath": partURI, "RequestProtocol": partProtocol, "DownstreamStatus": partStatus, "DownstreamContentSize": partBytes,
		"request_Referer": partReferer, "request_User-Agent": partAgent, "RequestHost": partHost,
	})}
}

func (t traefik) Matches(raw []byte) bool { return isTraefikText(raw) || t.jsonLog.Matches(raw) }

// isTraefikText looks for an access line that ends with its duration.
func isTraefikText(raw []byte) bool {
	return len(raw) > 40 && format.IsDigit(raw[len(raw)-3]) && bytes.HasSuffix(raw, []byte("ms")) && isAccess(raw)
}

func (t traefik) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !isTraefikText(in.Raw) {
		return t.jsonLog.Normalise(in, dst)
	}
	a, ok := parseAccess(in.Text())
	words, closed := quotedWords(a.extras)
	if !ok || !closed || len(words) != 4 || !strings.HasSuffix(words[3], "ms") {
		return dst, false
	}
	a.extras = ""
	dst = a.appendEvent(dst, in, t.name)
	ev := &dst[len(dst)-1]
	for i, name := range [...]string{"RequestCount", "RouterName", "ServiceURL", "Duration"} {
		ev.Add(name, format.NilValue(words[i]))
	}
	return dst, true
}
