package replay

import (
	"fmt"
	"time"
)

// jump is a day of the jump host: operators come under their own names, and
// now and then under the account they share.
func (h *linux) jump(d *day) {
	w := h.week
	from := func(e *employee, t time.Time) string {
		if w.place(e, t, false) == officeOf(e) {
			return e.lan()
		}
		return e.tunnel()
	}
	for _, e := range w.staff[operators:itStaff] {
		if !w.working(e, d.start) {
			continue
		}
		d.scattered(1+d.rng.IntN(3), 10, 18, func(t time.Time) { h.sign(d, t, e.name, from(e, t), "publickey") })
		d.scattered(d.rng.IntN(2), 10, 18, func(t time.Time) { h.sign(d, t, "ops", from(e, t), "publickey") })
		if d.chance(0.04) {
			t := d.within(10, 18)
			sshdFailed(d, t, h.name, e.name, from(e, t))
			h.sign(d, t.Add(11*time.Second), e.name, from(e, t), "password")
		}
	}
	night, _ := trouble()
	on(d, night.Add(7*time.Minute), func(t time.Time) { h.sign(d, t, w.onCall(night).name, w.onCall(night).tunnel(), "publickey") })
}

// repository is a day of the code repository, which the internet reaches: all
// developers under the account "git", and guessing by the thousand that fails.
func (h *linux) repository(d *day) {
	w := h.week
	for _, e := range w.staff[:developers] {
		if !w.working(e, d.start) {
			continue
		}
		d.scattered(2+d.rng.IntN(5), 9.5, 19, func(t time.Time) {
			w.used(e, t, false, func(from string) { h.sign(d, t, "git", from, "publickey") })
		})
	}
	for range 12 { // a dozen guessers a day, each from one address
		from, t := stranger(d), d.within(0, 23)
		for range 30 + d.rng.IntN(60) {
			t = t.Add(time.Duration(2+d.rng.IntN(12)) * time.Second)
			name := pick(d.rng, guessed())
			if name != "root" {
				name = "invalid user " + name
			}
			sshdFailed(d, t, h.name, name, from)
		}
	}
}

// builds is a day of a build host.
func (h *linux) builds(d *day) {
	d.scattered(buildsOn(d), 9.5, 19, func(t time.Time) {
		h.say(d, t, process(d, "ci-runner"), fmt.Sprintf("job=%d status=started", d.rng.IntN(1<<20)))
		h.say(d, t.Add(4*time.Minute), process(d, "ci-runner"), fmt.Sprintf("job=%d status=success duration=240", d.rng.IntN(1<<20)))
	})
	h.cron(d, d.start.Add(23*time.Hour), "/usr/local/bin/ci-cleanup --older 7d /var/lib/ci/builds")
}

