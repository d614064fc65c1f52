package system

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// readSudo reads "alice : [REASON ; ]TTY=pts/0 ; PWD=/home ; USER=root ;
// COMMAND=/bin/ls" (sudo's logging.c). The command comes last and may hold
// the separators itself.
func readSudo(ev *event.Event, message string) {
	user, s, ok := strings.Cut(strings.TrimLeft(message, " "), " : ")
	if !ok || strings.ContainsAny(user, "():") {
		readPAM(ev, message)
		return
	}
	ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassProcess, event.ActivityProcessLaunch, event.StatusSuccess
	ev.ActorUser = user
	for s != "" {
		if command, ok := strings.CutPrefix(s, "COMMAND="); ok {
			ev.CmdLine = command
			ev.ProcessPath, _, _ = strings.Cut(command, " ")
			ev.Add("COMMAND", command)
			if setsClock(command) {
				ev.EventCode = codeTimeStep
			}
			break
		}
		var part string
		part, s, _ = strings.Cut(s, " ; ")
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			ev.StatusID = event.StatusFailure
			ev.Add("reason", part)
			continue
		}
		if name == "USER" {
			ev.TargetUser = value
		}
		ev.Add(name, value)
	}
	if ev.CmdLine == "" {
		ev.ClassUID, ev.ActivityID = event.ClassAuthentication, event.ActivityAccountSwitch
	}
}

// readSu reads the messages of su from shadow, util-linux and BSD.
func readSu(ev *event.Event, message string) {
	s := message
	status := event.StatusSuccess
	switch {
	case strings.HasPrefix(s, "Successful su for "):
		s = s[len("Successful su for "):]
	case strings.HasPrefix(s, "FAILED su for "):
		s, status = s[len("FAILED su for "):], event.StatusFailure
	case strings.HasPrefix(s, "FAILED SU (to "):
		s, status = s[len("FAILED SU "):], event.StatusFailure
	case strings.HasPrefix(s, "(to "):
	case strings.HasPrefix(s, "+ "), strings.HasPrefix(s, "- "):
		if s[0] == '-' {
			status = event.StatusFailure
		}
		_, s, _ = strings.Cut(s[2:], " ")
		if from, to, ok := strings.Cut(s, ":"); ok {
			switchAccount(ev, from, to, status)
		}
		return
	default:
		readPAM(ev, message)
		return
	}
	if to, rest, ok := strings.Cut(strings.TrimPrefix(s, "(to "), ") "); ok && s[0] == '(' {
		from, tty, _ := strings.Cut(rest, " on ")
		switchAccount(ev, from, to, status)
		ev.Add("TTY", tty)
		return
	}
	to, from, _ := strings.Cut(s, " by ")
	switchAccount(ev, from, to, status)
}

func switchAccount(ev *event.Event, from, to string, status int32) {
	ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityAccountSwitch, status
	ev.ActorUser, ev.TargetUser = from, to
}

// readLogin reads the messages of the console login program.
func readLogin(ev *event.Event, message string) {
	switch {
	case strings.HasPrefix(message, "ROOT LOGIN"):
		format.Logon(ev, "root", event.StatusSuccess)
	case strings.HasPrefix(message, "LOGIN ON "):
		tty, user, _ := strings.Cut(message[len("LOGIN ON "):], " BY ")
		format.Logon(ev, user, event.StatusSuccess)
		ev.Add("TTY", tty)
	case strings.HasPrefix(message, "FAILED LOGIN "):
		_, s, _ := strings.Cut(message, " FOR ")
		user, reason, _ := strings.Cut(s, ", ")
		format.Logon(ev, strings.Trim(user, "'`"), event.StatusFailure)
		ev.Add("reason", reason)
	default:
		readPAM(ev, message)
	}
}

// readLogind reads the sessions of systemd-logind.
func readLogind(ev *event.Event, message string) {
	s := strings.TrimSuffix(message, ".")
	switch {
	case strings.HasPrefix(s, "New session "):
		id, user, _ := strings.Cut(s[len("New session "):], " of user ")
		format.Logon(ev, strings.Trim(user, "'"), event.StatusSuccess)
		ev.SessionUID = strings.Trim(id, "'")
	case strings.HasPrefix(s, "Removed session "):
		format.Logon(ev, "", event.StatusSuccess)
		ev.ActivityID = event.ActivityLogoff
		ev.SessionUID = s[len("Removed session "):]
	default:
		readPAM(ev, message)
	}
}
