package identity

import (
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewOkta returns the format "okta": entries of the System Log, one or an
// array of them. Source: developer.okta.com, "System Log API" and "Event types".
func NewOkta() format.Format {
	acts := oktaActs()
	return object.New(object.Reader{
		Name: "okta", Marks: []string{`"eventType"`, `"published"`, `"actor"`, `"displayMessage"|"outcome"`},
		Read: func(in *format.Input, raw []byte, ev *event.Event) bool { return readOkta(in, raw, ev, acts) },
	})
}

func readOkta(in *format.Input, raw []byte, ev *event.Event, acts object.Acts) bool {
	ev.EventCode = ev.First("eventType")
	if ev.EventCode == "" || !object.SetTime(in, ev, "published") {
		return false
	}
	oktaAct(ev.EventCode, acts).Set(ev)
	ev.ActorUser = ev.First("actor.alternateId", "actor.displayName", "actor.id")
	ev.SrcIP = format.Address(ev.First("client.ipAddress"))
	ev.ClientApp = ev.First("client.userAgent.rawUserAgent", "client.userAgent.browser")
	ev.SessionUID = ev.First("authenticationContext.externalSessionId")
	ev.SeverityID = format.Severity(ev.First("severity"))
	switch result := ev.First("outcome.result"); result {
	case "SUCCESS", "ALLOW":
		ev.StatusID = event.StatusSuccess
	case "FAILURE", "DENY":
		ev.StatusID = event.StatusFailure
	}
	oktaTargets(raw, ev)
	ev.Message = object.Sentence(ev.First("displayMessage"), ev.First("outcome.reason"), ev.TargetUser, ev.Object)
	return true
}

// oktaTargets takes the first account, and the first other thing, that the
// event is about.
func oktaTargets(raw []byte, ev *event.Event) {
	var entry struct {
		Target []struct {
			Type        string `json:"type"`
			AlternateID string `json:"alternateId"`
			DisplayName string `json:"displayName"`
			ID          string `json:"id"`
		} `json:"target"`
	}
	if !object.Into(raw, &entry) {
		return
	}
	for _, t := range entry.Target {
		switch {
		case t.Type == "User" || t.Type == "AppUser":
			ev.TargetUser = cmp.Or(ev.TargetUser, t.AlternateID, t.DisplayName)
		default:
			ev.Object = cmp.Or(ev.Object, t.DisplayName, t.AlternateID, t.ID)
		}
	}
	if ev.ClassUID == event.ClassAuthentication && ev.TargetUser == ev.ActorUser {
		ev.TargetUser = ""
	}
}

// oktaAct tells what an event type says, by its whole name or its beginning
// and end.
func oktaAct(name string, acts object.Acts) object.Act {
	if a, ok := acts[name]; ok {
		return a
	}
	switch {
	case strings.HasPrefix(name, "user.authentication."):
		return object.Act{Class: event.ClassAuthentication, Activity: event.ActivityLogon}
	case strings.HasPrefix(name, "user.session."):
		return object.Act{Class: event.ClassAuthentication, Activity: event.ActivityOther}
	case strings.HasPrefix(name, "user."), strings.HasPrefix(name, "application.user_membership."):
		return object.Act{Class: event.ClassAccountChange, Activity: event.ActivityOther}
	case strings.HasPrefix(name, "group."):
		return object.Act{Class: event.ClassGroup, Activity: event.ActivityOther}
	case strings.HasPrefix(name, "security."), strings.HasPrefix(name, "analytics."):
		return object.Act{Class: event.ClassFinding, Activity: event.ActivityFindingCreate}
	}
	return object.Act{Class: event.ClassAPI, Activity: verbActivity(name[strings.LastIndexByte(name, '.')+1:])}
}

// verbActivity is the API activity of a verb, whatever its form.
func verbActivity(verb string) int32 {
	verb = strings.ToLower(verb)
	for _, v := range [...]struct {
		verbs    string
		activity int32
	}{
		{"create add new register grant consent invite", event.ActivityAPICreate},
		{"update set change modify edit activate deactivate enable disable rotate", event.ActivityAPIUpdate},
		{"delete remove revoke hard", event.ActivityAPIDelete},
	} {
		for word := range strings.FieldsSeq(v.verbs) {
			if strings.HasPrefix(verb, word) {
				return v.activity
			}
		}
	}
	return event.ActivityOther
}

func oktaActs() object.Acts {
	const account, group, logon = event.ClassAccountChange, event.ClassGroup, event.ClassAuthentication
	m := object.Acts{}
	m.Add(logon, event.ActivityLogon, 0, "user.session.start user.authentication.sso user.authentication.auth_via_mfa")
	m.Add(logon, event.ActivityLogoff, 0, "user.session.end user.session.clear user.authentication.slo")
	m.Add(logon, event.ActivityAccountSwitch, 0, "user.session.impersonation.initiate user.session.impersonation.grant user.session.impersonation.extend")
	m.Add(event.ClassAuthorization, event.ActivityOther, 0, "policy.evaluate_sign_on")
	m.Add(account, format.ActivityAccountCreate, 0, "user.lifecycle.create")
	m.Add(account, format.ActivityAccountEnable, 0, "user.lifecycle.activate user.lifecycle.reactivate user.lifecycle.unsuspend")
	m.Add(account, format.ActivityAccountDisable, 0, "user.lifecycle.deactivate user.lifecycle.suspend")
	m.Add(account, format.ActivityAccountDelete, 0, "user.lifecycle.delete.initiated user.lifecycle.delete.completed")
	m.Add(account, format.ActivityAccountLock, 0, "user.account.lock user.account.lock.limit")
	m.Add(account, format.ActivityAccountUnlock, 0, "user.account.unlock user.account.unlock_by_admin user.account.unlock_token")
	m.Add(account, format.ActivityPasswordChange, 0, "user.account.update_password user.credential.change_password")
	m.Add(account, format.ActivityPasswordReset, 0, "user.account.reset_password user.account.expire_password user.credential.forgot_password")
	m.Add(account, object.ActivityFactorEnable, 0, "user.mfa.factor.activate user.mfa.factor.update user.mfa.factor.unsuspend")
	m.Add(account, object.ActivityFactorDisable, 0, "user.mfa.factor.deactivate user.mfa.factor.reset_all user.mfa.factor.suspend")
	m.Add(group, event.ActivityGroupAddUser, 0, "group.user_membership.add")
	m.Add(group, event.ActivityGroupRemoveUser, 0, "group.user_membership.remove")
	m.Add(group, event.ActivityGroupCreate, 0, "group.lifecycle.create")
	m.Add(group, event.ActivityGroupDelete, 0, "group.lifecycle.delete")
	m.Add(event.ClassFinding, event.ActivityFindingCreate, 0, "user.account.report_suspicious_activity_by_enduser user.risk.detect")
	return m
}
