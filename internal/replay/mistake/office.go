package mistake

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// monitoring is a day of checks, and the alert that was noticed at once.
func (c *company) monitoring(d *raw.Day) {
	d.Every(10*time.Minute, time.Minute, func(t time.Time) {
		if t.Before(down()) || t.After(back()) {
			d.Add(t, raw.MonitorLine(t, "info", "monitor", "summary", fmt.Sprintf("checks ok %d", 96+d.RNG.IntN(3))))
		}
	})
	d.On(at("06-21 19:33:10"), func(t time.Time) {
		d.Add(t, raw.MonitorLine(t, "warning", "prod-db-01", "memory", "memory 96 %"))
	})
	d.On(down(), func(t time.Time) {
		for i, host := range []string{"prod-db-01", "prod-web-01", "prod-web-02"} {
			u := t.Add(time.Duration(i) * 4 * time.Second)
			d.Add(u, raw.MonitorLine(u, "critical", host, "http", "service down"))
		}
	})
	d.On(back(), func(t time.Time) { d.Add(t, raw.MonitorLine(t, "info", "prod-web-01", "http", "service back")) })
}

// gateway is a day of the VPN: the few who work from elsewhere.
func (c *company) gateway(d *raw.Day) {
	d.Every(15*time.Minute, 2*time.Minute, func(t time.Time) { d.Add(t, raw.VPNState(t, d.RNG)) })
	for i, name := range []string{"k.abe", "y.hara", "n.mori"} {
		up, length := d.Within(8.5, 10), time.Duration(120+d.RNG.IntN(300))*time.Minute
		if quiet(d) || !d.Chance(0.7) {
			continue
		}
		from, tunnel := fmt.Sprintf("100.64.8.%d", 20+i), 5000+d.RNG.IntN(2000)
		d.Add(up, raw.VPNEvent(up, "tunnel-up", name, from, tunnel, fmt.Sprintf("10.20.0.%d", 20+i), "tunnel established"))
		d.Add(up.Add(length), raw.VPNEvent(up.Add(length), "tunnel-down", name, from, tunnel, fmt.Sprintf("10.20.0.%d", 20+i), "User requested termination of service"))
	}
}

// dhcp is a day of the office's DHCP server.
func (c *company) dhcp(d *raw.Day) {
	say := func(t time.Time, text string) { d.Add(t, raw.SyslogLine(t, "dhcp-01", "dhcpd[702]", text)) }
	d.Every(time.Hour, 3*time.Minute, func(t time.Time) { say(t, "Wrote 61 leases to leases file.") })
	if quiet(d) {
		return
	}
	for i, who := range developers() {
		mac := fmt.Sprintf("02:00:5e:10:03:%02x", 21+i)
		if who.pc == desk {
			mac = deskMAC
		}
		for t := d.Within(9, 10); t.Before(d.Start.Add(20 * time.Hour)); t = t.Add(4 * time.Hour) {
			say(t, fmt.Sprintf("DHCPREQUEST for %s from %s (%s) via eth0", who.address, mac, who.pc))
			say(t.Add(time.Millisecond), fmt.Sprintf("DHCPACK on %s to %s (%s) via eth0", who.address, mac, who.pc))
		}
	}
}

// changes is the log of what engineers changed in production; the work of that
// evening is not in it, as nobody meant to work there.
func (c *company) changes(d *raw.Day) {
	entry := func(t time.Time, who, text string) {
		d.Add(t, raw.Object{{"time", t.Format(time.RFC3339)}, {"user", who}, {"application", "change-log"}, {"message", text}}.Text())
	}
	if !quiet(d) {
		d.Scattered(1+d.RNG.IntN(2), 10, 17, func(t time.Time) {
			entry(t, raw.Pick(d.RNG, []string{"a.kondo", "m.endo", "t.ono"}), raw.Pick(d.RNG, []string{"本番へリリース", "証明書を確認", "索引を追加", "設定を変更"}))
		})
	}
	d.On(rebuilt(), func(t time.Time) {
		entry(t, "a.kondo", "本番サーバー全台を再構築し、認証キーを変更した")
	})
}

