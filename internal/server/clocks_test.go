package server

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
)

// TestATimelineSaysThatTwoClocksDiffer has an alert stand 33 minutes before the
// script that caused it, because the clock of the script's host is that far ahead.
func TestATimelineSaysThatTwoClocksDiffer(t *testing.T) {
	t.Parallel()
	const ahead = 33 * time.Minute
	s := started(t)
	now := time.Now().UTC()
	line := func(source, host, text string, at time.Time) event.Record {
		return event.Record{Source: source, Transport: "relp;peer=192.0.2.1", Raw: []byte("<13>1 " + at.Format("2006-01-02T15:04:05.000Z07:00") + " " + host + " app - - - " + text)}
	}
	var recs []event.Record
	for i := range 20 {
		recs = append(recs, line("monitor", "mon-1", fmt.Sprint("check ", i), now), line("server", "srv-1", fmt.Sprint("job ", i), now.Add(ahead)))
	}
	recs = append(recs, line("monitor", "mon-1", "alert disk", now), line("server", "srv-1", "script wiped", now.Add(ahead)),
		line("monitor", "mon-1", "alert network", now.Add(-2*time.Hour)))
	if err := s.Vault().Append(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	offset := clockOf(t, s, "source:server wiped")
	if offset > -31*time.Minute.Milliseconds() || offset < -36*time.Minute.Milliseconds() {
		t.Fatalf("the clock of the server is measured to be off by %d ms", offset)
	}
	title := event.Phrase{JA: "消去", EN: "Wiped"}
	if _, err := s.OpenCase(t.Context(), "sato", "2018-001", title); err != nil {
		t.Fatal(err)
	}
	for query, at := range map[string]time.Time{"disk": now, "wiped": now.Add(ahead), "network": now.Add(-2 * time.Hour)} {
		if _, err := s.Put(t.Context(), "sato", "2018-001", &control.Row{At: at, Text: title, Query: query}, 0); err != nil {
			t.Fatal(err)
		}
	}
	c, err := s.Case(t.Context(), "2018-001")
	if err != nil || len(c.Timeline) != 3 {
		t.Fatalf("%+v, %v", c, err)
	}
	early, alert, script := c.Timeline[0], c.Timeline[1], c.Timeline[2]
	if !alert.OrderUncertain || !script.OrderUncertain {
		t.Errorf("the order of alert and script is said to be certain: %+v %+v", alert, script)
	}
	if early.OrderUncertain {
		t.Errorf("what was two hours before is said to be in doubt: %+v", early)
	}
	if d := time.Duration(script.UncertaintyMS) * time.Millisecond; d < ahead || d > ahead+10*time.Minute {
		t.Errorf("the script's time is given to %s", d)
	}
	if d := time.Duration(alert.UncertaintyMS) * time.Millisecond; d > time.Minute {
		t.Errorf("the alert's time is given to %s", d)
	}
}

// clockOf gives the measured offset that an answer and the record found carry.
func clockOf(t *testing.T, s *Server, query string) int64 {
	t.Helper()
	r := search(t, s, query)
	if len(r.Events) != 1 {
		t.Fatalf("%d events", len(r.Events))
	}
	rec, err := s.Record(t.Context(), "sato", r.Events[0].Record)
	if err != nil || rec.Clock == nil {
		t.Fatalf("no clock beside the record: %v", err)
	}
	said := false
	for _, b := range r.Answer.Because {
		said = said || strings.Contains(b.EN, "its clock is off by +3")
	}
	if clock := r.Answer.ClockOf(&r.Events[0]); !said || clock == nil || clock.OffsetMS != rec.Clock.OffsetMS {
		t.Errorf("the answer says %v and %+v", r.Answer.Because, clock)
	}
	return rec.Clock.OffsetMS
}
