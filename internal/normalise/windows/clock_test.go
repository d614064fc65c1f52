package windows_test

import (
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func TestAClockThatWasSetSaysByHowMuch(t *testing.T) {
	for raw, want := range map[string]string{
		`{"winlog":{"event_id":4616,"channel":"Security","provider_name":"Microsoft-Windows-Security-Auditing","computer_name":"pc-17","event_data":{"SubjectUserName":"a.mori","PreviousTime":"2026-03-01T03:13:03.5000000Z","NewTime":"2026-03-01T02:13:03.0000000Z"}}}`: "-3600.5",
		`{"winlog":{"event_id":1,"channel":"System","provider_name":"Microsoft-Windows-Kernel-General","computer_name":"pc-17","event_data":{"NewTime":"2026-03-01T03:13:05.5000000Z","OldTime":"2026-03-01T03:13:03.2500000Z"}}}`:                                         "2.25",
		`{"winlog":{"event_id":4616,"channel":"Security","provider_name":"Microsoft-Windows-Security-Auditing","event_data":{"PreviousTime":"x","NewTime":"2026-03-01T02:13:03Z"}}}`:                                                                                       "",
	} {
		ev := normalisetest.Derive(t, "http", raw)[0]
		if got, _ := ev.Get("time.step_seconds"); got != want || ev.EventCode == "" {
			t.Errorf("%q\n%s", got, normalisetest.Describe(&ev))
		}
	}
}
