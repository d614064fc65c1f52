package replay

import (
	"fmt"
	"time"
)

const desktopAgent = "ChatDesktop/2.9.0 (Windows; x64)"
const browserAgent = "Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/62.0.3202.94 Safari/537.36"

// groupware is a day of logins and documents.
func (s *stolen) groupware(d *day) {
	for _, p := range s.people {
		if !d.workday() && !d.chance(0.05) {
			continue
		}
		t := d.within(9, 10.5)
		from := p.place(t)
		if d.chance(0.03) {
			d.add(t.Add(-20*time.Second), groupwareLogin(t.Add(-20*time.Second), d.rng, p.name, from, "login_failure"))
		}
		d.add(t, groupwareLogin(t, d.rng, p.name, from, "login_success"))
		for range 3 + d.rng.IntN(8) {
			v := d.within(10, 19)
			action := "view"
			if d.chance(0.15) {
				action = "download"
			}
			d.add(v, groupwareDrive(v, d.rng, p.name, p.place(v), action, documents(d.rng)))
		}
	}
	if d.workday() { // the shared account, at the office
		t := d.within(9, 11)
		d.add(t, groupwareLogin(t, d.rng, "D", office, "login_success"))
		v := d.within(11, 18)
		d.add(v, groupwareDrive(v, d.rng, "D", office, "view", documents(d.rng)))
	}
	for _, f := range groupwareFacts() {
		on(d, f.when, func(t time.Time) {
			if f.doc.title == "" {
				d.add(t, groupwareLogin(t, d.rng, f.user, addressX, f.action))
				return
			}
			d.add(t, groupwareDrive(t, d.rng, f.user, addressX, f.action, f.doc))
		})
	}
}

type groupwareFact struct {
	when         time.Time
	user, action string
	doc          document
}

// groupwareFacts are the uses of the groupware from the intruder's address.
// The report gives the days and counts; the hours are chosen.
func groupwareFacts() []groupwareFact {
	howto := document{"VPN 接続手順書", "document", "infra", "people_within_domain_with_link"}
	client := document{"vpn-client-installer.msi", "msexe", "infra", "people_within_domain_with_link"}
	shared := document{"サーバー共通アカウント一覧（ユーザー名・パスワード）", "spreadsheet", "infra", "shared_internally"}
	open1 := document{"運営タイトル連絡網", "spreadsheet", "office", "people_within_domain"}
	open2 := document{"全社会議資料 2017年12月", "presentation", "office", "people_within_domain"}
	return []groupwareFact{
		{at("01-09 21:12:40"), "E", "login_failure", document{}},
		{at("01-09 21:16:58"), "D", "login_failure", document{}},
		{at("01-09 21:17:21"), "D", "login_failure", document{}},
		{at("01-09 21:17:44"), "D", "login_failure", document{}},
		{at("01-09 21:18:03"), "D", "login_success", document{}},
		{at("01-09 21:20:45"), "D", "view", howto},
		{at("01-09 21:21:12"), "D", "download", howto},
		{at("01-09 21:22:30"), "D", "download", client},
		{at("01-09 21:31:07"), "D", "view", shared},
		{at("01-09 21:44:19"), "D", "view", open1},
		{at("01-09 21:45:02"), "D", "download", open1},
		{at("01-09 21:52:36"), "D", "view", open2},
		{at("01-09 21:53:11"), "D", "download", open2},
		{at("01-17 20:55:02"), "D", "login_failure", document{}},
		{at("01-17 20:55:31"), "D", "login_failure", document{}},
		{at("01-17 20:56:07"), "D", "login_failure", document{}},
		{at("01-24 23:01:40"), "D", "login_success", document{}},
		{at("01-24 23:02:31"), "D", "view", shared},
	}
}

// chatAudit is a day of sign-ins to the chat service.
func (s *stolen) chatAudit(d *day) {
	for _, p := range s.people {
		if !d.workday() && !d.chance(0.12) {
			continue
		}
		agent := p.agent
		if d.chance(0.6) {
			agent = desktopAgent
		}
		t := d.within(8.8, 10.2)
		d.add(t, chatAction(t, d.rng, p.name, p.place(t), "user_login", agent))
		if d.chance(0.35) {
			e := d.within(19, 23)
			d.add(e, chatAction(e, d.rng, p.name, p.place(e), "user_login", agent))
		}
		if d.chance(0.25) {
			o := d.within(17, 19)
			d.add(o, chatAction(o, d.rng, p.name, p.place(o), "user_logout", agent))
		}
	}
	for _, f := range chatFacts() {
		on(d, f.when, func(t time.Time) { d.add(t, chatAction(t, d.rng, f.user, f.from, "user_login", f.agent)) })
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
func (s *stolen) chatMessages(d *day) {
	talk := []string{"了解です", "確認お願いします", "リリース完了しました", "15時から打ち合わせでお願いします", "ログ見てみます", "再起動しました", "お疲れさまです", "画像差し替えました", "問い合わせ1件対応中です", "明日は在宅です"}
	for _, p := range s.people {
		if !d.workday() && !d.chance(0.1) {
			continue
		}
		for range d.rng.IntN(7) {
			t := d.within(9, 20)
			d.add(t, chatMessage(t, d.rng, p.name, pick(d.rng, []string{"general", "ops", "release", "event", "random"}), pick(d.rng, talk)))
		}
	}
	on(d, at("03-01 11:47:00"), func(t time.Time) {
		d.add(t, chatMessage(t, d.rng, "B", "ops", "複数台に接続できません。調査します"))
	})
	on(d, at("03-02 10:26:40"), func(t time.Time) {
		d.add(t, chatMessage(t, d.rng, "A", "DM-A", "サーバーの新しいパスワードは Kawatta#0301 です。取り扱い注意でお願いします"))
	})
}

// webService is a day of the shared web services; nothing of the incident is in it.
func (s *stolen) webService(d *day) {
	for _, p := range s.people {
		if d.workday() && d.chance(0.4) {
			t := d.within(9, 19)
			d.add(t, object{{"time", t.Format(time.RFC3339)}, {"service", "wiki"}, {"user", p.name}, {"src_ip", p.place(t)}, {"action", "login"}, {"outcome", "success"}}.text())
		}
	}
}

// monitoring is a day of checks and the alerts of the incident.
func (s *stolen) monitoring(d *day) {
	for t := d.start; t.Before(d.start.AddDate(0, 0, 1)); t = t.Add(15 * time.Minute) {
		if t.Before(aggregatorLost()) || !t.Before(at("03-01 19:30:00")) {
			d.add(t, monitorLine(t, "info", "mon", "summary", fmt.Sprintf("checks ok %d", 600+d.rng.IntN(8))))
		}
	}
	if d.chance(0.2) {
		t := d.within(0, 24)
		d.add(t, monitorLine(t, "warning", hostName(wiped+d.rng.IntN(hosts-wiped)), "load", "load average high"))
	}
	on(d, at("03-01 11:40:00"), func(t time.Time) {
		for i := range 6 {
			d.add(t.Add(time.Duration(i)*time.Second), monitorLine(t.Add(time.Duration(i)*time.Second), "critical", hostName(2+i), "ping", "host unreachable"))
		}
	})
	on(d, at("03-03 17:40:00"), func(t time.Time) {
		d.add(t, monitorLine(t, "critical", "db-dev", "mysql", "unknown database"))
	})
}
