package system

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// readRadius reads FreeRADIUS's authentication log, "(7) Login OK: [a.mori]
// (from client vpn-1 port 3 cli 192.0.2.7)" and "Login incorrect (reason):
// [user/typed password] (…)". What was typed as a password stays in the sealed
// record and goes into no field.
func readRadius(ev *event.Event, message string) {
	result, rest, ok := strings.Cut(message, ": [")
	if !ok {
		return
	}
	_, result, numbered := strings.Cut(result, ") ")
	if !numbered {
		result, _, _ = strings.Cut(message, ": [")
	}
	switch {
	case strings.HasPrefix(result, "Login OK"):
		ev.StatusID = event.StatusSuccess
	case strings.HasPrefix(result, "Login incorrect"), strings.HasPrefix(result, "Invalid user"):
		ev.StatusID = event.StatusFailure
	default:
		return
	}
	ev.ClassUID, ev.ActivityID, ev.EventCode = event.ClassAuthentication, event.ActivityLogon, "radius"
	end := strings.LastIndex(rest, "] (from client ")
	if end < 0 {
		end = strings.LastIndexByte(rest, ']')
	}
	if end < 0 {
		return
	}
	account, _, typed := strings.Cut(rest[:end], "/")
	ev.ActorUser = account
	where := rest[end:]
	ev.SrcIP = format.Address(strings.TrimSuffix(format.After(where, " cli "), ")"))
	ev.Add("client", format.Between(where, "from client ", " "))
	ev.Message = result + ": " + account
	if typed {
		ev.Add("password_typed", "withheld")
	}
}
