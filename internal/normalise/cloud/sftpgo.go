package cloud

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewSFTPGo returns the format "sftpgo": its log of JSON lines. Source:
// docs.sftpgo.com, "Logs". Times have no zone unless log_utc_time is set.
func NewSFTPGo() format.Format {
	return object.New(object.Reader{
		Name: "sftpgo", Marks: []string{`"level"`, `"sender"`, `"time"`, `"connection_id"|"client_ip"|"message"|"remote_addr"`}, Read: readSFTPGo,
	})
}

func readSFTPGo(in *format.Input, _ []byte, ev *event.Event) bool {
	sender := object.First(ev, "sender")
	if sender == "" || !object.SetTime(in, ev, "time") {
		return false
	}
	message := object.First(ev, "message")
	ev.EventCode, ev.SeverityID = sender, format.Severity(object.First(ev, "level"))
	ev.ActorUser = object.First(ev, "username")
	ev.SrcIP, ev.SrcPort = format.AddressPort(object.First(ev, "remote_addr", "client_ip"))
	ev.DstIP, ev.DstPort = format.AddressPort(object.First(ev, "local_addr"))
	ev.SessionUID, ev.Object = object.First(ev, "connection_id"), object.First(ev, "file_path")
	ev.Message = object.Sentence(sender, message, object.First(ev, "file_path"), object.First(ev, "error"))
	status := event.StatusSuccess
	if object.First(ev, "error") != "" {
		status = event.StatusFailure
	}
	switch activity := transferActivity(sender); {
	case sender == "connection_failed":
		format.Logon(ev, ev.ActorUser, event.StatusFailure)
	case strings.HasPrefix(message, `User "`) && strings.Contains(message, `" logged in with "`):
		ev.SrcIP = format.Address(format.Between(message, `from ip "`, `"`))
		ev.ClientApp = format.Between(message, `client version "`, `"`)
		format.Logon(ev, format.Between(message, `User "`, `"`), event.StatusSuccess)
	case sender == "login":
		format.Logon(ev, ev.ActorUser, status)
	case activity != 0:
		transferred(ev, activity, status, ev.Object)
		if activity == event.ActivityHostingDownload {
			ev.BytesOut = format.ByteCount(object.First(ev, "size_bytes"))
		}
	case object.First(ev, "method") != "" && object.First(ev, "uri") != "":
		ev.ClassUID, ev.ActivityID, ev.Object = event.ClassHTTP, format.HTTPActivity(object.First(ev, "method")), object.First(ev, "uri")
	}
	return true
}
