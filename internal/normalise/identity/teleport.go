package identity

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewTeleport returns the format "teleport": audit events of Teleport in JSON.
// "ei" numbers the events of a session, not those of the log. Source:
// goteleport.com, "Teleport audit events".
func NewTeleport() format.Format {
	return object.New(object.Reader{
		Name: "teleport", Marks: []string{`"ei"`, `"event"`, `"code"`, `"uid"`, `"time"`}, Read: readTeleport,
	})
}

func readTeleport(in *format.Input, _ []byte, ev *event.Event) bool {
	if !object.SetTime(in, ev, "time") {
		return false
	}
	kind := ev.First("event")
	ev.EventCode = kind
	ev.ActorUser = ev.First("user", "impersonator")
	ev.SrcIP, ev.SrcPort = format.AddressPort(ev.First("addr.remote"))
	ev.Host = ev.First("server_hostname", "server_id", "cluster_name")
	ev.SessionUID = ev.First("sid", "session_id")
	ev.ClientApp = ev.First("user_agent")
	ev.Object = ev.First("name", "path", "db_name", "app_name", "kubernetes_cluster")
	ev.CmdLine, ev.Statement = ev.First("command"), ev.First("db_query")
	teleportAct(kind).Set(ev)
	switch ev.First("success", "ok") {
	case "false":
		ev.StatusID = event.StatusFailure
	case "true":
		ev.StatusID = event.StatusSuccess
	}
	if ev.ClassUID == event.ClassAccountChange {
		ev.TargetUser = ev.First("name", "login")
	}
	ev.Message = object.Sentence(kind, ev.ActorUser, ev.Object, ev.First("error", "message"))
	return true
}

func teleportAct(kind string) object.Act {
	const ok = event.StatusSuccess
	switch kind {
	case "user.login", "auth", "cert.create":
		return object.Act{Class: event.ClassAuthentication, Activity: event.ActivityLogon}
	case "session.start", "app.session.start", "db.session.start", "windows.desktop.session.start":
		return object.Act{Class: event.ClassSSH, Activity: event.ActivityNetworkOpen, Status: ok}
	case "session.end", "app.session.end", "db.session.end", "windows.desktop.session.end":
		return object.Act{Class: event.ClassSSH, Activity: event.ActivityNetworkClose, Status: ok}
	case "exec", "session.command":
		return object.Act{Class: event.ClassProcess, Activity: event.ActivityProcessLaunch}
	case "db.session.query":
		return object.Act{Class: event.ClassDatastore, Activity: event.ActivityDatastoreQuery}
	case "user.create":
		return object.Act{Class: event.ClassAccountChange, Activity: format.ActivityAccountCreate, Status: ok}
	case "user.delete":
		return object.Act{Class: event.ClassAccountChange, Activity: format.ActivityAccountDelete, Status: ok}
	case "user.password_change":
		return object.Act{Class: event.ClassAccountChange, Activity: format.ActivityPasswordChange, Status: ok}
	case "reset_password_token.create", "recovery_token.create":
		return object.Act{Class: event.ClassAccountChange, Activity: format.ActivityPasswordReset, Status: ok}
	case "lock.created":
		return object.Act{Class: event.ClassAccountChange, Activity: format.ActivityAccountLock, Status: ok}
	case "mfa.add":
		return object.Act{Class: event.ClassAccountChange, Activity: object.ActivityFactorEnable, Status: ok}
	case "mfa.delete":
		return object.Act{Class: event.ClassAccountChange, Activity: object.ActivityFactorDisable, Status: ok}
	case "user.update":
		return object.Act{Class: event.ClassAccountChange, Activity: event.ActivityOther, Status: ok}
	}
	return object.Act{Class: event.ClassAPI, Activity: verbActivity(kind[strings.LastIndexByte(kind, '.')+1:])}
}
