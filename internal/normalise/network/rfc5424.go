package network

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// syslog5424 is the header of RFC 5424 before what makers write behind it that
// is no structured data of that standard, or is all that there is.
type syslog5424 struct {
	at           format.Moment
	host, app    string
	procid, code string
	rest         string // from the structured data on
}

// readSyslog5424 reads "<134>1 TIME HOST APP PROCID MSGID ", and the same of
// devices that leave the message's identifier out.
func readSyslog5424(s string) (h syslog5424, ok bool) {
	end := strings.IndexByte(s[:min(len(s), 5)], '>')
	if end < 2 || s[0] != '<' || !format.IsDecimal(s[1:end]) || !strings.HasPrefix(s[end+1:], "1 ") {
		return h, false
	}
	s = s[end+3:]
	at, size, ok := format.ISOTime(s)
	if !ok || size >= len(s) || s[size] != ' ' {
		return h, false
	}
	h.at, s = at, s[size+1:]
	for _, word := range []*string{&h.host, &h.app, &h.procid, &h.code} {
		if strings.HasPrefix(s, "[") {
			break
		}
		if *word, s, ok = strings.Cut(s, " "); !ok {
			return h, false
		}
		*word = format.NilValue(*word)
	}
	h.rest = s
	return h, true
}

// set gives the event the header's time and host.
func (h *syslog5424) set(in *format.Input, ev *event.Event) {
	h.at.Set(in, ev)
	if h.host != "" {
		ev.Host = h.host
	}
}
