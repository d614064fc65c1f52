package cloud

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// NewPureFTPd returns the format "pureftpd": what Pure-FTPd says by syslog,
// `(alice@192.0.2.1) [NOTICE] /home/alice//a.txt downloaded  (5 bytes, 1.00KB/sec)`.
// Source: pureftpd.org, messages_en.h.
func NewPureFTPd() format.Format {
	return format.Line{Named: "pureftpd", Of: isPureFTPd, Read: readPureFTPd}
}

func isPureFTPd(raw []byte) bool {
	if len(raw) < 12 || raw[0] != '(' {
		return false
	}
	end := bytes.Index(raw[:min(len(raw), 600)], []byte(") ["))
	return end > 0 && bytes.IndexByte(raw[:end], '@') > 0 && bytes.IndexByte(raw[end+3:min(len(raw), end+14)], ']') > 0
}

func readPureFTPd(in *format.Input, ev *event.Event) bool {
	who, rest, ok := strings.Cut(in.Text()[1:], ") [")
	level, message, ok2 := strings.Cut(rest, "] ")
	at := strings.LastIndexByte(who, '@')
	if !ok || !ok2 || at < 0 {
		return false
	}
	if user := who[:at]; user != "?" {
		ev.ActorUser = user
	}
	ev.SrcIP = format.Address(who[at+1:])
	ev.Add("rhost", who[at+1:])
	ev.Add("level", level)
	ev.SeverityID = format.Severity(level)
	ev.Message = format.Message(message)
	switch {
	case strings.HasPrefix(message, "New connection from "):
		connection(ev, event.ActivityNetworkOpen)
	case strings.HasPrefix(message, "Logout"), strings.HasPrefix(message, "Timeout"):
		ev.ClassUID, ev.ActivityID = event.ClassAuthentication, event.ActivityLogoff
	case strings.HasSuffix(message, " is now logged in"):
		format.Logon(ev, strings.TrimSuffix(message, " is now logged in"), event.StatusSuccess)
	case strings.HasPrefix(message, "Authentication failed for user ["):
		format.Logon(ev, strings.TrimSuffix(format.After(message, "["), "]"), event.StatusFailure)
	default:
		pureTransfer(ev, message)
	}
	return true
}

// pureTransfer reads "PATH downloaded  (5 bytes, 1.00KB/sec)" and "Deleted PATH".
func pureTransfer(ev *event.Event, message string) {
	if path, ok := strings.CutPrefix(message, "Deleted "); ok {
		transferred(ev, event.ActivityHostingDelete, event.StatusSuccess, path)
		return
	}
	for _, verb := range [...]string{"downloaded", "uploaded"} {
		i := strings.LastIndex(message, " "+verb+" ")
		if i < 0 {
			continue
		}
		transferred(ev, transferActivity(verb), event.StatusSuccess, message[:i])
		size, _, _ := strings.Cut(format.After(message[i:], "("), " ")
		ev.Add("bytes", size)
		if verb == "downloaded" {
			ev.BytesOut = format.ByteCount(size)
		}
		return
	}
	if i := strings.Index(message, " renamed"); i > 0 || strings.HasPrefix(message, "File successfully renamed") {
		transferred(ev, event.ActivityHostingUpdate, event.StatusSuccess, "")
	}
}
