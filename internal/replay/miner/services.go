package miner

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// tokens is how many tokens of linked services there are.
const tokens = 36

// rotated is when a token was changed: one after another.
func rotated(n int) time.Time {
	begin, end := at("10-03 21:18:00"), at("10-04 12:00:00")
	return begin.Add(end.Sub(begin) * time.Duration(n) / (tokens - 1))
}

// linked is a day of the requests that the service makes to the services its
// customers linked, by token: as many in the window of the incident as in the
// weeks before.
func (c *company) linked(d *raw.Day) {
	services := []string{"webmaster-api", "analytics-api", "ads-api"}
	for n := range tokens {
		service := services[n%3]
		d.Every(2*time.Hour, time.Duration(n*190)*time.Second, func(t time.Time) {
			token := fmt.Sprintf("tk-%02d-a", n)
			if !t.Before(rotated(n)) {
				token = fmt.Sprintf("tk-%02d-b", n)
			}
			d.Add(t, raw.Object{
				{"time", t.Format(time.RFC3339)}, {"host", "api-01"}, {"application", service}, {"session", token}, {"method", "GET"},
				{"path", "/v3/sites/" + fmt.Sprint(100+n*7) + "/query"}, {"status", 200}, {"bytes", 2000 + d.RNG.IntN(30000)},
			}.Text())
		})
	}
}

// database is a day of the service's PostgreSQL with pgaudit.
func (c *company) database(d *raw.Day) {
	statements := []struct{ class, command, table, text string }{
		{"READ", "SELECT", "public.sites", "SELECT id, name FROM sites WHERE account_id = %d"},
		{"READ", "SELECT", "public.reports", "SELECT id, body FROM reports WHERE id = %d"},
		{"READ", "SELECT", "public.accounts", "SELECT id, name, mail, company FROM accounts WHERE id = %d"},
		{"WRITE", "INSERT", "public.reports", "INSERT INTO reports (site_id, body) VALUES (%d, '')"},
	}
	for _, m := range machines()[:3] {
		d.Scattered(8, 0.2, 23.4, func(t time.Time) {
			if !m.ends.IsZero() && t.Add(20*time.Minute).After(m.ends) {
				return
			}
			raw.Session(d, t, raw.Backend{User: "saas", DB: "saas", App: "saas", From: m.address}, 20*time.Minute, func(b raw.Backend, n int, u time.Time) string {
				s := statements[d.RNG.IntN(len(statements))]
				return b.Audited(u, n, s.class, s.command, "TABLE", s.table, fmt.Sprintf(s.text, d.RNG.IntN(9000)), 1)
			}, 4)
		})
	}
	t := d.Start.Add(95 * time.Minute)
	raw.Session(d, t, raw.Backend{User: "backup", DB: "saas", App: "pg_dump", From: "10.30.0.21"}, 12*time.Minute, func(b raw.Backend, n int, u time.Time) string {
		table := []string{"accounts", "sites", "reports", "tokens"}[n-1]
		return b.Audited(u, n, "READ", "COPY", "TABLE", "public."+table, "COPY public."+table+" TO stdout;", 2000*n)
	}, 4)
}

// flow is a line of a cloud's flow log, version 2: what went one way within a
// minute.
func flow(t time.Time, eni, src, dst string, sport, dport, packets, bytes int, action string) string {
	return fmt.Sprintf("2 100000000001 %s %s %s %d %d 6 %d %d %d %d %s OK", eni, src, dst, sport, dport, packets, bytes, t.Unix(), t.Unix()+59, action)
}

