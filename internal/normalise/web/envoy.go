package web

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// envoy reads Envoy's access log in JSON under the names of its command
// operators, as Istio and most operators write it, and in its default text
// (Envoy documentation, "Access logging").
type envoy struct{ *jsonLog }

// NewEnvoy returns the format "envoy".
func NewEnvoy() format.Format {
	return envoy{newJSONLog("envoy", []string{`"downstream_remote_address"`}, map[string]part{
		"start_time": partTime, "downstream_remote_address": partClient, "x_forwarded_for": partForwarded, "x-forwarded-for": partForwarded,
		"method": partMethod, "path": partURI, "x-envoy-origin-path": partURI, "x_envoy_original_path": partURI, "x-envoy-original-path": partURI,
		"protocol": partProtocol, "response_code": partStatus, "bytes_sent": partBytes, "user-agent": partAgent, "user_agent": partAgent,
		":authority": partHost, "authority": partHost, "request_id": partSession, "x-request-id": partSession, "referer": partReferer,
	})}
}

func (e envoy) Matches(raw []byte) bool { return isEnvoyText(raw) || e.jsonLog.Matches(raw) }

// isEnvoyText looks for "[2016-04-15T20:17:00".
func isEnvoyText(raw []byte) bool {
	return len(raw) > 30 && raw[0] == '[' && raw[5] == '-' && raw[11] == 'T' && raw[14] == ':'
}

func (e envoy) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if isEnvoyText(in.Raw) {
		return envoyText(in, dst)
	}
	return e.jsonLog.Normalise(in, dst)
}

// envoyText reads "[TIME] "REQUEST" STATUS FLAGS … RECEIVED SENT DURATION
// UPSTREAM-TIME "FORWARDED-FOR" "AGENT" "REQUEST-ID" "HOST" "UPSTREAM"".
func envoyText(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	stamp, rest, ok := strings.Cut(in.Text()[1:], "] ")
	if at, timed := format.ParseTime(stamp); !ok || !timed || at.Precision == event.PrecisionDay {
		return dst, false
	}
	words, ok := quotedWords(rest)
	if !ok || len(words) < 11 || !isStatus(words[1]) {
		return dst, false
	}
	quoted := words[len(words)-5:]
	numbers := words[len(words)-9 : len(words)-5]
	method, uri, _ := strings.Cut(words[0], " ")
	of := [partCount]string{
		partTime: stamp, partMethod: method, partURI: uri, partStatus: words[1], partBytes: numbers[1],
		partForwarded: format.NilValue(quoted[0]), partAgent: format.NilValue(quoted[1]), partSession: format.NilValue(quoted[2]), partHost: format.NilValue(quoted[3]),
	}
	ev := in.New("envoy", event.ClassHTTP)
	setParts(in, &ev, &of)
	ev.Add("response_flags", format.NilValue(words[2]))
	ev.Add("x_forwarded_for", of[partForwarded])
	ev.Add("duration", numbers[2])
	ev.Add("upstream_host", format.NilValue(quoted[4]))
	return append(dst, ev), true
}
