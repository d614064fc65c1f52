package webshell

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// firewall is a day of the firewall before both sites.
func firewall(d *raw.Day, sites []*site) {
	session := d.Start.Unix() % 1_000_000 * 100
	line := func(t time.Time, from, to string, port int, action string, sent, received int) {
		session++
		policy := 7
		if action == "deny" {
			policy = 0
		}
		d.Add(t, fmt.Sprintf(`date=%s time=%s devname="fgt-01" devid="FG100D3G18000001" eventtime=%d tz="+0900" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=%s srcport=%d dstip=%s dstport=%d proto=6 action="%s" policyid=%d sessionid=%d sentbyte=%d rcvdbyte=%d`,
			t.Format("2006-01-02"), t.Format("15:04:05"), t.Unix(), from, 20000+session%40000, to, port, action, policy, session, sent, received))
	}
	d.Every(10*time.Minute, 90*time.Second, func(t time.Time) { d.Add(t, raw.VPNState(t, d.RNG)) })
	for _, s := range sites {
		d.Scattered(s.visits*3/10, 6, 24, func(t time.Time) {
			from, _ := visitor(d)
			line(t, from, s.web, 443, "close", 600+d.RNG.IntN(3000), 4000+d.RNG.IntN(60000))
		})
		for _, x := range s.touches() {
			d.On(x.at, func(t time.Time) { line(t, x.from, s.web, 443, "close", 1200, x.bytes+400) })
		}
	}
	d.Scattered(90, 0, 24, func(t time.Time) {
		line(t, stranger(d), raw.Pick(d.RNG, sites).web, raw.Pick(d.RNG, []int{22, 23, 445, 1433, 3389}), "deny", 0, 0)
	})
	d.On(blocked(), func(t time.Time) {
		for i, what := range []string{
			fmt.Sprintf(`action="Add" cfgpath="firewall.address" cfgobj="deny_0308" cfgattr="subnet[%s 255.255.255.255]" msg="Add firewall.address deny_0308"`, firstAddress),
			`action="Add" cfgpath="firewall.policy" cfgobj="3" cfgattr="srcaddr[deny_0308]action[deny]" msg="Add firewall.policy 3"`,
		} {
			u := t.Add(time.Duration(i) * time.Second)
			d.Add(u, fmt.Sprintf(`date=%s time=%s devname="fgt-01" devid="FG100D3G18000001" eventtime=%d tz="+0900" logid="0100044547" type="event" subtype="system" level="information" vd="root" logdesc="Object attribute configured" user="netadmin" ui="https(10.3.9.21)" %s`,
				u.Format("2006-01-02"), u.Format("15:04:05"), u.Unix(), what))
		}
	})
	for _, after := range []int{3, 4, 6, 10, 44, 45, 47, 51, 130, 131} {
		d.On(blocked().Add(time.Duration(after)*time.Second), func(t time.Time) { line(t, firstAddress, sites[0].web, 443, "deny", 0, 0) })
	}
}

// shield is a day of the web application firewall, in operation from 9 March.
func shield(d *raw.Day) {
	refuse := func(t time.Time, from string) {
		const rule = `Access denied with code 403 (phase 1). String match "%{(" at REQUEST_HEADERS:Content-Type. [file "local.conf"] [line "19"] [id "10001"] [msg "OGNL in Content-Type"] [severity "CRITICAL"]`
		d.Add(t, raw.Object{
			{"transaction", raw.Object{{"time", t.Format("02/Jan/2006:15:04:05.000000 -0700")}, {"transaction_id", fmt.Sprintf("WM%014x", d.RNG.Uint64()>>8)}, {"remote_address", from}, {"remote_port", 20000 + d.RNG.IntN(30000)}, {"local_address", "192.0.2.31"}, {"local_port", 443}}},
			{"request", raw.Object{{"request_line", "POST /taxpay/input.action HTTP/1.1"}, {"headers", raw.Object{{"Host", "pay.example.jp"}, {"Content-Type", payload(1)}}}}},
			{"response", raw.Object{{"protocol", "HTTP/1.1"}, {"status", 403}, {"headers", raw.Object{{"Content-Length", "239"}}}, {"body", ""}}},
			{"audit_data", raw.Object{{"messages", []string{rule}}, {"action", raw.Object{{"intercepted", true}, {"phase", 1}, {"message", "String match"}}}, {"producer", "ModSecurity for Apache/2.9.1"}, {"engine_mode", "ENABLED"}}},
		}.Text())
	}
	d.On(at("03-09 21:56:20"), func(t time.Time) { refuse(t, stranger(d)) })
	d.On(at("03-09 22:14:07"), func(t time.Time) { refuse(t, secondAddress) })
	d.Scattered(20, 0, 24, func(t time.Time) { refuse(t, stranger(d)) })
}