// flows is a day of what goes in and out of the servers.
func (c *company) flows(d *raw.Day) {
	for i, m := range machines() {
		eni := fmt.Sprintf("eni-0a%02d", i)
		add := func(t time.Time, dst string, port, packets, bytes int) {
			if c.serving(m, t) {
				d.Add(t, flow(t, eni, m.address, dst, 30000+d.RNG.IntN(30000), port, packets, bytes, "ACCEPT"))
			}
		}
		d.Every(15*time.Minute, time.Duration(i)*time.Minute, func(t time.Time) {
			add(t, "10.30.0.31", 5432, 20+d.RNG.IntN(80), 4000+d.RNG.IntN(40000))
		})
		d.Every(time.Hour, time.Duration(i)*3*time.Minute, func(t time.Time) { // names, time, packages, and what the linked services answer
			add(t, "100.127.0.53", 443, 10+d.RNG.IntN(20), 3000+d.RNG.IntN(9000))
		})
		d.Scattered(20, 0, 24, func(t time.Time) {
			if c.serving(m, t) {
				d.Add(t, flow(t, eni, stranger(d), m.address, 1024+d.RNG.IntN(60000), raw.Pick(d.RNG, []int{22, 23, 445, 3389, 6379, 8080}), 1, 60, "REJECT"))
			}
		})
		if m.name != "web-02" {
			continue
		}
		d.On(planting().Add(-3*time.Second), func(t time.Time) { add(t, shop, 80, 12, 1900) })
		d.On(at("09-28 18:23:01"), func(t time.Time) { add(t, shop, 80, 30, 2600) })
		each(d, func(t time.Time) { add(t.Add(4*time.Second), pool, 3333, 40+d.RNG.IntN(30), 9000+d.RNG.IntN(4000)) })
	}
}

// monitoring is a day of what monitoring measured; nobody had set a limit.
func (c *company) monitoring(d *raw.Day) {
	for i, m := range machines() {
		d.Every(30*time.Minute, time.Duration(i)*time.Second, func(t time.Time) {
			cpu := 8 + d.RNG.IntN(30)
			if m.name == "web-02" && t.After(at("09-28 18:23:03")) {
				cpu = 99
			}
			if c.serving(m, t) {
				d.Add(t, raw.MonitorLine(t, "info", m.name, "cpu", fmt.Sprintf("cpu %d %%", cpu)))
			}
		})
	}
	d.On(cutOff().Add(4*time.Minute), func(t time.Time) { d.Add(t, raw.MonitorLine(t, "critical", "web-02", "ping", "host unreachable")) })
}

// mail is what the hosting company wrote.
func (c *company) mail(d *raw.Day) {
	letter := func(t time.Time, subject, text string) {
		d.Add(t, raw.Object{{"time", t.Format(time.RFC3339)}, {"type", "mail"}, {"sender", "support@hosting.example.com"}, {"recipient", "ops@service.example.jp"}, {"subject", subject}, {"message", text}}.Text())
	}
	for _, when := range []string{"09-03 10:00:00", "09-10 10:00:00", "09-18 10:00:00", "09-25 10:00:00", "10-01 10:00:00"} {
		d.On(at(when), func(t time.Time) {
			letter(t, "定期メンテナンスのお知らせ", "今週の定期メンテナンスによる影響はありません。")
		})
	}
	d.On(cutOff(), func(t time.Time) {
		letter(t, "貴社サーバーの不正利用の可能性について", "貴社の web-02 から、仮想通貨の採掘に使われる宛先への通信が 9 月 28 日から続いています。不正アクセスの可能性があります。")
	})
}

// changes is the log of what the company's engineers changed.
func (c *company) changes(d *raw.Day) {
	entry := func(t time.Time, who, text string) {
		d.Add(t, raw.Object{{"time", t.Format(time.RFC3339)}, {"user", who}, {"application", "change-log"}, {"message", text}}.Text())
	}
	if !quiet(d) {
		d.Scattered(1+d.RNG.IntN(2), 10, 18, func(t time.Time) {
			entry(t, raw.Pick(d.RNG, []string{"k.mori", "t.hara", "y.ueda"}), raw.Pick(d.RNG, []string{"証明書を確認", "集計の設定を変更", "画面の文言を修正", "容量を確認"}))
		})
	}
	for _, f := range []struct{ when, text string }{
		{"10-02 17:05:40", "web-02 をネットワークから切り離した"},
		{"10-03 21:18:00", "API 連携サービスのトークンの変更を開始"},
		{"10-04 12:00:00", "API 連携サービスのトークンの変更を完了"},
		{"10-04 12:30:00", "ファイアウォールで接続元を限定した"},
		{"10-06 14:00:00", "全アカウントの二段階ログインを有効にした"},
	} {
		d.On(at(f.when), func(t time.Time) { entry(t, "k.mori", f.text) })
	}
}
