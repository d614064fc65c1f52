package cloud

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// NewVsftpd returns the format "vsftpd": vsftpd.log, `TIME [pid N] [alice] OK
// DOWNLOAD: Client "192.0.2.1", "/a.txt", 5 bytes, 1.00Kbyte/sec`, and the same
// without time and number by syslog. Source: vsftpd.conf(5) and logging.c.
func NewVsftpd() format.Format {
	return format.Line{Named: "vsftpd", Of: isVsftpd, Read: readVsftpd}
}

func isVsftpd(raw []byte) bool {
	at := bytes.Index(raw[:min(len(raw), 512)], []byte(`: Client "`))
	if at < 0 {
		return false
	}
	head := raw[:at]
	for _, mark := range [...]string{"CONNECT", " LOGIN", "LOAD", "DELETE", "MKDIR", "RMDIR", "RENAME", "CHMOD", "FTP command", "FTP response", "APPEND", "DEBUG"} {
		if bytes.HasSuffix(head, []byte(mark)) {
			return true
		}
	}
	return false
}

func readVsftpd(in *format.Input, ev *event.Event) bool {
	s := in.Text()
	if at, ok := format.CTime(s[:min(len(s), len(cTimeForm))]); ok {
		at.Set(in, ev)
		s = strings.TrimLeft(s[len(cTimeForm):], " ")
	}
	if rest, ok := strings.CutPrefix(s, "[pid "); ok {
		pid, after, closed := strings.Cut(rest, "] ")
		if !closed {
			return false
		}
		ev.Add("pid", pid)
		s = after
	}
	if rest, ok := strings.CutPrefix(s, "["); ok {
		user, after, closed := strings.Cut(rest, "] ")
		if !closed {
			return false
		}
		ev.ActorUser, s = user, after
		ev.Add("user", user)
	}
	what, rest, ok := strings.Cut(s, `: Client "`)
	client, rest, closed := strings.Cut(rest, `"`)
	if !ok || !closed || strings.ContainsAny(what, ":[") { // a header that is not vsftpd's
		return false
	}
	ev.SrcIP, ev.EventCode = format.Address(client), what
	ev.Add("client", client)
	ev.Message = withoutTyped(s, `", "PASS `)
	if strings.HasSuffix(what, " LOGIN") {
		ev.Message = withoutTyped(ev.Message, "anon password ")
	}
	vsftpdAct(ev, what, strings.TrimPrefix(rest, ", "))
	return true
}

// cTimeForm is how ctime(3) writes a time.
const cTimeForm = "Mon Jan _2 15:04:05 2006"

func vsftpdAct(ev *event.Event, what, rest string) {
	path, size, _ := cutQuoted(rest)
	outcome, verb, _ := strings.Cut(what, " ")
	switch activity := transferActivity(verb); {
	case what == "CONNECT":
		connection(ev, event.ActivityNetworkOpen)
	case verb == "LOGIN":
		format.Logon(ev, ev.ActorUser, outcomeOf(outcome))
	case activity != 0:
		transferred(ev, activity, outcomeOf(outcome), path)
		bytes, _, _ := strings.Cut(strings.TrimPrefix(size, ", "), " ")
		ev.Add("bytes", bytes)
		if activity == event.ActivityHostingDownload {
			ev.BytesOut = format.ByteCount(bytes)
		}
	case what == "FTP command":
		ev.ClassUID, ev.ActivityID = event.ClassFileHosting, event.ActivityOther
		command, _, _ := strings.Cut(path, " ")
		if ev.Statement = path; strings.EqualFold(command, "PASS") {
			ev.Statement = command
		}
	default:
		ev.ClassUID, ev.ActivityID = event.ClassFileHosting, event.ActivityOther
		ev.Add("response", path)
	}
}

// cutQuoted parts `"text"rest`; the text may hold quotes, the rest not.
func cutQuoted(s string) (text, rest string, ok bool) {
	s, opened := strings.CutPrefix(s, `"`)
	end := strings.LastIndexByte(s, '"')
	if !opened || end < 0 {
		return "", s, false
	}
	return s[:end], s[end+1:], true
}