// monitoring is a day of the watch on both sites.
func monitoring(d *raw.Day, sites []*site) {
	for i, s := range sites {
		d.Every(30*time.Minute, time.Duration(15+i)*time.Second, func(t time.Time) {
			if t.Before(s.stopped) {
				d.Add(t, raw.MonitorLine(t, "info", s.name+"-web01", "site", fmt.Sprintf("answered in %d ms", 60+d.RNG.IntN(300))))
			}
		})
	}
	d.On(at("03-08 18:20:05"), func(t time.Time) {
		d.Add(t, raw.MonitorLine(t, "critical", "tax-ap01", "application log", "exceptions above the threshold"))
	})
}

// inbox is a day of the mailbox for advisories. Its owner reads it when there
// is time; that of 8 March was read on the evening of the 9th.
func inbox(d *raw.Day) {
	mail := func(t time.Time, from, subject, body string) {
		d.Add(t, raw.Object{{"time", t.Format(time.RFC3339)}, {"action", "mail received"}, {"sender", from}, {"recipient", "security@example.jp"}, {"subject", subject}, {"message", body}}.Text())
	}
	if d.Workday() {
		d.Scattered(2, 9, 17, func(t time.Time) {
			product := raw.Pick(d.RNG, []string{"画像編集ソフト", "業務用ルーター", "オフィスソフト", "CMS のプラグイン", "プリンタードライバー"})
			mail(t, "info@advisory.example.com", "["+t.Format("20060102")+"] 脆弱性情報", product+" に複数の問題が見つかりました。該当する製品をお使いの場合は更新してください。")
		})
	}
	d.On(at("03-08 15:25:00"), func(t time.Time) {
		mail(t, "info@advisory.example.com", "[20170308] 脆弱性情報", "Apache Struts 2 に問題が見つかりました（S2-045、CVE-2017-5638）。該当する製品をお使いの場合は更新してください。")
	})
	d.On(at("03-09 18:00:00"), func(t time.Time) {
		d.Add(t, raw.Object{{"time", t.Format(time.RFC3339)}, {"action", "mail opened"}, {"user", "security@example.jp"}, {"subject", "[20170308] 脆弱性情報"}, {"message", "S2-045 CVE-2017-5638"}}.Text())
	})
}

// cards is how many members of a site are on the list for the card companies
// that is written here: a part, to keep it short.
const cards = 40

// extract is the list of members whose cards were read.
func (s *site) extract(d *raw.Day) {
	for i := range cards {
		d.On(at("03-10 12:30:00").Add(time.Duration(i)*time.Second), func(t time.Time) {
			d.Add(t, raw.Object{{"日時", t.Format(time.RFC3339)}, {"サイト", s.label}, {"会員番号", fmt.Sprint(100 + i*37)}, {"カード番号", number(d)}, {"有効期限", fmt.Sprintf("%02d/%02d", 1+d.RNG.IntN(12), 17+d.RNG.IntN(5))}}.Text())
		})
	}
}

// number is a card number of a range for tests, with its check digit.
func number(d *raw.Day) string {
	digits := fmt.Sprintf("41111111%07d", d.RNG.IntN(10_000_000))
	sum := 0
	for i, c := range digits {
		n := int(c - '0')
		if i%2 == 0 { // every second from the right, the check digit not counted
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return digits + fmt.Sprint((10-sum%10)%10)
}