// security is a day of the Security log of the engineer's computer.
func (c *company) security(d *raw.Day) {
	var log raw.Numbered
	started := func(t time.Time, image, command string) {
		log.Security(t, desk, 4688, raw.Object{
			{"SubjectUserName", engineer}, {"SubjectDomainName", "EXAMPLE"}, {"NewProcessId", fmt.Sprintf("0x%x", 4096+d.RNG.IntN(30000))},
			{"NewProcessName", image}, {"CommandLine", command}, {"ParentProcessName", `C:\Windows\explorer.exe`}, {"TokenElevationType", "%%1936"},
		})
	}
	d.Every(30*time.Minute, 5*time.Minute, func(t time.Time) { // the system's own services
		log.Security(t, desk, 4624, raw.Logon("SYSTEM", "-", 5, 0x3e7))
	})
	if !quiet(d) {
		log.Security(d.Within(9, 9.6), desk, 4624, raw.Logon(engineer, "127.0.0.1", 7, d.RNG.Uint64()>>36))
		log.Security(d.Within(12, 13), desk, 4624, raw.Logon("inventory$", "10.10.0.5", 3, d.RNG.Uint64()>>36)) // the agent that takes stock
		log.Security(d.Within(9.2, 9.8), desk, 6416, raw.Object{
			{"SubjectUserName", desk + "$"}, {"DeviceId", `USB\VID_046D&PID_C077\5&1A2B3C`}, {"DeviceDescription", "HID-compliant mouse"}, {"ClassName", "Mouse"},
		})
		for _, app := range [][2]string{
			{`C:\Program Files\Google\Chrome\Application\chrome.exe`, "chrome.exe"}, {`C:\Program Files\Git\bin\git.exe`, "git.exe pull --rebase"},
			{`C:\Ruby24-x64\bin\ruby.exe`, "ruby.exe bin/rails server"}, {`C:\Program Files\Slack\slack.exe`, "slack.exe"},
		} {
			d.Scattered(1+d.RNG.IntN(3), 9.7, 17.8, func(t time.Time) { started(t, app[0], app[1]) })
		}
	}
	for _, t := range []time.Time{first(), second()} {
		d.On(t.Add(-3*time.Second), func(t time.Time) { started(t, `C:\Ruby24-x64\bin\ruby.exe`, "ruby.exe "+command) })
	}
	d.On(taken().Add(-time.Second), func(t time.Time) {
		log.Security(t, desk, 4647, raw.Object{{"TargetUserName", engineer}, {"TargetDomainName", "EXAMPLE"}})
	})
	log.Write(d, d.Number, func(time.Time) bool { return false })
}

// sysmon is a day of what Sysmon saw there: names looked up, and files made.
func (c *company) sysmon(d *raw.Day) {
	var log raw.Numbered
	add := func(t time.Time, id int, data raw.Object) {
		stamp := raw.Member{"UtcTime", t.UTC().Format("2006-01-02 15:04:05.000")}
		log.Add(t, func(n int) string {
			return raw.WindowsEvent(t, n, "Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational", desk, id, append(raw.Object{stamp}, data...))
		})
	}
	looked := func(t time.Time, image, name string) {
		add(t, 22, raw.Object{{"Image", image}, {"QueryName", name}, {"QueryStatus", "0"}, {"User", `EXAMPLE\` + engineer}})
	}
	d.Every(30*time.Minute, 11*time.Minute, func(t time.Time) { looked(t, `C:\Windows\System32\svchost.exe`, "time.example.com") })
	if !quiet(d) {
		d.Scattered(14, 9.6, 18.2, func(t time.Time) {
			looked(t, `C:\Program Files\Google\Chrome\Application\chrome.exe`, raw.Pick(d.RNG, []string{"docs.example.com", "wiki.example.jp", "repo.example.jp", "mail.example.jp", "news.example.com"}))
		})
		d.Scattered(4, 10, 18, func(t time.Time) {
			add(t, 11, raw.Object{{"Image", `C:\Program Files\Git\bin\git.exe`}, {"TargetFilename", fmt.Sprintf(`C:\work\service\app\models\m%03d.rb`, d.RNG.IntN(200))}, {"User", `EXAMPLE\` + engineer}})
		})
	}
	for _, t := range []time.Time{first(), second()} { // what was read is put where sample data go
		for i, s := range tables() {
			d.On(t.Add(time.Duration(9*(i+1))*time.Second), func(t time.Time) {
				add(t, 11, raw.Object{{"Image", `C:\Ruby24-x64\bin\ruby.exe`}, {"TargetFilename", `C:\work\service\db\samples\` + s.table[len("public."):] + ".json"}, {"User", `EXAMPLE\` + engineer}})
			})
		}
	}
	d.On(taken().Add(-time.Minute), func(t time.Time) { looked(t, `C:\Windows\System32\svchost.exe`, "time.example.com") })
	log.Write(d, d.Number, func(time.Time) bool { return false })
}

// antivirus is a day of the computer's protection: definitions and scans, and
// nothing found.
func (c *company) antivirus(d *raw.Day) {
	var log raw.Numbered
	add := func(t time.Time, id int, data raw.Object) {
		log.Add(t, func(n int) string {
			return raw.WindowsEvent(t, n, "Microsoft-Windows-Windows Defender", "Microsoft-Windows-Windows Defender/Operational", desk, id, data)
		})
	}
	d.Every(time.Hour, 17*time.Minute, func(t time.Time) {
		add(t, 1150, raw.Object{{"Product Name", "Windows Defender Antivirus"}, {"Platform version", "4.14.17639.18041"}})
	})
	d.Every(6*time.Hour, 2*time.Hour, func(t time.Time) {
		add(t, 2000, raw.Object{{"Product Name", "Windows Defender Antivirus"}, {"Current Signature Version", "1.269." + fmt.Sprint(d.Start.YearDay())}})
	})
	t := d.Start.Add(12*time.Hour + 30*time.Minute)
	add(t, 1000, raw.Object{{"Product Name", "Windows Defender Antivirus"}, {"Scan Type", "Antimalware"}})
	add(t.Add(9*time.Minute), 1001, raw.Object{{"Product Name", "Windows Defender Antivirus"}, {"Scan Type", "Antimalware"}})
	d.On(taken().Add(-time.Minute), func(t time.Time) {
		add(t, 1150, raw.Object{{"Product Name", "Windows Defender Antivirus"}, {"Platform version", "4.14.17639.18041"}})
	})
	log.Write(d, d.Number, func(time.Time) bool { return false })
}
