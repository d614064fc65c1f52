package service

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// NewDovecot returns the format "dovecot": logons at Dovecot's IMAP, POP3 and
// submission services, and what its password databases say, inside syslog.
func NewDovecot() format.Format {
	return format.Line{Named: "dovecot", Of: isDovecot, Read: readDovecot}
}

func isDovecot(raw []byte) bool {
	head := raw[:min(len(raw), 60)]
	return bytes.Contains(head, []byte("-login: ")) && bytes.Contains(raw, []byte("rip=")) ||
		bytes.HasPrefix(raw, []byte("auth")) && bytes.Contains(raw, []byte("): ")) && bytes.ContainsRune(raw, ',') ||
		bytes.HasPrefix(raw, []byte("imap(")) || bytes.HasPrefix(raw, []byte("pop3(")) || bytes.HasPrefix(raw, []byte("lmtp("))
}

func readDovecot(in *format.Input, ev *event.Event) bool {
	text := in.Text()
	if before, _, shown := strings.Cut(text, " (given password:"); shown { // for debugging; it goes into no field
		text = before
		ev.Add("password_typed", "withheld")
	}
	ev.ProcessPath, ev.Message = "dovecot", format.Message(text)
	service, rest, _ := strings.Cut(text, ": ")
	rest = strings.TrimPrefix(rest, "Info: ")
	if strings.HasSuffix(service, "-login") {
		dovecotLogin(ev, service, rest)
		return true
	}
	if strings.HasPrefix(service, "auth") {
		dovecotAuth(ev, service, rest)
		return true
	}
	service, user, _ := strings.Cut(service, "(")
	ev.EventCode = service
	ev.ActorUser, _, _ = strings.Cut(user, ")")
	return true
}

// dovecotLogin reads "Login: user=<a@example.jp>, method=PLAIN, rip=…" and
// "Disconnected (auth failed, 1 attempts): user=<…>, …".
func dovecotLogin(ev *event.Event, service, rest string) {
	pairs := rest
	if i := strings.Index(rest, "user=<"); i >= 0 {
		pairs = rest[i:]
	}
	for part := range strings.SplitSeq(pairs, ", ") {
		if name, value, ok := strings.Cut(part, "="); ok {
			ev.Add(name, strings.TrimSuffix(strings.TrimPrefix(value, "<"), ">"))
		}
	}
	get := func(name string) string { v, _ := ev.Get(name); return v }
	ev.EventCode, ev.SessionUID = service, get("session")
	ev.SrcIP, ev.DstIP = format.Address(get("rip")), format.Address(get("lip"))
	status := event.StatusUnknown
	switch {
	case strings.HasPrefix(rest, "Login: "), strings.HasPrefix(rest, "Logged in"):
		status = event.StatusSuccess
	case strings.Contains(rest, "auth failed"), strings.Contains(rest, "tried to use "):
		status = event.StatusFailure
	case strings.Contains(rest, "no auth attempts"), get("user") == "":
		ev.ClassUID, ev.ActivityID = event.ClassNetwork, event.ActivityNetworkClose
		return
	}
	format.Logon(ev, get("user"), status)
}

// dovecotAuth reads "auth-worker(24544): pam(NAME,ADDRESS,<session>): reason".
func dovecotAuth(ev *event.Event, service, rest string) {
	if i := strings.Index(rest, ">: "); i >= 0 && strings.HasPrefix(rest, "conn unix:") {
		rest = rest[i+len(">: "):] // since 2.3 a worker names its connection first
	}
	who, reason, ok := strings.Cut(rest, "): ")
	database, who, found := strings.Cut(who, "(")
	if !ok || !found {
		return
	}
	ev.EventCode, _, _ = strings.Cut(service, "(")
	if i := strings.LastIndexByte(database, ' '); i >= 0 {
		database = database[i+1:]
	}
	words := strings.Split(who, ",")
	if len(words) < 2 {
		return
	}
	ev.Add("database", database)
	ev.Add("reason", reason)
	ev.SrcIP = format.Address(words[1])
	if len(words) > 2 {
		ev.SessionUID = strings.Trim(words[2], "<>")
	}
	format.Logon(ev, words[0], event.StatusUnknown)
	switch lower := strings.ToLower(reason); {
	case strings.Contains(lower, "unknown user"):
		ev.StatusID = event.StatusFailure
		ev.Add("invalid_user", words[0])
	case strings.Contains(lower, "mismatch"), strings.Contains(lower, "fail"), strings.Contains(lower, "invalid"):
		ev.StatusID = event.StatusFailure
	}
}

// NewPostfixSASL returns the format "postfix_sasl": logons of senders at
// Postfix, "warning: unknown[ADDRESS]: SASL LOGIN authentication failed: …" and
// "QUEUE: client=NAME[ADDRESS], sasl_method=PLAIN, sasl_username=…".
func NewPostfixSASL() format.Format {
	return format.Line{Named: "postfix_sasl", Of: isPostfixSASL, Read: readPostfixSASL}
}

func isPostfixSASL(raw []byte) bool {
	return bytes.Contains(raw, []byte("]: SASL ")) && bytes.Contains(raw, []byte("authentication failed")) ||
		bytes.Contains(raw, []byte(": client=")) && bytes.Contains(raw, []byte("sasl_username="))
}

func readPostfixSASL(in *format.Input, ev *event.Event) bool {
	text := in.Text()
	ev.ProcessPath, ev.Message, ev.EventCode = "postfix", format.Message(text), "sasl"
	for part := range strings.SplitSeq(text, ", ") {
		name, value, ok := strings.Cut(part, "=")
		if i := strings.LastIndex(name, ": "); i >= 0 {
			name = name[i+2:]
		}
		if ok && strings.IndexByte(name, ' ') < 0 {
			ev.Add(name, value)
		}
	}
	user, _ := ev.Get("sasl_username")
	if strings.Contains(text, ": client=") {
		format.Logon(ev, user, event.StatusSuccess)
		ev.SessionUID, _, _ = strings.Cut(text, ":")
		client, _ := ev.Get("client")
		ev.SrcIP = format.Address(format.Between(client, "[", "]"))
		return true
	}
	format.Logon(ev, user, event.StatusFailure)
	ev.SrcIP = format.Address(format.Between(text, "[", "]"))
	ev.Add("sasl_method", format.Between(text, "SASL ", " "))
	return true
}
