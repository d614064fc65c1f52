package ransomware

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// visit is one use of the stolen account: its tunnel and the remote desktop
// session in it.
type visit struct {
	up, desktop, down time.Time
	assigned          string
	tunnel            int
}

// sessionsOfIntruder are the tunnels of the stolen account. In the first one
// only the domain controller was asked.
func sessionsOfIntruder() []visit {
	return []visit{
		{at("06-01 02:14:37"), time.Time{}, at("06-01 02:52:10"), "10.212.134.61", 91001},
		{at("06-03 23:36:12"), at("06-03 23:41:30"), at("06-04 02:40:05"), "10.212.134.63", 91002},
		{at("06-04 23:50:20"), at("06-04 23:52:02"), at("06-05 03:20:44"), "10.212.134.66", 91003},
	}
}

// home reports whether somebody works from home on a day; one who left does
// not work at all.
func (e *estate) home(p person, start time.Time) bool {
	d := raw.Draws(e.seed, "home "+p.name, start)
	if p.name == leaver && !start.Before(at("05-20 00:00:00")) {
		return false
	}
	return d.Workday() && p.name != administrator && d.Chance(0.6)
}

// fromOf is the address that somebody's desk has inside on a day.
func (e *estate) fromOf(p person, start time.Time) string {
	if e.home(p, start) {
		return p.tunnel
	}
	return p.desk
}

// vpn is a day of the VPN gateway.
func (e *estate) vpn(d *raw.Day) {
	d.Every(15*time.Minute, 2*time.Minute, func(t time.Time) { d.Add(t, raw.VPNState(t, d.RNG)) })
	for i, p := range e.staff {
		if !e.home(p, d.Start) {
			continue
		}
		up, tunnel := d.Within(8.2, 9.1), 50000+d.RNG.IntN(9000)
		if i%4 == 3 && d.Chance(0.15) {
			t := up.Add(-20 * time.Second)
			d.Add(t, raw.VPNEvent(t, "ssl-login-fail", p.name, p.home, 0, "0.0.0.0", "sslvpn_login_permission_denied"))
		}
		down := up.Add(time.Duration(480+d.RNG.IntN(90)) * time.Minute)
		d.Add(up, raw.VPNEvent(up, "tunnel-up", p.name, p.home, tunnel, p.tunnel, "tunnel established"))
		d.Add(down, raw.VPNEvent(down, "tunnel-down", p.name, p.home, tunnel, p.tunnel, "User requested termination of service"))
	}
	d.Scattered(12, 0, 24, func(t time.Time) { // guessing from the internet
		d.Add(t, raw.VPNEvent(t, "ssl-login-fail", raw.Pick(d.RNG, raw.Guessed()), stranger(d), 0, "0.0.0.0", "sslvpn_login_unknown_user"))
	})
	for _, s := range []int{0, 22, 53} {
		d.On(at("06-01 02:12:58").Add(time.Duration(s)*time.Second), func(t time.Time) {
			d.Add(t, raw.VPNEvent(t, "ssl-login-fail", leaver, intruder, 0, "0.0.0.0", "sslvpn_login_permission_denied"))
		})
	}
	for _, v := range sessionsOfIntruder() {
		d.On(v.up, func(t time.Time) {
			d.Add(t, raw.VPNEvent(t, "tunnel-up", leaver, intruder, v.tunnel, v.assigned, "tunnel established"))
		})
		d.On(v.down, func(t time.Time) {
			d.Add(t, raw.VPNEvent(t, "tunnel-down", leaver, intruder, v.tunnel, v.assigned, "User requested termination of service"))
		})
	}
}

// flows is a day of the firewall's traffic: customers who come in, servers
// that fetch updates and send mail. None goes to the intruder.
func (e *estate) flows(d *raw.Day) {
	session := d.Start.Unix() % 1_000_000 * 100
	d.Every(e.flow, time.Second, func(t time.Time) {
		session++
		switch web := fmt.Sprintf("10.50.1.%d", 27+d.RNG.IntN(2)); {
		case d.Chance(0.75):
			if d.Start.Equal(at("06-05 00:00:00")) && t.After(at("06-05 03:12:30")) {
				d.Add(t, flow(t, session, customer(d), web, 443, "timeout", 0, 120)) // nobody answers any more
				return
			}
			d.Add(t, flow(t, session, customer(d), web, 443, "close", 400+d.RNG.IntN(9000), 2000+d.RNG.IntN(90000)))
		case d.Chance(0.5):
			d.Add(t, flow(t, session, fmt.Sprintf("10.50.1.%d", 11+d.RNG.IntN(18)), "192.0.2.80", 443, "close", 800+d.RNG.IntN(4000), 5000+d.RNG.IntN(400000)))
		default:
			d.Add(t, denied(t, session, stranger(d), web, raw.Pick(d.RNG, []int{22, 23, 445, 3389, 8080})))
		}
	})
}

// stranger is an address of the internet that is not the intruder's.
func stranger(d *raw.Day) string {
	for {
		if a := raw.Stranger(d); a != intruder {
			return a
		}
	}
}

// customer is the address of somebody who uses the service.
func customer(d *raw.Day) string {
	return fmt.Sprintf("100.%d.%d.%d", 80+d.RNG.IntN(20), d.RNG.IntN(200), 1+d.RNG.IntN(250))
}

// flow is a line of FortiGate about traffic that was let through; sent counts
// what the source sent.
func flow(t time.Time, session int64, from, to string, port int, action string, sent, received int) string {
	return fmt.Sprintf(`date=%s time=%s devname="fgt-01" devid="FG100D3G18000001" eventtime=%d tz="+0900" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=%s srcport=%d dstip=%s dstport=%d proto=6 action="%s" policyid=7 sessionid=%d sentbyte=%d rcvdbyte=%d`,
		t.Format("2006-01-02"), t.Format("15:04:05"), t.Unix(), from, 20000+session%40000, to, port, action, session, sent, received)
}

// denied is traffic that was not let through.
func denied(t time.Time, session int64, from, to string, port int) string {
	return fmt.Sprintf(`date=%s time=%s devname="fgt-01" devid="FG100D3G18000001" eventtime=%d tz="+0900" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=%s srcport=%d dstip=%s dstport=%d proto=6 action="deny" policyid=0 sessionid=%d sentbyte=0 rcvdbyte=0`,
		t.Format("2006-01-02"), t.Format("15:04:05"), t.Unix(), from, 20000+session%40000, to, port, session)
}
