package cloud

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewAzure returns the format "azure": the activity log of Azure Monitor as
// diagnostic settings write it and as its own interface answers, and what else
// resources write with the same members. Source: learn.microsoft.com, "Azure
// activity log event schema" and "Common and service-specific schemas for
// Azure resource logs". What Entra ID writes so is of format "entra".
func NewAzure() format.Format {
	return object.New(object.Reader{
		Name: "azure", Pages: []string{"value", "records"}, Read: readAzure,
		Marks: []string{`"/subscriptions/|"/SUBSCRIPTIONS/`, `"operationName"|"OperationNameValue"`, `"category"|"CategoryValue"`, `"time"|"eventTimestamp"|"TimeGenerated"`},
	})
}

func readAzure(in *format.Input, _ []byte, ev *event.Event) bool {
	get := ev.First
	ev.EventCode = get("operationName", "operationName.value", "OperationNameValue")
	// What AKS writes holds a record of Kubernetes, whose names rules read.
	if ev.EventCode == "" || strings.HasPrefix(get("category"), "kube") || !object.SetTime(in, ev, "time", "eventTimestamp", "TimeGenerated") {
		return false
	}
	ev.ClassUID, ev.ActivityID = event.ClassAPI, azureActivity(ev.EventCode)
	const claims = "claims.http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	ev.ActorUser = get("caller", "Caller", "identity."+claims+"upn", "identity."+claims+"name", "identity."+claims+"emailaddress", claims+"upn", claims+"name",
		"identity.claims.name", "identity", "identity.claims.appid", "claims.appid")
	ev.SrcIP, ev.SrcPort = format.AddressPort(get("callerIpAddress", "CallerIpAddress", "httpRequest.clientIpAddress", "identity.claims.ipaddr"))
	ev.SessionUID = get("correlationId", "CorrelationId")
	ev.Object = get("resourceId", "ResourceId", "_ResourceId")
	ev.SeverityID = format.Severity(get("level", "Level"))
	ev.StatusID = azureOutcome(get("resultType", "status.value", "ActivityStatusValue"))
	ev.Message = object.Sentence(ev.ActorUser, ev.EventCode, ev.Object, get("resultType", "status.value"), get("resultSignature", "subStatus.value"), get("resultDescription"))
	return true
}

// azureActivity reads the end of "Microsoft.Compute/virtualMachines/delete"; an
// action has its name before.
func azureActivity(operation string) int32 {
	operation = strings.ToLower(operation)
	name, action := strings.CutSuffix(operation, "/action")
	last := name[strings.LastIndexByte(name, '/')+1:]
	switch {
	case !action && last == "write":
		return event.ActivityAPIUpdate
	case !action && last == "delete":
		return event.ActivityAPIDelete
	}
	return verbActivity(last)
}

// azureOutcome: what was only started or accepted has its outcome in a later record.
func azureOutcome(result string) int32 {
	switch result {
	case "Start", "Started", "Accept", "Accepted":
		return event.StatusUnknown
	}
	return format.Outcome(result)
}
