package insider

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// carried is when the leaver copied files to the device, so many each time.
func carried() []struct {
	at    time.Time
	files int
} {
	return []struct {
		at    time.Time
		files int
	}{{at("06-16 21:05:33"), 4}, {at("06-23 22:10:12"), 6}, {at("06-30 21:44:50"), 7}, {at("07-09 22:04:08"), 10}}
}

// uploads are when the leaver sent files to the private drive.
func uploads() []time.Time {
	return []time.Time{at("06-12 21:10:02"), at("06-19 22:31:40"), at("06-26 21:58:11"), at("07-03 22:02:09"), at("07-09 22:20:31")}
}

// operations is a day of what the agent on the PCs saw: files, devices, prints.
func (f *firm) operations(d *raw.Day) {
	d.On(at("06-14 00:00:00"), func(t time.Time) {
		d.Add(t, row("日時", "端末名", "ユーザー名", "操作", "ファイル名", "デバイス", "サイズ"))
	})
	add := func(t time.Time, m member, what, name, device string, size int) {
		d.Add(t, row(t.Format(stamp), m.pc, m.Name, what, name, device, fmt.Sprint(size)))
	}
	d.Every(time.Hour, 9*time.Minute, func(t time.Time) {
		add(t, member{Person: raw.Person{Name: "agent"}, pc: "MGR-01"}, "定期通信", "", "", 0)
	})
	for i, m := range f.people {
		if !d.Workday() || m.gone(d.Start) {
			continue
		}
		add(d.Within(8.6, 9.6), m, "ログオン", "", "", 0)
		d.Scattered(f.busy, 9.6, 18.5, func(t time.Time) {
			if m.gone(t) {
				return
			}
			what := raw.Pick(d.RNG, []string{"ファイル作成", "ファイル参照", "ファイル参照", "ファイル名変更", "ファイルコピー"})
			add(t, m, what, fmt.Sprintf(`C:\Users\%s\Documents\見積_%04d.xlsx`, m.Name, d.RNG.IntN(4000)), "内蔵ディスク", 20_000+d.RNG.IntN(400_000))
		})
		if d.Chance(0.5) {
			t := d.Within(10, 18)
			add(t, m, "印刷", fmt.Sprintf("見積_%04d.xlsx（%d ページ）", d.RNG.IntN(4000), 1+d.RNG.IntN(6)), "複合機 3F", 0)
		}
		if i >= 30 && d.Chance(0.15) { // those who show things at fairs
			t := d.Within(10, 17)
			add(t, m, "デバイス接続", "", fmt.Sprintf("USB-FAIR%02d", i), 0)
			add(t.Add(time.Minute), m, "ファイルコピー", fmt.Sprintf(`E:\製品紹介_%02d.pptx`, d.RNG.IntN(30)), fmt.Sprintf("USB-FAIR%02d", i), 9_000_000)
		}
	}
	f.takenFromDesk(d, add)
}

// takenFromDesk is what the leaver's PC shows.
func (f *firm) takenFromDesk(d *raw.Day, add func(t time.Time, m member, what, name, device string, size int)) {
	m := f.people[0]
	for n, c := range carried() {
		d.On(c.at, func(t time.Time) { add(t, m, "デバイス接続", "", stick, 0) })
		for i := range c.files {
			d.On(c.at.Add(time.Duration(40+i*11)*time.Second), func(t time.Time) {
				add(t, m, "ファイルコピー", fmt.Sprintf(`E:\控え\%d-%02d_顧客一覧.csv`, n+1, i+1), stick, 900_000+i*71_000)
			})
		}
	}
	for i, name := range []string{"重点顧客 上位200社.xlsx（46 ページ）", "単価表 社外秘.xlsx（12 ページ）", "担当者連絡先.xlsx（31 ページ）"} {
		d.On(at("07-07 21:14:20").Add(time.Duration(i)*3*time.Minute), func(t time.Time) { add(t, m, "印刷", name, "複合機 3F", 0) })
	}
}

