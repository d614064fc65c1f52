package advisory

import (
	"time"

	"github.com/konseki/konseki/internal/advisory/notice"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// finish fills the columns of an advisory's event.
func finish(ev *event.Event, n *notice.Notice) {
	ev.ActivityID = event.ActivityFindingCreate
	switch {
	case !n.Withdrawn.IsZero():
		ev.ActivityID = activityClose
	case n.Published.Before(n.Modified) && !n.Published.IsZero():
		ev.ActivityID = event.ActivityFindingUpdate
	}
	ev.EventCode = n.ID
	ev.SeverityID = format.Severity(n.Severity)
	if len(n.Affected) > 0 {
		ev.Object = n.Affected[0].Package
	}
	ev.Message = format.Message(n.ID + ": " + n.Summary)
	n.Fill(ev)
}

// activityClose is OCSF's activity of a Vulnerability Finding that is over.
const activityClose int32 = 3

// instant reads a time with its zone; the zero time where there is none.
func instant(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
