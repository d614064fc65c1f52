package vpn

import (
	"bytes"
	"cmp"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// ivanti reads the log of Ivanti Connect Secure, formerly Pulse Connect Secure,
// in its three dialects: "TIME - NODE - [ADDRESS] USER(REALM)[ROLES] - text",
// the same with the virtual system before the user and the session behind the
// roles, and WELF, whose msg holds the first. Source: Ivanti, "Log Messages
// Reference" and the forms that its syslog filters offer.
type ivanti struct{ wordings []format.Wording }

func newIvanti() format.Format {
	f := ivanti{}
	for _, w := range ivantiWordings() {
		f.wordings = append(f.wordings, format.NewWording(w.pattern, w.class, w.activity, w.outcome).WithCode(w.code))
	}
	return f
}

func (ivanti) Name() string { return "ivanti" }

func (ivanti) Matches(raw []byte) bool {
	return bytes.Contains(raw[:min(len(raw), 400)], []byte(" - [")) && bytes.Contains(raw[:min(len(raw), 2048)], []byte("] - ")) ||
		bytes.Contains(raw[:min(len(raw), 400)], []byte(" vpn=")) && bytes.Contains(raw[:min(len(raw), 1024)], []byte(" realm="))
}

func (f ivanti) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	l, ok := cutIvanti(in.Text())
	if !ok {
		return dst, false
	}
	dst = append(dst, in.New(f.Name(), event.ClassBase))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, 16)
	l.at.Set(in, ev)
	ev.Host = cmp.Or(l.node, ev.Host)
	ev.SrcIP = format.Address(l.address)
	if l.user != "System" && l.user != "" {
		ev.ActorUser = l.user
	}
	ev.SessionUID, ev.EventCode = l.session, l.code
	for _, p := range [...]struct{ name, value string }{
		{"node", l.node}, {"source", l.address}, {"vsys", l.vsys}, {"user", l.user}, {"realm", l.realm}, {"roles", l.roles}, {"session", l.session}, {"id", l.code},
	} {
		ev.Add(p.name, p.value)
	}
	for name, value := range format.Pairs(l.pairs) {
		ev.Add(name, value)
	}
	ev.Message = format.Message(l.message)
	for i := range f.wordings {
		if f.wordings[i].Read(l.message, ev) {
			break
		}
	}
	ev.EventCode, ev.ClientApp = cmp.Or(l.code, ev.EventCode), strings.TrimSuffix(ev.ClientApp, ".")
	if ev.ActorUser == "" && l.user == "System" && ev.ClassUID == event.ClassBase {
		ev.ClassUID, ev.ActivityID = event.ClassAppLifecycle, event.ActivityOther
	}
	return dst, true
}

// ivantiLine is a line taken apart.
type ivantiLine struct {
	at                                               format.Moment
	node, address, vsys, user, realm, roles, session string
	code, message                                    string
	pairs                                            string // WELF
}

// cutIvanti finds "TIME - NODE - [ADDRESS] " and takes the line apart from there.
func cutIvanti(s string) (l ivantiLine, ok bool) {
	if strings.Contains(s, " vpn=") && strings.Contains(s, " realm=") {
		if at := strings.Index(s, "id="); at >= 0 {
			before, after, found := strings.Cut(s[at:], ` msg="`)
			if !found {
				return l, false
			}
			l.pairs, s = before, strings.TrimSuffix(strings.TrimRight(after, " "), `"`)
			if code, rest, ok := strings.Cut(s, ": "); ok && len(code) == 8 {
				l.code, s = code, rest
			}
		}
	}
	at := strings.Index(s, " - [")
	if at < 0 {
		return l, false
	}
	before, rest := s[:at], s[at+len(" - ["):]
	before, l.node, ok = cutLast(before, " - ")
	if !ok || len(before) < 19 {
		return l, false
	}
	var end int
	head := before[:len(before)-19]
	if l.at, end, ok = format.ISOTime(before[len(head):]); !ok || end != 19 {
		return l, false
	}
	l.takeZone(head)
	if l.address, rest, ok = strings.Cut(rest, "] "); !ok {
		return l, false
	}
	who, message, ok := strings.Cut(rest, "] - ")
	if !ok {
		return l, false
	}
	l.message = strings.TrimSpace(message)
	return l, l.who(who)
}

// takeZone takes the zone of a time in the header that is the line's own but
// for a moment: appliances repeat it there, with the zone.
func (l *ivantiLine) takeZone(head string) {
	for word := range strings.FieldsSeq(head) {
		at, end, ok := format.ISOTime(word)
		if ok && end == len(word) && at.Zoned && at.Wall.Sub(l.at.Wall).Abs() <= 5*time.Second {
			l.at.Offset, l.at.Zoned = at.Offset, true
		}
	}
}

// who reads "VSYS::USER(REALM)[ROLES][SESSION" without its last bracket.
func (l *ivantiLine) who(s string) bool {
	name, brackets, ok := cutLast(s, ")[") // the account may hold any of these characters
	if !ok {
		return false
	}
	l.roles, l.session, _ = strings.Cut(brackets, "][")
	user, realm, ok := cutLast(name, "(")
	if !ok {
		return false
	}
	if vsys, account, ok := strings.Cut(user, "::"); ok {
		l.vsys, user = vsys, account
	}
	l.user, l.realm = user, realm
	return true
}

// cutLast cuts s around the last sep.
func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
