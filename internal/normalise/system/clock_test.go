package system_test

import (
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func TestWhatIsSaidOfTheClockHasACode(t *testing.T) {
	for message, want := range map[string][3]string{
		"chronyd[9]: System clock was stepped by -3600.512345 seconds":                                                                      {"time.step", "-3600.512345", ""},
		"chronyd[9]: System clock wrong by 1.234567 seconds":                                                                                {"time.offset", "", "1.234567"},
		"chronyd[9]: Selected source 192.0.2.1 (ntp.example.jp)":                                                                            {"time.sync", "", ""},
		"chronyd[9]: Can't synchronise: no selectable sources":                                                                              {"time.lost", "", ""},
		"ntpd[9]: time reset +0.523412 s":                                                                                                   {"time.step", "0.523412", ""},
		"ntpd[9]: kernel time sync status change 2001":                                                                                      {"time.sync", "", ""},
		"ntpdate[9]: step time server 192.0.2.1 offset -12.500000 sec":                                                                      {"time.step", "-12.500000", ""},
		"systemd-timesyncd[9]: Initial clock synchronization to Sun 2026-03-01 12:13:03 JST.":                                               {"time.sync", "", ""},
		"systemd-timesyncd[9]: System clock time unset or jumped backwards, restoring from recorded timestamp: Sun 2026-03-01 12:13:03 JST": {"time.step", "", ""},
		"systemd[1]: Time has been changed":                                                                                                 {"time.step", "", ""},
		"systemd-journald[9]: Time jumped backwards, rotating.":                                                                             {"time.step", "", ""},
		"kernel: Clock: inserting leap second 23:59:60 UTC":                                                                                 {"time.leap", "", ""},
		"sudo:   a.mori : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/date -s 2018-01-01":                                              {"time.step", "", ""},
		"sudo:   a.mori : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/date -u":                                                         {"", "", ""},
		"chronyd[9]: System clock was stepped by x seconds":                                                                                 {"time.step", "", ""},
	} {
		ev := normalisetest.Derive(t, "syslog/udp", "<30>Mar  1 12:13:03 app-01 "+message)[0]
		step, _ := ev.Get("time.step_seconds")
		offset, _ := ev.Get("time.offset_seconds")
		if got := [3]string{ev.EventCode, step, offset}; got != want || ev.Format != "syslog" {
			t.Errorf("%s: %q\n%s", message, got, normalisetest.Describe(&ev))
		}
	}
}
