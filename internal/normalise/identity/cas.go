package identity

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// NewCAS returns the format "cas": the audit trail of Apereo CAS on one line,
// "… - TIME|CAS|what|action|who|client|server". Source: the documentation of
// Apereo CAS, "Audits". The form over several lines is not read.
func NewCAS() format.Format { return format.Line{Named: "cas", Of: isCAS, Read: readCAS} }

func isCAS(raw []byte) bool {
	return bytes.Count(raw, []byte("|")) >= 6 && (bytes.Contains(raw, []byte("inspektr")) || bytes.Contains(raw, []byte("|CAS|")))
}

func readCAS(in *format.Input, ev *event.Event) bool {
	text := in.Text()
	cells := strings.Split(text, "|")
	n := len(cells)
	head := cells[0]
	if at, _, ok := format.ScanTime(head); ok {
		at.Set(in, ev) // the logger's own, with a fraction and no zone
	} else if at, ok := format.ParseTime(strings.TrimSpace(head[strings.LastIndex(head, "- ")+1:])); ok {
		at.Set(in, ev)
	}
	what := strings.Join(cells[2:n-4], "|")
	ev.EventCode, ev.ActorUser = cells[n-4], cells[n-3]
	ev.SrcIP, ev.DstIP = format.Address(cells[n-2]), format.Address(strings.TrimSpace(cells[n-1]))
	for i, name := range [...]string{"what", "action", "who", "client", "server"} {
		ev.Add(name, [...]string{what, cells[n-4], cells[n-3], cells[n-2], cells[n-1]}[i])
	}
	ev.Add("application", cells[1])
	ev.Add("audited", head)
	switch action := ev.EventCode; {
	case strings.HasPrefix(action, "AUTHENTICATION"):
		ev.ClassUID, ev.ActivityID = event.ClassAuthentication, event.ActivityLogon
	case strings.HasPrefix(action, "TICKET_GRANTING_TICKET_DESTROYED"), strings.HasPrefix(action, "LOGOUT"):
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityLogoff, event.StatusSuccess
	case strings.Contains(action, "TICKET"):
		ev.ClassUID, ev.ActivityID, ev.Object = event.ClassAuthentication, event.ActivityServiceTicket, what
	default:
		ev.ClassUID, ev.ActivityID = event.ClassAPI, event.ActivityOther
	}
	switch {
	case strings.HasSuffix(ev.EventCode, "_FAILED"), strings.HasSuffix(ev.EventCode, "_NOT_CREATED"):
		ev.StatusID = event.StatusFailure
	case strings.HasSuffix(ev.EventCode, "_SUCCESS"), strings.HasSuffix(ev.EventCode, "_CREATED"), strings.HasSuffix(ev.EventCode, "_VALIDATED"):
		ev.StatusID = event.StatusSuccess
	}
	ev.Message = format.Message(ev.EventCode + " " + ev.ActorUser)
	return true
}
