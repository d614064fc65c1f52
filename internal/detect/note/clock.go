package note

import (
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// clocks notes that a clock was set:
//
//	clock   by how many seconds, forward positive; "set" when a person did it by command
//
// The texts are those of chrony, ntpd, ntpdate and systemd-timesyncd, the events
// Windows Security 4616 and Kernel-General 1.
func clocks(ev *event.Event, dst []event.Field) []event.Field {
	switch {
	case ev.Format == "syslog" && ev.Message != "":
		program, _ := ev.Get("program")
		return add(dst, "clock", stepped(program, ev.Message))
	case ev.EventCode == "4616" || ev.EventCode == "1" && strings.HasSuffix(first(ev, "Provider_Name", "SourceName", "Provider"), "Kernel-General"):
		return add(dst, "clock", between(first(ev, "PreviousTime", "OldTime"), first(ev, "NewTime")))
	case ev.ClassUID == event.ClassProcess && ev.CmdLine != "" && setsClock(ev.CmdLine):
		return add(dst, "clock", "set")
	}
	return dst
}

// stepped takes the seconds out of what a time service says.
func stepped(program, message string) string {
	var rest string
	var ok bool
	switch program {
	case "chronyd":
		if rest, ok = strings.CutPrefix(message, "System clock was stepped by "); !ok {
			return ""
		}
	case "ntpd":
		if rest, ok = strings.CutPrefix(message, "time reset "); !ok {
			return ""
		}
	case "ntpdate", "sntp":
		if _, rest, ok = strings.Cut(message, " offset "); !ok || !strings.HasPrefix(message, "step time server ") {
			return ""
		}
	default:
		return ""
	}
	rest, _, _ = strings.Cut(rest, " ")
	if seconds, err := strconv.ParseFloat(strings.TrimPrefix(rest, "+"), 64); err == nil && len(rest) < 24 {
		return strconv.FormatFloat(seconds, 'f', 3, 64)
	}
	return ""
}

// between gives the seconds from one instant to another; Windows sets clocks by
// fractions of a second all day, which is not worth a note.
func between(from, to string) string {
	a, err := time.Parse(time.RFC3339Nano, from)
	if err != nil {
		return ""
	}
	b, err := time.Parse(time.RFC3339Nano, to)
	if err != nil || b.Sub(a).Abs() < time.Second {
		return ""
	}
	return strconv.FormatFloat(b.Sub(a).Seconds(), 'f', 3, 64)
}

// setsClock reports whether a command sets the clock.
func setsClock(command string) bool {
	if !strings.Contains(command, "date") && !strings.Contains(command, "hwclock") {
		return false
	}
	words := strings.Fields(command[:min(len(command), 512)])
	for i, w := range words {
		switch w[strings.LastIndexByte(w, '/')+1:] {
		case "date":
			return i+1 < len(words) && (words[i+1] == "-s" || strings.HasPrefix(words[i+1], "--set"))
		case "timedatectl":
			return i+1 < len(words) && words[i+1] == "set-time"
		case "hwclock":
			return i+1 < len(words) && (words[i+1] == "--set" || words[i+1] == "--hctosys" || words[i+1] == "-s")
		}
	}
	return false
}
