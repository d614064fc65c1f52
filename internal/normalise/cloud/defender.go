package cloud

import (
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewDefender returns the format "defender": alerts of Microsoft Defender as
// Microsoft Graph gives them (security/alerts_v2), as the API of Defender for
// Endpoint does, and as advanced hunting's AlertInfo and AlertEvidence are
// streamed; one or a page of them. Source: learn.microsoft.com, "alert resource
// type", "Alert resource type (Defender for Endpoint)", "AlertInfo", "AlertEvidence".
func NewDefender() format.Format {
	return object.New(object.Reader{
		Name:  "defender",
		Marks: []string{`"detectionSource"|"DetectionSource"`, `"title"|"Title"`, `"severity"|"Severity"`},
		Pages: []string{"value"}, Read: readDefender,
	})
}

func readDefender(in *format.Input, _ []byte, ev *event.Event) bool {
	first := func(names ...string) string { return ev.First(defenderNames(names)...) }
	title := first("title", "Title")
	if title == "" || first("detectionSource", "DetectionSource") == "" {
		return false
	}
	if !object.SetTime(in, ev, defenderNames([]string{"createdDateTime", "alertCreationTime", "Timestamp", "time"})...) {
		return false
	}
	ev.ClassUID, ev.ActivityID = event.ClassFinding, event.ActivityFindingCreate
	ev.EventCode = first("category", "Category")
	ev.SessionUID = first("incidentId", "AlertId", "id")
	ev.SeverityID = format.Severity(first("severity", "Severity"))
	ev.ActorUser = cmp.Or(first("relatedUser.userName", "evidence.userAccount.userPrincipalName", "evidence.userPrincipalName", "AccountUpn",
		"evidence.userAccount.accountName", "evidence.accountName", "AccountName", "evidence.processes.userAccount.accountName"))
	ev.Host = cmp.Or(first("computerDnsName", "evidence.deviceDnsName", "evidence.hostName", "DeviceName"), ev.Host)
	ev.SrcIP = format.Address(first("evidence.ipAddress", "RemoteIP", "lastIpAddress", "evidence.lastIpAddress"))
	ev.ProcessPath = windowsPath(first("evidence.imageFile.filePath", "evidence.filePath", "FolderPath"), first("evidence.imageFile.fileName", "evidence.fileName", "FileName"))
	ev.CmdLine = first("evidence.processCommandLine", "ProcessCommandLine")
	ev.Object = first("evidence.fileDetails.fileName", "threatName", "threatFamilyName", "evidence.url", "RemoteUrl")
	ev.Message = object.Sentence(title, first("description"))
	return true
}

// defenderNames puts before the names where streamed records keep the same members.
func defenderNames(names []string) []string {
	all := make([]string, 0, 2*len(names))
	for _, n := range names {
		if n != "time" && !strings.Contains(n, ".") {
			all = append(all, "properties."+n)
		}
	}
	return append(all, names...)
}
