package machine

import (
	"fmt"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

func (s *story) sent(at time.Time, src, dst, session string, megabytes int64) {
	s.events = append(s.events, event.Event{
		Time: at, Source: "firewall", ClassUID: event.ClassNetwork, ActivityID: event.ActivityNetworkTraffic, StatusID: event.StatusSuccess,
		SrcIP: src, DstIP: dst, SessionUID: session, BytesOut: megabytes << 20, Format: "fortigate",
	})
}

// traffic is some weeks of ten computers and a backup to the cloud every night.
func traffic(tb testing.TB, days int) (*story, time.Time) {
	start := jst(tb, "2026-10-01 09:00:00") // midnight UTC
	s := &story{}
	for d := range days {
		for i := range 10 {
			s.sent(start.AddDate(0, 0, d).Add(time.Duration(i)*time.Hour), fmt.Sprintf("10.0.1.%d", i), fmt.Sprintf("203.0.113.%d", i), "", 40)
		}
		s.sent(start.AddDate(0, 0, d).Add(17*time.Hour), "10.0.9.90", "198.51.100.7", "", 20_000)
	}
	return s, start.AddDate(0, 0, days)
}

func TestMuchToANewDestinationIsTold(t *testing.T) {
	for megabytes, level := range map[int64]string{900: finding.LevelMedium, 9000: finding.LevelHigh} {
		s, end := traffic(t, 20)
		s.sent(end.Add(3*time.Hour), "10.0.1.3", "192.0.2.77", "", megabytes)
		raises(t, after(s.run(watching(t, nil)), end), "baseline-outbound-transfer", level)
	}
}

func TestBackupsAndLongSessionsAreCalm(t *testing.T) {
	s, end := traffic(t, 20)
	s.sent(end.Add(17*time.Hour), "10.0.9.90", "198.51.100.7", "", 60_000) // a full backup
	for i := range 10 {                                                    // one session, told every minute with its sum so far
		s.sent(end.Add(3*time.Hour+time.Duration(i)*time.Minute), "10.0.1.3", "192.0.2.77", "9", int64(30*i))
	}
	s.sent(end.Add(4*time.Hour), "10.0.1.3", "10.0.9.90", "", 50_000) // to the file server
	calm(t, s.run(watching(t, nil)), "baseline-outbound-transfer")
}
