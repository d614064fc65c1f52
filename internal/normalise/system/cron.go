package system

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// Activities of OCSF Scheduled Job Activity.
const (
	activityJobUpdate int32 = 2
	activityJobStart  int32 = 6
)

// readCron reads "(root) CMD (command)" of cron and "(root) REPLACE (alice)"
// of crontab.
func readCron(ev *event.Event, message string) {
	user, rest, ok := strings.Cut(message, ") ")
	if user, bracketed := strings.CutPrefix(user, "("); ok && bracketed {
		cronAction(ev, user, rest)
		return
	}
	if job, ok := strings.CutPrefix(message, "Job `"); ok {
		ev.ClassUID, ev.ActivityID = event.ClassScheduledJob, event.ActivityOther
		name, state, _ := strings.Cut(job, "'")
		ev.Object = name
		if strings.HasPrefix(state, " started") {
			ev.ActivityID = activityJobStart
		}
		return
	}
	readPAM(ev, message)
}

func cronAction(ev *event.Event, user, s string) {
	ev.ClassUID, ev.ActivityID, ev.ActorUser = event.ClassScheduledJob, event.ActivityOther, user
	verb, detail, _ := strings.Cut(s, " (")
	detail = strings.TrimSuffix(detail, ")")
	ev.EventCode = verb
	switch verb {
	case "CMD":
		ev.ActivityID, ev.StatusID = activityJobStart, event.StatusSuccess
		if id, command, ok := strings.Cut(detail, ") "); ok && strings.HasPrefix(id, "[") { // cronie: "([123] command)"
			detail = command
		}
		ev.CmdLine = detail
		ev.Add("command", detail)
	case "REPLACE", "END EDIT", "DELETE":
		ev.ActivityID, ev.TargetUser = activityJobUpdate, detail
	case "LIST", "BEGIN EDIT":
		ev.TargetUser = detail
	default:
		ev.Object = detail
	}
}
