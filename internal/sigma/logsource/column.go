package logsource

import (
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// A Column reads one text of an event: a promoted column, or what several
// native values say together. Texts reads it without making the same text twice.
type Column struct {
	text   func(*event.Event) string
	number func(*event.Event) int64
	parts  func(*event.Event) parts
}

// parts are texts that make one value when put together.
type parts [4]string

func (p parts) join() string { return p[0] + p[1] + p[2] + p[3] }

// clone lets go of the records that the parts lie in.
func (p parts) clone() parts {
	for i := range p {
		p[i] = strings.Clone(p[i])
	}
	return p
}

// read gives the text, without keeping anything.
func (c *Column) read(ev *event.Event) string {
	switch {
	case c.text != nil:
		return c.text(ev)
	case c.number != nil:
		if n := c.number(ev); n != 0 {
			return strconv.FormatInt(n, 10)
		}
	case c.parts != nil:
		return c.parts(ev).join()
	}
	return ""
}

// columns are the promoted columns under the names that queries use, and the
// values that aliases derive, whose names begin with "@".
func columns() map[string]Column {
	text := func(f func(*event.Event) string) Column { return Column{text: f} }
	number := func(f func(*event.Event) int64) Column { return Column{number: f} }
	return map[string]Column{
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
		"@account":     {parts: account},
		"@integrity":   text(integrityLevel),
		"@initiated":   text(initiated),
		"@transport":   text(transport),
		"@uri":         {parts: uri},
		"@extension":   text(extension),
		"@status":      text(statusName),
		"@workspace":   text(workspaceService),
		"@key_event":   text(registryEvent),
		"@key":         {parts: registryObject},
		"@key_value":   {parts: registryDetails},
	}
}
