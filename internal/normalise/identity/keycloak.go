package identity

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewKeycloak returns the format "keycloak": events of users and of
// administrators as the provider "jboss-logging" writes them, "TIME LEVEL
// [org.keycloak.events] (thread) type=LOGIN_ERROR, realmId=…", values with or
// without quotes. Source: Keycloak, "Server Administration Guide", events.
func NewKeycloak() format.Format {
	return format.Line{Named: "keycloak", Of: isKeycloak, Read: readKeycloak}
}

func isKeycloak(raw []byte) bool {
	return bytes.Contains(raw, []byte(".events]")) && (bytes.Contains(raw, []byte("[org.key")) || bytes.Contains(raw, []byte("realmId="))) &&
		(bytes.Contains(raw, []byte("type=")) || bytes.Contains(raw, []byte("operationType=")))
}

func readKeycloak(in *format.Input, ev *event.Event) bool {
	text := in.Text()
	at, n, ok := format.ScanTime(text)
	if !ok {
		return false
	}
	at.Set(in, ev)
	head, rest, _ := strings.Cut(strings.TrimLeft(text[n:], ", "), "[")
	ev.SeverityID = format.Severity(strings.TrimSpace(head))
	_, rest, _ = strings.Cut(rest, ") ")
	for pair := range strings.SplitSeq(rest, ", ") {
		name, value, ok := strings.Cut(pair, "=")
		if value = strings.Trim(value, `"`); ok && value != "null" {
			ev.Add(strings.TrimSpace(name), value)
		}
	}
	keycloakColumns(ev)
	ev.Message = format.Message(rest)
	return ev.EventCode != ""
}

func keycloakColumns(ev *event.Event) {
	name := ev.First("type", "operationType")
	ev.EventCode = name
	ev.ActorUser = ev.First("username", "userId")
	ev.SrcIP = format.Address(ev.First("ipAddress"))
	ev.SessionUID = ev.First("sessionId", "userSession", "code_id")
	ev.Object = cmp.Or(ev.First("resourcePath"), ev.First("clientId"))
	if admin := ev.First("operationType"); admin != "" {
		keycloakAdmin(ev, admin, ev.First("resourceType"))
		return
	}
	kind, failed := strings.CutSuffix(name, "_ERROR")
	keycloakAct(kind).Set(ev)
	ev.StatusID = event.StatusSuccess
	if failed {
		ev.StatusID = event.StatusFailure
	}
	if ev.ClassUID == event.ClassAccountChange {
		ev.TargetUser = ev.ActorUser
	}
}

// keycloakAct tells what a type of event says, without its "_ERROR".
func keycloakAct(kind string) object.Act {
	const account, logon = event.ClassAccountChange, event.ClassAuthentication
	switch kind {
	case "LOGIN", "IDENTITY_PROVIDER_LOGIN", "CLIENT_LOGIN", "IMPERSONATE", "USER_SESSION_START":
		return object.Act{Class: logon, Activity: event.ActivityLogon}
	case "LOGOUT", "USER_SESSION_DELETED":
		return object.Act{Class: logon, Activity: event.ActivityLogoff}
	case "REGISTER":
		return object.Act{Class: account, Activity: format.ActivityAccountCreate}
	case "DELETE_ACCOUNT":
		return object.Act{Class: account, Activity: format.ActivityAccountDelete}
	case "UPDATE_PASSWORD", "UPDATE_CREDENTIAL":
		return object.Act{Class: account, Activity: format.ActivityPasswordChange}
	case "RESET_PASSWORD", "SEND_RESET_PASSWORD":
		return object.Act{Class: account, Activity: format.ActivityPasswordReset}
	case "UPDATE_TOTP":
		return object.Act{Class: account, Activity: object.ActivityFactorEnable}
	case "REMOVE_TOTP", "REMOVE_CREDENTIAL":
		return object.Act{Class: account, Activity: object.ActivityFactorDisable}
	case "USER_DISABLED_BY_PERMANENT_LOCKOUT", "USER_DISABLED_BY_TEMPORARY_LOCKOUT":
		return object.Act{Class: account, Activity: format.ActivityAccountLock}
	case "UPDATE_EMAIL", "UPDATE_PROFILE", "VERIFY_EMAIL":
		return object.Act{Class: account, Activity: event.ActivityOther}
	}
	return object.Act{Class: logon, Activity: event.ActivityOther}
}

func keycloakAdmin(ev *event.Event, operation, resource string) {
	ev.StatusID = event.StatusSuccess
	if _, failed := ev.Get("error"); failed {
		ev.StatusID = event.StatusFailure
	}
	a := object.Act{Class: event.ClassAPI, Activity: verbActivity(operation)}
	switch {
	case resource == "USER":
		a = object.Act{Class: event.ClassAccountChange, Activity: event.ActivityOther}
		switch {
		case strings.HasSuffix(ev.Object, "/reset-password"):
			a.Activity = format.ActivityPasswordReset
		case operation == "CREATE":
			a.Activity = format.ActivityAccountCreate
		case operation == "DELETE":
			a.Activity = format.ActivityAccountDelete
		}
		ev.TargetUser, _, _ = strings.Cut(strings.TrimPrefix(ev.Object, "users/"), "/")
	case resource == "GROUP_MEMBERSHIP" && operation == "CREATE":
		a = object.Act{Class: event.ClassGroup, Activity: event.ActivityGroupAddUser}
	case resource == "GROUP_MEMBERSHIP":
		a = object.Act{Class: event.ClassGroup, Activity: event.ActivityGroupRemoveUser}
	}
	ev.ClassUID, ev.ActivityID = a.Class, a.Activity
}
