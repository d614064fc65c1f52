package system

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// Activities of OCSF Application Lifecycle.
const (
	activityAppStart   int32 = 3
	activityAppStop    int32 = 4
	activityAppRestart int32 = 5
)

// Activities of OCSF Event Log Activity.
const (
	activityLogStart int32 = 6
	activityLogStop  int32 = 7
)

// readSystemd reads the start and stop of units.
func readSystemd(ev *event.Event, message string) {
	verb, unit, ok := strings.Cut(strings.TrimSuffix(message, "."), " ")
	status := event.StatusSuccess
	activity := int32(0)
	switch verb {
	case "Started", "Starting", "Finished", "Reached":
		activity = activityAppStart
	case "Stopped", "Stopping", "Deactivated":
		activity = activityAppStop
	case "Restarting", "Reloaded", "Reloading":
		activity = activityAppRestart
	case "Failed":
		activity, status = activityAppStart, event.StatusFailure
		unit = strings.TrimPrefix(unit, "to start ")
	}
	switch {
	case activity != 0 && ok:
		ev.ActivityID, ev.StatusID, ev.Object = activity, status, unit
	case strings.HasSuffix(verb, ":") && strings.Contains(verb, "."): // "nginx.service: Failed with result …"
		ev.ActivityID, ev.Object = event.ActivityOther, strings.TrimSuffix(verb, ":")
		if strings.HasPrefix(unit, "Failed") || strings.Contains(unit, "status=") && !strings.Contains(unit, "status=0/") {
			ev.StatusID = event.StatusFailure
		}
	default:
		if !isClock(ev, message) {
			readPAM(ev, message)
		}
		return
	}
	ev.ClassUID = event.ClassAppLifecycle
}

// readLogger reads the start and stop of the logging daemon itself: a log that
// stops is a fact of its own.
func readLogger(ev *event.Event, message string) {
	lower := strings.ToLower(message)
	switch {
	case containsAny(lower, "exiting on signal", "syslog-ng shutting down", "journal stopped", "received sigterm"):
		ev.ClassUID, ev.ActivityID = event.ClassEventLog, activityLogStop
	case containsAny(lower, "restart", "] start", "syslog-ng starting up", "journal started"):
		ev.ClassUID, ev.ActivityID = event.ClassEventLog, activityLogStart
	default:
		isClock(ev, message)
	}
}
