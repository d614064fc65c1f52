package week

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// linux is one of the company's Linux hosts.
type linux struct {
	*week
	machine
}

// say is a line of the host's syslog.
func (h *linux) say(d *raw.Day, t time.Time, tag, text string) {
	d.Add(t, raw.SyslogLine(t, h.name, tag, text))
}

// syslog is a day of cron, systemd, sshd and sudo.
func (h *linux) syslog(d *raw.Day) {
	h.jobs(d)
	h.remote(d)
	h.released(d)
	h.patched(d)
	h.probed(d)
	switch h.role {
	case roleJump:
		h.jump(d)
	case roleRepo:
		h.repository(d)
	case roleCI:
		h.builds(d)
	}
	if h.name == "db-01" || h.name == "app-03" {
		h.repaired(d)
	}
}

// jobs are what cron and systemd start by themselves.
func (h *linux) jobs(d *raw.Day) {
	offset := time.Duration(h.n*7) * time.Second
	d.Every(h.week.cron, offset+time.Minute, func(t time.Time) { h.cron(d, t, "/usr/lib/sysstat/sa1 1 1") })
	d.Every(time.Hour, offset+17*time.Minute, func(t time.Time) { h.cron(d, t, "cd / && run-parts --report /etc/cron.hourly") })
	h.cron(d, d.Start.Add(offset+5*time.Minute), "/usr/sbin/logrotate /etc/logrotate.conf")
	h.say(d, d.Start.Add(offset+5*time.Minute+2*time.Second), "rsyslogd", `[origin software="rsyslogd" swVersion="8.2302.0" x-pid="612" x-info="https://www.rsyslog.com"] rsyslogd was HUPed`)
	for _, hour := range []float64{6, 18} {
		t := d.Within(hour, hour+0.9)
		h.say(d, t, "systemd[1]", "Starting apt-daily.service - Daily apt download activities...")
		h.say(d, t.Add(7*time.Second), "systemd[1]", "Finished apt-daily.service - Daily apt download activities.")
	}
	switch h.role {
	case roleWeb: // certificates are looked at twice a day, and renewed on one of them
		d.Every(12*time.Hour, 3*time.Hour+12*time.Minute+offset, func(t time.Time) { h.cron(d, t, "test -x /usr/bin/certbot && certbot -q renew") })
		d.On(renewed(h.machine), func(t time.Time) {
			h.say(d, t, "systemd[1]", "Reloading nginx.service - A high performance web server and a reverse proxy server...")
			h.say(d, t.Add(time.Second), "systemd[1]", "Reloaded nginx.service - A high performance web server and a reverse proxy server.")
		})
	case roleBatch:
		h.cron(d, d.Start.Add(4*time.Hour+time.Duration(h.n)*time.Minute), "/opt/shop/bin/aggregate --day yesterday")
		if h.name == "batch-02" && d.Start.Weekday() == time.Monday {
			h.cron(d, d.Start.Add(8*time.Hour+30*time.Minute), "/opt/shop/bin/weekly-report --out /srv/report")
		}
	case roleBackup:
		h.cron(d, d.Start.Add(90*time.Minute), "/usr/local/bin/backup-databases.sh")
		h.cron(d, d.Start.Add(130*time.Minute), "/usr/local/bin/backup-files.sh")
	}
}

func (h *linux) cron(d *raw.Day, t time.Time, command string) {
	d.Add(t, raw.CronRun(t, h.name, 1000+d.RNG.IntN(60000), command))
}

// renewed is when a web server's certificate is renewed.
func renewed(m machine) time.Time {
	return during("11-06 03:12:30").Add(time.Duration(m.n*7) * time.Second)
}

// sign is a login that ends within the day's reach, as sshd writes it.
func (h *linux) sign(d *raw.Day, t time.Time, user, from, method string) {
	raw.SSHDAccepted(d, t, h.name, user, from, method)
}

// remote are the logins of people and programs from inside.
func (h *linux) remote(d *raw.Day) {
	w := h.week
	if h.role != roleBackup {
		h.sign(d, d.Start.Add(130*time.Minute+time.Duration(h.n*40)*time.Second), "backup", w.addressOf("backup-01"), "publickey")
	}
	t := d.Start.Add(6*time.Hour + time.Duration(h.n*9)*time.Second) // the configuration is put right every morning
	h.sign(d, t, "ansible", w.addressOf("ci-01"), "publickey")
	d.Add(t.Add(2*time.Second), raw.SudoCommand(t.Add(2*time.Second), h.name, "ansible", "root", "/home/ansible", "/bin/sh -c echo BECOME-SUCCESS-"+fmt.Sprintf("%x", d.RNG.Uint64()>>20)+" ; /usr/bin/python3"))
	d.Every(2*time.Hour, time.Duration(h.n)*11*time.Second, func(t time.Time) { // is sshd there?
		h.say(d, t, raw.Process(d, "sshd"), fmt.Sprintf("Connection closed by %s port %d [preauth]", w.addressOf("mon-01"), 30000+d.RNG.IntN(30000)))
	})
	// The times of cron are changed everywhere by the configuration.
	d.On(during("11-05 10:30:00").Add(time.Duration(h.n*6)*time.Second), func(t time.Time) {
		h.sign(d, t, "ansible", w.addressOf("ci-01"), "publickey")
		d.Add(t.Add(2*time.Second), raw.SudoCommand(t.Add(2*time.Second), h.name, "ansible", "root", "/home/ansible", "/usr/bin/crontab -u root /etc/ansible/root.cron"))
		h.say(d, t.Add(3*time.Second), raw.Process(d, "crontab"), "(root) REPLACE (root)")
		h.say(d, t.Add(50*time.Second), "cron[611]", "(root) RELOAD (crontabs/root)")
	})
	if !d.Workday() || h.role == roleJump {
		return
	}
	d.Scattered(d.RNG.IntN(3), 10, 18, func(t time.Time) { // somebody looks after the host, through the jump host
		e := w.staff[operators+d.RNG.IntN(10)]
		h.sign(d, t, e.name, w.addressOf("jump-01"), "publickey")
		for i := range 1 + d.RNG.IntN(2) {
			u := t.Add(time.Duration(40+i*70) * time.Second)
			d.Add(u, raw.SudoCommand(u, h.name, e.name, "root", "/home/"+e.name, raw.Pick(d.RNG, []string{"/usr/bin/tail -n 300 /var/log/syslog", "/usr/bin/systemctl status nginx", "/usr/bin/journalctl -u shop -n 200", "/usr/bin/df -h", "/usr/bin/apt-get update", "/usr/bin/vim /etc/hosts"})))
		}
	})
}

