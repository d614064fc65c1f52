package query

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Matches decides for one event and the raw bytes of its record. It has exactly
// the meaning that an index gives the plan.
func (p *Plan) Matches(ev *event.Event, raw []byte) bool {
	m := matcher{ev: ev, raw: raw}
	return m.holds(p.Root)
}

// matcher decides nodes for one event; the folded text is made once, if at all.
type matcher struct {
	ev     *event.Event
	raw    []byte
	text   string
	folded bool
}

func (m *matcher) holds(n Node) bool {
	switch n := n.(type) {
	case And:
		for _, c := range n.Nodes {
			if !m.holds(c) {
				return false
			}
		}
		return true
	case Or:
		for _, c := range n.Nodes {
			if m.holds(c) {
				return true
			}
		}
		return false
	case Not:
		return !m.holds(n.Node)
	case Text:
		return m.contains(n)
	case Match:
		return m.compares(n)
	}
	return false
}

func (m *matcher) contains(n Text) bool {
	if !m.folded {
		m.text, m.folded = Fold(string(Plain(m.ev, m.raw))), true
	}
	if !n.Wild {
		return strings.Contains(m.text, n.Word)
	}
	pieces := append([]Piece{{Wild: '*'}}, Pattern(n.Word)...)
	return likes(m.text, append(pieces, Piece{Wild: '*'}))
}

func (m *matcher) compares(n Match) bool {
	switch kindOf(n.Field, n.Native) {
	case kindTime:
		return n.time(timeOf(m.ev, n.Field))
	case kindNumber:
		return n.number(numberOf(m.ev, n.Field))
	}
	var s string
	if n.Native {
		s, _ = m.ev.Get(n.Field)
	} else {
		s = textOf(m.ev, n.Field)
	}
	switch n.Op {
	case Exists:
		return s != ""
	case Within:
		return Contains(n.Prefix, s)
	case Equal:
		return Fold(s) == n.Value
	case Like:
		return likes(Fold(s), Pattern(n.Value))
	}
	x, ok := Decimal(s)
	return ok && ordered(n.Op, x, n.Float)
}

func (n Match) time(t time.Time) bool {
	switch n.Op {
	case Less:
		return t.Before(n.Time)
	case GreaterEq:
		return !t.Before(n.Time)
	}
	// What is earlier is not told apart from "not stated", see inRange.
	return n.Op == Exists && t.After(time.Date(1700, 1, 1, 0, 0, 0, 0, time.UTC))
}

func (n Match) number(x int64) bool {
	switch n.Op {
	case Equal:
		return x == n.Number
	case Exists:
		return x != 0
	}
	return ordered(n.Op, x, n.Number)
}

func ordered[T int64 | float64](op Op, a, b T) bool {
	switch op {
	case Less:
		return a < b
	case LessEq:
		return a <= b
	case Greater:
		return a > b
	case GreaterEq:
		return a >= b
	}
	return false
}

// Contains reports whether text is an address in the network, whatever its
// spelling; an IPv4 address in IPv6 form counts as IPv4.
func Contains(network netip.Prefix, text string) bool {
	addr, err := netip.ParseAddr(text)
	return err == nil && network.Contains(addr.Unmap().WithZone(""))
}

func timeOf(ev *event.Event, column string) time.Time {
	if column == "time_rx" {
		return ev.TimeRx
	}
	return ev.Time
}

func numberOf(ev *event.Event, column string) int64 {
	switch column {
	case "record":
		return int64(ev.Record)
	case "class_uid":
		return int64(ev.ClassUID)
	case "activity_id":
		return int64(ev.ActivityID)
	case "status_id":
		return int64(ev.StatusID)
	case "severity_id":
		return int64(ev.SeverityID)
	case "src_port":
		return int64(ev.SrcPort)
	case "dst_port":
		return int64(ev.DstPort)
	}
	return ev.BytesOut
}

// textOf gives a text or address column.
func textOf(ev *event.Event, column string) string {
	switch column {
	case "time_quality":
		return ev.Quality.String()
	case "source":
		return ev.Source
	case "seq":
		return ev.NativeSeq
	case "format":
		return ev.Format
	case "event_code":
		return ev.EventCode
	case "actor_user":
		return ev.ActorUser
	case "target_user":
		return ev.TargetUser
	case "src_ip":
		return ev.SrcIP
	case "dst_ip":
		return ev.DstIP
	case "host":
		return ev.Host
	case "session_uid":
		return ev.SessionUID
	case "process_path":
		return ev.ProcessPath
	case "cmd_line":
		return ev.CmdLine
	case "object":
		return ev.Object
	case "statement":
		return ev.Statement
	case "client_app":
		return ev.ClientApp
	}
	return ""
}

// Column gives an event's promoted column (also "record" and "format") as
// text: numbers in decimal, times in RFC 3339 UTC with nanoseconds. What is not
// stated is "".
func Column(ev *event.Event, name string) string {
	switch kindOf(name, false) {
	case kindNumber:
		if n := numberOf(ev, name); n != 0 {
			return strconv.FormatInt(n, 10)
		}
		return ""
	case kindTime:
		if t := timeOf(ev, name); !t.IsZero() {
			return t.UTC().Format(time.RFC3339Nano)
		}
		return ""
	}
	return textOf(ev, name)
}
