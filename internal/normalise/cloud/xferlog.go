package cloud

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// xferTail is how many words follow the file's name in xferlog.
const xferTail = 9

// NewXferlog returns the format "xferlog": the transfer log that wu-ftpd
// introduced and vsftpd, ProFTPD and Pure-FTPd write, "TIME SECONDS HOST BYTES
// PATH TYPE ACTION DIRECTION MODE USER SERVICE METHOD ID STATUS". Source: xferlog(5).
func NewXferlog() format.Format {
	return format.Line{Named: "xferlog", Of: isXferlog, Read: readXferlog}
}

func isXferlog(raw []byte) bool {
	if len(raw) < len(cTimeForm)+20 || raw[3] != ' ' || raw[13] != ':' || raw[16] != ':' || raw[len(raw)-2] != ' ' {
		return false
	}
	last := raw[len(raw)-1]
	return last == 'c' || last == 'i'
}

func readXferlog(in *format.Input, ev *event.Event) bool {
	s := in.Text()
	at, ok := format.CTime(s[:len(cTimeForm)])
	if !ok {
		return false
	}
	var head [3]string // seconds, host, bytes
	rest := strings.TrimLeft(s[len(cTimeForm):], " ")
	for i := range head {
		if head[i], rest, ok = strings.Cut(rest, " "); !ok {
			return false
		}
	}
	var tail [xferTail]string
	for i := xferTail - 1; i >= 0; i-- {
		cut := strings.LastIndexByte(rest, ' ')
		if cut < 0 {
			return false
		}
		rest, tail[i] = rest[:cut], rest[cut+1:]
	}
	if !format.IsDecimal(head[0]) || !format.IsDecimal(head[2]) || len(tail[2]) != 1 || len(tail[3]) != 1 || rest == "" {
		return false
	}
	at.Set(in, ev)
	names := [xferTail]string{"transfer-type", "special-action-flag", "direction", "access-mode", "username", "service-name", "authentication-method", "authenticated-user-id", "completion-status"}
	ev.Add("transfer-time", head[0])
	ev.Add("remote-host", head[1])
	ev.Add("file-size", head[2])
	ev.Add("filename", rest)
	for i, name := range names {
		ev.Add(name, tail[i])
	}
	ev.SrcIP, ev.ActorUser = format.Address(head[1]), tail[4]
	status := event.StatusSuccess
	if tail[8] == "i" {
		status = event.StatusFailure
	}
	transferred(ev, xferDirection(tail[2]), status, rest)
	if tail[2] == "o" {
		ev.BytesOut = format.ByteCount(head[2])
	}
	ev.EventCode, ev.Message = tail[2], format.Message(s)
	return true
}

// xferDirection reads o (sent to the client), i (received), d (deleted).
func xferDirection(s string) int32 {
	switch s {
	case "o":
		return event.ActivityHostingDownload
	case "i":
		return event.ActivityHostingUpload
	case "d":
		return event.ActivityHostingDelete
	}
	return event.ActivityOther
}
