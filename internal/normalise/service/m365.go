package service

import (
	"cmp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/identity"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewM365 returns the format "m365": records of Microsoft 365's unified audit
// log as the Management Activity API and the search of Purview (its column
// AuditData) give them. CreationTime states no zone; the schema says that it
// is UTC. Source: learn.microsoft.com, "Office 365 Management Activity API schema".
func NewM365() format.Format {
	acts := m365Acts()
	return object.New(object.Reader{
		Name: "m365", Marks: []string{`"Operation"`, `"CreationTime"`, `"Workload"|"RecordType"`},
		Read: func(in *format.Input, raw []byte, ev *event.Event) bool { return readM365(in, raw, ev, acts) },
	})
}

func readM365(in *format.Input, raw []byte, ev *event.Event, acts object.Acts) bool {
	ev.EventCode = ev.First("Operation")
	if ev.EventCode == "" || !object.SetUTC(in, ev, "CreationTime") {
		return false
	}
	workload := ev.First("Workload")
	m365Act(ev.EventCode, workload, acts).Set(ev)
	ev.ActorUser = ev.First("UserId", "MailboxOwnerUPN", "UserKey")
	ev.SrcIP, ev.SrcPort = format.AddressPort(ev.First("ClientIP", "ClientIPAddress", "ActorIpAddress"))
	ev.ClientApp = ev.First("UserAgent", "ClientInfoString", "ApplicationDisplayName", "ClientApplication")
	ev.SessionUID = ev.First("SessionId", "AppAccessContext.AADSessionId", "CorrelationId", "InterSystemsId")
	ev.Object = m365Object(ev)
	if ev.StatusID == event.StatusUnknown {
		ev.StatusID = m365Status(ev.First("ResultStatus"))
	}
	m365Target(raw, ev, workload)
	m365Lists(raw, ev)
	if ev.ClassUID == event.ClassFinding {
		ev.SeverityID = format.Severity(ev.First("Severity"))
		ev.Object, ev.TargetUser = cmp.Or(ev.First("Name"), ev.Object), cmp.Or(ev.TargetUser, ev.First("AlertEntityId"))
	}
	ev.Message = object.Sentence(ev.ActorUser, ev.EventCode, ev.Object, ev.TargetUser, ev.First("LogonError"), ev.Statement)
	return true
}

// m365Object is what the operation is about; some services write that they do
// not know it.
func m365Object(ev *event.Event) string {
	if id := ev.First("ObjectId"); id != "" && id != "Not Available" && id != "Unknown" {
		return id
	}
	return ev.First("TeamName", "ChannelName", "Item.Subject", "AffectedItems.Subject", "Item.ParentFolder.Path", "Folder.Path", "Folders.Path", "MailboxOwnerUPN")
}

// m365Lists takes what stands in lists of names and values: the parameters of a
// command, which make it a statement, and the program of a client.
func m365Lists(raw []byte, ev *event.Event) {
	var record struct {
		Parameters, ExtendedProperties []struct{ Name, Value string }
	}
	if !object.Into(raw, &record) {
		return
	}
	if _, _, cmdlet := strings.Cut(ev.EventCode, "-"); cmdlet && len(record.Parameters) > 0 {
		var b strings.Builder
		b.WriteString(ev.EventCode)
		for _, p := range record.Parameters {
			if p.Value != "" {
				b.WriteString(" -" + p.Name + " " + p.Value)
			}
		}
		ev.Statement = b.String()
	}
	for _, p := range record.ExtendedProperties {
		switch p.Name {
		case "UserAgent":
			ev.ClientApp = cmp.Or(ev.ClientApp, p.Value)
		case "additionalDetails":
			ev.ClientApp = cmp.Or(ev.ClientApp, format.Between(p.Value, `"User-Agent":"`, `"`))
		}
	}
}

// m365Status reads ResultStatus; an operation on a file states none and did happen.
func m365Status(result string) int32 {
	switch result {
	case "", "PartiallySucceeded":
		return event.StatusSuccess
	}
	return format.Outcome(result)
}

// m365Target finds the account that was changed or given something, or whose
// mailbox another one used.
func m365Target(raw []byte, ev *event.Event, workload string) {
	var record struct {
		Members []struct{ UPN, DisplayName string }
		Target  []struct {
			ID   string
			Type jsontext.Value
		}
	}
	readable := object.Into(raw, &record)
	named := make(map[string]string)
	for _, t := range record.Target {
		named[strings.Trim(string(t.Type), `"`)] = t.ID
	}
	const displayName, principalName = "1", "5" // IdentityTypeValue
	switch {
	case workload == "AzureActiveDirectory" && (ev.ClassUID == event.ClassAccountChange || ev.ClassUID == event.ClassGroup):
		ev.TargetUser = cmp.Or(named[principalName], ev.First("ObjectId"))
		if ev.ClassUID == event.ClassGroup {
			ev.Object = cmp.Or(m365Changed(raw), ev.Object)
		}
	case workload == "AzureActiveDirectory":
		ev.Object = cmp.Or(ev.Object, named[displayName])
	case readable && len(record.Members) > 0:
		ev.TargetUser = cmp.Or(record.Members[0].UPN, record.Members[0].DisplayName)
	default:
		ev.TargetUser = ev.First("TargetUserOrGroupName", "Item.ParentFolder.MemberUpn")
		if owner := ev.First("MailboxOwnerUPN"); ev.TargetUser == "" && owner != ev.ActorUser {
			ev.TargetUser = owner
		}
	}
	if ev.ClassUID == event.ClassAuthentication {
		ev.TargetUser = ""
	}
}

// m365Changed gives the name of the group or role that a member was added to.
func m365Changed(raw []byte) string {
	var record struct {
		ModifiedProperties []struct{ Name, NewValue, OldValue string }
	}
	if !object.Into(raw, &record) {
		return ""
	}
	for _, p := range record.ModifiedProperties {
		if p.Name == "Group.DisplayName" || p.Name == "Role.DisplayName" {
			return cmp.Or(p.NewValue, p.OldValue)
		}
	}
	return ""
}

func m365Act(operation, workload string, acts object.Acts) object.Act {
	if a, ok := acts[operation]; ok {
		return a
	}
	if workload == "AzureActiveDirectory" {
		return identity.DirectoryAct(operation)
	}
	verb, _, cmdlet := strings.Cut(operation, "-")
	switch {
	case cmdlet: // of PowerShell
		return object.Act{Class: event.ClassAPI, Activity: cmdletActivity(verb)}
	case strings.HasPrefix(operation, "File"), strings.HasPrefix(operation, "Folder"):
		return object.Act{Class: event.ClassFileHosting, Activity: event.ActivityOther}
	case strings.Contains(operation, "Link"), strings.HasPrefix(operation, "Sharing"):
		return object.Act{Class: event.ClassFileHosting, Activity: event.ActivityHostingShare}
	case strings.Contains(operation, "Alert"):
		return object.Act{Class: event.ClassFinding, Activity: event.ActivityFindingCreate}
	case workload == "MicrosoftTeams", workload == "Exchange", workload == "Yammer":
		return object.Act{Class: event.ClassWebResources, Activity: event.ActivityOther}
	}
	return object.Act{Class: event.ClassAPI, Activity: event.ActivityOther}
}

// cmdletActivity reads the verb of a command of Exchange or SharePoint PowerShell.
func cmdletActivity(verb string) int32 {
	switch verb {
	case "New", "Add", "Install", "Import":
		return event.ActivityAPICreate
	case "Set", "Update", "Enable", "Disable", "Start", "Stop":
		return event.ActivityAPIUpdate
	case "Remove", "Uninstall", "Clear":
		return event.ActivityAPIDelete
	}
	return event.ActivityOther
}

func m365Acts() object.Acts {
	const hosting, web, group, logon = event.ClassFileHosting, event.ClassWebResources, event.ClassGroup, event.ClassAuthentication
	const ok, failed = event.StatusSuccess, event.StatusFailure
	m := object.Acts{}
	m.Add(logon, event.ActivityLogon, ok, "UserLoggedIn MailboxLogin TeamsSessionStarted")
	m.Add(logon, event.ActivityLogon, failed, "UserLoginFailed")
	m.Add(logon, event.ActivityLogoff, ok, "UserLoggedOff UserSignedOut")
	m.Add(hosting, event.ActivityHostingPreview, 0, "FileAccessed FileAccessedExtended FilePreviewed PageViewed PageViewedExtended FileViewed")
	m.Add(hosting, event.ActivityHostingDownload, 0, "FileDownloaded FileSyncDownloadedFull FileSyncDownloadedPartial FileCopied")
	m.Add(hosting, event.ActivityHostingUpload, 0, "FileUploaded FileUploadedPartial FileSyncUploadedFull FileSyncUploadedPartial FolderCreated")
	m.Add(hosting, event.ActivityHostingUpdate, 0, "FileModified FileModifiedExtended FileRenamed FileMoved FileCheckedIn FileCheckedOut FileRestored FolderModified FolderMoved FolderRenamed FolderRestored")
	m.Add(hosting, event.ActivityHostingDelete, 0, "FileDeleted FileRecycled FileDeletedFirstStageRecycleBin FileDeletedSecondStageRecycleBin FileVersionsAllDeleted FolderDeleted FolderRecycled")
	m.Add(hosting, event.ActivityHostingShare, 0, "SharingSet SharingInvitationCreated AnonymousLinkCreated AnonymousLinkUpdated CompanyLinkCreated SecureLinkCreated AddedToSecureLink AddedToGroup SharingInheritanceBroken PermissionLevelAdded")
	m.Add(hosting, event.ActivityHostingUnshare, 0, "SharingRevoked SharingInvitationRevoked AnonymousLinkRemoved CompanyLinkRemoved SecureLinkDeleted RemovedFromSecureLink")
	m.Add(hosting, event.ActivityHostingOpen, 0, "AnonymousLinkUsed CompanyLinkUsed SecureLinkUsed SharingInvitationAccepted")
	m.Add(web, event.ActivityWebRead, 0, "MailItemsAccessed AttachmentAccess MessageBind FolderBind MessageRead")
	m.Add(web, event.ActivityWebCreate, 0, "Send SendAs SendOnBehalf Create MessageSent ChatCreated MessageCreatedHasLink")
	m.Add(web, event.ActivityWebUpdate, 0, "Update UpdateInboxRules MessageUpdated MessageEditedHasLink MoveToDeletedItems Move Copy")
	m.Add(web, event.ActivityWebDelete, 0, "HardDelete SoftDelete MessageDeleted ChannelDeleted")
	m.Add(web, event.ActivityWebShare, 0, "AddFolderPermissions ModifyFolderPermissions UpdateFolderPermissions UpdateCalendarDelegation AddMailboxPermissions")
	m.Add(web, event.ActivityWebSearch, 0, "SearchQueryPerformed SearchQueryInitiatedSharePoint SearchQueryInitiatedExchange SearchStarted")
	m.Add(web, event.ActivityWebExport, 0, "SearchExported SearchExportDownloaded ExportReport")
	m.Add(group, event.ActivityGroupAddUser, ok, "MemberAdded")
	m.Add(group, event.ActivityGroupRemoveUser, ok, "MemberRemoved")
	m.Add(group, event.ActivityGroupCreate, ok, "TeamCreated")
	m.Add(group, event.ActivityGroupDelete, ok, "TeamDeleted")
	m.Add(group, event.ActivityOther, ok, "MemberRoleChanged TeamSettingChanged ChannelAdded")
	m.Add(event.ClassFinding, event.ActivityFindingCreate, 0, "AlertTriggered AlertEntityGenerated AlertUpdated")
	return m
}
