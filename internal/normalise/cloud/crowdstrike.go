package cloud

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewCrowdStrike returns the format "crowdstrike": events of the Falcon Event
// Streams API, {"metadata":{…},"event":{…}}. Source: CrowdStrike, "Event
// Streams APIs" and its streaming event dictionary.
func NewCrowdStrike() format.Format {
	return object.New(object.Reader{
		Name: "crowdstrike", Marks: []string{`"metadata"`, `"event"`, `"eventType"`, `"eventCreationTime"`}, Read: readCrowdStrike,
	})
}

func readCrowdStrike(in *format.Input, raw []byte, ev *event.Event) bool {
	kind := ev.First("metadata.eventType")
	if kind == "" || !object.SetTime(in, ev, "metadata.eventCreationTime") {
		return false
	}
	// The offset counts the whole stream, of which a client may have asked a part.
	ev.NativeSeq, ev.EventCode = ev.First("metadata.offset"), kind
	crowdStrikeKind(kind, ev.First("event.OperationName")).Set(ev)
	ev.ActorUser = ev.First("event.UserName", "event.UserId", "event.SourceAccountName")
	ev.SrcIP = format.Address(ev.First("event.UserIp", "event.SourceEndpointIpAddress", "event.LocalIP", "event.LocalAddress"))
	ev.Host = cmp.Or(ev.First("event.ComputerName", "event.Hostname", "event.HostnameField", "event.HostName", "event.SourceEndpointHostName"), ev.Host)
	ev.ProcessPath = windowsPath(ev.First("event.FilePath"), ev.First("event.FileName"))
	ev.CmdLine = ev.First("event.CommandLine")
	ev.SessionUID = ev.First("event.SessionId")
	ev.SeverityID = crowdStrikeSeverity(ev)
	said := ev.First("event.Success")
	if said != "" {
		ev.StatusID = format.Outcome(said)
	}
	ev.Object = ev.First("event.DetectName", "event.Name", "event.IncidentID", "event.ServiceName", "event.RuleName")
	ev.Message = object.Sentence(ev.First("event.OperationName"), ev.First("event.DetectName", "event.Name"),
		ev.First("event.DetectDescription", "event.Description", "event.ServiceName"))
	switch ev.ClassUID {
	case event.ClassNetwork:
		crowdStrikeConnection(ev)
	case event.ClassFinding:
		ev.StatusID = crowdStrikeDisposition(ev.First("event.PatternDispositionDescription"))
	}
	crowdStrikeLists(raw, ev)
	return true
}

// crowdStrikeDisposition: what was prevented did not come about.
func crowdStrikeDisposition(said string) int32 {
	switch word, _, _ := strings.Cut(said, ","); word {
	case "Prevention":
		return event.StatusFailure
	case "Detection":
		return event.StatusSuccess
	}
	return event.StatusUnknown
}

// crowdStrikeLists takes what stands in lists: the account that an operation is
// about, among pairs of key and value, and what was typed in a remote session.
func crowdStrikeLists(raw []byte, ev *event.Event) {
	var record struct {
		Event struct {
			AuditKeyValues []struct{ Key, ValueString string }
			Commands       []string
		} `json:"event"`
	}
	if !object.Into(raw, &record) {
		return
	}
	ev.Statement = strings.Join(record.Event.Commands, "\n")
	if ev.ClassUID != event.ClassAccountChange {
		return
	}
	for _, pair := range record.Event.AuditKeyValues {
		if pair.Key == "target_name" || pair.Key == "target_user" {
			ev.TargetUser = pair.ValueString
			return
		}
	}
}

