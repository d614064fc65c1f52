package windows

import (
	"time"

	"github.com/konseki/konseki/internal/evtx"
)

// timeOf gives the instant at which an event was created and its text or,
// where the event does not state it, when it was written to the log.
func timeOf(rec *evtx.Record) (time.Time, string) {
	if system := rec.Root.Child("System"); system != nil {
		if created := system.Child("TimeCreated"); created != nil {
			if values, ok := created.Attr("SystemTime"); ok && len(values) == 1 {
				if t, ok := values[0].Time(); ok {
					return t, string(values[0].AppendText(nil))
				}
			}
		}
	}
	if rec.Written.IsZero() {
		return time.Time{}, ""
	}
	return rec.Written, rec.Written.Format(time.RFC3339Nano)
}
