package web

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// haproxy reads the HTTP, TCP and error lines of HAProxy, which mostly come by
// syslog (HAProxy configuration manual, section 8.2).
type haproxy struct{}

// NewHAProxy returns the format "haproxy".
func NewHAProxy() format.Format { return &haproxy{} }

func (*haproxy) Name() string { return "haproxy" }

// Matches looks for "ADDRESS:PORT [DD/Mon/YYYY:".
func (*haproxy) Matches(raw []byte) bool {
	i := bytes.Index(raw[:min(len(raw), 64)], []byte(" ["))
	return i > 0 && len(raw) > i+25 && raw[i+4] == '/' && raw[i+8] == '/' && bytes.IndexByte(raw[:i], ' ') < 0 && bytes.IndexByte(raw[:i], ':') > 0
}

func (f *haproxy) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !f.Matches(in.Raw) {
		return dst, false
	}
	peer, rest, _ := strings.Cut(in.Text(), " [")
	stamp, rest, ok := strings.Cut(rest, "] ")
	at, timed := format.CLFTime(stamp)
	ip, number := format.AddressPort(peer)
	if !ok || !timed || ip == "" {
		return dst, false
	}
	ev := in.New("haproxy", event.ClassNetwork)
	at.Set(in, &ev)
	ev.SrcIP, ev.SrcPort, ev.Message = ip, number, rest
	ev.Add("c-ip", ip)
	if front, reason, ok := strings.Cut(rest, ": "); ok && strings.IndexByte(front, ' ') < 0 {
		ev.ClassUID, ev.Object, ev.Message = event.ClassApplicationError, front, reason
		ev.Add("frontend", front)
		return append(dst, ev), true
	}
	if !haproxyColumns(&ev, rest) {
		return dst, false
	}
	return append(dst, ev), true
}

// haproxyColumns reads "FRONTEND BACKEND/SERVER TIMERS STATUS BYTES COOKIE
// COOKIE STATE CONNECTIONS QUEUES [{CAPTURED} …]"REQUEST"", and the shorter
// line of TCP mode without status, cookies and request.
func haproxyColumns(ev *event.Event, s string) bool {
	head, request, isHTTP := strings.Cut(s, ` "`)
	words := strings.Fields(head)
	if len(words) < 6 || !strings.Contains(words[1], "/") || !strings.Contains(words[2], "/") {
		return false
	}
	ev.Add("frontend", words[0])
	ev.Add("backend", words[1])
	ev.Add("timers", words[2])
	size := words[3]
	ev.ActivityID = event.ActivityNetworkTraffic
	if isHTTP {
		if len(words) < 10 {
			return false
		}
		size = words[4]
		ev.ClassUID = event.ClassHTTP
		setRequest(ev, strings.TrimSuffix(request, `"`))
		if isStatus(words[3]) { // -1: the request was not answered
			setStatus(ev, words[3])
		}
		ev.Add("state", words[7])
		ev.Add("captured", strings.Join(words[10:], " "))
	} else {
		ev.Add("state", words[4])
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(size, "+"), 10, 64)
	ev.BytesOut = max(n, 0)
	ev.Add("sc-bytes", size)
	return err == nil
}