// buildsOn is how many builds a day sees.
func buildsOn(d *day) int {
	if !d.workday() {
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
func (h *linux) auditLog(d *day) {
	log := &auditTrail{host: h, d: d}
	for range 6 + d.rng.IntN(5) {
		log.start(d.within(0, 24), program{uid: "0", login: nobody, tty: "(none)", cwd: "/", exe: "/usr/bin/find", argv: []string{"find", "/var/tmp/cache", "-mtime", "+7", "-delete"}})
	}
	log.start(d.start.Add(5*time.Minute), program{uid: "0", login: nobody, tty: "(none)", cwd: "/", exe: "/usr/sbin/logrotate", argv: []string{"/usr/sbin/logrotate", "/etc/logrotate.conf"}})
	log.start(d.start.Add(5*time.Minute+time.Second), program{uid: "0", login: nobody, tty: "(none)", cwd: "/", exe: "/usr/bin/gzip", argv: []string{"gzip", "/var/log/syslog.1"}})
	log.start(d.start.Add(6*time.Hour+time.Duration(h.n*9+2)*time.Second), program{uid: "0", login: "1004", tty: "(none)", cwd: "/home/ansible", exe: "/usr/bin/python3.11", argv: []string{"/usr/bin/python3", "/home/ansible/.ansible/tmp/ansible-tmp-" + fmt.Sprint(d.start.Unix()) + "/AnsiballZ_setup.py"}})
	log.released()
	log.configured()
	if h.role == roleCI {
		log.cleaned()
	}
	if at, away, ok := rebooted(h.machine, d.start); ok {
		for i, argv := range [][]string{{"apt-get", "-y", "dist-upgrade"}, {"dpkg", "--configure", "-a"}, {"update-initramfs", "-u"}, {"systemctl", "reboot"}} {
			log.start(at.Add(time.Duration(i*60-200)*time.Second), program{uid: "0", login: "1004", tty: "(none)", cwd: "/", exe: "/usr/bin/" + argv[0], argv: argv})
		}
		if !log.plugin() { // auditd says that it goes and comes
			log.daemon(at.Add(3*time.Second), "DAEMON_END", "op=terminate auid=4294967295 uid=0 ses=4294967295 pid=1 subj=unconfined res=success")
			log.daemon(at.Add(away+time.Second), "DAEMON_START", "op=start ver=3.0.9 format=enriched kernel=6.1.0-41-amd64 auid=4294967295 pid=544 uid=0 ses=4294967295 subj=unconfined res=success")
		}
	}
	log.write(d, d.number, h.week.away(h.name, d.start))
}

// auditTrail collects the audit events of a host's day.
type auditTrail struct {
	numbered
	host *linux
	d    *day
}

func (a *auditTrail) plugin() bool {
	return a.host.role == rolePostgres || a.host.role == roleMaria || a.host.role == roleCI
}

// start is a program started.
func (a *auditTrail) start(t time.Time, p program) {
	a.add(t, func(n int) string {
		if a.plugin() {
			return p.laurel(a.d.rng, t, n, a.host.name)
		}
		return p.audit(a.d.rng, t, n)
	})
}

// daemon is what auditd says of itself.
func (a *auditTrail) daemon(t time.Time, kind, text string) {
	a.add(t, func(n int) string {
		event := &audit{at: t, serial: n}
		event.line(kind, text)
		return event.text()
	})
}

// touch is a file made ("CREATE") or removed ("DELETE").
func (a *auditTrail) touch(t time.Time, p program, name, how string) {
	a.add(t, func(n int) string {
		if a.plugin() {
			return p.laurelFile(a.d.rng, t, n, a.host.name, name, how)
		}
		return p.auditFile(a.d.rng, t, n, name, how)
	})
}

// released is a deployment: a new program and new scripts, on thirty hosts.
func (a *auditTrail) released() {
	r, ok := releaseOn(a.d.start)
	if !ok || !a.host.deployed() {
		return
	}
	t, folder := r.on(a.host.machine), "/opt/shop/releases/"+r.version
	unpack := program{uid: deploy, login: deploy, tty: "(none)", cwd: "/opt/shop", exe: "/usr/bin/tar", argv: []string{"tar", "-xzf", "/opt/shop/incoming/" + r.version + ".tar.gz", "-C", folder}}
	a.start(t.Add(3*time.Second), unpack)
	for i, name := range []string{"/bin/shop", "/bin/migrate.sh", "/bin/health.sh", "/lib/shop.jar", "/conf/shop.yaml"} {
		a.touch(t.Add(time.Duration(4+i)*time.Second), unpack, folder+name, "CREATE")
	}
	a.start(t.Add(12*time.Second), program{uid: deploy, login: deploy, tty: "(none)", cwd: folder, exe: "/usr/bin/bash", argv: []string{"bash", folder + "/bin/health.sh"}})
	a.start(t.Add(26*time.Second), program{uid: "997", login: nobody, tty: "(none)", cwd: folder, exe: folder + "/bin/shop", argv: []string{folder + "/bin/shop", "--config", folder + "/conf/shop.yaml"}})
}

// configured is what the configuration and certbot change beneath /etc.
func (a *auditTrail) configured() {
	on(a.d, during("11-05 10:30:02").Add(time.Duration(a.host.n*6)*time.Second), func(t time.Time) {
		p := program{uid: "0", login: "1004", tty: "(none)", cwd: "/etc", exe: "/usr/bin/python3.11", argv: []string{"/usr/bin/python3", "AnsiballZ_cron.py"}}
		a.start(t, p)
		a.touch(t.Add(200*time.Millisecond), p, "/etc/cron.d/shop-maintenance", "CREATE")
		a.touch(t.Add(900*time.Millisecond), p, "/var/spool/cron/crontabs/root", "CREATE")
	})
	if a.host.role == roleWeb {
		on(a.d, renewed(a.host.machine), func(t time.Time) {
			p := program{uid: "0", login: nobody, tty: "(none)", cwd: "/", exe: "/usr/bin/certbot", argv: []string{"certbot", "-q", "renew"}}
			a.start(t.Add(-20*time.Second), p)
			a.touch(t.Add(-5*time.Second), p, "/etc/letsencrypt/archive/www.example.jp/privkey7.pem", "CREATE")
		})
	}
}

// cleaned is what a build host throws away: a folder after each build, and
// hundreds of files at night.
func (a *auditTrail) cleaned() {
	for i := range buildsOn(a.d) {
		t, folder := a.d.within(9.5, 19), fmt.Sprintf("/var/lib/ci/builds/build-%s-%02d", a.d.start.Format("0102"), i)
		a.start(t, program{uid: "990", login: nobody, tty: "(none)", cwd: "/var/lib/ci", exe: "/usr/bin/make", argv: []string{"make", "-j4", "test"}})
		a.start(t.Add(4*time.Minute), program{uid: "990", login: nobody, tty: "(none)", cwd: "/var/lib/ci", exe: "/usr/bin/rm", argv: []string{"rm", "-rf", folder}})
	}
	p := program{uid: "990", login: nobody, tty: "(none)", cwd: "/var/lib/ci/builds", exe: "/usr/bin/find", argv: []string{"find", "/var/lib/ci/builds", "-mtime", "+7", "-delete"}}
	t := a.d.start.Add(23*time.Hour + time.Second)
	a.start(t, p)
	for i := range 150 {
		a.touch(t.Add(time.Duration(20*i)*time.Millisecond), p, fmt.Sprintf("/var/lib/ci/builds/old/target/classes/Module%03d.class", i), "DELETE")
	}
}
