package network

import (
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// ciscoHeader is what stands before the tag of a Cisco message.
type ciscoHeader struct {
	relay, device   format.Moment // times of the relay and of the device
	relayed, stamps bool
	adrift          byte // '*': the device says that its clock is not authoritative; '.': not synchronised
	hosts           []string
	counters        []string
}

// readCiscoHeader takes the parts of the header one by one; the order differs by
// product and setting. It reports false when something else stands there.
func readCiscoHeader(s string) (h ciscoHeader, ok bool) {
	if strings.HasPrefix(s, "<") {
		end := strings.IndexByte(s, '>')
		if end < 0 || !format.IsDecimal(s[1:end]) {
			return h, false
		}
		s = strings.TrimPrefix(s[end+1:], "1 ") // the version of RFC 5424
	}
	for s = strings.TrimLeft(s, " :"); s != ""; s = strings.TrimLeft(s, " :") {
		if rest, ok := h.takeTime(s); ok {
			s = rest
			continue
		}
		end := strings.IndexAny(s, " :")
		if end < 0 {
			end = len(s)
		}
		word := s[:end]
		after := s[end:]
		switch {
		case word == "-":
		case format.IsDecimal(word) && strings.HasPrefix(after, ": "):
			h.counters = append(h.counters, word)
		case isUptime(word):
			for after != "" && (format.IsDigit(after[0]) || after[0] == ':') { // 00:01:23:
				after = after[1:]
			}
		case strings.HasSuffix(word, "]"), word == "SFIMS": // the program: CiscoASA[999]
		case len(h.hosts) < 2 && isHostWord(s, &word, &after):
			h.hosts = append(h.hosts, word)
		default:
			return h, false
		}
		s = after
	}
	return h, true
}

// takeTime takes a time, with the mark before it and the zone behind. A second
// one is the device's own; so is the only one.
func (h *ciscoHeader) takeTime(s string) (rest string, ok bool) {
	mark := byte(0)
	if s[0] == '*' || s[0] == '.' {
		mark, s = s[0], s[1:]
	}
	at, end, ok := datedFirst(s)
	if !ok {
		at, end, ok = format.BSDTime(s)
	}
	if !ok {
		if at, end, ok = format.ISOTime(s); !ok {
			return s, false
		}
	}
	if named, after, ok := namedZone(s[end:]); ok && !at.Zoned {
		at = at.InZone(named)
		end = len(s) - len(after)
	} else if ok {
		end = len(s) - len(after)
	}
	if h.stamps {
		h.relay, h.relayed = h.device, true
	}
	h.device, h.stamps, h.adrift = at, true, mark
	return s[end:], true
}

// datedFirst reads the time of NX-OS, whose year stands first: "2018 Mar  1 12:13:14".
func datedFirst(s string) (at format.Moment, end int, ok bool) {
	const yearSize = len("2018 ")
	if len(s) < yearSize || s[yearSize-1] != ' ' || !format.IsDecimal(s[:yearSize-1]) {
		return at, 0, false
	}
	at, end, ok = format.BSDTime(s[yearSize:])
	if !ok || !at.Yearless {
		return at, 0, false
	}
	day, ok := format.Date(format.Digits(s, 0, yearSize-1), at.Wall.Month(), at.Wall.Day())
	at.Wall = day.Add(at.Wall.Sub(at.Wall.Truncate(24 * time.Hour)))
	at.Yearless, at.Text = false, s[:yearSize+end]
	return at, yearSize + end, ok
}

// namedZone reads " UTC" before the colon that ends a device's time.
func namedZone(s string) (name, rest string, ok bool) {
	end := strings.IndexByte(s, ':')
	if end < 3 || end > 6 || s[0] != ' ' {
		return "", s, false
	}
	for _, c := range []byte(s[1:end]) {
		if c < 'A' || c > 'Z' {
			return "", s, false
		}
	}
	return s[1:end], s[end:], true
}

// isUptime reports whether a word begins a time since start: 1w2d, 3d04h, 00:01:23.
func isUptime(word string) bool {
	if len(word) == 2 && format.IsDecimal(word) {
		return true
	}
	digits := strings.Trim(word, "0123456789wdhy")
	return digits == "" && len(word) >= 4 && !format.IsDecimal(word)
}

// isHostWord takes the name or address of a host; the colons of an IPv6 address
// belong to it.
func isHostWord(s string, word, after *string) bool {
	if end := strings.IndexByte(s, ' '); end > 0 {
		if ip := format.Address(strings.TrimSuffix(s[:end], ":")); ip != "" {
			*word, *after = ip, s[end:]
			return true
		}
	}
	for _, c := range []byte(*word) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && !format.IsDigit(c) && strings.IndexByte("-_./", c) < 0 {
			return false
		}
	}
	return *word != ""
}

// set gives the event the header's time, host and sequence number. The first
// number counts what the device sent; with "service sequence-numbers" a second
// one, or the only one, counts what it logged, where a level that is not sent
// leaves a gap.
func (h *ciscoHeader) set(in *format.Input, ev *event.Event) {
	switch {
	case h.stamps && (h.adrift == '*' || h.device.Yearless && h.relay.Zoned) && h.relayed:
		h.relay.Set(in, ev)
	case h.stamps:
		h.device.Set(in, ev)
	}
	switch h.adrift {
	case '*':
		ev.Add("clock", "not authoritative")
	case '.':
		ev.Add("clock", "not synchronised")
	}
	if h.stamps {
		ev.Add("device_time", h.device.Text)
	}
	if n := len(h.hosts); n > 0 {
		ev.Host = h.hosts[n-1]
	}
	if len(h.counters) > 0 {
		ev.NativeSeq, ev.Chain = h.counters[0], "cisco"
	}
	if len(h.counters) > 1 {
		ev.Add("sequence-number", h.counters[1])
	}
}
