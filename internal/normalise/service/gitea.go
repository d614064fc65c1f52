package service

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// NewGitea returns the format "gitea": gitea.log of Gitea and Forgejo,
// "2022/03/01 12:57:58 ...auth.go:200:SignInPost() [I] [id] Failed
// authentication attempt for NAME from ADDRESS: reason". Its times state no zone.
func NewGitea() format.Format { return format.Line{Named: "gitea", Of: isGitea, Read: readGitea} }

func isGitea(raw []byte) bool {
	return len(raw) > 20 && raw[4] == '/' && raw[7] == '/' && bytes.Contains(raw[:min(len(raw), 200)], []byte(".go:")) &&
		bytes.Contains(raw[:min(len(raw), 200)], []byte("() ["))
}

func readGitea(in *format.Input, ev *event.Event) bool {
	text := in.Text()
	at, n, ok := format.ISOTime(text)
	if !ok {
		return false
	}
	at.Set(in, ev)
	place, message, ok := strings.Cut(strings.TrimSpace(text[n:]), " [")
	if !ok {
		return false
	}
	level, message, _ := strings.Cut(message, "] ")
	ev.EventCode = place[strings.LastIndexByte(place, ':')+1:]
	ev.Add("place", place)
	ev.Add("level", level)
	ev.SeverityID = giteaLevel(level)
	if id, rest, ok := strings.Cut(message, "] "); ok && strings.HasPrefix(id, "[") {
		ev.Add("request", id[1:])
		ev.SessionUID, message = id[1:], rest
	}
	ev.Message, ev.ProcessPath = format.Message(message), "gitea"
	if rest, ok := strings.CutPrefix(message, "Failed authentication attempt for "); ok {
		user, from, _ := strings.Cut(rest, " from ")
		format.Logon(ev, user, event.StatusFailure)
		address, reason, _ := strings.Cut(from, ": ")
		ev.SrcIP, ev.SrcPort = format.AddressPort(address)
		ev.Add("reason", reason)
		if strings.Contains(reason, "does not exist") {
			ev.Add("invalid_user", user)
		}
	}
	return true
}

func giteaLevel(level string) int32 {
	switch level {
	case "T", "D", "I":
		return event.SeverityInformational
	case "W":
		return event.SeverityLow
	case "E":
		return event.SeverityMedium
	case "C", "F":
		return event.SeverityCritical
	}
	return event.SeverityUnknown
}
