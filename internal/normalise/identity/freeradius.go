package identity

import (
	"bytes"
	"cmp"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// freeRadius reads FreeRADIUS's radius.log, its messages inside syslog, and
// the detail files of accounting, where a record goes over several lines.
// What was typed as a password stays in the sealed record and goes into no
// field. Checked against a FreeRADIUS 3.2.
type freeRadius struct{ format.Line }

// NewFreeRADIUS returns the format "freeradius".
func NewFreeRADIUS() format.Format {
	return freeRadius{format.Line{Named: "freeradius", Of: isRadius, Read: readRadius}}
}

// Shape takes detail files: each record has a line with its time and then its
// attributes, indented.
func (f freeRadius) Shape(head []byte) (event.Shape, bool) {
	if !isRadiusDetail(bytes.TrimLeft(head, "\r\n")) {
		return event.Shape{}, false
	}
	return event.Shape{Format: f.Name(), Framing: event.FrameLines, Continues: func(_, line []byte) bool {
		return len(line) > 0 && line[0] == '\t'
	}}, true
}

func isRadius(raw []byte) bool { return isRadiusLogin(raw) || isRadiusLog(raw) || isRadiusDetail(raw) }

func isRadiusLogin(raw []byte) bool {
	return bytes.Contains(raw, []byte("(from client ")) && (bytes.Contains(raw, []byte("Login OK")) || bytes.Contains(raw, []byte("Login incorrect")) ||
		bytes.Contains(raw, []byte("Invalid user")))
}

// isRadiusLog reports whether raw begins "Sun Nov 22 14:06:47 2026 : Auth: ".
func isRadiusLog(raw []byte) bool {
	return len(raw) > 32 && raw[3] == ' ' && string(raw[24:27]) == " : " && bytes.Contains(raw[27:min(len(raw), 40)], []byte(": "))
}

func isRadiusDetail(raw []byte) bool {
	return len(raw) > 26 && raw[3] == ' ' && raw[24] == '\n' && raw[25] == '\t' && bytes.Contains(raw, []byte(" = "))
}

func readRadius(in *format.Input, ev *event.Event) bool {
	text := in.Text()
	if isRadiusDetail(in.Raw) {
		return readRadiusDetail(in, ev, text)
	}
	if isRadiusLog(in.Raw) {
		at, ok := format.CTime(text[:24])
		if !ok {
			return false
		}
		at.Set(in, ev)
		var level string
		level, text, _ = strings.Cut(text[27:], ": ")
		ev.SeverityID = format.Severity(level)
		ev.Add("level", level)
	}
	if isRadiusLogin(in.Raw) {
		radiusLogin(ev, text)
		return true
	}
	ev.Message = format.Message(text)
	switch strings.TrimSpace(text) {
	case "Ready to process requests":
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAppLifecycle, event.ActivityAppStart, event.StatusSuccess
	case "Exiting normally":
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAppLifecycle, event.ActivityAppStop, event.StatusSuccess
	}
	return true
}

// radiusLogin reads "(7) Login OK: [a.mori] (from client vpn-1 port 3 cli
// 192.0.2.7)" and "Login incorrect (reason): [user/typed password] (…)". The
// message of the event is put together anew, because the text may hold what
// was typed.
func radiusLogin(ev *event.Event, text string) {
	ev.ClassUID, ev.ActivityID, ev.EventCode = event.ClassAuthentication, event.ActivityLogon, "radius"
	ev.ProcessPath = "radiusd"
	ev.StatusID = event.StatusFailure
	result, rest, _ := strings.Cut(text, ": [")
	if number, after, ok := strings.Cut(result, ") "); ok && strings.HasPrefix(number, "(") {
		ev.Add("request", number[1:])
		result = after
	}
	if strings.HasPrefix(result, "Login OK") {
		ev.StatusID = event.StatusSuccess
	}
	end := strings.LastIndex(rest, "] (from client ")
	if end < 0 {
		ev.Message = "radius"
		return
	}
	account, typed := radiusAccount(rest[:end])
	ev.ActorUser = account
	if typed {
		ev.Add("password_typed", "withheld")
	}
	if reason := format.Between(result, "(", ")"); reason != "" {
		ev.Add("reason", reason)
	}
	radiusWhere(ev, strings.TrimSuffix(rest[end+len("] ("):], ")"))
	ev.Message = format.Message(result + ": " + account)
}

// radiusAccount parts what was typed from the account. "host/NAME" is the
// account of a machine.
func radiusAccount(s string) (account string, typed bool) {
	if account, _, ok := strings.Cut(s, "/<via Auth-Type = "); ok {
		return account, false
	}
	from := 0
	if strings.HasPrefix(s, "host/") {
		from = len("host/")
	}
	if i := strings.IndexByte(s[from:], '/'); i >= 0 {
		return s[:from+i], true
	}
	return s, false
}

// radiusWhere reads "from client vpn-1 port 3 cli 192.0.2.7 via TLS tunnel".
func radiusWhere(ev *event.Event, s string) {
	s = strings.TrimSuffix(s, " via TLS tunnel")
	s = strings.TrimPrefix(s, "from client ")
	var port, station string
	s, station, _ = strings.Cut(s, " cli ")
	s, port, _ = strings.Cut(s, " port ")
	ev.SrcIP = format.Address(station)
	ev.Add("client", s)
	ev.Add("port", port)
	ev.Add("cli", station)
}

func readRadiusDetail(in *format.Input, ev *event.Event, text string) bool {
	at, ok := format.CTime(text[:24])
	if !ok {
		return false
	}
	at.Set(in, ev)
	for line := range strings.SplitSeq(text[25:], "\n") {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if !ok {
			continue
		}
		if strings.Contains(name, "Password") {
			value = "withheld"
		}
		ev.Add(name, strings.Trim(value, `"`))
	}
	get := func(name string) string { v, _ := ev.Get(name); return v }
	if stamp, ok := format.ParseEpoch(get("Timestamp")); ok {
		stamp.Set(in, ev) // the same instant, with its zone
		ev.Quality.Original = text[:24]
	}
	ev.ActorUser = get("User-Name")
	ev.SrcIP = format.Address(get("Calling-Station-Id"))
	ev.DstIP = format.Address(get("Framed-IP-Address"))
	ev.Host = cmp.Or(get("NAS-Identifier"), get("NAS-IP-Address"), get("NAS-IPv6-Address"), ev.Host)
	ev.SessionUID = cmp.Or(get("Acct-Unique-Session-Id"), get("Acct-Session-Id"))
	ev.BytesOut = radiusOctets(get("Acct-Output-Octets"), get("Acct-Output-Gigawords"))
	radiusKind(ev, get("Acct-Status-Type"), get("Packet-Type"))
	ev.Message = format.Message(strings.TrimSpace(ev.EventCode + " " + ev.ActorUser + " " + get("Calling-Station-Id")))
	return true
}

// radiusOctets puts a counter of RFC 2866 and its overflows of RFC 2869 together.
func radiusOctets(low, high string) int64 {
	h, err := strconv.ParseUint(high, 10, 31)
	if err != nil {
		h = 0
	}
	return format.ByteCount(low) + int64(h)<<32
}

func radiusKind(ev *event.Event, accounting, packet string) {
	ev.ClassUID, ev.StatusID, ev.EventCode = event.ClassTunnel, event.StatusSuccess, cmp.Or(accounting, packet, "detail")
	switch {
	case accounting == "Start":
		ev.ActivityID = event.ActivityTunnelOpen
	case accounting == "Stop":
		ev.ActivityID = event.ActivityTunnelClose
	case accounting != "":
		ev.ActivityID = event.ActivityOther
	case packet == "Access-Accept":
		format.Logon(ev, ev.ActorUser, event.StatusSuccess)
	case packet == "Access-Reject":
		format.Logon(ev, ev.ActorUser, event.StatusFailure)
	default:
		format.Logon(ev, ev.ActorUser, event.StatusUnknown)
	}
}
