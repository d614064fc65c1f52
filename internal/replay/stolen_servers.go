package replay

import (
	"fmt"
	"slices"
	"time"
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
func (h *server) authLog(d *day) {
	for t := d.start.Add(time.Duration(h.index) * time.Second); t.Before(d.start.AddDate(0, 0, 1)); t = t.Add(h.rhythm()) {
		d.add(t, cronRun(t, h.name, 1000+d.rng.IntN(60000), pick(d.rng, []string{"/opt/game/bin/rotate", "/opt/game/bin/collect", "/usr/lib/sysstat/sa1 1 1"})))
	}
	logins := 1 + d.rng.IntN(3)
	if !d.workday() {
		logins = d.rng.IntN(2)
	}
	for range logins {
		p, t := pick(d.rng, h.people[5:]), d.within(10, 19)
		sshdAccepted(d, t, h.name, "deploy", fmt.Sprintf("10.10.0.%d", 20+len(p.name)*3), "publickey")
		if d.chance(0.5) {
			u := t.Add(90 * time.Second)
			d.add(u, sudoCommand(u, h.name, "deploy", "root", "/home/deploy", pick(d.rng, []string{"/bin/systemctl restart game", "/usr/bin/tail -n 200 /var/log/game/error.log", "/usr/bin/apt-get update"})))
		}
	}
	if d.chance(0.1) {
		sshdFailed(d, d.within(9, 23), h.name, "deploy", "10.10.0.44")
	}
	if d.start.Day() == 15 { // a deployment at night
		t := d.within(1, 3)
		sshdAccepted(d, t, h.name, "deploy", "10.10.0.9", "publickey")
	}
	h.attack(d)
}

// attack is what the first and the second intrusion left in the auth log.
func (h *server) attack(d *day) {
	if !h.ran.IsZero() {
		on(d, h.ran.Add(-20*time.Second), func(t time.Time) { sshdAccepted(d, t, h.name, "common", "10.30.0.250", "password") })
		if h.index < wiped {
			on(d, h.ran.Add(time.Second), func(t time.Time) {
				d.add(t, sudoCommand(t, h.name, "common", "root", "/var/tmp", "/bin/bash /var/tmp/.x/clean.sh"))
			})
		}
	}
	if h.name == "dev-01" {
		on(d, at("03-03 15:12:09"), func(t time.Time) { sshdAccepted(d, t, h.name, "B", pool(87), "password") })
		on(d, at("03-03 17:37:40"), func(t time.Time) { sshdAccepted(d, t, h.name, "B", pool(93), "password") })
	}
}

// auditLog is a day of the kernel's audit: a program now and then, and the
// script that deleted the system. The serials count up in time order, as the
// kernel's do.
func (h *server) auditLog(d *day) {
	cleanups := make([]time.Time, 2+d.rng.IntN(3))
	for i := range cleanups {
		cleanups[i] = d.within(0, 24)
	}
	slices.SortFunc(cleanups, time.Time.Compare)
	attack := h.ran
	for _, t := range cleanups {
		if !attack.IsZero() && attack.Before(t) {
			on(d, attack, func(t time.Time) { h.script(d, t) })
			attack = time.Time{}
		}
		d.add(t, execve(d.rng, t, h.nextSerial(), "0", "/usr/bin/find", "find", "/opt/game/tmp", "-mtime", "+7", "-delete"))
	}
	if !attack.IsZero() {
		on(d, attack, func(t time.Time) { h.script(d, t) })
	}
}

// script is the destructive script put on the host and, on those that did not
// survive, run.
func (h *server) script(d *day, t time.Time) {
	const script = "/var/tmp/.x/clean.sh"
	d.add(t, created(d.rng, t, h.nextSerial(), "/usr/bin/scp", script))
	if h.index >= wiped {
		return // it lay there and was never run
	}
	ran := t.Add(900 * time.Millisecond)
	d.add(ran, execve(d.rng, ran, h.nextSerial(), "0", "/bin/bash", "/bin/bash", script))
	gone := t.Add(time.Second)
	d.add(gone, execve(d.rng, gone, h.nextSerial(), "0", "/bin/rm", "rm", "-rf", "--no-preserve-root", "/boot", "/etc", "/usr", "/var"))
}

// nextSerial is the serial of the host's next audit event.
func (h *server) nextSerial() int {
	h.serial++
	return h.serial
}

// database is a day of one database server's audit: the game's connections,
// the nightly backup and the second attack. Once its databases are dropped the
// game is refused with "unknown database" (1049).
func (s *stolen) database(d *day, name string, n int) {
	conn := int(d.start.Unix()/86400) % 10000 * 100
	id := conn * 37
	from, gone := fmt.Sprintf("10.30.0.%d", 20+n), droppedFrom(name, n).Add(4*time.Second)
	line := func(t time.Time, user, from string, id int, op, db, what string, code int) {
		d.add(t, mariadbAudit(t, name, user, from, conn, id, op, db, what, code))
	}
	for t := d.start.Add(time.Duration(n) * time.Minute); t.Before(d.start.AddDate(0, 0, 1)); t = t.Add(s.queries) {
		conn, id = conn+1, id+d.rng.IntN(900)+3
		if t.After(gone) {
			line(t, "game", from, 0, "FAILED_CONNECT", "game", "", 1049)
			continue
		}
		q := pick(d.rng, []string{"SELECT id,level FROM players WHERE id=%d", "UPDATE players SET gold=gold+10 WHERE id=%d", "SELECT count(*) FROM gacha_log WHERE player=%d"})
		line(t, "game", from, 0, "CONNECT", "game", "", 0)
		line(t, "game", from, id, "QUERY", "game", fmt.Sprintf(q, d.rng.IntN(2_000_000)), 0)
		line(t.Add(time.Second), "game", from, 0, "DISCONNECT", "game", "", 0)
	}
	conn++
	night := d.start.Add(4*time.Hour + time.Duration(n)*7*time.Minute)
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
func (s *stolen) dropped(d *day, name string, n, conn, id int) {
	from := pool(71)
	if name == "db-dev" {
		from = pool(93)
	}
	on(d, droppedFrom(name, n), func(t time.Time) {
		d.add(t, mariadbAudit(t, name, "root", from, conn, 0, "CONNECT", "", "", 0))
		d.add(t.Add(2*time.Second), mariadbAudit(t.Add(2*time.Second), name, "root", from, conn, id, "QUERY", "", "SHOW DATABASES", 0))
		for i, db := range []string{"game", "master", "log", "gacha"} {
			u := t.Add(time.Duration(4+i) * time.Second)
			d.add(u, mariadbAudit(u, name, "root", from, conn, id+1+i, "QUERY", db, "DROP DATABASE "+db, 0))
		}
	})
}
