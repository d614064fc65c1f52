package week

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// jump is a day of the jump host: operators come under their own names, and
// now and then under the account they share.
func (h *linux) jump(d *raw.Day) {
	w := h.week
	from := func(e *employee, t time.Time) string {
		if w.place(e, t, false) == officeOf(e) {
			return e.lan()
		}
		return e.tunnel()
	}
	for _, e := range w.staff[operators:itStaff] {
		if !w.working(e, d.Start) {
			continue
		}
		d.Scattered(1+d.RNG.IntN(3), 10, 18, func(t time.Time) { h.sign(d, t, e.name, from(e, t), "publickey") })
		d.Scattered(d.RNG.IntN(2), 10, 18, func(t time.Time) { h.sign(d, t, "ops", from(e, t), "publickey") })
		if d.Chance(0.04) {
			t := d.Within(10, 18)
			raw.SSHDFailed(d, t, h.name, e.name, from(e, t))
			h.sign(d, t.Add(11*time.Second), e.name, from(e, t), "password")
		}
	}
	night, _ := trouble()
	d.On(night.Add(7*time.Minute), func(t time.Time) { h.sign(d, t, w.onCall(night).name, w.onCall(night).tunnel(), "publickey") })
}

// repository is a day of the code repository, which the internet reaches: all
// developers under the account "git", and guessing by the thousand that fails.
func (h *linux) repository(d *raw.Day) {
	w := h.week
	for _, e := range w.staff[:developers] {
		if !w.working(e, d.Start) {
			continue
		}
		d.Scattered(2+d.RNG.IntN(5), 9.5, 19, func(t time.Time) {
			w.used(e, t, false, func(from string) { h.sign(d, t, "git", from, "publickey") })
		})
	}
	for range 12 { // a dozen guessers a day, each from one address
		from, t := raw.Stranger(d), d.Within(0, 23)
		for range 30 + d.RNG.IntN(60) {
			t = t.Add(time.Duration(2+d.RNG.IntN(12)) * time.Second)
			name := raw.Pick(d.RNG, raw.Guessed())
			if name != "root" {
				name = "invalid user " + name
			}
			raw.SSHDFailed(d, t, h.name, name, from)
		}
	}
}

// builds is a day of a build host.
func (h *linux) builds(d *raw.Day) {
	d.Scattered(buildsOn(d), 9.5, 19, func(t time.Time) {
		h.say(d, t, raw.Process(d, "ci-runner"), fmt.Sprintf("job=%d status=started", d.RNG.IntN(1<<20)))
		h.say(d, t.Add(4*time.Minute), raw.Process(d, "ci-runner"), fmt.Sprintf("job=%d status=success duration=240", d.RNG.IntN(1<<20)))
	})
	h.cron(d, d.Start.Add(23*time.Hour), "/usr/local/bin/ci-cleanup --older 7d /var/lib/ci/builds")
}

// buildsOn is how many builds a day sees.
func buildsOn(d *raw.Day) int {
	if !d.Workday() {
		return 2
	}
	return 12
}

const (
	nobody = "4294967295" // the login account of what nobody logged in for
	deploy = "1005"
)

// auditLog is a day of programs started and files changed, by auditd on most
// hosts and by its plugin Laurel on those of databases and builds.
func (h *linux) auditLog(d *raw.Day) {
	log := &auditTrail{host: h, d: d}
	for range 6 + d.RNG.IntN(5) {
		log.start(d.Within(0, 24), raw.Program{UID: "0", Login: nobody, TTY: "(none)", Cwd: "/", Exe: "/usr/bin/find", Argv: []string{"find", "/var/tmp/cache", "-mtime", "+7", "-delete"}})
	}
	log.start(d.Start.Add(5*time.Minute), raw.Program{UID: "0", Login: nobody, TTY: "(none)", Cwd: "/", Exe: "/usr/sbin/logrotate", Argv: []string{"/usr/sbin/logrotate", "/etc/logrotate.conf"}})
	log.start(d.Start.Add(5*time.Minute+time.Second), raw.Program{UID: "0", Login: nobody, TTY: "(none)", Cwd: "/", Exe: "/usr/bin/gzip", Argv: []string{"gzip", "/var/log/syslog.1"}})
	log.start(d.Start.Add(6*time.Hour+time.Duration(h.n*9+2)*time.Second), raw.Program{UID: "0", Login: "1004", TTY: "(none)", Cwd: "/home/ansible", Exe: "/usr/bin/python3.11", Argv: []string{"/usr/bin/python3", "/home/ansible/.ansible/tmp/ansible-tmp-" + fmt.Sprint(d.Start.Unix()) + "/AnsiballZ_setup.py"}})
	log.released()
	log.configured()
	if h.role == roleCI {
		log.cleaned()
	}
	if at, away, ok := rebooted(h.machine, d.Start); ok {
		for i, argv := range [][]string{{"apt-get", "-y", "dist-upgrade"}, {"dpkg", "--configure", "-a"}, {"update-initramfs", "-u"}, {"systemctl", "reboot"}} {
			log.start(at.Add(time.Duration(i*60-200)*time.Second), raw.Program{UID: "0", Login: "1004", TTY: "(none)", Cwd: "/", Exe: "/usr/bin/" + argv[0], Argv: argv})
		}
		if !log.plugin() { // auditd says that it goes and comes
			log.daemon(at.Add(3*time.Second), "DAEMON_END", "op=terminate auid=4294967295 uid=0 ses=4294967295 pid=1 subj=unconfined res=success")
			log.daemon(at.Add(away+time.Second), "DAEMON_START", "op=start ver=3.0.9 format=enriched kernel=6.1.0-41-amd64 auid=4294967295 pid=544 uid=0 ses=4294967295 subj=unconfined res=success")
		}
	}
	log.Write(d, d.Number, h.week.away(h.name, d.Start))
}

