package identity

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// NewAuthelia returns the format "authelia": its log in text, `time="…"
// level=error msg="Unsuccessful 1FA authentication attempt by user 'x'" …`.
func NewAuthelia() format.Format {
	return format.Line{Named: "authelia", Of: isAuthelia, Read: readAuthelia}
}

func isAuthelia(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte(`time="`)) && bytes.Contains(raw, []byte("level=")) && bytes.Contains(raw, []byte("msg=")) &&
		(bytes.Contains(raw, []byte(" attempt by user '")) || bytes.Contains(raw, []byte("getting details for user")) || bytes.Contains(raw, []byte("authelia")) ||
			bytes.Contains(raw, []byte("path=/api/")) && bytes.Contains(raw, []byte("remote_ip=")))
}

func readAuthelia(in *format.Input, ev *event.Event) bool {
	for name, value := range format.Pairs(in.Text()) {
		ev.Add(name, value)
	}
	get := func(name string) string { v, _ := ev.Get(name); return v }
	at, ok := format.ParseTime(get("time"))
	if !ok {
		return false
	}
	at.Set(in, ev)
	message := get("msg")
	ev.Message, ev.SeverityID = format.Message(message), format.Severity(get("level"))
	ev.SrcIP, ev.Object = format.Address(get("remote_ip")), get("path")
	user := format.Between(message, " user '", "'")
	switch {
	case strings.HasPrefix(message, "Successful ") && strings.Contains(message, " attempt"):
		format.Logon(ev, user, event.StatusSuccess)
	case strings.HasPrefix(message, "Unsuccessful ") && strings.Contains(message, " attempt"):
		format.Logon(ev, user, event.StatusFailure)
	case strings.HasPrefix(message, "Error occurred getting details for user"):
		format.Logon(ev, format.Between(message, " input '", "'"), event.StatusFailure)
		ev.Add("invalid_user", ev.ActorUser)
	default:
		return true
	}
	ev.EventCode = format.Between(message, "uccessful ", " authentication") // 1FA, TOTP, Duo …
	return true
}
