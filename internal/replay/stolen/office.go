package stolen

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

const desktopAgent = "ChatDesktop/2.9.0 (Windows; x64)"
const browserAgent = "Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/62.0.3202.94 Safari/537.36"

// groupware is a day of logins and documents.
func (s *stolen) groupware(d *raw.Day) {
	for _, p := range s.people {
		if !d.Workday() && !d.Chance(0.05) {
			continue
		}
		t := d.Within(9, 10.5)
		from := p.Place(t)
		if d.Chance(0.03) {
			d.Add(t.Add(-20*time.Second), raw.GroupwareLogin(t.Add(-20*time.Second), d.RNG, p.Name, from, "login_failure"))
		}
		d.Add(t, raw.GroupwareLogin(t, d.RNG, p.Name, from, "login_success"))
		for range 3 + d.RNG.IntN(8) {
			v := d.Within(10, 19)
			action := "view"
			if d.Chance(0.15) {
				action = "download"
			}
			d.Add(v, raw.GroupwareDrive(v, d.RNG, p.Name, p.Place(v), action, raw.Documents(d.RNG)))
		}
	}
	if d.Workday() { // the shared account, at the office
		t := d.Within(9, 11)
		d.Add(t, raw.GroupwareLogin(t, d.RNG, "D", raw.Office, "login_success"))
		v := d.Within(11, 18)
		d.Add(v, raw.GroupwareDrive(v, d.RNG, "D", raw.Office, "view", raw.Documents(d.RNG)))
	}
	for _, f := range groupwareFacts() {
		d.On(f.when, func(t time.Time) {
			if f.doc.Title == "" {
				d.Add(t, raw.GroupwareLogin(t, d.RNG, f.user, addressX, f.action))
				return
			}
			d.Add(t, raw.GroupwareDrive(t, d.RNG, f.user, addressX, f.action, f.doc))
		})
	}
}

type groupwareFact struct {
	when         time.Time
	user, action string
	doc          raw.Document
}

// groupwareFacts are the uses of the groupware from the intruder's address.
// The report gives the days and counts; the hours are chosen.
func groupwareFacts() []groupwareFact {
	howto := raw.Document{Title: "VPN 接続手順書", Kind: "document", Owner: "infra", Visibility: "people_within_domain_with_link"}
	client := raw.Document{Title: "vpn-client-installer.msi", Kind: "msexe", Owner: "infra", Visibility: "people_within_domain_with_link"}
	shared := raw.Document{Title: "サーバー共通アカウント一覧（ユーザー名・パスワード）", Kind: "spreadsheet", Owner: "infra", Visibility: "shared_internally"}
	open1 := raw.Document{Title: "運営タイトル連絡網", Kind: "spreadsheet", Owner: "office", Visibility: "people_within_domain"}
	open2 := raw.Document{Title: "全社会議資料 2017年12月", Kind: "presentation", Owner: "office", Visibility: "people_within_domain"}
	return []groupwareFact{
		{at("01-09 21:12:40"), "E", "login_failure", raw.Document{}},
		{at("01-09 21:16:58"), "D", "login_failure", raw.Document{}},
		{at("01-09 21:17:21"), "D", "login_failure", raw.Document{}},
		{at("01-09 21:17:44"), "D", "login_failure", raw.Document{}},
		{at("01-09 21:18:03"), "D", "login_success", raw.Document{}},
		{at("01-09 21:20:45"), "D", "view", howto},
		{at("01-09 21:21:12"), "D", "download", howto},
		{at("01-09 21:22:30"), "D", "download", client},
		{at("01-09 21:31:07"), "D", "view", shared},
		{at("01-09 21:44:19"), "D", "view", open1},
		{at("01-09 21:45:02"), "D", "download", open1},
		{at("01-09 21:52:36"), "D", "view", open2},
		{at("01-09 21:53:11"), "D", "download", open2},
		{at("01-17 20:55:02"), "D", "login_failure", raw.Document{}},
		{at("01-17 20:55:31"), "D", "login_failure", raw.Document{}},
		{at("01-17 20:56:07"), "D", "login_failure", raw.Document{}},
		{at("01-24 23:01:40"), "D", "login_success", raw.Document{}},
		{at("01-24 23:02:31"), "D", "view", shared},
	}
}

