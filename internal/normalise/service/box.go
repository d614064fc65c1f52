package service

import (
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewBox returns the format "box": enterprise events, one or a page of them.
// Source: developer.box.com, "Events" and "Enterprise events".
func NewBox() format.Format {
	acts := boxActs()
	return object.New(object.Reader{
		Name: "box", Marks: []string{`"event_type"`, `"event_id"`, `"created_by"`}, Pages: []string{"entries"},
		Read: func(in *format.Input, _ []byte, ev *event.Event) bool { return readBox(in, ev, acts) },
	})
}

func readBox(in *format.Input, ev *event.Event, acts object.Acts) bool {
	ev.EventCode = ev.First("event_type")
	if ev.EventCode == "" || !object.SetTime(in, ev, "created_at") {
		return false
	}
	a, known := acts[ev.EventCode]
	if !known {
		a = boxAct(ev.EventCode)
	}
	a.Set(ev)
	ev.ActorUser = ev.First("created_by.login", "created_by.name", "created_by.id")
	if ev.ActorUser == "Unknown User" { // who acted without an account
		ev.ActorUser = ""
	}
	ev.SrcIP = format.Address(ev.First("ip_address"))
	ev.SessionUID = ev.First("session_id")
	ev.Object = ev.First("source.item_name", "source.file_name", "source.folder_name", "source.name", "source.group_name")
	ev.ClientApp = ev.First("additional_details.service_name")
	ev.BytesOut = format.ByteCount(ev.First("additional_details.size"))
	if ev.ClassUID == event.ClassFileHosting && ev.ActivityID == event.ActivityHostingDownload {
		ev.BytesOut = cmp.Or(ev.BytesOut, format.ByteCount(ev.First("source.size")))
	}
	if kind := ev.First("source.type"); kind == "user" || ev.First("source.user_email") != "" {
		ev.TargetUser = ev.First("source.login", "source.user_email", "source.name", "source.user_name")
	}
	ev.TargetUser = cmp.Or(ev.TargetUser, ev.First("accessible_by.login", "accessible_by.name", "additional_details.shield_alert.user.email"))
	ev.SeverityID = format.Severity(ev.First("additional_details.shield_alert.priority"))
	if ev.ClassUID == event.ClassAuthentication {
		if ev.TargetUser == ev.ActorUser {
			ev.TargetUser = ""
		}
		ev.Object = ""
	}
	ev.Message = object.Sentence(ev.ActorUser, ev.EventCode, ev.Object, ev.TargetUser,
		ev.First("additional_details.shield_alert.rule_name"), ev.First("additional_details.shield_alert.alert_summary.description"))
	return true
}

func boxAct(name string) object.Act {
	switch {
	case strings.HasSuffix(name, "_BLOCKED"), strings.HasSuffix(name, "_BLOCKED_MISSING_JUSTIFICATION"):
		return object.Act{Class: event.ClassFinding, Activity: event.ActivityFindingCreate, Status: event.StatusFailure}
	case strings.Contains(name, "SHIELD"), strings.Contains(name, "MALICIOUS"), strings.Contains(name, "VIOLAT"), strings.Contains(name, "ABNORMAL"):
		return object.Act{Class: event.ClassFinding, Activity: event.ActivityFindingCreate}
	case strings.Contains(name, "COLLAB"), strings.Contains(name, "SHARE"):
		return object.Act{Class: event.ClassFileHosting, Activity: event.ActivityHostingShare, Status: event.StatusSuccess}
	case strings.Contains(name, "GROUP"):
		return object.Act{Class: event.ClassGroup, Activity: event.ActivityOther, Status: event.StatusSuccess}
	case strings.Contains(name, "USER"), strings.Contains(name, "ADMIN_ROLE"):
		return object.Act{Class: event.ClassAccountChange, Activity: event.ActivityOther, Status: event.StatusSuccess}
	case strings.Contains(name, "FILE"), strings.Contains(name, "ITEM"), strings.Contains(name, "FOLDER"):
		return object.Act{Class: event.ClassFileHosting, Activity: event.ActivityOther, Status: event.StatusSuccess}
	}
	return object.Act{Class: event.ClassAPI, Activity: event.ActivityOther, Status: event.StatusSuccess}
}

func boxActs() object.Acts {
	const hosting, account, group, logon, ok = event.ClassFileHosting, event.ClassAccountChange, event.ClassGroup, event.ClassAuthentication, event.StatusSuccess
	m := object.Acts{}
	m.Add(logon, event.ActivityLogon, ok, "LOGIN ADMIN_LOGIN USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE")
	m.Add(logon, event.ActivityLogon, event.StatusFailure, "FAILED_LOGIN DEVICE_TRUST_CHECK_FAILED")
	m.Add(logon, event.ActivityLogoff, ok, "LOGOUT USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_REVOKE")
	m.Add(logon, event.ActivityOther, ok, "ADD_LOGIN_ACTIVITY_DEVICE REMOVE_LOGIN_ACTIVITY_DEVICE USER_AUTHENTICATE_OAUTH2_TOKEN_REFRESH")
	m.Add(hosting, event.ActivityHostingPreview, ok, "PREVIEW ITEM_PREVIEW CONTENT_ACCESS")
	m.Add(hosting, event.ActivityHostingOpen, ok, "ITEM_OPEN OPEN")
	m.Add(hosting, event.ActivityHostingDownload, ok, "DOWNLOAD ITEM_DOWNLOAD ITEM_SYNC FILE_WATERMARKED_DOWNLOAD SIGNER_DOWNLOADED")
	m.Add(hosting, event.ActivityHostingUpload, ok, "UPLOAD ITEM_UPLOAD ITEM_CREATE CREATE_FOLDER")
	m.Add(hosting, event.ActivityHostingUpdate, ok, "EDIT RENAME MOVE COPY UNDELETE ITEM_MODIFY ITEM_RENAME ITEM_MOVE ITEM_COPY ITEM_UNDELETE_VIA_TRASH LOCK UNLOCK")
	m.Add(hosting, event.ActivityHostingDelete, ok, "DELETE ITEM_TRASH FILE_PERMANENTLY_DELETED ITEM_DELETED")
	m.Add(hosting, event.ActivityHostingShare, ok, "SHARE ACCESS_GRANTED CHANGE_FOLDER_PERMISSION ITEM_SHARED ITEM_SHARED_CREATE ITEM_SHARED_UPDATE SHARE_EXPIRATION COLLABORATION_INVITE COLLABORATION_ACCEPT COLLABORATION_ROLE_CHANGE COLLAB_ADD_COLLABORATOR COLLAB_INVITE_COLLABORATOR COLLAB_ROLE_CHANGE")
	m.Add(hosting, event.ActivityHostingUnshare, ok, "UNSHARE ACCESS_REVOKED ITEM_SHARED_UNSHARE COLLABORATION_REMOVE COLLABORATION_EXPIRATION COLLAB_REMOVE_COLLABORATOR")
	m.Add(account, format.ActivityAccountCreate, ok, "NEW_USER")
	m.Add(account, format.ActivityAccountDelete, ok, "DELETE_USER")
	m.Add(account, format.ActivityPasswordChange, ok, "PASSWORD_CHANGE CHANGE_PASSWORD")
	m.Add(account, object.ActivityFactorEnable, ok, "TWO_FACTOR_AUTH_ENABLE ENABLE_TWO_FACTOR_AUTH")
	m.Add(account, object.ActivityFactorDisable, ok, "TWO_FACTOR_AUTH_DISABLE USER_RESET_TFA")
	m.Add(account, event.ActivityOther, ok, "EDIT_USER CHANGE_ADMIN_ROLE MASTER_INVITE_ACCEPT MASTER_INVITE_REJECT EMAIL_ALIAS_CONFIRM EMAIL_ALIAS_REMOVE")
	m.Add(group, event.ActivityGroupAddUser, ok, "GROUP_ADD_USER")
	m.Add(group, event.ActivityGroupRemoveUser, ok, "GROUP_REMOVE_USER")
	m.Add(group, event.ActivityGroupCreate, ok, "GROUP_CREATION")
	m.Add(group, event.ActivityGroupDelete, ok, "GROUP_DELETION")
	return m
}
