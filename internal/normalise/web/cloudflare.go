package web

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// cloudflare reads what Cloudflare's Logpush delivers of requests: data sets
// "HTTP requests" and "Firewall events". Source: Cloudflare, "Logpush datasets".
type cloudflare struct{ requests, rules *jsonLog }

// NewCloudflare returns the format "cloudflare".
func NewCloudflare() format.Format {
	parts := func(more map[string]part) map[string]part {
		for name, p := range map[string]part{
			"ClientIP": partClient, "ClientSrcPort": partClientPort, "ClientRequestMethod": partMethod, "ClientRequestProtocol": partProtocol,
			"ClientRequestHost": partHost, "ClientRequestUserAgent": partAgent, "EdgeResponseStatus": partStatus, "RayID": partSession,
		} {
			more[name] = p
		}
		return more
	}
	return cloudflare{
		newJSONLog("cloudflare", []string{`"EdgeStartTimestamp"`}, parts(map[string]part{
			"EdgeStartTimestamp": partTime, "ClientRequestURI": partURI, "ClientRequestReferer": partReferer, "EdgeResponseBytes": partBytes,
		})),
		newJSONLog("cloudflare", []string{`"Datetime"`}, parts(map[string]part{"Datetime": partTime, "ClientRequestPath": partURI})),
	}
}

func (cloudflare) Name() string { return "cloudflare" }

func (c cloudflare) of(raw []byte) *jsonLog {
	if bytes.Contains(raw, []byte(`"RayID"`)) && bytes.Contains(raw, []byte(`"ClientRequestMethod"`)) {
		for _, log := range []*jsonLog{c.requests, c.rules} {
			if log.Matches(raw) {
				return log
			}
		}
	}
	return nil
}

func (c cloudflare) Matches(raw []byte) bool { return c.of(raw) != nil }

// Shape takes files whose first record is one of Cloudflare's.
func (c cloudflare) Shape(head []byte) (event.Shape, bool) {
	first, framing, ok := format.FirstJSON(head)
	return event.Shape{Format: c.Name(), Framing: framing}, ok && c.Matches(first)
}

func (c cloudflare) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	log := c.of(in.Raw)
	if log == nil {
		return dst, false
	}
	dst, ok := log.object(in, in.Raw, dst)
	if !ok {
		return dst, false
	}
	ev := &dst[len(dst)-1]
	if query, _ := ev.Get("ClientRequestQuery"); log == c.rules && query != "" {
		ev.Statement = strings.TrimPrefix(query, "?")
		ev.Add("cs-uri-query", ev.Statement)
	}
	for _, name := range [...]string{"Action", "SecurityAction", "WAFAction"} {
		if said, _ := ev.Get(name); said == "block" || said == "drop" || strings.Contains(said, "hallenge") && !strings.HasSuffix(said, "olved") {
			ev.StatusID = event.StatusFailure
		}
	}
	return dst, true
}
