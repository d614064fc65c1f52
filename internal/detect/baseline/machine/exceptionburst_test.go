package machine

import (
	"fmt"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

func (s *story) fails(at time.Time, host, class string) {
	s.events = append(s.events, event.Event{
		Time: at, Source: "app", Host: host, ClassUID: event.ClassBase, SeverityID: event.SeverityMedium, Format: "jsonlines",
		Notes: []event.Field{{Name: "exception", Value: class}},
	})
}

// failures is some weeks of an application that fails now and then.
func failures(tb testing.TB, days int) (*story, time.Time) {
	start := jst(tb, "2026-10-01 00:00:00")
	s := &story{}
	for d := range days {
		for i := range 6 {
			s.fails(start.AddDate(0, 0, d).Add(time.Duration(4*i)*time.Hour), "app-01", "java.lang.IllegalStateException")
			s.fails(start.AddDate(0, 0, d).Add(time.Duration(4*i)*time.Hour), "app-01", "java.net.SocketTimeoutException")
		}
	}
	return s, start.AddDate(0, 0, days)
}

func TestABurstOfNewExceptionsIsMediumWithinItsFirstMinutes(t *testing.T) {
	s, end := failures(t, 20)
	at := end.Add(18 * time.Hour)
	for i := range 100 {
		s.fails(at.Add(time.Duration(i)*2*time.Second), "app-01", "ognl.MethodFailedException")
	}
	found := s.run(watching(t, nil))
	raises(t, found, "baseline-exception-burst", finding.LevelMedium)
	if f := of(found, "baseline-exception-burst"); len(f) == 1 && f[0].Time.Sub(at) > time.Minute {
		t.Errorf("told after %s", f[0].Time.Sub(at))
	}
}

func TestTimeoutsAtNightAndDeploymentsAreLow(t *testing.T) {
	s, end := failures(t, 20)
	for i := range 500 { // on call: the database is slow
		s.fails(end.Add(3*time.Hour+time.Duration(i)*3*time.Second), fmt.Sprintf("app-%02d", i%10), "org.postgresql.util.PSQLException: Read timed out")
	}
	deploy := end.Add(39 * time.Hour)
	s.events = append(s.events, event.Event{Time: deploy, Source: "server", Host: "app-01", ClassUID: event.ClassAppLifecycle, ActivityID: event.ActivityAppStop, Object: "shop.service"})
	for i := range 1000 {
		s.fails(deploy.Add(time.Duration(i)*200*time.Millisecond), "app-01", "java.util.concurrent.RejectedExecutionException")
	}
	calm(t, s.run(watching(t, nil)), "baseline-exception-burst")
}
