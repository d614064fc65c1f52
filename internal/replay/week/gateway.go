package week

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// tunnels are the uses of the VPN on a day: of people who work from elsewhere,
// and of whoever is called at night.
func (w *week) tunnels(start time.Time) []tunnel {
	d := raw.Draws(w.seed, "vpn", start)
	var out []tunnel
	use := func(e *employee, up time.Time, length time.Duration) {
		w.used(e, up, false, func(from string) {
			if from == officeOf(e) {
				return // at the office nobody needs the VPN
			}
			out = append(out, tunnel{who: e, from: from, number: 40000 + d.RNG.IntN(20000), up: up, down: up.Add(length)})
		})
	}
	for _, e := range w.staff {
		up, length, mistyped := d.Within(8.8, 10.5), time.Duration(60+d.RNG.IntN(420))*time.Minute, d.Chance(0.05)
		if !w.working(e, start) || !d.Chance(0.8) {
			continue
		}
		had := len(out)
		use(e, up, length)
		if len(out) > had {
			out[had].mistyped = mistyped
		}
		if d.Chance(0.06) { // something left to do in the evening
			use(e, d.Within(20, 22.5), time.Duration(15+d.RNG.IntN(60))*time.Minute)
		}
	}
	from, _ := trouble()
	d.On(from.Add(5*time.Minute), func(t time.Time) { use(w.onCall(t), t, 40*time.Minute) })
	d.On(during("10-24 02:48:00"), func(t time.Time) { use(w.onCall(t), t, 35*time.Minute) }) // a false alert
	return out
}

// tunnel is one use of the VPN.
type tunnel struct {
	who      *employee
	from     string
	number   int
	up, down time.Time
	mistyped bool
}

// gateway is a day of the VPN appliance and firewall: people's tunnels, what
// the internet tries, and the appliance's own state.
func (w *week) gateway(d *raw.Day) {
	d.Every(15*time.Minute, 2*time.Minute, func(t time.Time) { d.Add(t, raw.VPNState(t, d.RNG)) })
	for _, u := range w.tunnels(d.Start) {
		if u.mistyped {
			t := u.up.Add(-17 * time.Second)
			d.Add(t, raw.VPNEvent(t, "ssl-login-fail", u.who.name, u.from, 0, "0.0.0.0", "sslvpn_login_permission_denied"))
		}
		d.Add(u.up, raw.VPNEvent(u.up, "tunnel-up", u.who.name, u.from, u.number, u.who.tunnel(), "tunnel established"))
		d.Add(u.down, raw.VPNEvent(u.down, "tunnel-down", u.who.name, u.from, u.number, u.who.tunnel(), "User requested termination of service"))
	}
	// Somebody on the internet always guesses names that nobody has.
	d.Scattered(50+d.RNG.IntN(40), 0, 24, func(t time.Time) {
		d.Add(t, raw.VPNEvent(t, "ssl-login-fail", raw.Pick(d.RNG, raw.Guessed()), raw.Stranger(d), 0, "0.0.0.0", "sslvpn_login_unknown_user"))
	})
	d.Scattered(400+d.RNG.IntN(100), 0, 24, func(t time.Time) {
		d.Add(t, refusedPacket(t, raw.Stranger(d), 1024+d.RNG.IntN(60000), raw.Pick(d.RNG, []int{22, 23, 445, 3389, 5432, 8080, 8443}), d.RNG.IntN(1<<20)))
	})
	d.On(during("11-06 11:20:00"), func(t time.Time) { // the planned change of a rule, from the administrator's desk
		d.Add(t, appliance(t, "0100032001", "login", fmt.Sprintf(`user="%s" ui="https(%s)" status="success" msg="Administrator logged in"`, w.staff[itAdmin].name, w.staff[itAdmin].lan())))
		t = t.Add(3 * time.Minute)
		d.Add(t, appliance(t, "0100044547", "Edit", fmt.Sprintf(`user="%s" ui="GUI(%s)" cfgpath="firewall.policy" cfgobj="41" msg="Edit firewall.policy 41"`, w.staff[itAdmin].name, w.staff[itAdmin].lan())))
	})
}

// refusedPacket is a connection that the firewall did not let in.
func refusedPacket(at time.Time, from string, port, to, session int) string {
	return fmt.Sprintf(`date=%s time=%s devname="fgt-01" devid="FG100D3G18000001" eventtime=%d tz="+0900" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=%s srcport=%d dstip=%s dstport=%d proto=6 action="deny" policyid=0 sessionid=%d sentbyte=0 rcvdbyte=0`,
		at.Format("2006-01-02"), at.Format("15:04:05"), at.Unix(), from, port, tokyoOffice, to, session)
}

// appliance is what happens on the appliance itself.
func appliance(at time.Time, id, action, rest string) string {
	return fmt.Sprintf(`date=%s time=%s devname="fgt-01" devid="FG100D3G18000001" eventtime=%d tz="+0900" logid="%s" type="event" subtype="system" level="information" vd="root" action="%s" %s`,
		at.Format("2006-01-02"), at.Format("15:04:05"), at.Unix(), id, action, rest)
}

// monitoring is a day of checks and alerts.
func (w *week) monitoring(d *raw.Day) {
	d.Every(10*time.Minute, time.Minute, func(t time.Time) {
		d.Add(t, raw.MonitorLine(t, "info", "mon-01", "summary", fmt.Sprintf("checks ok %d", 412+d.RNG.IntN(6))))
	})
	for _, m := range w.machines {
		if at, away, ok := rebooted(m, d.Start); ok && m.role != roleMonitor {
			d.Add(at.Add(time.Minute), raw.MonitorLine(at.Add(time.Minute), "warning", m.name, "ping", "host unreachable (in maintenance)"))
			d.Add(at.Add(away), raw.MonitorLine(at.Add(away), "info", m.name, "ping", "host back"))
		}
	}
	from, to := trouble()
	d.On(from, func(t time.Time) {
		d.Add(t, raw.MonitorLine(t, "critical", "db-01", "latency", "queries take 8.4 s"))
		d.Add(t.Add(time.Minute), raw.MonitorLine(t.Add(time.Minute), "critical", "app-03", "http", "5xx above 20 %"))
	})
	d.On(to, func(t time.Time) { d.Add(t, raw.MonitorLine(t, "info", "db-01", "latency", "back to normal")) })
}