// crowdStrikeConnection takes the two ends of what Falcon's firewall saw. The
// direction is 1 for what came in, the action 2 for a refusal, which a policy
// that only monitors does not carry out.
func crowdStrikeConnection(ev *event.Event) {
	local, remote := format.Address(ev.First("event.LocalAddress")), format.Address(ev.First("event.RemoteAddress"))
	localPort, remotePort := format.Port(ev.First("event.LocalPort")), format.Port(ev.First("event.RemotePort"))
	ev.SrcIP, ev.SrcPort, ev.DstIP, ev.DstPort = local, localPort, remote, remotePort
	if direction := ev.First("event.ConnectionDirection"); direction == "1" || direction == "Inbound" {
		ev.SrcIP, ev.SrcPort, ev.DstIP, ev.DstPort = remote, remotePort, local, localPort
	}
	ev.ProcessPath = cmp.Or(ev.First("event.ImageFileName"), ev.ProcessPath)
	switch monitored := ev.First("event.Flags.Monitor") == "true"; {
	case ev.First("event.RuleAction") == "1" || monitored:
		ev.StatusID = event.StatusSuccess
	case ev.First("event.RuleAction") == "2":
		ev.ActivityID, ev.StatusID = event.ActivityNetworkRefuse, event.StatusFailure
	}
}

// crowdStrikeKind tells what a type of event, and of audit events the
// operation, says.
func crowdStrikeKind(kind, operation string) object.Act {
	switch {
	case strings.Contains(kind, "Detection"), strings.Contains(kind, "IncidentSummary"), strings.HasPrefix(kind, "CSPM"), strings.HasPrefix(kind, "Recon"):
		return object.Act{Class: event.ClassFinding, Activity: event.ActivityFindingCreate}
	case kind == "FirewallMatchEvent":
		return object.Act{Class: event.ClassNetwork, Activity: event.ActivityNetworkTraffic}
	case kind == "RemoteResponseSessionStartEvent":
		return object.Act{Class: event.ClassAuthentication, Activity: event.ActivityLogon, Status: event.StatusSuccess}
	case kind == "RemoteResponseSessionEndEvent":
		return object.Act{Class: event.ClassAuthentication, Activity: event.ActivityLogoff, Status: event.StatusSuccess}
	}
	switch operation {
	case "userAuthenticate", "twoFactorAuthenticate", "samlAuthenticate", "saml2Assert", "apiAuthenticate":
		return object.Act{Class: event.ClassAuthentication, Activity: event.ActivityLogon}
	case "createUser":
		return object.Act{Class: event.ClassAccountChange, Activity: format.ActivityAccountCreate}
	case "deleteUser":
		return object.Act{Class: event.ClassAccountChange, Activity: format.ActivityAccountDelete}
	case "activateUser":
		return object.Act{Class: event.ClassAccountChange, Activity: format.ActivityAccountEnable}
	case "deactivateUser":
		return object.Act{Class: event.ClassAccountChange, Activity: format.ActivityAccountDisable}
	case "changePassword", "confirmResetPassword":
		return object.Act{Class: event.ClassAccountChange, Activity: format.ActivityPasswordChange}
	case "requestResetPassword":
		return object.Act{Class: event.ClassAccountChange, Activity: format.ActivityPasswordReset}
	}
	return object.Act{Class: event.ClassAPI, Activity: verbActivity(operation)}
}

func crowdStrikeSeverity(ev *event.Event) int32 {
	if s := format.Severity(ev.First("event.SeverityName")); s != event.SeverityUnknown {
		return s
	}
	text := ev.First("event.Severity")
	n, err := strconv.ParseUint(text, 10, 8)
	switch {
	case err != nil:
		return event.SeverityUnknown
	case n <= 5: // until 2024
		return [...]int32{event.SeverityUnknown, event.SeverityInformational, event.SeverityLow, event.SeverityMedium, event.SeverityHigh, event.SeverityCritical}[n]
	case n < 20: // of 100
		return event.SeverityInformational
	case n < 40:
		return event.SeverityLow
	case n < 60:
		return event.SeverityMedium
	case n < 80:
		return event.SeverityHigh
	}
	return event.SeverityCritical
}

// windowsPath joins folder and name unless the folder ends with the name already.
func windowsPath(folder, name string) string {
	switch {
	case folder == "" || name == "" || strings.HasSuffix(folder, name):
		return cmp.Or(folder, name)
	case strings.HasPrefix(folder, "/"):
		return strings.TrimSuffix(folder, "/") + "/" + name
	}
	return strings.TrimSuffix(folder, `\`) + `\` + name
}
