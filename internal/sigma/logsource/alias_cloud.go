package logsource

import "strings"

// azureAliases are for rules that use one table's name for what another table
// of Azure calls differently.
func azureAliases() []alias {
	const initiator = "initiatedBy.*|InitiatedBy.*|properties.initiatedBy.*"
	const targets = "targetResources.*|TargetResources.*|properties.targetResources.*"
	const activity = "properties.activityDisplayName|activityDisplayName|ActivityDisplayName|operationName|OperationName|OperationNameValue|operationNameValue"
	return []alias{
		{"properties.message", activity}, {"operationName", "OperationName|OperationNameValue|operationNameValue|operationName.value|" + activity},
		{"OperationName", activity}, {"ActivityDisplayName", activity}, {"ActivityType", activity}, {"activityType", activity},
		{"OperationNameValue", "operationNameValue|operationName|OperationName|operationName.value"},
		{"category", "+category|Category|properties.category"}, {"Category", "+category|Category|properties.category"},
		{"CategoryValue", "category|Category|categoryValue|category.value"}, {"ResourceProviderValue", "resourceProviderValue|ResourceProvider|resourceProviderName.value"},
		{"ResourceId", "resourceId|_ResourceId|resourceUri"},
		{"Status", "@status"}, {"properties.result", "result|Result|@status"},
		{"Initiatied.By", initiator + "|actor_user"}, {"Initiatedby", initiator + "|actor_user"},
		{"Target", targets}, {"TargetResources", targets}, {"properties.targetResources", targets}, {"properties.initiatedBy", initiator},
		{"TargetResources.modifiedProperties", "TargetResources.modifiedProperties.*|targetResources.modifiedProperties.*|properties.targetResources.modifiedProperties.*"},
		{"NetworkLocationDetails", "networkLocationDetails.*|NetworkLocationDetails.*|properties.networkLocationDetails.*"},
		{"ResultType", "resultType|properties.status.errorCode|status.errorCode"}, {"resultType", "ResultType|properties.status.errorCode|status.errorCode"},
		{"ResultDescription", "resultDescription|properties.status.failureReason|status.failureReason"},
		{"Resultdescription", "ResultDescription|resultDescription|properties.status.failureReason|status.failureReason"},
		{"failure_status_reason", "resultReason|properties.resultReason|resultDescription|ResultDescription"},
		{"location", "properties.location.countryOrRegion|location.countryOrRegion|Location"},
		{"callerIpAddress", "CallerIpAddress|properties.ipAddress|ipAddress|IPAddress|src_ip"},
		{"ClientApp", "clientAppUsed|ClientAppUsed|properties.clientAppUsed"}, {"Username", "actor_user"},
	}
}

// azureNames gives the spellings of a name in Azure's logs: those of the
// diagnostic settings begin with small letters and lie mostly beneath
// "properties", those of Graph do not, those of Log Analytics begin with
// capitals.
func azureNames(name string) string {
	base := strings.TrimPrefix(name, "properties.")
	if base == "" {
		return ""
	}
	small, capital := eachWord(base, strings.ToLower), eachWord(base, strings.ToUpper)
	first := strings.ToUpper(small[:1]) + small[1:] // TargetResources.modifiedProperties.newValue
	return strings.Join([]string{small, "properties." + small, capital, first}, "|")
}

// eachWord changes the first letter of each part of a dotted name.
func eachWord(name string, change func(string) string) string {
	words := strings.Split(name, ".")
	for i, w := range words {
		if w != "" {
			words[i] = change(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, ".")
}

// gcpAliases: rules for Google Workspace are written for its logs in Cloud
// Logging; konseki reads the Reports API as well.
func gcpAliases() []alias {
	const name = "protoPayload.metadata.event.eventName"
	return []alias{
		{"gcp.audit.method_name", "protoPayload.methodName|data.protoPayload.methodName"},
		{name, "events.name"}, {"eventName", name + "|events.name"},
		{"protoPayload.serviceName", "@workspace"}, {"protoPayload.Servicename", "protoPayload.serviceName|@workspace"}, {"eventService", "protoPayload.serviceName|@workspace"},
		{"setting_name", "SETTING_NAME|protoPayload.metadata.event.parameter.value"}, {"new_value", "NEW_VALUE|protoPayload.metadata.event.parameter.value"},
	}
}

// m365Aliases: the alerts of the compliance centre are written for the names
// that Defender for Cloud Apps gives them; the unified audit log has its own.
func m365Aliases() []alias {
	return []alias{
		{"eventSource", "Workload|Source"}, {"eventName", "Name|AlertName|Operation"}, {"status", "@status"}, {"Payload", "Data|ExtendedProperties.*"},
		{"Parameters", "Parameters.*"}, {"OperationProperties", "OperationProperties.*"},
	}
}

func kubernetesAliases() []alias {
	return []alias{
		{"apiGroup", "objectRef.apiGroup"}, {"hostPath", "requestObject.spec.volumes.hostPath.path|requestObject.spec.template.spec.volumes.hostPath.path"},
		{"capabilities", "requestObject.spec.containers.securityContext.capabilities.add|requestObject.spec.template.spec.containers.securityContext.capabilities.add"},
	}
}
