package people

import (
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"
)

func TestLogonAtNightIsLowForWhoNeverWorkedThen(t *testing.T) {
	s := &story{}
	s.office(workday(), 40, "sato")
	s.do(workday().AddDate(0, 0, 42).Add(16*time.Hour), act{account: "sato", addr: "198.51.100.10"}) // 02:00 in Japan
	cites(t, raised(t, s, "unusual-hours", nil, "low sato"), 2)
}

func TestOnCallNightsPhonesAndBatchJobsAreNothing(t *testing.T) {
	s := &story{}
	s.office(workday(), 60, "sato", "mori")
	for d := 0; d < 60; d += 7 { // on call every week
		s.do(workday().AddDate(0, 0, d).Add(16*time.Hour), act{account: "sato", addr: "198.51.100.10"})
	}
	s.do(workday().AddDate(0, 0, 59).Add(17*time.Hour), act{account: "sato", addr: "198.51.100.10"})
	s.do(workday().AddDate(0, 0, 59).Add(17*time.Hour), act{account: "mori", addr: "198.51.100.11", client: phone})
	for d := range 60 {
		s.do(workday().AddDate(0, 0, d).Add(18*time.Hour), act{account: "batch", addr: "10.0.0.1"})
	}
	raised(t, s, "unusual-hours", nil)
}

func TestApprovedHoursAreMediumOutside(t *testing.T) {
	s := &story{}
	monday := workday().Add(-10 * time.Hour) // 00:00 in Japan
	for _, hour := range []int{6, 7, 21, 22, 24 + 12, 5*24 + 12, 6*24 + 12} {
		s.do(monday.Add(time.Duration(hour)*time.Hour), act{account: "sato", addr: "198.51.100.10"})
	}
	found := raised(t, s, "unusual-hours", learn.Settings{"baseline-unusual-hours": {"hours": "Mon-Fri 07:00-22:00, Sat 09:00-13:00"}}, "medium sato", "medium sato", "medium sato")
	if len(found) == 3 && !strings.Contains(found[0].Why, "Mon 06:00 +09:00") {
		t.Error(found[0].Why)
	}
}

func TestHoursAreReadStrictly(t *testing.T) {
	if s, ok := parseShift("Fri-Mon 22:00-24:00"); !ok || !s.days[time.Sunday] || s.days[time.Tuesday] || s.to != 1440 {
		t.Errorf("%+v", s)
	}
	for _, text := range []string{"", "Mon", "Mon-Fri", "Mon-Fri 9-8", "Xyz 09:00-10:00", "Mon 25:00-26:00", "Mon 09:60-10:00", "Mon 10:00-10:00", "Mon 24:30-24:40"} {
		if s, ok := parseShift(text); ok {
			t.Errorf("%q is read as %+v", text, s)
		}
	}
	_, err := learn.NewSet(learn.Settings{"baseline-unusual-hours": {"hours": "always", "zone": "Mars"}}, Builders(nil)...)
	if err == nil || !strings.Contains(err.Error(), `"always"`) || !strings.Contains(err.Error(), `"Mars"`) {
		t.Error(err)
	}
}
