package web

import (
	"bytes"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// fastly reads the JSON that Fastly's log streaming proposes, also with what
// its syslog endpoint puts before (Fastly documentation, "Log streaming").
type fastly struct{ *jsonLog }

// NewFastly returns the format "fastly".
func NewFastly() format.Format {
	return fastly{newJSONLog("fastly", []string{`"fastly_server"`, `"fastly_is_edge"`}, map[string]part{
		"timestamp": partTime, "client_ip": partClient, "request_method": partMethod, "url": partURI, "request_protocol": partProtocol,
		"response_status": partStatus, "response_body_size": partBytes, "request_referer": partReferer, "request_user_agent": partAgent,
		"host": partHost,
	})}
}

// maxFastlyHead bounds what a syslog endpoint puts before the object.
const maxFastlyHead = 128

func fastlyObject(raw []byte) []byte {
	i := bytes.IndexByte(raw[:min(len(raw), maxFastlyHead)], '{')
	return raw[max(i, 0):]
}

func (f fastly) Matches(raw []byte) bool { return f.jsonLog.Matches(fastlyObject(raw)) }

func (f fastly) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !f.Matches(in.Raw) {
		return dst, false
	}
	return f.object(in, fastlyObject(in.Raw), dst)
}
