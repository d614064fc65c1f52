package ransomware

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// controller is a domain controller's Security log: people's logons from their
// desks and tunnels, and what administrators do to groups.
func (e *estate) controller(name string) func(d *raw.Day) {
	return func(d *raw.Day) {
		c := &channel{host: name}
		d.Every(30*time.Minute, 4*time.Minute, func(t time.Time) { c.logon(t, name+"$", "10.50.2.9", 3, time.Minute) })
		if d.Workday() {
			for _, p := range e.staff {
				if p.name == leaver && !d.Start.Before(at("05-20 00:00:00")) || p.name == administrator {
					continue
				}
				for range 1 + d.RNG.IntN(3) {
					c.logon(d.Within(9.2, 17.5), p.name, e.fromOf(p, d.Start), 3, time.Duration(5+d.RNG.IntN(120))*time.Minute)
				}
			}
			if d.Chance(0.5) {
				c.logon(d.Within(10, 17), administrator, management, 3, 10*time.Minute)
			}
		}
		if name == "dc01" {
			e.domainTaken(d, c)
		}
		c.Write(d, d.Number, never)
	}
}

// domainTaken is how the intruder became administrator of the domain.
func (e *estate) domainTaken(d *raw.Day, c *channel) {
	d.On(at("06-01 02:20:05"), func(t time.Time) { c.logon(t, leaver, "10.212.134.61", 3, 9*time.Minute) })
	d.On(at("06-04 01:31:47"), func(t time.Time) {
		c.logon(t, administrator, management, 10, 40*time.Minute)
		c.Security(t.Add(time.Second), c.host, 4672, raw.Object{{"SubjectUserName", administrator}, {"SubjectDomainName", "EXAMPLE"}, {"PrivilegeList", "SeDebugPrivilege SeBackupPrivilege"}})
	})
	d.On(at("06-05 00:21:08"), func(t time.Time) {
		data := append(raw.Changed(administrator, "Domain Admins"), raw.Member{Key: "MemberName", Value: "CN=" + leaver + ",OU=Users,DC=example,DC=jp"})
		c.Security(t, c.host, 4728, data)
	})
}

// antivirus is a day of the protection against malware, gathered from all
// servers: definitions renewed, scans, and when it was switched off.
func (e *estate) antivirus(d *raw.Day) {
	const provider, name = "Microsoft-Windows-Windows Defender", "Microsoft-Windows-Windows Defender/Operational"
	for i, s := range e.servers {
		off := unguarded(s.name)
		number := (int(d.Start.Unix()) - 1_680_000_000) / 86400 * 2 // two records a day and server
		gone := !s.begun.IsZero() && d.Start.Add(4*time.Hour).After(off)
		t := d.Start.Add(3*time.Hour + s.phase() + 20*time.Second)
		if !gone {
			d.Add(t, raw.WindowsEvent(t, number+1, provider, name, s.name, 2000, raw.Object{{"Product Name", "Microsoft Defender Antivirus"}, {"Current security intelligence Version", fmt.Sprintf("1.389.%d.0", t.YearDay()*3)}}))
			u := t.Add(time.Duration(30+i) * time.Minute)
			d.Add(u, raw.WindowsEvent(u, number+2, provider, name, s.name, 1001, raw.Object{{"Product Name", "Microsoft Defender Antivirus"}, {"Scan Type", "Antimalware"}}))
		}
		if !s.begun.IsZero() {
			d.On(off.Add(2*time.Second), func(t time.Time) {
				d.Add(t, raw.WindowsEvent(t, number+1, provider, name, s.name, 5001, raw.Object{{"Product Name", "Microsoft Defender Antivirus"}}))
			})
		}
	}
}

// backup is a day of the backup product's own list of jobs; there is none on
// the morning of 5 June.
func (e *estate) backup(d *raw.Day) {
	for i, s := range e.servers {
		t := d.Start.Add(4*time.Hour + time.Duration(i)*3*time.Minute)
		if t.After(at("06-05 02:31:00")) {
			continue
		}
		d.Add(t, raw.Object{{"time", t.Format(time.RFC3339)}, {"level", "info"}, {"host", "bk01"}, {"action", "backup"}, {"object", s.name}, {"result", "success"}, {"message", fmt.Sprintf("job of %s finished, %d MB", s.name, 800+d.RNG.IntN(9000))}}.Text())
	}
}

// monitoring is a day of the watch on the service from outside. At night it
// tells nobody until six.
func (e *estate) monitoring(d *raw.Day) {
	checks := []string{"login page", "payroll", "filing", "my page"}
	d.Every(30*time.Minute, 11*time.Second, func(t time.Time) {
		for i, check := range checks {
			u := t.Add(time.Duration(i) * time.Second)
			if u.After(at("06-05 03:13:00")) {
				d.Add(u, raw.MonitorLine(u, "warning", "svc-web01", check, "no answer; telling nobody before 06:00"))
				continue
			}
			d.Add(u, raw.MonitorLine(u, "info", "svc-web01", check, fmt.Sprintf("answered in %d ms", 90+d.RNG.IntN(400))))
		}
	})
	for i, check := range checks {
		d.On(at("06-05 06:00:00").Add(time.Duration(i)*time.Second), func(t time.Time) {
			d.Add(t, raw.MonitorLine(t, "critical", "svc-web01", check, "service unreachable"))
		})
	}
}
