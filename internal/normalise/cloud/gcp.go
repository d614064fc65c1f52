package cloud

import (
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewGCP returns the format "gcp": entries of Cloud Audit Logs of Google Cloud
// as Cloud Logging exports them. Source: Google Cloud, "Understanding audit
// logs", "AuditLog" and "LogEntry".
func NewGCP() format.Format {
	acts := gcpActs()
	return object.New(object.Reader{
		Name: "gcp", Marks: []string{`"protoPayload"`, `"methodName"`, `"logName"|"insertId"`},
		Read: func(in *format.Input, _ []byte, ev *event.Event) bool { return readGCP(in, ev, acts) },
	})
}

func readGCP(in *format.Input, ev *event.Event, acts object.Acts) bool {
	get := func(names ...string) string {
		for _, n := range names {
			if v := ev.First("protoPayload." + n); v != "" {
				return v
			}
		}
		return ""
	}
	ev.EventCode = get("methodName")
	if ev.EventCode == "" || !object.SetTime(in, ev, "timestamp", "receiveTimestamp") {
		return false
	}
	method := ev.EventCode[strings.LastIndexByte(ev.EventCode, '.')+1:]
	act, ok := acts[method]
	if !ok {
		act = object.Act{Class: event.ClassAPI, Activity: verbActivity(method)}
	}
	act.Set(ev)
	ev.ActorUser = get("authenticationInfo.principalEmail", "authenticationInfo.principalSubject")
	ev.SrcIP = format.Address(get("requestMetadata.callerIp")) // "private" where Google itself calls
	ev.ClientApp = get("requestMetadata.callerSuppliedUserAgent")
	ev.SessionUID = ev.First("operation.id")
	ev.Object = cmp.Or(get("resourceName"), get("serviceName"))
	ev.SeverityID = format.Severity(ev.First("severity"))
	if _, member, ok := strings.Cut(get("serviceData.policyDelta.bindingDeltas.member", "metadata.event.parameter.value"), ":"); ok {
		ev.TargetUser = member
	}
	if act.Status == event.StatusUnknown {
		ev.StatusID = gcpOutcome(get("status.code"), get("authorizationInfo.granted"))
	}
	ev.Message = object.Sentence(ev.ActorUser, ev.EventCode, ev.Object, ev.TargetUser, get("serviceData.policyDelta.bindingDeltas.action"),
		get("serviceData.policyDelta.bindingDeltas.role"), get("status.message"))
	return true
}

// gcpOutcome: a call without a code was done, unless what it asked for first was not granted.
func gcpOutcome(code, granted string) int32 {
	if code != "" && code != "0" || granted == "false" {
		return event.StatusFailure
	}
	return event.StatusSuccess
}

// gcpActs tells, by the last word of the method, what is more than a call.
func gcpActs() object.Acts {
	const account, logon, keep = event.ClassAccountChange, event.ClassAuthentication, event.ClassEventLog
	m := object.Acts{}
	m.Add(logon, event.ActivityLogon, event.StatusSuccess, "loginSuccess")
	m.Add(logon, event.ActivityLogon, event.StatusFailure, "loginFailure")
	m.Add(logon, event.ActivityLogoff, event.StatusSuccess, "logout")
	m.Add(account, format.ActivityAccountCreate, 0, "CreateServiceAccount")
	m.Add(account, format.ActivityAccountDelete, 0, "DeleteServiceAccount")
	m.Add(account, format.ActivityAccountEnable, 0, "EnableServiceAccount UndeleteServiceAccount")
	m.Add(account, format.ActivityAccountDisable, 0, "DisableServiceAccount")
	m.Add(account, event.ActivityOther, 0, "CreateServiceAccountKey DeleteServiceAccountKey UploadServiceAccountKey")
	m.Add(logon, event.ActivityAccountSwitch, 0, "GenerateAccessToken GenerateIdToken SignJwt SignBlob")
	m.Add(keep, event.ActivityLogStop, 0, "DeleteSink DeleteBucketLogging DeleteLog")
	return m
}
