package web

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// maxAuditBytes bounds a transaction in JSON, maxAuditDepth its nesting.
const (
	maxAuditBytes = 16 << 20
	maxAuditDepth = 16
)

// auditReader walks a transaction in JSON. Version 3 repeats a header's name,
// so the decoder must bear that.
type auditReader struct {
	dec *jsontext.Decoder
	t   *transaction
	// of version 3, whose parts come apart
	method, uri, version string
	message              auditMessage
}

// readJSON reads a transaction of version 2 or 3.
func (t *transaction) readJSON(raw []byte) bool {
	if len(raw) > maxAuditBytes {
		return false
	}
	r := auditReader{dec: jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)), t: t}
	if !r.walk("", 0) {
		return false
	}
	r.flush()
	if t.request == "" && r.method != "" {
		t.request = r.method + " " + r.uri
		if r.version != "" {
			t.request += " HTTP/" + r.version
		}
	}
	return t.client != "" && t.at.Text != ""
}

// walk reads one value; path is its members' names joined by dots.
func (r *auditReader) walk(path string, depth int) bool {
	if depth > maxAuditDepth {
		return false
	}
	tok, err := r.dec.ReadToken()
	if err != nil {
		return false
	}
	switch tok.Kind() {
	case '{':
		for r.dec.PeekKind() != '}' {
			name, err := r.dec.ReadToken()
			if err != nil {
				return false
			}
			if !r.walk(strings.TrimPrefix(path+"."+name.String(), "."), depth+1) {
				return false
			}
		}
	case '[':
		for r.dec.PeekKind() != ']' {
			if !r.walk(path, depth+1) {
				return false
			}
		}
	default:
		r.leaf(path, tok.String())
		return true
	}
	_, err = r.dec.ReadToken()
	return err == nil
}

// leaf takes a value that is no object or array.
func (r *auditReader) leaf(path, value string) {
	if name, ok := cutAny(path, "transaction.request.headers.", "request.headers."); ok {
		r.t.requestHeaders = addHeader(r.t.requestHeaders, name+": "+value)
		return
	}
	if name, ok := cutAny(path, "transaction.response.headers.", "response.headers."); ok {
		r.t.responseHeaders = addHeader(r.t.responseHeaders, name+": "+value)
		return
	}
	t := r.t
	switch path {
	case "transaction.time":
		t.at, _ = format.CLFTime(value)
	case "transaction.time_stamp":
		if t.at, _ = format.CTime(value); t.at.Text != "" {
			t.at.Text = value
		}
	case "transaction.transaction_id", "transaction.unique_id":
		t.id = value
	case "transaction.remote_address", "transaction.client_ip":
		t.client = value
	case "transaction.remote_port", "transaction.client_port":
		t.clientPort = value
	case "transaction.local_address", "transaction.host_ip":
		t.server = value
	case "transaction.local_port", "transaction.host_port":
		t.serverPort = value
	case "request.request_line":
		t.request = value
	case "transaction.request.method":
		r.method = value
	case "transaction.request.uri":
		r.uri = value
	case "transaction.request.http_version":
		r.version = value
	case "response.status", "transaction.response.http_code":
		t.status = value
	case "audit_data.action.intercepted":
		t.intercepted = value == "true"
	case "audit_data.messages":
		t.message(auditMessage{text: value})
	case "transaction.messages.message":
		r.flush()
		r.message = auditMessage{text: value, tags: []event.Field{{Name: "msg", Value: value}}}
	case "audit_data.action.message", "audit_data.engine_mode", "audit_data.producer", "audit_data.server", "transaction.producer.modsecurity",
		"transaction.producer.connector", "transaction.producer.secrules_engine", "transaction.server_id":
		t.others = append(t.others, event.Field{Name: path[strings.LastIndexByte(path, '.')+1:], Value: value})
	default:
		r.detail(path, value)
	}
}

// detail gathers what version 3 says of a message, in the form of the other logs.
func (r *auditReader) detail(path, value string) {
	name, ok := strings.CutPrefix(path, "transaction.messages.details.")
	if !ok || value == "" {
		return
	}
	switch name {
	case "ruleId":
		name = "id"
	case "lineNumber":
		name = "line"
	case "tags":
		name = "tag"
	}
	r.message.tags = append(r.message.tags, event.Field{Name: name, Value: value})
}

// flush ends the message of version 3 that is being read.
func (r *auditReader) flush() {
	if len(r.message.tags) > 0 {
		r.t.message(r.message)
	}
	r.message = auditMessage{}
}

func (t *transaction) message(m auditMessage) {
	if len(t.messages) < maxAuditMessages {
		t.messages = append(t.messages, m)
	}
}

func cutAny(s string, prefixes ...string) (string, bool) {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(s, p); ok {
			return rest, true
		}
	}
	return "", false
}