// auditTrail collects the audit events of a host's day.
type auditTrail struct {
	raw.Numbered
	host *linux
	d    *raw.Day
}

func (a *auditTrail) plugin() bool {
	return a.host.role == rolePostgres || a.host.role == roleMaria || a.host.role == roleCI
}

// start is a program started.
func (a *auditTrail) start(t time.Time, p raw.Program) {
	a.Add(t, func(n int) string {
		if a.plugin() {
			return p.Laurel(a.d.RNG, t, n, a.host.name)
		}
		return p.Audit(a.d.RNG, t, n)
	})
}

// daemon is what auditd says of itself.
func (a *auditTrail) daemon(t time.Time, kind, text string) {
	a.Add(t, func(n int) string {
		event := &raw.Audit{At: t, Serial: n}
		event.Line(kind, text)
		return event.Text()
	})
}

// touch is a file made ("CREATE") or removed ("DELETE").
func (a *auditTrail) touch(t time.Time, p raw.Program, name, how string) {
	a.Add(t, func(n int) string {
		if a.plugin() {
			return p.LaurelFile(a.d.RNG, t, n, a.host.name, name, how)
		}
		return p.AuditFile(a.d.RNG, t, n, name, how)
	})
}

// released is a deployment: a new program and new scripts, on thirty hosts.
func (a *auditTrail) released() {
	r, ok := releaseOn(a.d.Start)
	if !ok || !a.host.deployed() {
		return
	}
	t, folder := r.on(a.host.machine), "/opt/shop/releases/"+r.version
	unpack := raw.Program{UID: deploy, Login: deploy, TTY: "(none)", Cwd: "/opt/shop", Exe: "/usr/bin/tar", Argv: []string{"tar", "-xzf", "/opt/shop/incoming/" + r.version + ".tar.gz", "-C", folder}}
	a.start(t.Add(3*time.Second), unpack)
	for i, name := range []string{"/bin/shop", "/bin/migrate.sh", "/bin/health.sh", "/lib/shop.jar", "/conf/shop.yaml"} {
		a.touch(t.Add(time.Duration(4+i)*time.Second), unpack, folder+name, "CREATE")
	}
	a.start(t.Add(12*time.Second), raw.Program{UID: deploy, Login: deploy, TTY: "(none)", Cwd: folder, Exe: "/usr/bin/bash", Argv: []string{"bash", folder + "/bin/health.sh"}})
	a.start(t.Add(26*time.Second), raw.Program{UID: "997", Login: nobody, TTY: "(none)", Cwd: folder, Exe: folder + "/bin/shop", Argv: []string{folder + "/bin/shop", "--config", folder + "/conf/shop.yaml"}})
}

// configured is what the configuration and certbot change beneath /etc.
func (a *auditTrail) configured() {
	a.d.On(during("11-05 10:30:02").Add(time.Duration(a.host.n*6)*time.Second), func(t time.Time) {
		p := raw.Program{UID: "0", Login: "1004", TTY: "(none)", Cwd: "/etc", Exe: "/usr/bin/python3.11", Argv: []string{"/usr/bin/python3", "AnsiballZ_cron.py"}}
		a.start(t, p)
		a.touch(t.Add(200*time.Millisecond), p, "/etc/cron.d/shop-maintenance", "CREATE")
		a.touch(t.Add(900*time.Millisecond), p, "/var/spool/cron/crontabs/root", "CREATE")
	})
	if a.host.role == roleWeb {
		a.d.On(renewed(a.host.machine), func(t time.Time) {
			p := raw.Program{UID: "0", Login: nobody, TTY: "(none)", Cwd: "/", Exe: "/usr/bin/certbot", Argv: []string{"certbot", "-q", "renew"}}
			a.start(t.Add(-20*time.Second), p)
			a.touch(t.Add(-5*time.Second), p, "/etc/letsencrypt/archive/www.example.jp/privkey7.pem", "CREATE")
		})
	}
}

// cleaned is what a build host throws away: a folder after each build, and
// hundreds of files at night.
func (a *auditTrail) cleaned() {
	for i := range buildsOn(a.d) {
		t, folder := a.d.Within(9.5, 19), fmt.Sprintf("/var/lib/ci/builds/build-%s-%02d", a.d.Start.Format("0102"), i)
		a.start(t, raw.Program{UID: "990", Login: nobody, TTY: "(none)", Cwd: "/var/lib/ci", Exe: "/usr/bin/make", Argv: []string{"make", "-j4", "test"}})
		a.start(t.Add(4*time.Minute), raw.Program{UID: "990", Login: nobody, TTY: "(none)", Cwd: "/var/lib/ci", Exe: "/usr/bin/rm", Argv: []string{"rm", "-rf", folder}})
	}
	p := raw.Program{UID: "990", Login: nobody, TTY: "(none)", Cwd: "/var/lib/ci/builds", Exe: "/usr/bin/find", Argv: []string{"find", "/var/lib/ci/builds", "-mtime", "+7", "-delete"}}
	t := a.d.Start.Add(23*time.Hour + time.Second)
	a.start(t, p)
	for i := range 150 {
		a.touch(t.Add(time.Duration(20*i)*time.Millisecond), p, fmt.Sprintf("/var/lib/ci/builds/old/target/classes/Module%03d.class", i), "DELETE")
	}
}
