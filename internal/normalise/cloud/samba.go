package cloud

import (
	"bytes"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// NewSamba returns the format "samba": decisions about logons, `Auth: [SMB2,…]
// user [DOMAIN]\[alice] at [TIME] … status [NT_STATUS_OK] …`, and file accesses
// by vfs_full_audit, "alice|192.0.2.1|openat|ok|r|a.txt", by syslog or from
// log.smbd, whose header of two lines goes before. Source: wiki.samba.org,
// "Setting up audit logging", vfs_full_audit(8), auth_log.c.
func NewSamba() format.Format {
	return samba{format.Line{Named: "samba", Of: isSamba, Read: readSamba}}
}

type samba struct{ format.Line }

// Shape puts the header of log.smbd and what follows it together.
func (f samba) Shape(head []byte) (event.Shape, bool) {
	line, rest, _ := bytes.Cut(head, []byte("\n"))
	if !isSambaHeader(line) || len(rest) == 0 {
		return event.Shape{}, false
	}
	return event.Shape{Format: f.Name(), Continues: func(_, line []byte) bool { return !isSambaHeader(line) }}, true
}

// isSambaHeader recognises "[2026/03/01 12:13:03.030937,  2] ../../auth/auth_log.c:635(log_authentication)".
func isSambaHeader(line []byte) bool {
	return len(line) > 24 && line[0] == '[' && line[5] == '/' && line[8] == '/' && line[14] == ':' &&
		bytes.IndexByte(line[:min(len(line), 48)], ',') > 0 && bytes.IndexByte(line, ']') > 0
}

func isSamba(raw []byte) bool {
	return isSambaHeader(raw) || bytes.HasPrefix(raw, []byte("Auth: [")) && bytes.Contains(raw, []byte("] user [")) ||
		isFullAudit(raw)
}

// isFullAudit looks for the outcome, the word behind the operation.
func isFullAudit(raw []byte) bool {
	head := raw[:min(len(raw), 512)]
	return bytes.Count(head, []byte("|")) >= 3 && (bytes.Contains(head, []byte("|ok")) || bytes.Contains(head, []byte("|fail (")))
}

func readSamba(in *format.Input, ev *event.Event) bool {
	s := in.Text()
	if isSambaHeader(in.Raw) {
		stamp, rest, _ := strings.Cut(s[1:], "]")
		when, level, _ := strings.Cut(stamp, ",")
		at, ok := format.ParseTime(when)
		if !ok {
			return false
		}
		at.Set(in, ev)
		ev.Add("level", strings.TrimSpace(level))
		place, message, _ := strings.Cut(rest, "\n")
		ev.Add("place", strings.TrimSpace(place))
		s = strings.TrimSpace(message)
	}
	s = strings.TrimSpace(strings.TrimSuffix(s, "#015"))
	ev.Message = format.Message(s)
	switch {
	case strings.HasPrefix(s, "Auth: ["):
		return readSambaLogon(in, ev, s)
	case isFullAudit([]byte(s)):
		return readFullAudit(ev, s)
	}
	return isSambaHeader(in.Raw)
}

// readSambaLogon reads a decision: NT_STATUS_OK or why not.
func readSambaLogon(in *format.Input, ev *event.Event, s string) bool {
	domain, rest, ok := strings.Cut(format.After(s, "] user ["), `]\[`)
	user, _, ok2 := strings.Cut(rest, "]")
	status := format.Between(s, " status [", "]")
	if !ok || !ok2 || status == "" {
		return false
	}
	outcome := event.StatusFailure
	if status == "NT_STATUS_OK" {
		outcome = event.StatusSuccess
	}
	format.Logon(ev, user, outcome)
	ev.Add("domain", domain)
	ev.Add("status", status)
	ev.Add("method", format.Between(s, " with [", "]"))
	ev.Add("workstation", format.Between(s, " workstation [", "]"))
	ev.Add("service", format.Between(s, "Auth: [", "]"))
	ev.EventCode = status
	ev.SrcIP, ev.SrcPort = sambaPeer(format.Between(s, "remote host [", "]"))
	ev.DstIP, ev.DstPort = sambaPeer(format.Between(s, "local host [", "]"))
	text := format.Between(s, "] at [", "]")
	if t, err := time.Parse("Mon, 02 Jan 2006 15:04:05.999999 MST", text); err == nil && strings.HasSuffix(text, " UTC") {
		in.Stated(ev, t, event.PrecisionMicro, text)
	}
	return true
}

// sambaPeer reads "ipv4:192.0.2.1:62419" and "ipv6:2001:db8::1:62419".
func sambaPeer(s string) (ip string, port int32) {
	kind, rest, _ := strings.Cut(s, ":")
	if i := strings.LastIndexByte(rest, ':'); i > 0 && strings.HasPrefix(kind, "ipv") {
		return format.Address(rest[:i]), format.Port(rest[i+1:])
	}
	return "", 0
}

// maxAuditWords bounds the parts of a line of vfs_full_audit.
const maxAuditWords = 32

// readFullAudit reads "PREFIX|OPERATION|ok|…|PATH". The prefix is a setting; by
// default it is user and address, and whatever stands in it is told by its form.
func readFullAudit(ev *event.Event, s string) bool {
	words := strings.SplitN(s, "|", maxAuditWords)
	at := -1
	for i, w := range words {
		if i >= 2 && (w == "ok" || strings.HasPrefix(w, "fail (")) {
			at = i
			break
		}
	}
	if at < 0 {
		return false
	}
	ev.ActorUser = words[0]
	for _, w := range words[1 : at-1] {
		if ip := format.Address(w); ip != "" && ev.SrcIP == "" {
			ev.SrcIP = ip
			continue
		}
		ev.Add("prefix", w)
	}
	operation, status := words[at-1], event.StatusSuccess
	if words[at] != "ok" {
		status = event.StatusFailure
		ev.Add("reason", strings.TrimSuffix(strings.TrimPrefix(words[at], "fail ("), ")"))
	}
	path := ""
	if at+1 < len(words) {
		path = words[len(words)-1]
	}
	ev.Add("operation", operation)
	ev.Add("arguments", strings.Join(words[at+1:], "|"))
	ev.EventCode = operation
	writes := at+2 < len(words) && words[at+1] == "w"
	transferred(ev, auditActivity(operation, writes), status, path)
	if operation == "connect" || operation == "disconnect" {
		ev.ClassUID, ev.ActivityID = event.ClassFileHosting, event.ActivityOther
	}
	return true
}

// auditActivity is the File Hosting activity of an operation of Samba's VFS.
func auditActivity(operation string, writes bool) int32 {
	switch strings.TrimSuffix(operation, "at") {
	case "open", "create_file":
		if writes {
			return event.ActivityHostingUpdate
		}
		return event.ActivityHostingOpen
	case "read", "pread", "pread_send", "sendfile":
		return event.ActivityHostingDownload
	case "write", "pwrite", "pwrite_send", "recvfile", "mkdir":
		return event.ActivityHostingUpload
	case "unlink", "rmdir":
		return event.ActivityHostingDelete
	case "rename", "chmod", "fchmod", "chown", "fchown", "ftruncate", "link", "symlink", "fset_nt_acl":
		return event.ActivityHostingUpdate
	}
	return event.ActivityOther
}
