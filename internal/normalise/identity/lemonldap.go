package identity

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// NewLemonLDAP returns the format "lemonldap": messages of LemonLDAP::NG's
// portal inside syslog, "[warn] Bad password for dani (192.0.2.4)".
func NewLemonLDAP() format.Format {
	return format.Line{Named: "lemonldap", Of: isLemonLDAP, Read: readLemonLDAP}
}

func isLemonLDAP(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte("Lemonldap::NG")) || bytes.HasPrefix(raw, []byte("[")) && bytes.HasSuffix(raw, []byte(")")) &&
		(bytes.Contains(raw, []byte("] Bad password for ")) || bytes.Contains(raw, []byte(" was not found in LDAP directory (")) ||
			bytes.Contains(raw, []byte(" connected (")) || bytes.Contains(raw, []byte("successfully authenticated")))
}

func readLemonLDAP(in *format.Input, ev *event.Event) bool {
	text := in.Text()
	level, message, ok := strings.Cut(text, "] ")
	if ok && strings.HasPrefix(level, "[") {
		ev.SeverityID = format.Severity(level[1:])
		ev.Add("level", level[1:])
	} else {
		message = strings.TrimLeft(strings.TrimPrefix(text, "Lemonldap::NG"), " :")
	}
	ev.ProcessPath, ev.Message = "lemonldap-ng", format.Message(message)
	if i := strings.LastIndexByte(message, '('); i >= 0 {
		ev.SrcIP = format.Address(strings.TrimSuffix(message[i+1:], ")"))
		message = strings.TrimSpace(message[:i])
	}
	if user, ok := strings.CutPrefix(message, "Bad password for "); ok {
		format.Logon(ev, user, event.StatusFailure)
	} else if user, ok := strings.CutSuffix(message, " was not found in LDAP directory"); ok {
		format.Logon(ev, user, event.StatusFailure)
		ev.Add("invalid_user", user)
	} else if user, ok := strings.CutSuffix(message, " connected"); ok {
		format.Logon(ev, strings.TrimPrefix(user, "User "), event.StatusSuccess)
	} else if user, _, ok := strings.Cut(message, " successfully authenticated"); ok {
		format.Logon(ev, strings.TrimPrefix(user, "User "), event.StatusSuccess)
	}
	return true
}
