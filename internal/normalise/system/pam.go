package system

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// readPAM reads what PAM modules log in the name of any program:
// "pam_unix(sshd:auth): authentication failure; user=root …". It reports
// whether the message was one of theirs.
func readPAM(ev *event.Event, message string) bool {
	s := message
	if strings.HasPrefix(s, "pam_") {
		module, rest, ok := strings.Cut(s, ": ")
		if !ok {
			return false
		}
		ev.Add("pam", module)
		s = rest
	}
	switch {
	case strings.HasPrefix(s, "authentication failure;"), strings.HasPrefix(s, "PAM ") && strings.Contains(s, "authentication failure"):
		pamFailure(ev, s)
	case strings.HasPrefix(s, "session opened for user "):
		user, by, _ := strings.Cut(s[len("session opened for user "):], " by ")
		format.Logon(ev, beforeUID(user), event.StatusSuccess)
		pamOpener(ev, by)
	case strings.HasPrefix(s, "session closed for user "):
		format.Logon(ev, s[len("session closed for user "):], event.StatusSuccess)
		ev.ActivityID = event.ActivityLogoff
	case strings.HasPrefix(s, "check pass; user unknown"):
		format.Logon(ev, "", event.StatusFailure)
	case strings.HasPrefix(s, "password changed for "):
		accountChange(ev, format.ActivityPasswordChange, s[len("password changed for "):])
	case strings.HasPrefix(s, "user ") && strings.Contains(s, " tally "): // pam_tally2: the account is locked
		user, _, _ := strings.Cut(s[len("user "):], " ")
		format.Logon(ev, user, event.StatusFailure)
	default:
		return len(s) != len(message)
	}
	return true
}

// pamFailure reads "…; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root".
func pamFailure(ev *event.Event, s string) {
	format.Logon(ev, "", event.StatusFailure)
	_, s, _ = strings.Cut(s, ";")
	for pair := range strings.FieldsSeq(s) {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "rhost":
			if ip, _ := format.AddressPort(value); ip != "" {
				ev.SrcIP = ip
			}
		case "user":
			ev.ActorUser = value
		case "ruser":
			if value != "" && ev.ActorUser == "" {
				ev.ActorUser = value
			}
		}
		ev.Add(name, value)
	}
}

// pamOpener keeps who opened a session: "(uid=0)", "alice(uid=1000)".
func pamOpener(ev *event.Event, by string) {
	by = strings.TrimSpace(by)
	if name := beforeUID(by); name != "" && name != ev.ActorUser {
		ev.TargetUser, ev.ActorUser = ev.ActorUser, name
		ev.ActivityID = event.ActivityAccountSwitch
	}
	ev.Add("by", by)
}

// beforeUID drops the "(uid=0)" that PAM adds to a name.
func beforeUID(s string) string {
	name, _, _ := strings.Cut(s, "(uid=")
	return strings.TrimSpace(name)
}
