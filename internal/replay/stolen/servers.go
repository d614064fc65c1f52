package stolen

import (
	"fmt"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// server is one host of the estate.
type server struct {
	*stolen
	name   string
	index  int
	gone   time.Time // when it was wiped; zero for those that survived
	ran    time.Time // when the script was created on it
	serial int       // of the last audit event
}

func (s *stolen) host(i int) *server {
	h := &server{stolen: s, name: hostName(i), index: i, serial: 4000 + 997*i}
	switch {
	case i < firstGroup:
		h.ran = at("03-01 12:12:50")
	case i < spared:
		h.ran = at("03-01 12:13:00")
	}
	if i < wiped {
		h.gone = h.ran.Add(3 * time.Second)
	}
	return h
}

// pool is an address that the VPN hands out.
func pool(n int) string { return fmt.Sprintf("10.20.0.%d", 10+n%200) }

// rhythm is how often cron runs. The log aggregator's own job runs every other
// minute, so that its silence is told within five.
func (h *server) rhythm() time.Duration {
	if h.index == 0 {
		return min(h.every, 2*time.Minute)
	}
	return h.every
}

// authLog is a day of sshd, sudo and cron.
func (h *server) authLog(d *raw.Day) {
	for t := d.Start.Add(time.Duration(h.index) * time.Second); t.Before(d.Start.AddDate(0, 0, 1)); t = t.Add(h.rhythm()) {
		d.Add(t, raw.CronRun(t, h.name, 1000+d.RNG.IntN(60000), raw.Pick(d.RNG, []string{"/opt/game/bin/rotate", "/opt/game/bin/collect", "/usr/lib/sysstat/sa1 1 1"})))
	}
	logins := 1 + d.RNG.IntN(3)
	if !d.Workday() {
		logins = d.RNG.IntN(2)
	}
	for range logins {
		p, t := raw.Pick(d.RNG, h.people[5:]), d.Within(10, 19)
		raw.SSHDAccepted(d, t, h.name, "deploy", fmt.Sprintf("10.10.0.%d", 20+len(p.Name)*3), "publickey")
		if d.Chance(0.5) {
			u := t.Add(90 * time.Second)
			d.Add(u, raw.SudoCommand(u, h.name, "deploy", "root", "/home/deploy", raw.Pick(d.RNG, []string{"/bin/systemctl restart game", "/usr/bin/tail -n 200 /var/log/game/error.log", "/usr/bin/apt-get update"})))
		}
	}
	if d.Chance(0.1) {
		raw.SSHDFailed(d, d.Within(9, 23), h.name, "deploy", "10.10.0.44")
	}
	if d.Start.Day() == 15 { // a deployment at night
		t := d.Within(1, 3)
		raw.SSHDAccepted(d, t, h.name, "deploy", "10.10.0.9", "publickey")
	}
	h.attack(d)
}

// attack is what the first and the second intrusion left in the auth log.
func (h *server) attack(d *raw.Day) {
	if !h.ran.IsZero() {
		d.On(h.ran.Add(-20*time.Second), func(t time.Time) { raw.SSHDAccepted(d, t, h.name, "common", "10.30.0.250", "password") })
		if h.index < wiped {
			d.On(h.ran.Add(time.Second), func(t time.Time) {
				d.Add(t, raw.SudoCommand(t, h.name, "common", "root", "/var/tmp", "/bin/bash /var/tmp/.x/clean.sh"))
			})
		}
	}
	if h.name == "dev-01" {
		d.On(at("03-03 15:12:09"), func(t time.Time) { raw.SSHDAccepted(d, t, h.name, "B", pool(87), "password") })
		d.On(at("03-03 17:37:40"), func(t time.Time) { raw.SSHDAccepted(d, t, h.name, "B", pool(93), "password") })
	}
}

// auditLog is a day of the kernel's audit: a program now and then, and the
// script that deleted the system. The serials count up in time order, as the
// kernel's do.
func (h *server) auditLog(d *raw.Day) {
	cleanups := make([]time.Time, 2+d.RNG.IntN(3))
	for i := range cleanups {
		cleanups[i] = d.Within(0, 24)
	}
	slices.SortFunc(cleanups, time.Time.Compare)
	attack := h.ran
	for _, t := range cleanups {
		if !attack.IsZero() && attack.Before(t) {
			d.On(attack, func(t time.Time) { h.script(d, t) })
			attack = time.Time{}
		}
		d.Add(t, raw.Execve(d.RNG, t, h.nextSerial(), "0", "/usr/bin/find", "find", "/opt/game/tmp", "-mtime", "+7", "-delete"))
	}
	if !attack.IsZero() {
		d.On(attack, func(t time.Time) { h.script(d, t) })
	}
}

// script is the destructive script put on the host and, on those that did not
// survive, run.
func (h *server) script(d *raw.Day, t time.Time) {
	const script = "/var/tmp/.x/clean.sh"
	d.Add(t, raw.Created(d.RNG, t, h.nextSerial(), "/usr/bin/scp", script))
	if h.index >= wiped {
		return // it lay there and was never run
	}
	ran := t.Add(900 * time.Millisecond)
	d.Add(ran, raw.Execve(d.RNG, ran, h.nextSerial(), "0", "/bin/bash", "/bin/bash", script))
	gone := t.Add(time.Second)
	d.Add(gone, raw.Execve(d.RNG, gone, h.nextSerial(), "0", "/bin/rm", "rm", "-rf", "--no-preserve-root", "/boot", "/etc", "/usr", "/var"))
}

// nextSerial is the serial of the host's next audit event.
func (h *server) nextSerial() int {
	h.serial++
	return h.serial
}

// database is a day of one database server's audit: the game's connections,
// the nightly backup and the second attack. Once its databases are dropped the
// game is refused with "unknown database" (1049).
func (s *stolen) database(d *raw.Day, name string, n int) {
	conn := int(d.Start.Unix()/86400) % 10000 * 100
	id := conn * 37
	from, gone := fmt.Sprintf("10.30.0.%d", 20+n), droppedFrom(name, n).Add(4*time.Second)
	line := func(t time.Time, user, from string, id int, op, db, what string, code int) {
		d.Add(t, raw.MariadbAudit(t, name, user, from, conn, id, op, db, what, code))
	}
	for t := d.Start.Add(time.Duration(n) * time.Minute); t.Before(d.Start.AddDate(0, 0, 1)); t = t.Add(s.queries) {
		conn, id = conn+1, id+d.RNG.IntN(900)+3
		if t.After(gone) {
			line(t, "game", from, 0, "FAILED_CONNECT", "game", "", 1049)
			continue
		}
		q := raw.Pick(d.RNG, []string{"SELECT id,level FROM players WHERE id=%d", "UPDATE players SET gold=gold+10 WHERE id=%d", "SELECT count(*) FROM gacha_log WHERE player=%d"})
		line(t, "game", from, 0, "CONNECT", "game", "", 0)
		line(t, "game", from, id, "QUERY", "game", fmt.Sprintf(q, d.RNG.IntN(2_000_000)), 0)
		line(t.Add(time.Second), "game", from, 0, "DISCONNECT", "game", "", 0)
	}
	conn++
	night := d.Start.Add(4*time.Hour + time.Duration(n)*7*time.Minute)
	line(night, "backup", "10.30.0.240", 0, "CONNECT", "", "", 0)
	if night.Before(gone) {
		line(night.Add(time.Second), "backup", "10.30.0.240", id+1, "QUERY", "game", "SELECT /*!40001 SQL_NO_CACHE */ * FROM `players`", 0)
	}
	s.dropped(d, name, n, conn+1, id+2)
}

// droppedFrom is when the second attack reaches a database server, just before
// the first statement: those of production one after another from 15:00 on,
// that of development later.
func droppedFrom(name string, n int) time.Time {
	if name == "db-dev" {
		return at("03-03 17:38:12")
	}
	return at("03-03 15:00:21").Add(time.Duration(n) * 47 * time.Second)
}

// dropped is the second attack: every database dropped by the administrator,
// from A's tunnel first, later from B's.
func (s *stolen) dropped(d *raw.Day, name string, n, conn, id int) {
	from := pool(71)
	if name == "db-dev" {
		from = pool(93)
	}
	d.On(droppedFrom(name, n), func(t time.Time) {
		d.Add(t, raw.MariadbAudit(t, name, "root", from, conn, 0, "CONNECT", "", "", 0))
		d.Add(t.Add(2*time.Second), raw.MariadbAudit(t.Add(2*time.Second), name, "root", from, conn, id, "QUERY", "", "SHOW DATABASES", 0))
		for i, db := range []string{"game", "master", "log", "gacha"} {
			u := t.Add(time.Duration(4+i) * time.Second)
			d.Add(u, raw.MariadbAudit(u, name, "root", from, conn, id+1+i, "QUERY", db, "DROP DATABASE "+db, 0))
		}
	})
}
