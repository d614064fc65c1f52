package replay

import (
	"fmt"
	"time"
)

// tunnels are the uses of the VPN on a day: of people who work from elsewhere,
// and of whoever is called at night.
func (w *week) tunnels(start time.Time) []tunnel {
	d := w.draws("vpn", start)
	var out []tunnel
	use := func(e *employee, up time.Time, length time.Duration) {
		w.used(e, up, false, func(from string) {
			if from == officeOf(e) {
				return // at the office nobody needs the VPN
			}
			out = append(out, tunnel{who: e, from: from, number: 40000 + d.rng.IntN(20000), up: up, down: up.Add(length)})
		})
	}
	for _, e := range w.staff {
		up, length, mistyped := d.within(8.8, 10.5), time.Duration(60+d.rng.IntN(420))*time.Minute, d.chance(0.05)
		if !w.working(e, start) || !d.chance(0.8) {
			continue
		}
		had := len(out)
		use(e, up, length)
		if len(out) > had {
			out[had].mistyped = mistyped
		}
		if d.chance(0.06) { // something left to do in the evening
			use(e, d.within(20, 22.5), time.Duration(15+d.rng.IntN(60))*time.Minute)
		}
	}
	from, _ := trouble()
	on(d, from.Add(5*time.Minute), func(t time.Time) { use(w.onCall(t), t, 40*time.Minute) })
	on(d, during("10-24 02:48:00"), func(t time.Time) { use(w.onCall(t), t, 35*time.Minute) }) // a false alert
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
func (w *week) gateway(d *day) {
	d.every(15*time.Minute, 2*time.Minute, func(t time.Time) { d.add(t, vpnState(t, d.rng)) })
	for _, u := range w.tunnels(d.start) {
		if u.mistyped {
			t := u.up.Add(-17 * time.Second)
			d.add(t, vpnEvent(t, "ssl-login-fail", u.who.name, u.from, 0, "0.0.0.0", "sslvpn_login_permission_denied"))
		}
		d.add(u.up, vpnEvent(u.up, "tunnel-up", u.who.name, u.from, u.number, u.who.tunnel(), "tunnel established"))
		d.add(u.down, vpnEvent(u.down, "tunnel-down", u.who.name, u.from, u.number, u.who.tunnel(), "User requested termination of service"))
	}
	// Somebody on the internet always guesses names that nobody has.
	d.scattered(50+d.rng.IntN(40), 0, 24, func(t time.Time) {
		d.add(t, vpnEvent(t, "ssl-login-fail", pick(d.rng, guessed()), stranger(d), 0, "0.0.0.0", "sslvpn_login_unknown_user"))
	})
	d.scattered(400+d.rng.IntN(100), 0, 24, func(t time.Time) {
		d.add(t, refusedPacket(t, stranger(d), 1024+d.rng.IntN(60000), pick(d.rng, []int{22, 23, 445, 3389, 5432, 8080, 8443}), d.rng.IntN(1<<20)))
	})
	on(d, during("11-06 11:20:00"), func(t time.Time) { // the planned change of a rule, from the administrator's desk
		d.add(t, appliance(t, "0100032001", "login", fmt.Sprintf(`user="%s" ui="https(%s)" status="success" msg="Administrator logged in"`, w.staff[itAdmin].name, w.staff[itAdmin].lan())))
		t = t.Add(3 * time.Minute)
		d.add(t, appliance(t, "0100044547", "Edit", fmt.Sprintf(`user="%s" ui="GUI(%s)" cfgpath="firewall.policy" cfgobj="41" msg="Edit firewall.policy 41"`, w.staff[itAdmin].name, w.staff[itAdmin].lan())))
	})
}

// guessed are the account names that guessing tries first.
func guessed() []string {
	return []string{"admin", "root", "test", "guest", "user", "oracle", "postgres", "ubuntu", "pi", "support", "vpn", "info"}
}

// stranger is an address of the internet that has no business here.
func stranger(d *day) string {
	return fmt.Sprintf("%s.%d", pick(d.rng, []string{"203.0.113", "198.51.100"}), 1+d.rng.IntN(254))
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
func (w *week) monitoring(d *day) {
	d.every(10*time.Minute, time.Minute, func(t time.Time) {
		d.add(t, monitorLine(t, "info", "mon-01", "summary", fmt.Sprintf("checks ok %d", 412+d.rng.IntN(6))))
	})
	for _, m := range w.machines {
		if at, away, ok := rebooted(m, d.start); ok && m.role != roleMonitor {
			d.add(at.Add(time.Minute), monitorLine(at.Add(time.Minute), "warning", m.name, "ping", "host unreachable (in maintenance)"))
			d.add(at.Add(away), monitorLine(at.Add(away), "info", m.name, "ping", "host back"))
		}
	}
	from, to := trouble()
	on(d, from, func(t time.Time) {
		d.add(t, monitorLine(t, "critical", "db-01", "latency", "queries take 8.4 s"))
		d.add(t.Add(time.Minute), monitorLine(t.Add(time.Minute), "critical", "app-03", "http", "5xx above 20 %"))
	})
	on(d, to, func(t time.Time) { d.add(t, monitorLine(t, "info", "db-01", "latency", "back to normal")) })
}
