package system

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// What is said of a machine's own clock. OCSF has no class for it: it is no log
// that changed (1008), no kernel object (1003) and no program's life (6002), so
// the class stays Base Event and the event code tells. Every time that the same
// machine states before a step is off by it against those after.
const (
	codeTimeStep   = "time.step"   // the clock was set
	codeTimeOffset = "time.offset" // the clock was found to be wrong, or is being slewed
	codeTimeSync   = "time.sync"   // the clock follows a source
	codeTimeLost   = "time.lost"   // it follows none
	codeTimeLeap   = "time.leap"   // a leap second
)

// Native fields of such an event, decimal seconds as the program states them,
// with its sign.
const (
	fieldTimeStep   = "time.step_seconds"
	fieldTimeOffset = "time.offset_seconds"
)

// clockWordings are what time daemons say; # stands for a number of seconds.
// Sources: chrony's reference.c and sources.c, ntpd's ntp_util.c, ntp_loopfilter.c
// and ntpdate.c, systemd's timesyncd and core/time-util, the kernel's ntp.c.
func clockWordings() [][2]string {
	return [][2]string{
		{"System clock was stepped by # seconds", codeTimeStep},
		{"System clock wrong by # seconds", codeTimeOffset},
		{"Forward time jump detected!", codeTimeStep}, {"Backward time jump detected!", codeTimeStep},
		{"Selected source ", codeTimeSync}, {"Can't synchronise: ", codeTimeLost},
		{"time reset # s", codeTimeStep}, {"time set # s", codeTimeStep}, {"step time server ", codeTimeStep},
		{"time slew # s", codeTimeOffset}, {"adjust time server ", codeTimeOffset}, {"time correction of # seconds exceeds ", codeTimeOffset},
		{"kernel time sync status change ", codeTimeSync}, {"kernel time sync status ", codeTimeSync}, {"synchronized to ", codeTimeSync},
		{"no servers reachable", codeTimeLost},
		{"Initial clock synchronization to ", codeTimeSync}, {"Initial synchronization to ", codeTimeSync}, {"Synchronized to time server ", codeTimeSync},
		{"Contacted time server ", codeTimeSync}, {"Timed out waiting for reply from ", codeTimeLost},
		{"System clock time unset or jumped backwards", codeTimeStep}, {"System time advanced to ", codeTimeStep},
		{"Time has been changed", codeTimeStep}, {"Changed local time to ", codeTimeStep},
		{"Time jumped backwards", codeTimeStep}, {"Realtime clock jumped backwards", codeTimeStep},
		{"Clock: inserting leap second", codeTimeLeap}, {"Clock: deleting leap second", codeTimeLeap},
	}
}

// readClock reads what a program says of the clock; any other message stays
// Base Event.
func readClock(ev *event.Event, message string) { isClock(ev, message) }

// isClock reports whether the message is about the clock, and if so fills the event.
func isClock(ev *event.Event, message string) bool {
	for _, w := range clockWordings() {
		before, _, counted := strings.Cut(w[0], "#")
		rest, ok := strings.CutPrefix(message, before)
		if !ok {
			continue
		}
		ev.ClassUID, ev.ActivityID, ev.EventCode = event.ClassBase, event.ActivityOther, w[1]
		if w[1] == codeTimeLost || w[1] == codeTimeStep {
			ev.SeverityID = max(ev.SeverityID, event.SeverityLow)
		}
		seconds := format.After(rest, " offset ") // ntpdate: "step time server 192.0.2.1 offset -1.5 sec"
		if counted {
			seconds = rest
		}
		addSeconds(ev, w[1], seconds)
		clockSource(ev, rest)
		return true
	}
	return false
}

// addSeconds keeps the number that the text begins with.
func addSeconds(ev *event.Event, code, text string) {
	text, _, _ = strings.Cut(text, " ")
	if digits := strings.Replace(strings.TrimLeft(text, "+-"), ".", "", 1); !format.IsDecimal(digits) {
		return
	}
	name := fieldTimeOffset
	if code == codeTimeStep {
		name = fieldTimeStep
	}
	ev.Add(name, strings.TrimPrefix(text, "+"))
}

// clockSource takes the address of the time server, where a message names one first.
func clockSource(ev *event.Event, rest string) {
	word, _, _ := strings.Cut(rest, " ")
	if ip, port := format.AddressPort(strings.TrimRight(word, ",.")); ip != "" {
		ev.DstIP, ev.DstPort = ip, port
	}
}

// setsClock reports whether a command sets the clock: date -s, timedatectl
// set-time, hwclock, ntpdate, chronyc makestep.
func setsClock(command string) bool {
	words := strings.Fields(command)
	if len(words) == 0 {
		return false
	}
	has := func(texts ...string) bool {
		for _, w := range words[1:] {
			for _, t := range texts {
				if w == t || strings.HasPrefix(t, "--") && strings.HasPrefix(w, t+"=") {
					return true
				}
			}
		}
		return false
	}
	switch words[0][strings.LastIndexByte(words[0], '/')+1:] {
	case "date":
		return has("-s", "--set") || len(words) == 2 && format.IsDecimal(strings.Replace(words[1], ".", "", 1))
	case "timedatectl":
		return has("set-time", "set-ntp")
	case "hwclock":
		return has("-s", "--hctosys", "-w", "--systohc", "--set")
	case "ntpdate", "rdate":
		return !has("-q", "-p")
	case "chronyc":
		return has("makestep", "settime")
	}
	return false
}
