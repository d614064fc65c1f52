package sigma

import (
	"strconv"

	"github.com/konseki/konseki/internal/event"
)

// A column reads one promoted column of an event; numbers go through the
// Matcher, which keeps their text.
type column struct {
	text   func(*event.Event) string
	number func(*event.Event) int64
}

// columns are the promoted columns under the names that queries use.
func columns() map[string]column {
	text := func(f func(*event.Event) string) column { return column{text: f} }
	number := func(f func(*event.Event) int64) column { return column{number: f} }
	return map[string]column{
		"source":       text(func(e *event.Event) string { return e.Source }),
		"format":       text(func(e *event.Event) string { return e.Format }),
		"event_code":   text(func(e *event.Event) string { return e.EventCode }),
		"actor_user":   text(func(e *event.Event) string { return e.ActorUser }),
		"target_user":  text(func(e *event.Event) string { return e.TargetUser }),
		"src_ip":       text(func(e *event.Event) string { return e.SrcIP }),
		"dst_ip":       text(func(e *event.Event) string { return e.DstIP }),
		"host":         text(func(e *event.Event) string { return e.Host }),
		"session_uid":  text(func(e *event.Event) string { return e.SessionUID }),
		"process_path": text(func(e *event.Event) string { return e.ProcessPath }),
		"cmd_line":     text(func(e *event.Event) string { return e.CmdLine }),
		"object":       text(func(e *event.Event) string { return e.Object }),
		"statement":    text(func(e *event.Event) string { return e.Statement }),
		"client_app":   text(func(e *event.Event) string { return e.ClientApp }),
		"message":      text(func(e *event.Event) string { return e.Message }),
		"class_uid":    number(func(e *event.Event) int64 { return int64(e.ClassUID) }),
		"activity_id":  number(func(e *event.Event) int64 { return int64(e.ActivityID) }),
		"status_id":    number(func(e *event.Event) int64 { return int64(e.StatusID) }),
		"severity_id":  number(func(e *event.Event) int64 { return int64(e.SeverityID) }),
		"src_port":     number(func(e *event.Event) int64 { return int64(e.SrcPort) }),
		"dst_port":     number(func(e *event.Event) int64 { return int64(e.DstPort) }),
		"bytes_out":    number(func(e *event.Event) int64 { return e.BytesOut }),
	}
}

// An alias table maps the field names of a logsource onto promoted columns,
// for events whose format does not carry the native name.
type aliases map[string]string

// aliasesFor gives the table of a logsource: what all share, then what its
// category or service adds. A promoted column is always its own alias.
// Source: Sigma taxonomy specification.
func aliasesFor(l Logsource) []aliases {
	process := aliases{
		"Image": "process_path", "CommandLine": "cmd_line", "User": "actor_user", "TargetFilename": "object",
		"Computer": "host", "ComputerName": "host", "EventID": "event_code",
		"DestinationIp": "dst_ip", "DestinationPort": "dst_port", "SourceIp": "src_ip", "SourcePort": "src_port",
		"DestinationHostname": "object", "QueryName": "object",
	}
	web := aliases{
		"c-ip": "src_ip", "c-useragent": "client_app", "cs-user-agent": "client_app", "cs-username": "actor_user",
		"cs-uri-query": "statement", "c-uri-query": "statement", "cs-uri-stem": "object", "cs-uri": "object",
		"c-uri": "object", "sc-bytes": "bytes_out", "dst_ip": "dst_ip", "src_ip": "src_ip",
	}
	switch {
	case l.Service == "auditd":
		return []aliases{{"exe": "process_path", "name": "object"}}
	case l.Category == "webserver", l.Category == "proxy", l.Service == "apache", l.Service == "nginx":
		return []aliases{web}
	case l.Category == "firewall":
		return []aliases{{"dst_port": "dst_port", "action": "event_code"}}
	case l.Category == "database":
		return []aliases{{"query": "statement", "user": "actor_user"}}
	case l.Category == "dns":
		return []aliases{{"query": "object"}}
	case l.Product == "linux", l.Product == "windows", l.Product == "macos":
		return []aliases{process}
	}
	return nil
}

// A fieldKey is a native name and the column that stands in for it, or "".
type fieldKey struct{ name, column string }

func resolveField(tables []aliases, known map[string]column, name string) fieldKey {
	if _, ok := known[name]; ok {
		return fieldKey{name, name}
	}
	for _, t := range tables {
		if c, ok := t[name]; ok {
			return fieldKey{name, c}
		}
	}
	return fieldKey{name, ""}
}

// numbers keeps the text of numbers met in columns, so that looking at one
// does not allocate each time.
type numbers map[int64]string

// maxNumbers bounds the texts kept.
const maxNumbers = 1 << 16

func (n numbers) text(v int64) string {
	if v == 0 {
		return ""
	}
	if s, ok := n[v]; ok {
		return s
	}
	s := strconv.FormatInt(v, 10)
	if len(n) < maxNumbers {
		n[v] = s
	}
	return s
}
