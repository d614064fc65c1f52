package service

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewNextcloud returns the format "nextcloud": nextcloud.log and audit.log, a
// JSON object a line. Source: Nextcloud's manual for administrators, "Logging"
// and "Admin audit".
func NewNextcloud() format.Format {
	return object.New(object.Reader{Name: "nextcloud", Marks: []string{`"reqId"`, `"remoteAddr"`, `"message"`}, Read: readNextcloud})
}

func readNextcloud(in *format.Input, _ []byte, ev *event.Event) bool {
	if !object.SetTime(in, ev, "time") {
		return false
	}
	message := ev.First("message")
	ev.ActorUser = strings.TrimPrefix(ev.First("user"), "--")
	ev.SrcIP = format.Address(ev.First("remoteAddr"))
	ev.Object, _, _ = strings.Cut(ev.First("url"), "?")
	ev.ClientApp = strings.TrimPrefix(ev.First("userAgent"), "--")
	ev.SessionUID, ev.EventCode = ev.First("reqId"), ev.First("app")
	ev.SeverityID = nextcloudLevel(ev.First("level"))
	ev.Message = format.Message(message)
	nextcloudClass(ev, message)
	return true
}

func nextcloudLevel(level string) int32 {
	switch level {
	case "0", "1":
		return event.SeverityInformational
	case "2":
		return event.SeverityLow
	case "3":
		return event.SeverityMedium
	case "4":
		return event.SeverityCritical
	}
	return event.SeverityUnknown
}

// nextcloudClass reads the sentences of the audit log and of the login page.
func nextcloudClass(ev *event.Event, message string) {
	if rest, ok := strings.CutPrefix(message, "Login failed: "); ok {
		user, _, _ := strings.Cut(rest, " (Remote IP: ")
		format.Logon(ev, strings.Trim(user, `"'`), event.StatusFailure)
		return
	}
	for _, sentence := range [...]struct {
		begin           string
		class, activity int32
	}{
		{"Login successful: ", event.ClassAuthentication, event.ActivityLogon}, {"Login attempt: ", event.ClassAuthentication, event.ActivityLogon},
		{"Logout occurred", event.ClassAuthentication, event.ActivityLogoff},
		{"File with id ", event.ClassFileHosting, event.ActivityHostingOpen}, {"File accessed: ", event.ClassFileHosting, event.ActivityHostingDownload},
		{"File created: ", event.ClassFileHosting, event.ActivityHostingUpload}, {"File written to: ", event.ClassFileHosting, event.ActivityHostingUpdate},
		{"File updated: ", event.ClassFileHosting, event.ActivityHostingUpdate}, {"File renamed: ", event.ClassFileHosting, event.ActivityHostingUpdate},
		{"File deleted: ", event.ClassFileHosting, event.ActivityHostingDelete}, {"Preview accessed: ", event.ClassFileHosting, event.ActivityHostingPreview},
		{"The file ", event.ClassFileHosting, event.ActivityHostingShare}, {"The folder ", event.ClassFileHosting, event.ActivityHostingShare},
		{"User created: ", event.ClassAccountChange, format.ActivityAccountCreate}, {"User deleted: ", event.ClassAccountChange, format.ActivityAccountDelete},
		{"User enabled: ", event.ClassAccountChange, format.ActivityAccountEnable}, {"User disabled: ", event.ClassAccountChange, format.ActivityAccountDisable},
		{"Password of user ", event.ClassAccountChange, format.ActivityPasswordChange},
		{"User ", event.ClassGroup, event.ActivityOther}, {"Group created: ", event.ClassGroup, event.ActivityGroupCreate},
	} {
		rest, ok := strings.CutPrefix(message, sentence.begin)
		if !ok {
			continue
		}
		ev.ClassUID, ev.ActivityID, ev.StatusID = sentence.class, sentence.activity, event.StatusSuccess
		nextcloudSubject(ev, sentence.begin, rest)
		return
	}
	if ev.EventCode != "admin_audit" && ev.First("exception.Exception", "exception.Message") != "" {
		ev.ClassUID, ev.ActivityID = event.ClassApplicationError, event.ActivityOther
	}
}

// nextcloudSubject finds what a sentence is about, which it sets in quotes.
func nextcloudSubject(ev *event.Event, begin, rest string) {
	name := format.Between(rest, `"`, `"`)
	switch ev.ClassUID {
	case event.ClassAuthentication:
		if ev.ActorUser == "" {
			ev.ActorUser = name
		}
		if begin == "Login attempt: " {
			ev.StatusID = event.StatusUnknown
		}
	case event.ClassAccountChange:
		ev.TargetUser = name
	case event.ClassGroup:
		ev.TargetUser = name
		if group := format.Between(rest, `group "`, `"`); group != "" {
			ev.Object = group
		}
		switch {
		case strings.Contains(rest, " added to group "):
			ev.ActivityID = event.ActivityGroupAddUser
		case strings.Contains(rest, " removed from group "):
			ev.ActivityID = event.ActivityGroupRemoveUser
		}
	case event.ClassFileHosting:
		if name != "" {
			ev.Object = name
		}
	}
}
