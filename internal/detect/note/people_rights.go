package note

import (
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// rights notes who was given which rights, where an event tells of a grant.
// Whether the group or role matters is for the baseline to say.
func rights(ev *event.Event, dst []event.Field) []event.Field {
	granted, grantee := "", ""
	switch ev.Format {
	case "syslog", "auditd", "laurel":
		granted, grantee = unixRights(ev)
	case "workspace":
		granted, grantee = workspaceRights(ev)
	case "slack":
		if role, ok := strings.CutPrefix(ev.EventCode, "role_change_to_"); ok {
			granted, grantee = role, ev.TargetUser
		}
	case "fortigate":
		if path, _ := ev.Get("cfgpath"); path == "system.admin" && ev.ActivityID == 1 {
			granted, grantee = "system.admin", ev.TargetUser
		}
	default:
		granted, grantee = serviceRights(ev)
	}
	if granted == "" {
		return dst
	}
	return add(add(dst, "granted", granted), "grantee", grantee)
}

// unixRights reads what usermod and gpasswd did: OCSF's Add User to Group.
func unixRights(ev *event.Event) (granted, grantee string) {
	const addUser = 3
	if ev.ClassUID != event.ClassGroup || ev.ActivityID != addUser {
		return "", ""
	}
	return ev.Object, ev.TargetUser
}

func workspaceRights(ev *event.Event) (granted, grantee string) {
	switch ev.EventCode {
	case "GRANT_ADMIN_PRIVILEGE":
		return "super admin", ev.TargetUser
	case "GRANT_DELEGATED_ADMIN_PRIVILEGES":
		return "delegated admin", ev.TargetUser
	case "ASSIGN_ROLE":
		role, _ := ev.Get("ROLE_NAME")
		return cmp.Or(role, "admin role"), ev.TargetUser
	}
	return "", ""
}

// serviceRights reads Windows (Security 4728, 4732, 4756), Entra and Microsoft
// 365, Okta and AWS IAM.
func serviceRights(ev *event.Event) (granted, grantee string) {
	switch ev.EventCode {
	case "4728", "4732", "4756":
		return ev.TargetUser, cmp.Or(memberName(first(ev, "MemberName")), first(ev, "MemberSid"))
	case "Add member to role", "Add member to role.", "Add eligible member to role", "Add eligible member to role.":
		role := first(ev, "ModifiedProperties.Role.DisplayName.NewValue", "targetResources.modifiedProperties.newValue",
			"properties.targetResources.0.modifiedProperties.1.newValue", "ModifiedProperties.NewValue")
		return cmp.Or(strings.Trim(role, `"`), "directory role"), cmp.Or(ev.TargetUser, first(ev, "targetResources.userPrincipalName",
			"properties.targetResources.0.userPrincipalName", "ObjectId"))
	case "user.account.privilege.grant", "group.privilege.grant":
		return cmp.Or(first(ev, "debugContext.debugData.privilegeGranted"), "administrator"), cmp.Or(ev.TargetUser, first(ev, "target.alternateId"))
	case "AttachUserPolicy", "AttachGroupPolicy", "AttachRolePolicy", "AddUserToGroup":
		return first(ev, "requestParameters.policyArn", "requestParameters.groupName"),
			first(ev, "requestParameters.userName", "requestParameters.roleName", "requestParameters.groupName")
	}
	return "", ""
}

// first gives the first of several native fields that has a value. An array's
// elements carry its name, with or without their number.
func first(ev *event.Event, names ...string) string {
	for _, name := range names {
		if v, _ := ev.Get(name); v != "" && v != "-" {
			return v
		}
	}
	return ""
}

// memberName takes the common name out of "CN=Sato Hanako,OU=Staff,DC=example,DC=jp".
func memberName(dn string) string {
	if rest, ok := strings.CutPrefix(dn, "CN="); ok {
		dn, _, _ = strings.Cut(rest, ",")
	}
	return dn
}
