package identity

import (
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewAuthentik returns the format "authentik": the server's log in JSON.
// Source: authentik's documentation, "Events"; its times state no zone.
func NewAuthentik() format.Format {
	acts := authentikActs()
	return object.New(object.Reader{
		Name: "authentik", Marks: []string{`"authentik.`, `"event"`, `"timestamp"`},
		Read: func(in *format.Input, _ []byte, ev *event.Event) bool { return readAuthentik(in, ev, acts) },
	})
}

func readAuthentik(in *format.Input, ev *event.Event, acts object.Acts) bool {
	if !object.SetTime(in, ev, "timestamp") {
		return false
	}
	acts[ev.First("action")].Set(ev)
	ev.EventCode = ev.First("action", "event")
	ev.SrcIP = format.Address(ev.First("client_ip", "remote"))
	ev.ActorUser = ev.First("user.username", "identifier", "username")
	if attempted := ev.First("context.username", "identifier"); attempted != "" && ev.ClassUID == event.ClassAuthentication {
		ev.ActorUser = attempted // the session is still that of AnonymousUser
	}
	if ev.ClassUID == event.ClassAccountChange {
		ev.TargetUser = ev.First("context.model.name", "context.username", "user.username")
	}
	ev.Host = ev.First("host")
	ev.Object = ev.First("context.authorized_application.name", "context.http_request.path", "path", "context.model.name")
	ev.ClientApp = ev.First("context.http_request.user_agent", "user_agent")
	ev.SeverityID = format.Severity(ev.First("level"))
	ev.Message = object.Sentence(ev.EventCode, ev.ActorUser, ev.First("event"))
	return true
}

func authentikActs() object.Acts {
	const account, logon = event.ClassAccountChange, event.ClassAuthentication
	m := object.Acts{}
	m.Add(logon, event.ActivityLogon, event.StatusSuccess, "login")
	m.Add(logon, event.ActivityLogon, event.StatusFailure, "login_failed invalid_identifier")
	m.Add(logon, event.ActivityLogoff, event.StatusSuccess, "logout")
	m.Add(logon, event.ActivityAccountSwitch, event.StatusSuccess, "impersonation_started")
	m.Add(logon, event.ActivityOther, event.StatusSuccess, "authorize_application impersonation_ended")
	m.Add(account, format.ActivityPasswordChange, event.StatusSuccess, "password_set")
	m.Add(account, event.ActivityOther, event.StatusSuccess, "user_write")
	m.Add(event.ClassFinding, event.ActivityFindingCreate, 0, "suspicious_request policy_exception")
	m.Add(event.ClassAPI, event.ActivityAPICreate, event.StatusSuccess, "model_created")
	m.Add(event.ClassAPI, event.ActivityAPIUpdate, event.StatusSuccess, "model_updated")
	m.Add(event.ClassAPI, event.ActivityAPIDelete, event.StatusSuccess, "model_deleted")
	m.Add(event.ClassAPI, event.ActivityOther, event.StatusSuccess, "secret_view secret_rotate token_view")
	return m
}
