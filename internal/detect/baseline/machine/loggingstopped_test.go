package machine

import (
	"fmt"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

func (s *story) logging(at time.Time, host string, activity int32) {
	s.events = append(s.events, event.Event{Time: at, Source: "server", Host: host, ClassUID: event.ClassEventLog, ActivityID: activity, Format: "syslog"})
}

func (s *story) unit(at time.Time, host, unit string, activity int32) {
	s.events = append(s.events, event.Event{Time: at, Source: "server", Host: host, ClassUID: event.ClassAppLifecycle, ActivityID: activity, Object: unit, StatusID: event.StatusSuccess, Format: "syslog"})
}

func TestRestartsShutdownsAndRotationAreCalm(t *testing.T) {
	at := jst(t, "2026-11-05 02:00:00")
	s := &story{}
	for h := range 5 { // patched and started again
		host := fmt.Sprintf("app-%02d", h)
		s.logging(at, host, event.ActivityLogStop)
		s.events = append(s.events, event.Event{Time: at, Source: "server", Host: host, EventCode: "DAEMON_END", ClassUID: event.ClassBase, Format: "auditd"})
		s.logging(at.Add(3*time.Minute), host, event.ActivityLogStart)
	}
	for _, unit := range []string{"nginx.service", "ssh.service", "cron.service", "shop.service", "rsyslog.service"} { // shut down for good
		s.unit(at, "old-01", unit, event.ActivityAppStop)
	}
	s.ran(at, "app-01", "root", "/usr/sbin/logrotate", "/usr/sbin/logrotate /etc/logrotate.conf")
	s.ran(at, "app-01", "root", "/usr/bin/gzip", "gzip /var/log/syslog.1")
	s.ran(at, "app-01", "root", "/usr/bin/rm", "rm -f /var/log/syslog.7.gz")
	s.file(at, "app-01", "root", "/usr/sbin/logrotate", "/var/log/syslog", event.ActivityFileDelete)
	s.ran(at, "app-01", "k.sakai", "/usr/bin/systemctl", "systemctl restart rsyslog")
	s.ran(at.Add(time.Hour), "app-01", "root", "/usr/bin/df", "df")
	calm(t, s.run(watching(t, nil)), "baseline-logging-stopped")
}

func TestLogsThatAreClearedAreHigh(t *testing.T) {
	at := jst(t, "2026-11-05 02:00:00")
	for _, ev := range []event.Event{
		{ClassUID: event.ClassEventLog, ActivityID: event.ActivityLogClear, EventCode: "1102"},
		{ClassUID: event.ClassProcess, ActivityID: 1, ActorUser: "chiba", CmdLine: "rm -rf /var/log/auth.log"},
		{ClassUID: event.ClassProcess, ActivityID: 1, ActorUser: "chiba", CmdLine: "bash -c cat /dev/null > /var/log/secure"},
		{ClassUID: event.ClassProcess, ActivityID: 1, ActorUser: "chiba", CmdLine: "auditctl -e 0"},
		{ClassUID: event.ClassProcess, ActivityID: 1, ActorUser: "chiba", CmdLine: `wevtutil.exe cl Security`},
		{ClassUID: event.ClassFileSystem, ActivityID: event.ActivityFileDelete, ProcessPath: "/usr/bin/shred", Object: "/var/log/wtmp"},
		{ClassUID: event.ClassDatastore, ActorUser: "root", Statement: "SET GLOBAL server_audit_logging = OFF"},
		{ClassUID: event.ClassDatastore, ActorUser: "root", Statement: "ALTER SYSTEM SET pgaudit.log TO 'none'"},
		{ClassUID: event.ClassBase, Notes: []event.Field{{Name: "logging", Value: "off"}}},
	} {
		ev.Time, ev.Source, ev.Host = at, "server", "app-01"
		s := &story{events: []event.Event{ev}}
		raises(t, s.run(watching(t, nil)), "baseline-logging-stopped", finding.LevelHigh)
	}
}

func TestLoggingThatDoesNotStartAgainIsTold(t *testing.T) {
	at := jst(t, "2026-11-05 02:00:00")
	for level, host := range map[string]string{finding.LevelMedium: "app-01", finding.LevelHigh: "app-02"} {
		s := &story{}
		s.logging(at, "app-01", event.ActivityLogStop)
		if level == finding.LevelHigh {
			s = &story{}
			s.logging(at, "app-02", event.ActivityLogStop)
		}
		for i := range 30 {
			s.ran(at.Add(time.Duration(i+2)*time.Minute), "app-01", "root", "/usr/bin/df", "df")
		}
		found := s.run(watching(t, nil))
		raises(t, found, "baseline-logging-stopped", level)
		if f := of(found, "baseline-logging-stopped"); len(f) == 1 && f[0].Host != host {
			t.Errorf("%s", f[0].Host)
		}
	}
}
