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
	sender := ev.First("sender")
	if sender == "" || !object.SetTime(in, ev, "time") {
		return false
	}
	message := ev.First("message")
	ev.EventCode, ev.SeverityID = sender, format.Severity(ev.First("level"))
	ev.ActorUser = ev.First("username")
	ev.SrcIP, ev.SrcPort = format.AddressPort(ev.First("remote_addr", "client_ip"))
	ev.DstIP, ev.DstPort = format.AddressPort(ev.First("local_addr"))
	ev.SessionUID, ev.Object = ev.First("connection_id"), ev.First("file_path")
	ev.Message = object.Sentence(sender, message, ev.First("file_path"), ev.First("error"))
	status := event.StatusSuccess
	if ev.First("error") != "" {
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
			ev.BytesOut = format.ByteCount(ev.First("size_bytes"))
		}
	case ev.First("method") != "" && ev.First("uri") != "":
		ev.ClassUID, ev.ActivityID, ev.Object = event.ClassHTTP, format.HTTPActivity(ev.First("method")), ev.First("uri")
	}
	return true
}
