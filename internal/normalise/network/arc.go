package network

import (
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// arcColumns fills the columns from the well-known names of CEF and LEEF, and
// of makers that put their own into them.
func arcColumns(in *format.Input, ev *event.Event) {
	for _, f := range ev.Fields {
		format.SetColumn(ev, arcColumn(f.Name), f.Value)
	}
	if ev.Host == in.Via.Get("host") {
		if host := ev.First("dvchost", "deviceHostName", "UNIFIhost", "UNIFIdeviceName", "identHostName", "dvc"); host != "" {
			ev.Host = host
		}
	}
	for _, name := range [...]string{"UNIFIutcTime", "rt", "deviceReceiptTime", "end", "start", "devTime"} {
		if arcTime(in, ev, ev.First(name)) {
			return
		}
	}
}

func arcColumn(name string) string {
	switch name {
	case "src", "c6a2", "sourceAddress":
		return "src"
	case "dst", "c6a3", "destinationAddress":
		return "dst"
	case "spt", "srcPort", "sourcePort":
		return "sport"
	case "dpt", "dstPort", "destinationPort":
		return "dport"
	case "suser", "usrName", "UNIFIadmin", "sourceUserName", "accountName":
		return "user"
	case "duser", "destinationUserName":
		return "target"
	case "request", "filePath", "fname", "url", "resource", "UNIFIipsSignature":
		return "object"
	case "requestClientApplication", "userAgent":
		return "app"
	case "out", "srcBytes", "bytesOut", "UNIFIbytesSent":
		return "bytes"
	case "sessionId", "UNIFIipsSessionId":
		return "session"
	}
	return ""
}

// arcTime reads a time of CEF or LEEF: milliseconds since 1970, ISO 8601 or
// "Mar 01 2018 12:13:14.123 JST".
func arcTime(in *format.Input, ev *event.Event, s string) bool {
	if s == "" {
		return false
	}
	if at, ok := format.ParseTime(s); ok {
		at.Set(in, ev)
		return true
	}
	at, end, ok := format.BSDTime(s)
	if !ok || at.Yearless {
		return false
	}
	if zone := strings.TrimSpace(s[end:]); zone != "" {
		if seconds, stop, ok := format.Offset(zone, 0); ok && stop == len(zone) {
			in.Stated(ev, at.Wall.Add(-time.Duration(seconds)*time.Second), at.Precision, s)
			return true
		}
		if len(zone) > 5 {
			return false
		}
		at = at.InZone(zone)
	}
	at.Set(in, ev)
	return true
}

// arcClass gives the class that the event's name and fields tell.
func arcClass(ev *event.Event, name string) {
	words := strings.ToLower(name + " " + ev.First("cat", "UNIFIsubCategory"))
	has := func(list ...string) bool {
		for _, w := range list {
			if strings.Contains(words, w) {
				return true
			}
		}
		return false
	}
	outcome := format.Outcome(ev.First("outcome", "act", "action", "categoryOutcome"))
	if has("fail", "denied", "blocked", "reject", "invalid", "drop", "refused") {
		outcome = event.StatusFailure
	}
	switch {
	case has("logout", "logoff", "logged out", "disconnect"):
		ev.ClassUID, ev.ActivityID = event.ClassAuthentication, event.ActivityLogoff
	case has("login", "logon", "logged in", "authenticat", "sign-in", "accessed"):
		ev.ClassUID, ev.ActivityID = event.ClassAuthentication, event.ActivityLogon
		if outcome == event.StatusUnknown && has("success", "accessed", "logged in") {
			outcome = event.StatusSuccess
		}
	case has("threat", "intrusion", "malware", "virus", "attack", "exploit", "alert"):
		ev.ClassUID, ev.ActivityID = event.ClassFinding, event.ActivityFindingCreate
	case ev.First("request", "requestMethod") != "":
		ev.ClassUID, ev.ActivityID = event.ClassHTTP, format.HTTPActivity(ev.First("requestMethod"))
	case ev.SrcIP != "" && ev.DstIP != "":
		ev.ClassUID, ev.ActivityID = event.ClassNetwork, event.ActivityNetworkTraffic
	}
	if ev.StatusID = outcome; outcome == event.StatusFailure {
		refused(ev)
	}
	if ev.ClassUID == event.ClassAuthentication && ev.ActorUser == "" {
		ev.ActorUser = ev.TargetUser
	}
}
