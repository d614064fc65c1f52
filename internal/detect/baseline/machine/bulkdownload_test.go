package machine

import (
	"fmt"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

func (s *story) download(at time.Time, account, object string, megabytes int64) {
	s.events = append(s.events, event.Event{
		Time: at, Source: "groupware", ClassUID: event.ClassFileHosting, ActivityID: event.ActivityHostingDownload, StatusID: event.StatusSuccess,
		ActorUser: account, Object: object, BytesOut: megabytes << 20, Format: "workspace",
	})
}

// office is some weeks of people who download a few documents a day, and one
// who fetches 80 reports every Monday.
func office(tb testing.TB, days int) (*story, time.Time) {
	start := jst(tb, "2026-10-05 00:00:00")
	s := &story{}
	for d := range days {
		for i := range 20 {
			s.download(start.AddDate(0, 0, d).Add(10*time.Hour+time.Duration(i)*7*time.Minute), "sato@example.jp", fmt.Sprint("plan ", i), 1)
		}
		for i := range 80 {
			if d%7 == 0 {
				s.download(start.AddDate(0, 0, d).Add(9*time.Hour+time.Duration(i)*3*time.Second), "report@example.jp", fmt.Sprint("report ", i), 1)
			}
		}
	}
	return s, start.AddDate(0, 0, days)
}

func TestWeeklyReportsAndNewcomersAreCalm(t *testing.T) {
	s, end := office(t, 28)
	for i := range 90 {
		s.download(end.Add(9*time.Hour+time.Duration(i)*3*time.Second), "report@example.jp", fmt.Sprint("report ", i), 1)
	}
	for i := range 40 {
		s.download(end.Add(11*time.Hour+time.Duration(i)*10*time.Second), "takagi@example.jp", fmt.Sprint("how-to ", i), 1)
	}
	calm(t, s.run(watching(t, nil)), "baseline-bulk-download")
}

func TestDownloadsFarBeyondHabitAreTold(t *testing.T) {
	for _, c := range []struct {
		n         int
		megabytes int64
		gap       time.Duration
		level     string
	}{{100, 1, time.Second, finding.LevelMedium}, {3, 500, time.Second, finding.LevelMedium}, {350, 1, time.Minute, finding.LevelMedium}} {
		s, end := office(t, 20)
		for i := range c.n {
			s.download(end.Add(12*time.Hour+time.Duration(i)*c.gap), "sato@example.jp", fmt.Sprint("secret ", i), c.megabytes)
		}
		raises(t, after(s.run(watching(t, nil)), end), "baseline-bulk-download", c.level)
	}
}
