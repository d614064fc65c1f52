package web

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// nginxProxyManager reads the access logs of Nginx Proxy Manager, which begin
// with the time: those of proxied hosts, and those of its fallback host.
func nginxProxyManager(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	stamp, rest, ok := strings.Cut(in.Text()[1:], "] ")
	at, timed := format.CLFTime(stamp)
	head, tail, quoted := strings.Cut(rest, ` "`)
	if !ok || !timed || !quoted {
		return dst, false
	}
	a := access{at: at}
	words := strings.Fields(head)
	request, tail, closed := cutEscaped(tail)
	if !closed || !a.proxied(words, request, tail) && !a.fallback(words, request, tail) {
		return dst, false
	}
	a.message = `"` + a.request + `" ` + a.status
	return a.appendEvent(dst, in, "nginx"), true
}

// proxied reads "[CACHE UPSTREAM-STATUS …] STATUS - METHOD SCHEME HOST "URI"
// [Client ADDRESS] [Length BYTES] … "AGENT" "REFERER"".
func (a *access) proxied(words []string, uri, s string) bool {
	if len(words) < 5 {
		return false
	}
	words = words[len(words)-5:]
	a.status = words[0]
	if !isStatus(a.status) || words[1] != "-" || !isMethod(words[2]) {
		return false
	}
	a.request, a.vhost = words[2]+" "+uri, words[4]
	a.client, a.bytes = bracketed(s, "[Client "), bracketed(s, "[Length ")
	if i := strings.Index(s, `] "`); i >= 0 {
		a.agent, s, _ = cutEscaped(s[i+3:])
		a.referer, _, _ = cutEscaped(strings.TrimPrefix(s, ` "`))
	}
	return true
}

// fallback reads "HOST ADDRESS SECONDS "REQUEST" STATUS BYTES LENGTH REFERER AGENT".
func (a *access) fallback(words []string, request, s string) bool {
	if len(words) != 3 || format.Address(words[1]) == "" {
		return false
	}
	a.vhost, a.client, a.request, a.extras = words[0], words[1], request, "rt="+words[2]
	var columns [4]string
	s = strings.TrimPrefix(s, " ")
	for i := range columns {
		columns[i], s, _ = strings.Cut(s, " ")
	}
	a.status, a.bytes, a.referer, a.agent = columns[0], columns[1], columns[3], s
	return isStatus(a.status)
}

// bracketed returns what stands between mark and the next "]".
func bracketed(s, mark string) string {
	value, _, ok := strings.Cut(format.After(s, mark), "]")
	if !ok {
		return ""
	}
	return value
}

func isStatus(s string) bool { return len(s) == 3 && format.Digits(s, 0, 3) >= 100 }