// names is a day of the company's DNS.
func (f *firm) names(d *raw.Day) {
	ask := func(t time.Time, from, name string) {
		d.Add(t, raw.SyslogLine(t, "ns-01", "named[640]", fmt.Sprintf("client @0x7f3a1c %s#%d (%s): query: %s IN A +E(0)K (10.60.2.53)", from, 20_000+d.RNG.IntN(40_000), name, name)))
	}
	usual := []string{"crm.example.jp", "mail.example.jp", "www.example.com", "news.example.com", "maps.example.com", "update.example.net", "share.example.com"}
	d.Every(20*time.Minute, 7*time.Minute, func(t time.Time) { ask(t, "10.60.2.9", "time.example.net") })
	for _, m := range f.people {
		if d.Workday() && !m.gone(d.Start) {
			d.Scattered(f.busy, 9, 18.5, func(t time.Time) {
				if !m.gone(t) {
					ask(t, m.from(t), raw.Pick(d.RNG, usual))
				}
			})
		}
	}
	for _, when := range uploads() {
		d.On(when.Add(-4*time.Second), func(t time.Time) { ask(t, f.people[0].address, drive) })
	}
}

// proxy is a day of the web filter in the firewall. What it wrote in the weeks
// of the incident was let go after thirty days.
func (f *firm) proxy(d *raw.Day) {
	visit := func(t time.Time, m member, name, category string, sent, received int) {
		d.Add(t, fmt.Sprintf(`date=%s time=%s devname="fgt-01" devid="FG100F3G26000001" eventtime=%d tz="+0900" logid="0317013312" type="utm" subtype="webfilter" eventtype="ftgd_allow" level="notice" vd="root" policyid=3 sessionid=%d user="%s" srcip=%s srcport=%d dstip=100.127.9.%d dstport=443 proto=6 service="HTTPS" hostname="%s" action="passthrough" url="https://%s/" sentbyte=%d rcvdbyte=%d catdesc="%s"`,
			t.Format("2006-01-02"), t.Format("15:04:05"), t.Unix(), d.RNG.IntN(1<<30), m.Name, m.from(t), 20_000+d.RNG.IntN(40_000), raw.Hash(name)%200+10, name, name, sent, received, category))
	}
	d.Every(30*time.Minute, 6*time.Minute, func(t time.Time) { d.Add(t, raw.VPNState(t, d.RNG)) })
	for _, m := range f.people {
		if d.Workday() && !m.gone(d.Start) {
			d.Scattered(f.busy, 9, 18.5, func(t time.Time) {
				visit(t, m, raw.Pick(d.RNG, []string{"www.example.com", "news.example.com", "maps.example.com", "share.example.com"}), "Business", 900+d.RNG.IntN(9000), 4000+d.RNG.IntN(90_000))
			})
		}
	}
	for _, when := range uploads() {
		d.On(when, func(t time.Time) {
			visit(t, f.people[0], drive, "File Sharing and Storage", 61_000_000+d.RNG.IntN(9_000_000), 12_000)
		})
	}
}

// gateway is a day of the VPN, and the evening after leaving.
func (f *firm) gateway(d *raw.Day) {
	d.Every(15*time.Minute, 2*time.Minute, func(t time.Time) { d.Add(t, raw.VPNState(t, d.RNG)) })
	for _, m := range f.people {
		up, length, tunnel := d.Within(8.7, 10), time.Duration(300+d.RNG.IntN(200))*time.Minute, 1000+d.RNG.IntN(8000)
		from := m.place(up)
		if !d.Workday() || from == raw.Office || m.gone(up) {
			continue
		}
		if d.Chance(0.05) {
			t := up.Add(-12 * time.Second)
			d.Add(t, raw.VPNEvent(t, "ssl-login-fail", m.Name, from, 0, "0.0.0.0", "sslvpn_login_permission_denied"))
		}
		d.Add(up, raw.VPNEvent(up, "tunnel-up", m.Name, from, tunnel, m.tunnel, "tunnel established"))
		d.Add(up.Add(length), raw.VPNEvent(up.Add(length), "tunnel-down", m.Name, from, tunnel, m.tunnel, "User requested termination of service"))
	}
	d.On(later(), func(t time.Time) {
		d.Add(t, raw.VPNEvent(t, "ssl-login-fail", leaver, home, 0, "0.0.0.0", "sslvpn_login_permission_denied"))
	})
	d.On(later().Add(162*time.Second), func(t time.Time) {
		d.Add(t, raw.VPNEvent(t, "tunnel-up", colleague, home, 9901, f.people[1].tunnel, "tunnel established"))
	})
	d.On(later().Add(21*time.Minute), func(t time.Time) {
		d.Add(t, raw.VPNEvent(t, "tunnel-down", colleague, home, 9901, f.people[1].tunnel, "User requested termination of service"))
	})
}
