package web

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
)

// awsWAF reads the log of AWS WAF, one request a record. Source: AWS, "Log
// fields for protection pack (web ACL) traffic".
type awsWAF struct{ flat *jsonx.Flattener }

// NewAWSWAF returns the format "awswaf".
func NewAWSWAF() format.Format { return awsWAF{jsonx.NewFlattener(jsonx.DefaultLimits())} }

func (awsWAF) Name() string { return "awswaf" }

func (awsWAF) Matches(raw []byte) bool {
	return len(raw) > 0 && raw[0] == '{' && bytes.Contains(raw, []byte(`"webaclId"`)) && bytes.Contains(raw, []byte(`"httpRequest"`))
}

// Shape takes files whose first record is one of AWS WAF.
func (w awsWAF) Shape(head []byte) (event.Shape, bool) {
	first, framing, ok := format.FirstJSON(head)
	return event.Shape{Format: w.Name(), Framing: framing}, ok && w.Matches(first)
}

func (w awsWAF) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !w.Matches(in.Raw) {
		return dst, false
	}
	members, err := w.flat.Flatten(in.Raw)
	if err != nil {
		return dst, false
	}
	var of [partCount]string
	var args, action, header string
	ev := in.New(w.Name(), event.ClassHTTP)
	ev.Fields = make([]event.Field, 0, len(members)+12)
	for _, m := range members {
		switch m.Name {
		case "httpRequest.headers.name":
			header = strings.ToLower(m.Value)
			continue
		case "httpRequest.headers.value":
			if isCredentialHeader(header) {
				continue
			}
			m.Name = "httpRequest.headers." + header
		case "httpRequest.args":
			args = m.Value
		case "action":
			action = m.Value
		}
		if p := awsWAFPart(m.Name); of[p] == "" {
			of[p] = format.NilValue(m.Value)
		}
		ev.Add(m.Name, m.Value)
	}
	if of[partMethod] == "" || action == "" {
		return dst, false
	}
	if args != "" {
		of[partURI] += "?" + args
	}
	setParts(in, &ev, &of)
	ev.EventCode, ev.StatusID = action, event.StatusSuccess
	if action == "BLOCK" || action == "CAPTCHA" || action == "CHALLENGE" {
		ev.StatusID = event.StatusFailure
	}
	rule, _ := ev.Get("terminatingRuleId")
	ev.Message = format.Message(action + " " + rule + " " + of[partMethod] + " " + of[partURI])
	return append(dst, ev), true
}

func awsWAFPart(name string) part {
	switch name {
	case "timestamp":
		return partTime
	case "httpRequest.clientIp":
		return partClient
	case "httpRequest.httpMethod":
		return partMethod
	case "httpRequest.uri":
		return partURI
	case "httpRequest.httpVersion":
		return partProtocol
	case "httpRequest.requestId":
		return partSession
	case "responseCodeSent":
		return partStatus
	case "httpRequest.headers.host", "httpRequest.host":
		return partHost
	case "httpRequest.headers.user-agent":
		return partAgent
	case "httpRequest.headers.referer":
		return partReferer
	}
	return partNone
}