// chatAudit is a day of sign-ins to the chat service.
func (s *stolen) chatAudit(d *raw.Day) {
	for _, p := range s.people {
		if !d.Workday() && !d.Chance(0.12) {
			continue
		}
		agent := p.Agent
		if d.Chance(0.6) {
			agent = desktopAgent
		}
		t := d.Within(8.8, 10.2)
		d.Add(t, raw.ChatAction(t, d.RNG, p.Name, p.Place(t), "user_login", agent))
		if d.Chance(0.35) {
			e := d.Within(19, 23)
			d.Add(e, raw.ChatAction(e, d.RNG, p.Name, p.Place(e), "user_login", agent))
		}
		if d.Chance(0.25) {
			o := d.Within(17, 19)
			d.Add(o, raw.ChatAction(o, d.RNG, p.Name, p.Place(o), "user_logout", agent))
		}
	}
	for _, f := range chatFacts() {
		d.On(f.when, func(t time.Time) { d.Add(t, raw.ChatAction(t, d.RNG, f.user, f.from, "user_login", f.agent)) })
	}
}

type chatFact struct {
	when              time.Time
	user, from, agent string
}

// chatFacts are the sign-ins of the report: F from the usual address and an
// hour later from the intruder's, then D twelve times, B and A. There is no
// sign-out among them.
func chatFacts() []chatFact {
	facts := []chatFact{
		{at("01-07 08:57:58"), "F", addressY, desktopAgent},
		{at("01-07 09:58:00"), "F", addressX, desktopAgent},
		{at("01-07 10:14:22"), "F", addressX, browserAgent},
	}
	for _, when := range []string{
		"01-09 22:05:13", "01-09 23:41:50", "01-11 21:07:34", "01-17 21:03:18", "01-17 23:20:41", "01-19 22:48:09",
		"01-22 21:30:56", "01-23 20:59:27", "01-24 23:10:15", "01-28 15:22:48", "01-29 21:15:30", "01-29 23:02:11",
	} {
		facts = append(facts, chatFact{at(when), "D", addressX, browserAgent})
	}
	return append(facts,
		chatFact{at("01-31 20:12:44"), "B", addressX, browserAgent},
		chatFact{at("02-02 22:37:12"), "B", addressX, browserAgent},
		chatFact{at("02-02 22:41:50"), "A", addressX, browserAgent})
}

// chatMessages is a day of what people write.
func (s *stolen) chatMessages(d *raw.Day) {
	talk := []string{"了解です", "確認お願いします", "リリース完了しました", "15時から打ち合わせでお願いします", "ログ見てみます", "再起動しました", "お疲れさまです", "画像差し替えました", "問い合わせ1件対応中です", "明日は在宅です"}
	for _, p := range s.people {
		if !d.Workday() && !d.Chance(0.1) {
			continue
		}
		for range d.RNG.IntN(7) {
			t := d.Within(9, 20)
			d.Add(t, raw.ChatMessage(t, d.RNG, p.Name, raw.Pick(d.RNG, []string{"general", "ops", "release", "event", "random"}), raw.Pick(d.RNG, talk)))
		}
	}
	d.On(at("03-01 11:47:00"), func(t time.Time) {
		d.Add(t, raw.ChatMessage(t, d.RNG, "B", "ops", "複数台に接続できません。調査します"))
	})
	d.On(at("03-02 10:26:40"), func(t time.Time) {
		d.Add(t, raw.ChatMessage(t, d.RNG, "A", "DM-A", "サーバーの新しいパスワードは Kawatta#0301 です。取り扱い注意でお願いします"))
	})
}

// webService is a day of the shared web services; nothing of the incident is in it.
func (s *stolen) webService(d *raw.Day) {
	for _, p := range s.people {
		if d.Workday() && d.Chance(0.4) {
			t := d.Within(9, 19)
			d.Add(t, raw.Object{{"time", t.Format(time.RFC3339)}, {"service", "wiki"}, {"user", p.Name}, {"src_ip", p.Place(t)}, {"action", "login"}, {"outcome", "success"}}.Text())
		}
	}
}

// monitoring is a day of checks and the alerts of the incident.
func (s *stolen) monitoring(d *raw.Day) {
	for t := d.Start; t.Before(d.Start.AddDate(0, 0, 1)); t = t.Add(15 * time.Minute) {
		if t.Before(aggregatorLost()) || !t.Before(at("03-01 19:30:00")) {
			d.Add(t, raw.MonitorLine(t, "info", "mon", "summary", fmt.Sprintf("checks ok %d", 600+d.RNG.IntN(8))))
		}
	}
	if d.Chance(0.2) {
		t := d.Within(0, 24)
		d.Add(t, raw.MonitorLine(t, "warning", hostName(wiped+d.RNG.IntN(hosts-wiped)), "load", "load average high"))
	}
	d.On(at("03-01 11:40:00"), func(t time.Time) {
		for i := range 6 {
			d.Add(t.Add(time.Duration(i)*time.Second), raw.MonitorLine(t.Add(time.Duration(i)*time.Second), "critical", hostName(2+i), "ping", "host unreachable"))
		}
	})
	d.On(at("03-03 17:40:00"), func(t time.Time) {
		d.Add(t, raw.MonitorLine(t, "critical", "db-dev", "mysql", "unknown database"))
	})
}
