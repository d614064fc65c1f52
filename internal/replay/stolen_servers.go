package replay

import (
	"fmt"
	"time"
)

// server is one host of the estate.
type server struct {
	*stolen
	name  string
	index int
	gone  time.Time // when it was wiped; zero for those that survived
	ran   time.Time // when the script was created on it
}

func (s *stolen) host(i int) *server {
	h := &server{stolen: s, name: hostName(i), index: i}
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

// authLog is a day of sshd, sudo and cron.
func (h *server) authLog(d *day) {
	for t := d.start.Add(time.Duration(h.index) * time.Second); t.Before(d.start.AddDate(0, 0, 1)); t = t.Add(h.every) {
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
// script that deleted the system.
func (h *server) auditLog(d *day) {
	serial := int(d.start.Unix()/86400)*100 + h.index
	for range 2 + d.rng.IntN(3) {
		t := d.within(0, 24)
		serial++
		d.add(t, execve(d.rng, t, serial, "0", "/usr/bin/find", "find", "/opt/game/tmp", "-mtime", "+7", "-delete"))
	}
	if h.ran.IsZero() {
		return
	}
	const script = "/var/tmp/.x/clean.sh"
	on(d, h.ran, func(t time.Time) {
		d.add(t, created(d.rng, t, serial+1, "/usr/bin/scp", script))
		if h.index >= wiped {
			return // it lay there and was never run
		}
		d.add(t.Add(900*time.Millisecond), execve(d.rng, t.Add(900*time.Millisecond), serial+2, "0", "/bin/bash", "/bin/bash", script))
		d.add(t.Add(time.Second), execve(d.rng, t.Add(time.Second), serial+3, "0", "/bin/rm", "rm", "-rf", "--no-preserve-root", "/boot", "/etc", "/usr", "/var"))
	})
}

// database is a day of one database server's audit.
func (s *stolen) database(d *day, name string, n int) {
	conn := int(d.start.Unix()/86400) % 10000 * 100
	id := conn * 37
	for t := d.start.Add(time.Duration(n) * time.Minute); t.Before(d.start.AddDate(0, 0, 1)); t = t.Add(30 * time.Minute) {
		conn, id = conn+1, id+d.rng.IntN(900)+3
		from := fmt.Sprintf("10.30.0.%d", 20+n)
		d.add(t, mariadbAudit(t, name, "game", from, conn, 0, "CONNECT", "game", "", 0))
		q := pick(d.rng, []string{"SELECT id,level FROM players WHERE id=%d", "UPDATE players SET gold=gold+10 WHERE id=%d", "SELECT count(*) FROM gacha_log WHERE player=%d"})
		d.add(t, mariadbAudit(t, name, "game", from, conn, id, "QUERY", "game", fmt.Sprintf(q, d.rng.IntN(2_000_000)), 0))
		d.add(t.Add(time.Second), mariadbAudit(t.Add(time.Second), name, "game", from, conn, 0, "DISCONNECT", "game", "", 0))
	}
	night := d.start.Add(4*time.Hour + time.Duration(n)*7*time.Minute)
	d.add(night, mariadbAudit(night, name, "backup", "10.30.0.240", conn+1, 0, "CONNECT", "", "", 0))
	d.add(night.Add(time.Second), mariadbAudit(night.Add(time.Second), name, "backup", "10.30.0.240", conn+1, id+1, "QUERY", "game", "SELECT /*!40001 SQL_NO_CACHE */ * FROM `players`", 0))
	s.dropped(d, name, n, conn+2, id+2)
}

// dropped is the second attack: every database dropped by the administrator,
// from A's tunnel first, later from B's.
func (s *stolen) dropped(d *day, name string, n, conn, id int) {
	start, from := at("03-03 15:00:21").Add(time.Duration(n)*47*time.Second), pool(71)
	if name == "db-dev" {
		start, from = at("03-03 17:38:12"), pool(93)
	}
	on(d, start, func(t time.Time) {
		d.add(t, mariadbAudit(t, name, "root", from, conn, 0, "CONNECT", "", "", 0))
		d.add(t.Add(2*time.Second), mariadbAudit(t.Add(2*time.Second), name, "root", from, conn, id, "QUERY", "", "SHOW DATABASES", 0))
		for i, db := range []string{"game", "master", "log", "gacha"} {
			u := t.Add(time.Duration(4+i) * time.Second)
			d.add(u, mariadbAudit(u, name, "root", from, conn, id+1+i, "QUERY", db, "DROP DATABASE "+db, 0))
		}
	})
}

// vpn is a day of the VPN appliance.
func (s *stolen) vpn(d *day) {
	for i, p := range s.people {
		share := 0.9
		if !d.workday() {
			share = 0.3
		}
		if !d.chance(share) {
			continue
		}
		t, tunnel := d.within(8, 22), 70000+d.rng.IntN(9000)
		from := p.place(t)
		if from == office {
			continue // at the office nobody needs the VPN
		}
		if d.chance(0.06) {
			d.add(t.Add(-15*time.Second), vpnEvent(t.Add(-15*time.Second), "ssl-login-fail", p.name, from, 0, "0.0.0.0", "sslvpn_login_permission_denied"))
		}
		d.add(t, vpnEvent(t, "tunnel-up", p.name, from, tunnel, pool(i), "tunnel established"))
		end := t.Add(time.Duration(20+d.rng.IntN(200)) * time.Minute)
		d.add(end, vpnEvent(end, "tunnel-down", p.name, from, tunnel, pool(i), "User requested termination of service"))
	}
	for _, f := range vpnFacts() {
		on(d, f.when, func(t time.Time) { d.add(t, vpnEvent(t, f.action, f.user, addressX, f.tunnel, f.assigned, f.reason)) })
	}
}

type vpnFact struct {
	when                           time.Time
	action, user, assigned, reason string
	tunnel                         int
}

// vpnFacts are the sessions of 3 March, to the second.
func vpnFacts() []vpnFact {
	up, down := "tunnel established", "User requested termination of service"
	return []vpnFact{
		{at("03-03 11:08:34"), "tunnel-up", "A", pool(71), up, 81001},
		{at("03-03 14:59:44"), "ssl-login-fail", "C", "0.0.0.0", "sslvpn_login_permission_denied", 0},
		{at("03-03 15:10:26"), "tunnel-up", "B", pool(87), up, 81002},
		{at("03-03 15:13:40"), "tunnel-down", "A", pool(71), down, 81001},
		{at("03-03 15:31:10"), "tunnel-down", "B", pool(87), down, 81002},
		{at("03-03 15:33:01"), "tunnel-up", "B", pool(88), up, 81003},
		{at("03-03 17:30:44"), "tunnel-down", "B", pool(88), down, 81003},
		{at("03-03 17:36:35"), "tunnel-up", "B", pool(93), up, 81004},
		{at("03-03 20:17:11"), "tunnel-down", "B", pool(93), down, 81004},
	}
}

// auth is a day of the authentication server that the VPN asks.
func (s *stolen) auth(d *day) {
	for _, f := range vpnFacts() {
		if f.action != "tunnel-up" {
			continue
		}
		on(d, f.when, func(t time.Time) { d.add(t, radius(t, d, "Login OK", f.user)) })
	}
	for _, p := range s.people {
		if d.chance(0.4) {
			t := d.within(8, 22)
			d.add(t, radius(t, d, "Login OK", p.name))
		}
	}
}

func radius(t time.Time, d *day, result, user string) string {
	return syslogLine(t, "radius-01", "radiusd[812]", fmt.Sprintf("(%d) %s: [%s] (from client fgt-01 port %d)", d.rng.IntN(9000), result, user, d.rng.IntN(60)))
}
