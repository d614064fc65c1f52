package machine

import (
	"fmt"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

func (s *story) ran(at time.Time, host, account, path, cmd string) {
	s.events = append(s.events, event.Event{
		Time: at, Source: "server", Host: host, ClassUID: event.ClassProcess, ActivityID: event.ActivityProcessLaunch, StatusID: event.StatusSuccess,
		ActorUser: account, ProcessPath: path, CmdLine: cmd, Format: "auditd",
	})
}

// servers is some weeks of ten servers: cron, configuration management every
// day, deployments every week.
func servers(tb testing.TB, days int) (*story, time.Time) {
	start := jst(tb, "2026-10-01 00:00:00")
	s := &story{}
	for d := range days {
		day := start.AddDate(0, 0, d)
		for h := range 10 {
			host, at := fmt.Sprintf("app-%02d", h), time.Duration(h)*20*time.Second
			s.ran(day.Add(time.Hour+at), host, "root", "/usr/sbin/logrotate", "/usr/sbin/logrotate /etc/logrotate.conf")
			s.ran(day.Add(6*time.Hour+at), host, "ansible", "/usr/bin/python3", fmt.Sprintf("/usr/bin/python3 /home/ansible/.ansible/tmp/ansible-tmp-%d/AnsiballZ_setup.py", d*1000+h))
			if d%7 == 2 {
				s.ran(day.Add(15*time.Hour+at), host, "deploy", fmt.Sprintf("/opt/shop/releases/2026%d.1/bin/shop", d), "shop --config x")
			}
		}
	}
	return s, start.AddDate(0, 0, days)
}

func TestOrdinaryServersRunNothingNew(t *testing.T) {
	s, end := servers(t, 30)
	for h := range 10 {
		at, host := end.Add(15*time.Hour+time.Duration(h)*time.Second), fmt.Sprintf("app-%02d", h)
		s.ran(at, host, "deploy", "/opt/shop/releases/20261101.1/bin/migrate", "migrate")                                                     // new in a release
		s.ran(at, host, "ansible", "/usr/bin/python3", fmt.Sprintf("python3 /home/ansible/.ansible/tmp/ansible-tmp-%d/AnsiballZ_cron.py", h)) // new module
		s.ran(at, host, "root", "/usr/bin/htop", "htop")                                                                                      // a new package
	}
	calm(t, s.run(watching(t, nil)), "baseline-new-program")
}

func TestANewScriptOnManyHostsIsTold(t *testing.T) {
	for path, level := range map[string]string{"/tmp/x7.sh": finding.LevelHigh, "/opt/tools/wipe.sh": finding.LevelMedium, "/home/deploy/clean.sh": finding.LevelHigh} {
		s, end := servers(t, 20)
		for h := range 10 {
			s.ran(end.Add(12*time.Hour+time.Duration(h)*time.Second), fmt.Sprintf("app-%02d", h), "chiba", "/bin/bash", "bash "+path+" --all")
		}
		var found []finding.Finding
		for _, f := range s.run(watching(t, nil)) {
			if f.Time.After(end) {
				found = append(found, f)
			}
		}
		raises(t, found, "baseline-new-program", level)
		if len(found) > 0 && !found[0].Time.Equal(end.Add(12*time.Hour+2*time.Second)) {
			t.Errorf("told at %s, not at the third host", found[0].Time)
		}
	}
}

func TestAProgramThatSpreadsOverDaysIsNotTold(t *testing.T) {
	s, end := servers(t, 20)
	for h := range 10 {
		s.ran(end.Add(time.Duration(h)*24*time.Hour), fmt.Sprintf("app-%02d", h), "sato", "/opt/tools/check", "check")
	}
	calm(t, s.run(watching(t, nil)), "baseline-new-program")
}

func TestWhatRanIsTheScript(t *testing.T) {
	for _, c := range []struct{ path, cmd, want string }{
		{"/bin/bash", "bash /tmp/a.sh -x", "/tmp/a.sh"},
		{"/usr/bin/python3.11", "python3 -u job.py", "job.py"},
		{"/usr/sbin/cron", "cron -f", "/usr/sbin/cron"},
		{`C:\Windows\System32\cmd.exe`, `cmd.exe /c C:\Users\Public\a.bat`, `C:\Users\Public\a.bat`},
		{"", "/opt/x --y", "/opt/x"},
	} {
		if got := programOf(&event.Event{ProcessPath: c.path, CmdLine: c.cmd}); got != c.want {
			t.Errorf("%s: %q, want %q", c.cmd, got, c.want)
		}
	}
	if a, b := plain("/tmp/ansible-tmp-17923-3fa9c0/x"), plain("/tmp/ansible-tmp-8-9b/x"); a[:18] != b[:18] {
		t.Errorf("%s and %s", a, b)
	}
}
