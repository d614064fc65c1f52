// Package network reads the logs of firewalls, routers, switches and access points.
package network

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// Formats lists the formats of this room, most specific first.
func Formats() []format.Format {
	return []format.Format{
		newCisco(), newPANOS(), newSonicWall(), newSophos(), newCheckPoint(), newJuniper(), newCEF(), newLEEF(), newFilterlog(), newSuricata(), newProxmox(), newMikroTik(), newUniFi(), newYamaha(), newSEIL(),
	}
}

// Headed lists those of them whose records bring a header of their own, which
// the syslog envelope would take apart wrongly: they are asked before it.
func Headed() []format.Format {
	return []format.Format{newCisco(), newCheckPoint(), newJuniper(), newYamaha()}
}

// wordings holds the wordings of messages by their code.
type wordings map[string][]format.Wording

// add gives a code the patterns in which its message is worded, the most
// specific first.
func (w wordings) add(code string, class, activity, status int32, patterns ...string) {
	for _, p := range patterns {
		w[code] = append(w[code], format.NewWording(p, class, activity, status).WithCode(code))
	}
}

// read fills the event from the first wording of code that fits.
func (w wordings) read(code, message string, ev *event.Event) bool {
	return readFirst(w[code], message, ev)
}

func readFirst(list []format.Wording, message string, ev *event.Event) bool {
	for i := range list {
		if list[i].Read(message, ev) {
			return true
		}
	}
	return false
}

// refused makes the event a refused one of its class.
func refused(ev *event.Event) {
	ev.StatusID = event.StatusFailure
	if ev.ClassUID == event.ClassNetwork {
		ev.ActivityID = event.ActivityNetworkRefuse
	}
}

// header is what may stand before a message that did not come in an envelope.
type header struct {
	at    format.Moment
	timed bool
	host  string
}

// readHeader reads "<134>Mar  1 12:13:14 gw " and its parts, the time also in
// ISO 8601. It reports false when there is more than that.
func readHeader(s string) (h header, ok bool) {
	if strings.HasPrefix(s, "<") {
		if end := strings.IndexByte(s[:min(len(s), 5)], '>'); end > 0 {
			s = s[end+1:]
		}
	}
	at, end, ok := format.BSDTime(s)
	if !ok {
		at, end, ok = format.ISOTime(s)
	}
	if ok {
		h.at, h.timed, s = at, true, s[end:]
	}
	h.host = strings.Trim(s, " :")
	return h, !strings.Contains(h.host, " ")
}

// set gives the event the host of the header, and its time where the message
// has none or one without zone that is the worse one.
func (h header) set(in *format.Input, ev *event.Event) {
	if h.host != "" && ev.Host == in.Via.Get("host") {
		ev.Host = h.host
	}
	if h.timed && (ev.Quality.Zone == event.ZoneReceived || h.at.Zoned && ev.Quality.Zone != event.ZoneStated) {
		h.at.Set(in, ev)
	}
}

// hideSecrets cuts a command of a router off behind the word that announces a
// password or key, which a device may log as it was typed.
func hideSecrets(command string) string {
	for _, word := range [...]string{" password ", " secret ", " key-string ", " pre-shared-key ", " key ", " community ", " passwd ", " password=", " secret=", "-password ", "-key "} {
		if i := strings.Index(command, word); i >= 0 {
			command = command[:i+len(word)] + "***"
		}
	}
	return command
}
