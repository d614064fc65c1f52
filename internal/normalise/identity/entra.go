package identity

import (
	"cmp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewEntra returns the format "entra": the sign-in and audit logs of Microsoft
// Entra ID as Graph gives them (signIn, directoryAudit), as diagnostic settings
// write them (the same beneath "properties") and as Log Analytics exports them
// (names begin with capitals).
func NewEntra() format.Format {
	return object.New(object.Reader{
		Name: "entra", Pages: []string{"value", "records"}, Read: readEntra,
		Marks: []string{
			`SignInLogs"|"AuditLogs"|"conditionalAccessStatus"|"ConditionalAccessStatus"|"loggedByService"|"LoggedByService"`,
			`"operationName"|"OperationName"|"createdDateTime"|"CreatedDateTime"|"activityDateTime"|"ActivityDateTime"|"TimeGenerated"`,
		},
	})
}

func readEntra(in *format.Input, raw []byte, ev *event.Event) bool {
	if !object.SetTime(in, ev, "properties.createdDateTime", "properties.activityDateTime", "createdDateTime", "activityDateTime", "CreatedDateTime",
		"ActivityDateTime", "TimeGenerated", "time") {
		return false
	}
	ev.EventCode = entraName(ev, "activityDisplayName", "operationName", "OperationNameValue")
	ev.SrcIP = format.Address(cmp.Or(entraName(ev, "ipAddress"), ev.First("callerIpAddress", "CallerIpAddress", "IPAddress"),
		entraName(ev, "initiatedBy.user.ipAddress")))
	category := entraName(ev, "category")
	switch signIn := entraName(ev, "conditionalAccessStatus") != ""; {
	case signIn || strings.HasSuffix(ev.First("category", "Category"), "SignInLogs"):
		entraSignIn(ev)
	case category != "" || ev.EventCode != "":
		entraAudit(raw, ev)
	default:
		return false
	}
	return true
}

// entraName looks for a member under each of its spellings.
func entraName(ev *event.Event, names ...string) string {
	for _, name := range names {
		if v := ev.First("properties."+name, name, strings.ToUpper(name[:1])+name[1:]); v != "" {
			return v
		}
	}
	return ""
}

func entraSignIn(ev *event.Event) {
	ev.ClassUID, ev.ActivityID = event.ClassAuthentication, event.ActivityLogon
	ev.ActorUser = entraName(ev, "userPrincipalName", "servicePrincipalName", "userId", "servicePrincipalId", "appId")
	ev.Object = entraName(ev, "resourceDisplayName", "appDisplayName")
	ev.ClientApp = entraName(ev, "userAgent", "clientAppUsed")
	ev.SessionUID = entraName(ev, "sessionId", "correlationId")
	ev.EventCode = cmp.Or(ev.EventCode, "Sign-in activity")
	code := entraName(ev, "status.errorCode", "resultType")
	ev.StatusID = entraStatus(code)
	ev.SeverityID = entraRisk(entraName(ev, "riskLevelDuringSignIn"))
	reason := entraName(ev, "status.failureReason", "resultDescription")
	if ev.StatusID == event.StatusSuccess {
		reason = ""
	}
	ev.Message = object.Sentence(ev.EventCode, ev.ActorUser, entraName(ev, "appDisplayName"), reason)
}

// entraStatus reads an AADSTS error code. Some of them only ask for one more
// step, so that the outcome is told by a later record.
func entraStatus(code string) int32 {
	switch code {
	case "":
		return event.StatusUnknown
	case "0":
		return event.StatusSuccess
	case "50072", "50074", "50076", "50079", "50097", "50125", "50127", "50129", "50140", "50143", "50144", "51006", "65001":
		return event.StatusUnknown
	}
	return event.StatusFailure
}

func entraRisk(level string) int32 {
	switch level {
	case "low", "medium", "high":
		return format.Severity(level)
	}
	return event.SeverityUnknown
}

// entraAuditRecord is what of an audit record is about several things.
type entraAuditRecord struct {
	Targets entraTargets `json:"targetResources"`
	Details entraDetails `json:"additionalDetails"`
	Under   struct {
		Targets entraTargets `json:"targetResources"`
		Details entraDetails `json:"additionalDetails"`
	} `json:"properties"`
}

type entraDetails []struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type entraTargets []struct {
	Type     string         `json:"type"`
	Name     string         `json:"displayName"`
	UPN      string         `json:"userPrincipalName"`
	ID       string         `json:"id"`
	Modified jsontext.Value `json:"modifiedProperties"`
}

func entraAudit(raw []byte, ev *event.Event) {
	DirectoryAct(ev.EventCode).Set(ev)
	ev.ActorUser = entraName(ev, "initiatedBy.user.userPrincipalName", "initiatedBy.user.displayName", "initiatedBy.app.displayName",
		"initiatedBy.app.servicePrincipalName", "initiatedBy.user.id", "identity")
	ev.SessionUID = entraName(ev, "correlationId")
	ev.ClientApp = entraName(ev, "userAgent")
	ev.StatusID = format.Outcome(cmp.Or(entraName(ev, "result"), ev.First("resultSignature")))
	var record entraAuditRecord
	if object.Into(raw, &record) {
		entraAbout(append(record.Targets, record.Under.Targets...), ev)
		for _, d := range append(record.Details, record.Under.Details...) {
			if d.Key == "User-Agent" {
				ev.ClientApp = cmp.Or(ev.ClientApp, d.Value)
			}
		}
	}
	reason := entraName(ev, "resultReason")
	ev.Message = object.Sentence(ev.ActorUser, ev.EventCode, ev.TargetUser, ev.Object, reason)
}

// entraAbout takes the account and the other thing that a change is about.
func entraAbout(targets entraTargets, ev *event.Event) {
	for _, t := range targets {
		if t.Type == "User" {
			ev.TargetUser = cmp.Or(ev.TargetUser, t.UPN, t.Name, t.ID)
			if ev.ClassUID == event.ClassGroup {
				ev.Object = cmp.Or(ev.Object, changedName(t.Modified))
			}
			continue
		}
		ev.Object = cmp.Or(ev.Object, t.Name, t.ID)
	}
}

// changedName gives the name of the group or role that a member was added to
// or removed from; Entra notes it among the changed properties of the member.
func changedName(modified jsontext.Value) string {
	var properties []struct {
		Name string `json:"displayName"`
		Old  string `json:"oldValue"`
		New  string `json:"newValue"`
	}
	if !object.Into(modified, &properties) {
		return ""
	}
	for _, p := range properties {
		if p.Name == "Group.DisplayName" || p.Name == "Role.DisplayName" {
			return strings.Trim(cmp.Or(p.New, p.Old), `"`)
		}
	}
	return ""
}
