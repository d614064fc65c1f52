package stolen

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// vpnStopped is when the VPN was stopped for everyone.
func vpnStopped() time.Time { return at("03-03 21:00:00") }

// session is one everyday use of the VPN.
type session struct {
	user, from, assigned string
	tunnel               int
	up, down             time.Time
	mistyped             bool // a refused password came first
}

// sessions are the everyday uses of the VPN on a day; the appliance and the
// authentication server tell of the same ones. A, B and C were on the way on
// 3 March and could not have used it, which is what gave the intruder away.
func (s *stolen) sessions(start time.Time) []session {
	d := raw.Draws(s.seed, "vpn sessions", start)
	share := 0.9
	if !d.Workday() {
		share = 0.3
	}
	var out []session
	for i, p := range s.people {
		u := session{
			user: p.Name, assigned: pool(i), tunnel: 70000 + d.RNG.IntN(9000),
			up: d.Within(8, 22), mistyped: d.Chance(0.06),
		}
		u.down = u.up.Add(time.Duration(20+d.RNG.IntN(200)) * time.Minute)
		u.from = p.Place(u.up)
		away := i < 3 && !vpnStopped().Before(start) && vpnStopped().Before(start.AddDate(0, 0, 1))
		if !d.Chance(share) || u.from == raw.Office || away || !u.up.Before(vpnStopped()) {
			continue // at the office nobody needs the VPN
		}
		if u.down.After(vpnStopped()) {
			u.down = vpnStopped()
		}
		out = append(out, u)
	}
	return out
}

// vpn is a day of the VPN appliance: sessions, and the state of the appliance
// itself, which goes on after the VPN was stopped.
func (s *stolen) vpn(d *raw.Day) {
	for t := d.Start.Add(2 * time.Minute); t.Before(d.Start.AddDate(0, 0, 1)); t = t.Add(15 * time.Minute) {
		d.Add(t, raw.VPNState(t, d.RNG))
	}
	for _, u := range s.sessions(d.Start) {
		if u.mistyped {
			t := u.up.Add(-15 * time.Second)
			d.Add(t, raw.VPNEvent(t, "ssl-login-fail", u.user, u.from, 0, "0.0.0.0", "sslvpn_login_permission_denied"))
		}
		d.Add(u.up, raw.VPNEvent(u.up, "tunnel-up", u.user, u.from, u.tunnel, u.assigned, "tunnel established"))
		d.Add(u.down, raw.VPNEvent(u.down, "tunnel-down", u.user, u.from, u.tunnel, u.assigned, "User requested termination of service"))
	}
	for _, f := range vpnFacts() {
		d.On(f.when, func(t time.Time) {
			d.Add(t, raw.VPNEvent(t, f.action, f.user, addressX, f.tunnel, f.assigned, f.reason))
		})
	}
}

type vpnFact struct {
	when                           time.Time
	action, user, assigned, reason string
	tunnel                         int
}

// vpnFacts are the sessions of 3 March, to the second. The report does not
// give the ends of B's first two.
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

// auth is a day of the authentication server: what the VPN asks it, and its
// own jobs, by which its silence could be told.
func (s *stolen) auth(d *raw.Day) {
	for t := d.Start.Add(7 * time.Minute); t.Before(d.Start.AddDate(0, 0, 1)); t = t.Add(15 * time.Minute) {
		d.Add(t, raw.CronRun(t, "radius-01", 1000+d.RNG.IntN(60000), "/usr/lib/sysstat/sa1 1 1"))
	}
	for _, u := range s.sessions(d.Start) {
		if u.mistyped {
			t := u.up.Add(-15 * time.Second)
			d.Add(t, radius(d, t, "Login incorrect", u.user, u.from))
		}
		d.Add(u.up, radius(d, u.up, "Login OK", u.user, u.from))
	}
	for _, f := range vpnFacts() {
		switch f.action {
		case "tunnel-up":
			d.On(f.when, func(t time.Time) { d.Add(t, radius(d, t, "Login OK", f.user, addressX)) })
		case "ssl-login-fail":
			d.On(f.when, func(t time.Time) { d.Add(t, radius(d, t, "Login incorrect", f.user, addressX)) })
		}
	}
}

// radius is a line of FreeRADIUS as it logs to syslog, with the address of the
// caller as the VPN appliance states it (Calling-Station-Id).
func radius(d *raw.Day, t time.Time, result, user, from string) string {
	return raw.SyslogLine(t, "radius-01", "radiusd[812]", fmt.Sprintf("(%d) %s: [%s] (from client fgt-01 port %d cli %s)", d.RNG.IntN(9000), result, user, d.RNG.IntN(60), from))
}
