package format

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// maxHoles bounds the holes of one Wording.
const maxHoles = 24

// A Wording is one way in which a product words a message, and what a message
// so worded says: its event code, class, activity and outcome.
type Wording struct {
	Code                    string
	Class, Activity, Status int32
	parts                   []wordingPart
}

// wordingPart is a hole and the literal text behind it. The first part of a
// Wording has no hole.
type wordingPart struct {
	field, column string
	hole          bool
	literal       string
}

// NewWording reads a pattern such as "User {user>user} from {address>src}": text
// with holes in braces. A hole takes the shortest text before the literal that
// follows, the last one the rest. Its first word is the native name under which
// the text is kept ("" keeps none); the word after ">" names the promoted
// column: user, target, src, sport, dst, dport, host, session, object,
// statement, app, bytes, code or seq.
func NewWording(pattern string, class, activity, status int32) Wording {
	w := Wording{Class: class, Activity: activity, Status: status}
	literal, rest, more := strings.Cut(pattern, "{")
	w.parts = append(w.parts, wordingPart{literal: literal})
	for more && len(w.parts) <= maxHoles {
		var name string
		name, rest, _ = strings.Cut(rest, "}")
		p := wordingPart{hole: true}
		p.field, p.column, _ = strings.Cut(name, ">")
		p.literal, rest, more = strings.Cut(rest, "{")
		w.parts = append(w.parts, p)
	}
	return w
}

// WithCode returns the Wording with an event code.
func (w Wording) WithCode(code string) Wording {
	w.Code = code
	return w
}

// Read fills the event from s and reports whether s is so worded; if not, the
// event stays as it was. A hole whose text is no value of its column, such as a
// host's name for an address, only gives the native field.
func (w Wording) Read(s string, ev *event.Event) bool {
	rest, ok := strings.CutPrefix(s, w.parts[0].literal)
	if !ok {
		return false
	}
	var found [maxHoles + 1]string
	for i, p := range w.parts[1:] {
		last := i+2 == len(w.parts)
		at := len(rest)
		if !last || p.literal != "" {
			if at = strings.Index(rest, p.literal); at < 0 {
				return false
			}
		}
		found[i], rest = rest[:at], rest[at+len(p.literal):]
	}
	for i, p := range w.parts[1:] {
		text := strings.TrimSpace(found[i])
		if p.field != "" {
			ev.Add(p.field, text)
		}
		SetColumn(ev, p.column, text)
	}
	ev.ClassUID, ev.ActivityID, ev.StatusID = w.Class, w.Activity, w.Status
	if w.Code != "" {
		ev.EventCode = w.Code
	}
	return true
}

// SetColumn gives the event the value of a promoted column under the names that
// NewWording knows, unless the text is empty or no such value.
func SetColumn(ev *event.Event, column, text string) {
	if column == "" || text == "" {
		return
	}
	switch column {
	case "src":
		if ip, port := AddressPort(text); ip != "" {
			ev.SrcIP, ev.SrcPort = ip, max(port, ev.SrcPort)
		}
	case "dst":
		if ip, port := AddressPort(text); ip != "" {
			ev.DstIP, ev.DstPort = ip, max(port, ev.DstPort)
		}
	case "sport":
		ev.SrcPort = leadingPort(text)
	case "dport":
		ev.DstPort = leadingPort(text)
	case "bytes":
		ev.BytesOut = ByteCount(text)
	default:
		setText(ev, column, text)
	}
}

func setText(ev *event.Event, column, text string) {
	switch column {
	case "user":
		ev.ActorUser = text
	case "target":
		ev.TargetUser = text
	case "host":
		ev.Host = text
	case "session":
		ev.SessionUID = text
	case "object":
		ev.Object = text
	case "statement":
		ev.Statement = text
	case "app":
		ev.ClientApp = text
	case "code":
		ev.EventCode = text
	case "seq":
		ev.NativeSeq = text
	}
}

// leadingPort reads the port number that s begins with: "443(LOCAL\sato)".
func leadingPort(s string) int32 {
	n := 0
	for n < len(s) && IsDigit(s[n]) {
		n++
	}
	return Port(s[:n])
}
