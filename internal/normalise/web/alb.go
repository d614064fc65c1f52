package web

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// alb reads the access log of AWS's Application Load Balancer (Elastic Load
// Balancing documentation, "Access log entries").
type alb struct{}

// NewALB returns the format "alb".
func NewALB() format.Format { return alb{} }

func (alb) Name() string { return "alb" }

// Matches looks for "https 2018-07-02T22:22:48".
func (alb) Matches(raw []byte) bool {
	i := bytes.IndexByte(raw[:min(len(raw), 8)], ' ')
	return i >= 2 && len(raw) > i+24 && isALBType(string(raw[:i])) && raw[i+5] == '-' && raw[i+11] == 'T'
}

func isALBType(s string) bool {
	switch s {
	case "http", "https", "h2", "grpcs", "ws", "wss":
		return true
	}
	return false
}

func albColumns() []string {
	return []string{
		"type", "time", "elb", "client:port", "target:port", "request_processing_time", "target_processing_time", "response_processing_time",
		"elb_status_code", "target_status_code", "received_bytes", "sent_bytes", "request", "user_agent", "ssl_cipher", "ssl_protocol",
		"target_group_arn", "trace_id", "domain_name", "chosen_cert_arn", "matched_rule_priority", "request_creation_time",
		"actions_executed", "redirect_url", "error_reason", "target:port_list", "target_status_code_list", "classification",
		"classification_reason", "conn_trace_id",
	}
}

func (f alb) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !f.Matches(in.Raw) {
		return dst, false
	}
	words, ok := quotedWords(in.Text())
	if !ok || len(words) < 14 || !isStatus(words[8]) && words[8] != "-" {
		return dst, false
	}
	columns := albColumns()
	ev := in.New(f.Name(), event.ClassHTTP)
	ev.Fields = make([]event.Field, 0, len(columns)+12)
	for i := range words {
		if i < len(columns) {
			ev.Add(columns[i], format.NilValue(words[i]))
		}
	}
	method, uri, _ := strings.Cut(words[12], " ")
	uri, protocol, _ := strings.Cut(uri, " HTTP/")
	of := [partCount]string{
		partTime: words[1], partClient: words[3], partMethod: method, partURI: uri, partStatus: format.NilValue(words[8]), partBytes: words[11],
		partAgent: format.NilValue(words[13]),
	}
	if protocol != "" {
		of[partProtocol] = "HTTP/" + protocol
	}
	if len(words) > 17 {
		of[partSession] = format.NilValue(words[17])
	}
	setParts(in, &ev, &of)
	ev.DstIP, ev.DstPort = format.AddressPort(words[4])
	return append(dst, ev), true
}
