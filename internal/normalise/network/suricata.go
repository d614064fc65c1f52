package network

import (
	"bytes"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// suricata reads the alerts of Suricata and Snort in one line each: fast.log
// with its time, and the form without it that goes to syslog. Source: the
// Suricata user guide, "Fast log".
type suricata struct{}

func newSuricata() format.Format { return suricata{} }

func (suricata) Name() string { return "suricata" }

func (suricata) Matches(raw []byte) bool {
	return len(raw) > 20 && (raw[0] == '[' || format.IsDigit(raw[0])) && bytes.Contains(raw[:min(len(raw), 2048)], []byte("] [Priority: "))
}

func (f suricata) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	s := in.Text()
	at, rest, timed := fastTime(s)
	if timed {
		s = rest
	}
	verdict := ""
	for s = strings.TrimLeft(s, " "); ; s = strings.TrimLeft(s, " ") {
		if after, ok := strings.CutPrefix(s, "[**]"); ok {
			s = after
		} else if word := format.Between(s, "[", "]"); (word == "Drop" || word == "wDrop") && s[0] == '[' {
			verdict, s = word, s[len(word)+2:]
		} else {
			break
		}
	}
	id, rest, ok := strings.Cut(strings.TrimPrefix(s, "["), "] ")
	parts := strings.Split(id, ":")
	text, peers, found := strings.Cut(rest, "[Priority: ")
	if !ok || !found || len(parts) != 3 || !format.IsDecimal(parts[1]) {
		return dst, false
	}
	dst = append(dst, in.New(f.Name(), event.ClassFinding))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, 8)
	if timed {
		at.Set(in, ev)
	}
	ev.ActivityID, ev.EventCode, ev.StatusID = event.ActivityFindingCreate, parts[1], event.StatusSuccess
	signature, class, _ := strings.Cut(text, " [Classification: ")
	ev.Object = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(signature), "[**]"))
	ev.Message = format.Message(ev.Object)
	ev.Add("gid", parts[0])
	ev.Add("signature_id", parts[1])
	ev.Add("rev", parts[2])
	ev.Add("signature", ev.Object)
	ev.Add("category", strings.TrimRight(class, "] "))
	ev.Add("action", verdict)
	if verdict == "Drop" {
		ev.StatusID = event.StatusFailure
	}
	fastPeers(ev, peers)
	return dst, true
}

// fastPeers reads "2] {TCP} 192.0.2.1:1024 -> 198.51.100.1:80".
func fastPeers(ev *event.Event, s string) {
	priority, s, _ := strings.Cut(s, "]")
	ev.Add("priority", priority)
	switch priority {
	case "1":
		ev.SeverityID = event.SeverityHigh
	case "2":
		ev.SeverityID = event.SeverityMedium
	case "3":
		ev.SeverityID = event.SeverityLow
	default:
		ev.SeverityID = event.SeverityInformational
	}
	protocol := format.Between(s, "{", "}")
	ev.Add("proto", protocol)
	from, to, _ := strings.Cut(strings.TrimSpace(format.After(s, "}")), " -> ")
	to, _, _ = strings.Cut(to, " ")
	ev.SrcIP, ev.SrcPort = fastPeer(from)
	ev.DstIP, ev.DstPort = fastPeer(to)
}

// fastPeer cuts at the last colon, as the port stands there always.
func fastPeer(s string) (string, int32) {
	if i := strings.LastIndexByte(s, ':'); i > 0 {
		if ip := format.Address(s[:i]); ip != "" {
			return ip, format.Port(s[i+1:])
		}
	}
	return format.Address(s), 0
}

// fastTime reads "03/01/2018-12:13:14.123456"; Snort leaves the year out.
func fastTime(s string) (at format.Moment, rest string, ok bool) {
	if len(s) < 20 || s[2] != '/' {
		return at, s, false
	}
	month, day := format.Digits(s, 0, 2), format.Digits(s, 3, 2)
	year, from := 2000, 6
	if s[5] == '/' {
		year, from = format.Digits(s, 6, 4), 11
	} else {
		at.Yearless = true
	}
	date, ok := format.Date(year, time.Month(month), day)
	end := strings.IndexByte(s, ' ')
	if !ok || end < from || s[from-1] != '-' {
		return at, s, false
	}
	d, precision, n := format.LooseClock(s[from:end])
	if n == 0 {
		return at, s, false
	}
	at.Wall, at.Precision, at.Text = date.Add(d), precision, s[:end]
	return at, s[end:], true
}