// released is a deployment as the host sees it.
func (h *linux) released(d *raw.Day) {
	r, ok := releaseOn(d.Start)
	if !ok || !h.deployed() {
		return
	}
	t := r.on(h.machine)
	h.sign(d, t, "deploy", h.week.addressOf("ci-01"), "publickey")
	restart := t.Add(21 * time.Second)
	d.Add(restart, raw.SudoCommand(restart, h.name, "deploy", "root", "/opt/shop", "/usr/bin/systemctl restart shop.service"))
	for i, text := range []string{
		"Stopping shop.service - Shop...", "shop.service: Deactivated successfully.", "Stopped shop.service - Shop.", "Starting shop.service - Shop...", "Started shop.service - Shop.",
	} {
		h.say(d, restart.Add(time.Duration(300+i*900)*time.Millisecond), "systemd[1]", text)
	}
}

// patched is the weekly patching with its start.
func (h *linux) patched(d *raw.Day) {
	at, away, ok := rebooted(h.machine, d.Start)
	if !ok {
		return
	}
	begin := at.Add(-4 * time.Minute)
	h.sign(d, begin, "ansible", h.week.addressOf("ci-01"), "publickey")
	d.Add(begin.Add(2*time.Second), raw.SudoCommand(begin.Add(2*time.Second), h.name, "ansible", "root", "/home/ansible", "/usr/bin/apt-get -y dist-upgrade"))
	d.Add(at.Add(-2*time.Second), raw.SudoCommand(at.Add(-2*time.Second), h.name, "ansible", "root", "/home/ansible", "/usr/sbin/shutdown -r now patching"))
	h.say(d, at.Add(time.Second), "systemd-logind[588]", "The system will reboot now!")
	h.say(d, at.Add(2*time.Second), "rsyslogd", `[origin software="rsyslogd" swVersion="8.2302.0" x-pid="612" x-info="https://www.rsyslog.com"] exiting on signal 15.`)
	h.say(d, at.Add(2500*time.Millisecond), "systemd-journald[301]", "Journal stopped")
	back := at.Add(away)
	h.say(d, back, "systemd-journald[303]", "Journal started")
	h.say(d, back.Add(time.Second), "kernel", "[    0.000000] Linux version 6.1.0-41-amd64 (build@example.com)")
	h.say(d, back.Add(2*time.Second), "rsyslogd", `[origin software="rsyslogd" swVersion="8.2302.0" x-pid="612" x-info="https://www.rsyslog.com"] start`)
	h.say(d, back.Add(4*time.Second), "systemd[1]", "Started ssh.service - OpenBSD Secure Shell server.")
	h.say(d, back.Add(6*time.Second), "systemd[1]", "Reached target multi-user.target - Multi-User System.")
}

// probed is what the company's own scanner leaves on Saturdays.
func (h *linux) probed(d *raw.Day) {
	begin, ok := scanned(d.Start)
	if !ok || h.role == roleScanner {
		return
	}
	from, t := h.week.addressOf("scan-01"), begin.Add(time.Duration(h.n*70)*time.Second)
	for i, text := range []string{
		"error: kex_exchange_identification: client sent invalid protocol identifier \"GET / HTTP/1.0\"", "banner exchange: Connection from %s port 40%03d: invalid format",
		"Unable to negotiate with %s port 41%03d: no matching key exchange method found. Their offer: diffie-hellman-group1-sha1 [preauth]",
		"Did not receive identification string from %s port 42%03d",
	} {
		if i > 0 {
			text = fmt.Sprintf(text, from, d.RNG.IntN(1000))
		}
		h.say(d, t.Add(time.Duration(i*3)*time.Second), raw.Process(d, "sshd"), text)
	}
	for i, name := range []string{"root", "admin", "test"} {
		raw.SSHDFailed(d, t.Add(time.Duration(15+i*4)*time.Second), h.name, "invalid user "+name, from)
	}
}

// repaired is the night's repair by whoever is on call.
func (h *linux) repaired(d *raw.Day) {
	from, _ := trouble()
	d.On(from.Add(9*time.Minute), func(t time.Time) {
		e := h.week.onCall(from)
		h.sign(d, t, e.name, h.week.addressOf("jump-01"), "publickey")
		commands := []string{"/usr/bin/systemctl restart shop.service", "/usr/bin/journalctl -u shop --since 02:50"}
		if h.role == rolePostgres {
			commands = []string{"/usr/bin/psql -c select pid,query from pg_stat_activity shop", "/usr/bin/systemctl restart pgbouncer.service"}
		}
		for i, c := range commands {
			u := t.Add(time.Duration(1+4*i) * time.Minute)
			d.Add(u, raw.SudoCommand(u, h.name, e.name, "root", "/home/"+e.name, c))
		}
	})
}
