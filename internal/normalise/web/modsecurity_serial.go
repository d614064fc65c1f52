package web

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// maxAuditMessages bounds the messages of one transaction that become events,
// maxAuditHeaders the headers that become fields.
const (
	maxAuditMessages = 256
	maxAuditHeaders  = 512
)

// readSections reads a transaction in the serial form.
func (t *transaction) readSections(text string) bool {
	section, first := byte(0), false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if isAuditSection([]byte(line[:min(len(line), 48)]), 0) {
			section, first = line[strings.IndexByte(line[2:], '-')+3], true
			continue
		}
		switch section {
		case 'A':
			if first && !t.readHead(line) {
				return false
			}
		case 'B':
			if first {
				t.request = line
			} else {
				t.requestHeaders = addHeader(t.requestHeaders, line)
			}
		case 'F':
			if first {
				_, status, _ := strings.Cut(line, " ")
				t.status, _, _ = strings.Cut(status, " ")
			} else {
				t.responseHeaders = addHeader(t.responseHeaders, line)
			}
		case 'H':
			t.readTrailer(line)
		}
		first = false
	}
	return t.client != ""
}

// readHead reads "[TIME] ID ADDRESS PORT ADDRESS PORT".
func (t *transaction) readHead(line string) bool {
	stamp, rest, ok := strings.Cut(strings.TrimPrefix(line, "["), "] ")
	words := strings.Fields(rest)
	at, timed := format.CLFTime(stamp)
	if !ok || !timed || len(words) < 3 {
		return false
	}
	t.at, t.id, t.client, t.clientPort = at, words[0], words[1], words[2]
	if len(words) > 4 {
		t.server, t.serverPort = words[3], words[4]
	}
	return true
}

func addHeader(headers []event.Field, line string) []event.Field {
	name, value, ok := strings.Cut(line, ": ")
	if !ok || name == "" || len(headers) == maxAuditHeaders {
		return headers
	}
	return append(headers, event.Field{Name: name, Value: value})
}

// readTrailer reads a line of section H.
func (t *transaction) readTrailer(line string) {
	name, value, ok := strings.Cut(line, ": ")
	if !ok {
		return
	}
	switch name {
	case "Message":
		t.message(auditMessage{text: value})
	case "Action":
		t.intercepted = t.intercepted || strings.HasPrefix(value, "Intercepted")
		t.others = append(t.others, event.Field{Name: "action", Value: value})
	case "Engine-Mode", "Producer", "Server", "WebApp-Info", "Apache-Handler":
		t.others = append(t.others, event.Field{Name: name, Value: strings.Trim(value, `"`)})
	}
}
