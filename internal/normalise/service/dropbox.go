package service

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewDropbox returns the format "dropbox": the team log, one event or a page
// of them. Source: Dropbox Business API, "team_log/get_events".
func NewDropbox() format.Format {
	acts := dropboxActs()
	return object.New(object.Reader{
		Name: "dropbox", Marks: []string{`"event_category"`, `"event_type"`, `".tag"`, `"timestamp"`}, Pages: []string{"events"},
		Read: func(in *format.Input, _ []byte, ev *event.Event) bool { return readDropbox(in, ev, acts) },
	})
}

func readDropbox(in *format.Input, ev *event.Event, acts object.Acts) bool {
	// A union's tag is a member named ".tag", so that the path has two dots.
	ev.EventCode = ev.First("event_type..tag")
	if ev.EventCode == "" || !object.SetTime(in, ev, "timestamp") {
		return false
	}
	a, known := acts[ev.EventCode]
	if !known {
		a = dropboxAct(ev.First("event_category..tag"))
	}
	a.Set(ev)
	ev.ActorUser = ev.First("actor.user.email", "actor.admin.email", "actor.reseller.reseller_email", "context.email", "actor.app.display_name")
	ev.SrcIP = format.Address(ev.First("origin.geo_location.ip_address"))
	ev.ClientApp = ev.First("origin.access_method.end_user..tag", "origin.access_method..tag")
	ev.SessionUID = ev.First("origin.access_method.end_user.session_id")
	ev.Object = ev.First("assets.path.contextual", "assets.display_name", "participants.group.display_name")
	if a.Class == event.ClassAccountChange || a.Class == event.ClassGroup || a.Class == event.ClassFileHosting {
		ev.TargetUser = ev.First("participants.user.email", "context.email")
	}
	ev.Message = object.Sentence(ev.ActorUser, ev.First("event_type.description"), ev.Object, ev.TargetUser)
	return true
}

func dropboxAct(category string) object.Act {
	switch category {
	case "logins":
		return object.Act{Class: event.ClassAuthentication, Activity: event.ActivityOther}
	case "members", "passwords", "tfa", "domains":
		return object.Act{Class: event.ClassAccountChange, Activity: event.ActivityOther, Status: event.StatusSuccess}
	case "groups":
		return object.Act{Class: event.ClassGroup, Activity: event.ActivityOther, Status: event.StatusSuccess}
	case "file_operations", "comments", "paper":
		return object.Act{Class: event.ClassFileHosting, Activity: event.ActivityOther, Status: event.StatusSuccess}
	case "sharing", "team_folders":
		return object.Act{Class: event.ClassFileHosting, Activity: event.ActivityHostingShare, Status: event.StatusSuccess}
	}
	if strings.HasSuffix(category, "protection") {
		return object.Act{Class: event.ClassFinding, Activity: event.ActivityFindingCreate}
	}
	return object.Act{Class: event.ClassAPI, Activity: event.ActivityOther, Status: event.StatusSuccess}
}

func dropboxActs() object.Acts {
	const hosting, account, group, logon, ok = event.ClassFileHosting, event.ClassAccountChange, event.ClassGroup, event.ClassAuthentication, event.StatusSuccess
	m := object.Acts{}
	m.Add(logon, event.ActivityLogon, ok, "login_success sso_login_success device_link_success")
	m.Add(logon, event.ActivityLogon, event.StatusFailure, "login_fail sso_error device_link_fail")
	m.Add(logon, event.ActivityLogoff, ok, "logout")
	m.Add(logon, event.ActivityAccountSwitch, ok, "sign_in_as_session_start")
	m.Add(hosting, event.ActivityHostingPreview, ok, "file_preview shared_content_view shared_link_view")
	m.Add(hosting, event.ActivityHostingDownload, ok, "file_download shared_link_download shared_content_download")
	m.Add(hosting, event.ActivityHostingUpload, ok, "file_add create_folder")
	m.Add(hosting, event.ActivityHostingUpdate, ok, "file_edit file_move file_rename file_copy file_restore file_revert")
	m.Add(hosting, event.ActivityHostingDelete, ok, "file_delete file_permanently_delete folder_deleted")
	m.Add(hosting, event.ActivityHostingShare, ok, "shared_link_create shared_link_share shared_content_add_member sf_add_group shared_folder_create sf_invite_group")
	m.Add(hosting, event.ActivityHostingUnshare, ok, "shared_link_disable shared_content_remove_member shared_folder_unmount shared_content_unshare")
	m.Add(account, format.ActivityAccountCreate, ok, "member_add_name member_send_invite")
	m.Add(account, format.ActivityAccountDelete, ok, "member_permanently_delete_account_contents")
	m.Add(account, format.ActivityPasswordChange, ok, "password_change")
	m.Add(account, format.ActivityPasswordReset, ok, "password_reset password_reset_all")
	m.Add(account, event.ActivityOther, ok, "member_change_status member_change_admin_role member_change_email tfa_change_status")
	m.Add(group, event.ActivityGroupAddUser, ok, "group_add_member")
	m.Add(group, event.ActivityGroupRemoveUser, ok, "group_remove_member")
	m.Add(group, event.ActivityGroupCreate, ok, "group_create")
	m.Add(group, event.ActivityGroupDelete, ok, "group_delete group_permanently_delete")
	return m
}
