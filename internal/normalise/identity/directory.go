package identity

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// DirectoryAct tells what an activity of Microsoft's directory says: the audit
// log of Entra ID ("Add member to group") and the unified audit log, which
// closes the same names with a full stop. Whether one changes an account, a
// group or the directory itself decides the class. Source: learn.microsoft.com,
// "Microsoft Entra audit log categories and activities".
func DirectoryAct(activity string) object.Act {
	name := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(activity)), ".")
	if a, ok := directoryAccount(name); ok {
		return object.Act{Class: event.ClassAccountChange, Activity: a}
	}
	verb, rest, _ := strings.Cut(name, " ")
	switch {
	case strings.Contains(rest, "member to ") || strings.Contains(rest, "user to group"):
		return object.Act{Class: event.ClassGroup, Activity: event.ActivityGroupAddUser}
	case strings.Contains(rest, "member from ") || strings.Contains(rest, "user from group"):
		return object.Act{Class: event.ClassGroup, Activity: event.ActivityGroupRemoveUser}
	case strings.HasPrefix(rest, "group") && !strings.HasPrefix(rest, "group policy"):
		return object.Act{Class: event.ClassGroup, Activity: groupActivity(verb)}
	case strings.HasPrefix(rest, "user") || strings.HasSuffix(name, "external user") || strings.Contains(rest, "device") && strings.Contains(rest, "owner"):
		return object.Act{Class: event.ClassAccountChange, Activity: event.ActivityOther}
	}
	return object.Act{Class: event.ClassAPI, Activity: verbActivity(verb)}
}

func groupActivity(verb string) int32 {
	switch verb {
	case "add", "create", "restore":
		return event.ActivityGroupCreate
	case "delete", "hard":
		return event.ActivityGroupDelete
	}
	return event.ActivityOther
}

// directoryAccount gives the activities that change what an account can do.
func directoryAccount(name string) (int32, bool) {
	switch name {
	case "add user", "create user", "invite external user", "bulk create users - finished (bulk)":
		return format.ActivityAccountCreate, true
	case "delete user", "hard delete user":
		return format.ActivityAccountDelete, true
	case "enable account", "restore user":
		return format.ActivityAccountEnable, true
	case "disable account", "block user":
		return format.ActivityAccountDisable, true
	case "change user password", "change password (self-service)":
		return format.ActivityPasswordChange, true
	case "reset user password", "reset password (by admin)", "reset password (self-service)", "set force change user password":
		return format.ActivityPasswordReset, true
	case "unlock user account (self-service)":
		return format.ActivityAccountUnlock, true
	case "user registered security info", "admin registered security info", "user registered all required security info", "enable strong authentication":
		return object.ActivityFactorEnable, true
	case "user deleted security info", "admin deleted security info", "disable strong authentication":
		return object.ActivityFactorDisable, true
	case "update stsrefreshtokenvalidfrom timestamp", "user changed default security info", "admin updated security info", "user updated security info",
		"convert federated user to managed", "set license properties", "update user", "set user manager", "change user license",
		"add app role assignment to user", "add app role assignment grant to user", "delete application password for user", "revoke user sign-in sessions":
		return event.ActivityOther, true
	}
	return 0, false
}
