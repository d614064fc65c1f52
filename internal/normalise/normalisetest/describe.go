package normalisetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Describe writes an event as text: the columns that are set and the native
// fields, each sorted by name.
func Describe(ev *event.Event) string {
	var lines []string
	add := func(name string, value any) {
		if s := fmt.Sprint(value); s != "" && s != "0" {
			lines = append(lines, fmt.Sprintf("%s = %q", name, s))
		}
	}
	add("activity_id", ev.ActivityID)
	add("actor_user", ev.ActorUser)
	add("bytes_out", ev.BytesOut)
	add("class", event.ClassName(ev.ClassUID))
	add("client_app", ev.ClientApp)
	add("cmd_line", ev.CmdLine)
	add("dst_ip", ev.DstIP)
	add("dst_port", ev.DstPort)
	add("event_code", ev.EventCode)
	add("host", ev.Host)
	add("message", ev.Message)
	add("object", ev.Object)
	add("process_path", ev.ProcessPath)
	add("seq", ev.NativeSeq)
	add("session_uid", ev.SessionUID)
	add("severity_id", ev.SeverityID)
	add("src_ip", ev.SrcIP)
	add("src_port", ev.SrcPort)
	add("statement", ev.Statement)
	add("status_id", ev.StatusID)
	add("target_user", ev.TargetUser)
	add("text", ev.Text)
	add("time", ev.Time.Format(time.RFC3339Nano))
	add("time_original", ev.Quality.Original)
	add("time_quality", ev.Quality)
	var fields []string
	for _, f := range ev.Fields {
		fields = append(fields, fmt.Sprintf("  %s = %q", f.Name, f.Value))
	}
	slices.Sort(fields)
	head := fmt.Sprintf("record %d.%d %s", ev.Record, ev.Nth, ev.Format)
	return head + "\n" + strings.Join(append(lines, fields...), "\n") + "\n"
}
