package system

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// Activities of OCSF Group Management.
const (
	activityGroupAddUser    int32 = 3
	activityGroupRemoveUser int32 = 4
	activityGroupDelete     int32 = 5
	activityGroupCreate     int32 = 6
)

func accountChange(ev *event.Event, activity int32, user string) {
	ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAccountChange, activity, event.StatusSuccess
	ev.TargetUser = user
}

func groupChange(ev *event.Event, activity int32, user, group string) {
	ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassGroup, activity, event.StatusSuccess
	ev.TargetUser, ev.Object = user, group
}

// readAccount reads the messages of the shadow suite (useradd, usermod,
// userdel, groupadd, passwd, chage, gpasswd …).
func readAccount(ev *event.Event, message string) {
	s := message
	switch {
	case strings.HasPrefix(s, "new user: "):
		accountChange(ev, format.ActivityAccountCreate, "")
		ev.TargetUser = accountPairs(ev, s[len("new user: "):])
	case strings.HasPrefix(s, "new group: "):
		groupChange(ev, activityGroupCreate, "", "")
		ev.Object = accountPairs(ev, s[len("new group: "):])
	case strings.HasPrefix(s, "failed adding user "):
		user, _ := quoted(s)
		accountChange(ev, format.ActivityAccountCreate, user)
		ev.StatusID = event.StatusFailure
	case strings.HasPrefix(s, "add "):
		user, rest := quoted(s)
		group, _ := quoted(rest)
		groupChange(ev, activityGroupAddUser, user, group)
	case strings.HasPrefix(s, "delete user "):
		user, _ := quoted(s)
		accountChange(ev, format.ActivityAccountDelete, user)
	case strings.HasPrefix(s, "delete ") && strings.Contains(s, " group "):
		user, rest := quoted(s)
		group, _ := quoted(rest)
		groupChange(ev, activityGroupRemoveUser, user, group)
	case strings.HasPrefix(s, "removed group "), strings.HasPrefix(s, "removed shadow group "),
		strings.HasPrefix(s, "group ") && strings.Contains(s, " removed"):
		group, _ := quoted(s)
		groupChange(ev, activityGroupDelete, "", group)
	case strings.HasPrefix(s, "user ") && strings.Contains(s, " group "):
		gpasswdChange(ev, s)
	default:
		if !readPAM(ev, s) {
			accountEdit(ev, s)
		}
	}
}

// accountEdit reads changes of an account that exists: "lock user 'alice'
// password", "password for 'alice' changed by 'root'".
func accountEdit(ev *event.Event, s string) {
	user, rest := quoted(s)
	if user == "" {
		ev.ClassUID, ev.ActivityID = event.ClassAccountChange, event.ActivityOther
		return
	}
	activity := event.ActivityOther
	switch {
	case strings.HasPrefix(s, "lock "):
		activity = format.ActivityAccountLock
	case strings.HasPrefix(s, "unlock "):
		activity = format.ActivityAccountUnlock
	case strings.Contains(s, "password"):
		activity = format.ActivityPasswordChange
	}
	accountChange(ev, activity, user)
	if _, by, ok := strings.Cut(rest, " by "); ok {
		ev.ActorUser, _ = quoted(by)
	}
}

// gpasswdChange reads "user alice added by root to group wheel".
func gpasswdChange(ev *event.Event, s string) {
	words := strings.Fields(s)
	if len(words) < 8 || words[3] != "by" {
		accountEdit(ev, s)
		return
	}
	activity := activityGroupAddUser
	if words[2] == "removed" {
		activity = activityGroupRemoveUser
	}
	groupChange(ev, activity, words[1], words[7])
	ev.ActorUser = words[4]
}

// accountPairs reads "name=alice, UID=1001, GID=1001, home=/home/alice" and
// returns the name.
func accountPairs(ev *event.Event, s string) (name string) {
	for pair := range strings.SplitSeq(s, ", ") {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			continue
		}
		if key == "name" {
			name = value
		}
		ev.Add(key, value)
	}
	return name
}

// quoted returns the first word in quotes, as 'alice' or `alice', and what
// follows it.
func quoted(s string) (word, rest string) {
	start := strings.IndexAny(s, "'`")
	if start < 0 {
		return "", ""
	}
	word, rest, ok := strings.Cut(s[start+1:], "'")
	if !ok {
		return "", ""
	}
	return word, rest
}
