package service

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// NewVaultwarden returns the format "vaultwarden": the server's log,
// "[2022-02-03 16:10:11.219][vaultwarden::api::identity][ERROR] Username or
// password is incorrect. … IP: ADDRESS. Username: NAME."
func NewVaultwarden() format.Format {
	return format.Line{Named: "vaultwarden", Of: isVaultwarden, Read: readVaultwarden}
}

func isVaultwarden(raw []byte) bool {
	return len(raw) > 24 && raw[0] == '[' && bytes.Contains(raw[:min(len(raw), 100)], []byte("][vaultwarden"))
}

func readVaultwarden(in *format.Input, ev *event.Event) bool {
	text := in.Text()
	stamp, rest, _ := strings.Cut(text[1:], "]")
	at, ok := format.ParseTime(stamp)
	module, rest, _ := strings.Cut(strings.TrimPrefix(rest, "["), "]")
	level, message, closed := strings.Cut(strings.TrimPrefix(rest, "["), "] ")
	if !ok || !closed {
		return false
	}
	at.Set(in, ev)
	ev.Add("module", module)
	ev.Add("level", level)
	ev.SeverityID, ev.Message, ev.ProcessPath = format.Severity(level), format.Message(message), "vaultwarden"
	_, ev.EventCode, _ = strings.Cut(module, "::api::")
	address, _, _ := strings.Cut(format.After(message, "IP: "), ". ")
	ev.SrcIP = format.Address(strings.TrimSuffix(address, "."))
	user := strings.TrimSuffix(format.After(message, "Username: "), ".")
	switch {
	case strings.HasPrefix(message, "Username or password is incorrect"), strings.HasPrefix(message, "Invalid admin token"),
		strings.HasPrefix(message, "Invalid TOTP code"), strings.HasPrefix(message, "Token is invalid"), strings.HasPrefix(message, "2FA token not provided"),
		strings.HasPrefix(message, "This user has been disabled"):
		format.Logon(ev, user, event.StatusFailure)
	case strings.Contains(message, " logged in successfully"):
		user, _, _ = strings.Cut(strings.TrimPrefix(message, "User "), " logged in successfully")
		format.Logon(ev, user, event.StatusSuccess)
	}
	return true
}

// NewBitwarden returns the format "bitwarden": the log of Bitwarden's identity
// server, "2023-04-23 22:07:05.311 -05:00 [WRN] Failed login attempt, 2FA
// invalid. ADDRESS"; it names no account.
func NewBitwarden() format.Format {
	return format.Line{Named: "bitwarden", Of: isBitwarden, Read: readBitwarden}
}

func isBitwarden(raw []byte) bool {
	return len(raw) > 36 && raw[4] == '-' && raw[10] == ' ' && bytes.Contains(raw, []byte("] Failed login attempt"))
}

func readBitwarden(in *format.Input, ev *event.Event) bool {
	text := in.Text()
	at, n, ok := format.ScanTime(text)
	level, message, closed := strings.Cut(strings.TrimPrefix(strings.TrimSpace(text[n:]), "["), "] ")
	if !ok || !closed {
		return false
	}
	at.Set(in, ev)
	ev.Add("level", level)
	ev.Message, ev.EventCode = format.Message(message), "login"
	format.Logon(ev, "", event.StatusFailure)
	ev.SrcIP = format.Address(message[strings.LastIndexByte(message, ' ')+1:])
	return true
}
