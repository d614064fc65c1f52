package replay

import (
	"fmt"
	"time"
)

// signIns is a day of logins to the groupware.
func (w *week) signIns(d *day) {
	login := func(e *employee, t time.Time, phone bool, name string) {
		w.used(e, t, phone, func(from string) { d.add(t, groupwareLogin(t, d.rng, e.mail(), from, name)) })
	}
	for _, e := range w.staff {
		if !w.working(e, d.start) {
			continue
		}
		if t := d.within(8.9, 10.3); d.chance(0.6) {
			if d.chance(0.05) {
				for i := range 1 + d.rng.IntN(2) { // mistyped
					login(e, t.Add(-time.Duration(14*(i+1))*time.Second), false, "login_failure")
				}
			}
			login(e, t, false, "login_success")
		}
		if d.chance(0.2) {
			login(e, d.within(8, 22), true, "login_success")
		}
	}
	on(d, during("11-04 09:34:20"), func(t time.Time) { login(w.staff[returning], t, false, "login_success") })
	// A forgotten password: five failures, the help desk resets it, a success,
	// and then the person changes it.
	on(d, during("11-04 09:41:00"), func(t time.Time) {
		e := w.staff[forgetful]
		for i := range 5 {
			login(e, t.Add(time.Duration(i*23)*time.Second), false, "login_failure")
		}
		login(e, t.Add(11*time.Minute), false, "login_success")
		changed := t.Add(12 * time.Minute)
		d.add(changed, activity(changed, d.rng, "login", e.mail(), w.place(e, changed, false), "password_change", "password_edit"))
	})
	// The leaver's telephone goes on asking for mail with an account that is closed.
	for _, when := range []string{"11-06 18:20:11", "11-07 08:02:40", "11-07 08:32:41"} {
		on(d, during(when), func(t time.Time) {
			e := w.staff[leaver]
			d.add(t, groupwareLogin(t, d.rng, e.mail(), w.place(e, t, true), "login_failure"))
		})
	}
}

// archived is the day in July of which an export was kept.
func archived() time.Time { return during("07-07 00:00:00") }

// archive is what is left of July: a day's logins, among them the last of
// somebody before a leave of 120 days.
func (w *week) archive(d *day) {
	for _, e := range w.staff[:newcomers] {
		if t := d.within(8.9, 10.3); e.n == returning || d.chance(0.6) {
			d.add(t, groupwareLogin(t, d.rng, e.mail(), w.place(e, t, false), "login_success"))
		}
	}
}

// drive is a day of documents.
func (w *week) drive(d *day) {
	for _, e := range w.staff {
		if !w.working(e, d.start) {
			continue
		}
		d.scattered(4+d.rng.IntN(7), 9.5, 18.8, func(t time.Time) {
			w.opened(d, e, t, pick(d.rng, []string{"view", "view", "view", "edit", "edit", "download"}), weekDocument(d, e))
		})
		if d.chance(0.03) { // a price list for a customer
			t := d.within(10, 18)
			doc := document{fmt.Sprintf("見積書 %s", t.Format("0102-15")), "document", e.mail(), "shared_externally"}
			w.used(e, t, false, func(from string) {
				params := append(doc.params(), param("target_user", "buyer@example.com"), param("new_value", "can_view"))
				d.add(t, activity(t, d.rng, "drive", e.mail(), from, "acl_change", "change_user_access", params...))
			})
		}
	}
	w.cleanedUp(d)
	w.readUp(d)
	if d.workday() && d.start.Weekday() == time.Monday { // who may have which account is reviewed weekly
		w.opened(d, w.staff[itAdmin+1], d.within(13, 14), "view", document{"共有アカウント一覧（棚卸し）", "spreadsheet", "it@example.jp", "private"})
	}
}

// opened is a document opened by somebody wherever they are.
func (w *week) opened(d *day, e *employee, t time.Time, name string, doc document) {
	w.used(e, t, false, func(from string) { d.add(t, groupwareDrive(t, d.rng, e.mail(), from, name, doc)) })
}

// weekDocument is what people open on ordinary days.
func weekDocument(d *day, e *employee) document {
	subjects := []string{"週次報告", "商品企画", "売上速報", "障害対応メモ", "リリース計画", "棚卸し表", "問い合わせ集計", "会議議事録", "当番表", "面談メモ", "翻訳依頼", "予算案", "パスワードポリシー改定案", "入社手続き"}
	return document{
		title: fmt.Sprintf("%s 第%d週", pick(d.rng, subjects), 30+d.rng.IntN(15)), kind: pick(d.rng, []string{"spreadsheet", "document", "presentation"}),
		owner: e.mail(), visibility: pick(d.rng, []string{"private", "shared_internally", "shared_internally", "people_within_domain_with_link"}),
	}
}

// cleanedUp is one person's tidying: 120 files renamed, and the old ones of
// last year thrown away, within ten minutes.
func (w *week) cleanedUp(d *day) {
	on(d, during("11-05 14:02:00"), func(t time.Time) {
		e := w.staff[renamer]
		for i := range 120 {
			at := t.Add(time.Duration(i)*4*time.Second + time.Duration(d.rng.IntN(3000))*time.Millisecond)
			name := "rename"
			if i%6 == 5 {
				name = "trash"
			}
			w.opened(d, e, at, name, document{fmt.Sprintf("2025年度 請求書控え %03d", i+1), "pdf", e.mail(), "shared_internally"})
		}
	})
}

// readUp is what the newcomers open in their first days: how to enter the VPN,
// its client, and many documents at once.
func (w *week) readUp(d *day) {
	if !d.isDay("11-02") {
		return
	}
	for _, e := range w.staff[newcomers:] {
		t := d.within(13, 14)
		w.opened(d, e, t, "view", document{"VPN 接続手順書", "document", "it@example.jp", "people_within_domain_with_link"})
		w.opened(d, e, t.Add(4*time.Minute), "download", document{"forticlient-vpn-installer.msi", "msi", "it@example.jp", "people_within_domain_with_link"})
		d.scattered(40, 14, 17.5, func(at time.Time) { w.opened(d, e, at, "view", weekDocument(d, e)) })
	}
}

// administration is a day of what administrators change.
func (w *week) administration(d *day) {
	admin := w.staff[itAdmin].mail()
	change := func(t time.Time, kind, name string, params ...rawText) {
		d.add(t, activity(t, d.rng, "admin", admin, tokyoOffice, kind, name, params...))
	}
	for i := range newcomers4 {
		on(d, during("10-30 16:00:00").Add(time.Duration(i)*3*time.Minute), func(t time.Time) {
			change(t, "USER_SETTINGS", "CREATE_USER", param("USER_EMAIL", w.staff[newcomers+i].mail()))
		})
	}
	on(d, during("11-04 09:50:00"), func(t time.Time) {
		change(t, "USER_SETTINGS", "CHANGE_PASSWORD", param("USER_EMAIL", w.staff[forgetful].mail()))
	})
	on(d, during("11-06 18:00:30"), func(t time.Time) {
		change(t, "USER_SETTINGS", "SUSPEND_USER", param("USER_EMAIL", w.staff[leaver].mail()))
	})
	on(d, during("11-05 11:15:00"), func(t time.Time) { // a new member of the help desk
		change(t, "DELEGATED_ADMIN_SETTINGS", "ASSIGN_ROLE", param("ROLE_NAME", "_HELP_DESK_ADMIN_ROLE"), param("USER_EMAIL", w.staff[itAdmin+4].mail()))
	})
	if d.workday() {
		d.scattered(1+d.rng.IntN(3), 10, 17, func(t time.Time) {
			change(t, "GROUP_SETTINGS", "ADD_GROUP_MEMBER", param("GROUP_EMAIL", "project-"+fmt.Sprint(d.rng.IntN(40))+"@example.jp"), param("USER_EMAIL", w.staff[d.rng.IntN(newcomers)].mail()))
		})
	}
}

// newcomers4 is how many begin.
const newcomers4 = people200 - newcomers

// grants is a day of applications that people let use their account: a few on
// any day, and forty on the day when a calendar tool is introduced.
func (w *week) grants(d *day) {
	grant := func(e *employee, t time.Time, app, scope string) {
		w.used(e, t, false, func(from string) {
			d.add(t, activity(t, d.rng, "token", e.mail(), from, "auth", "authorize", param("app_name", app), param("client_id", fmt.Sprintf("%x.apps.example.com", hashOf(app))), param("scope", scope)))
		})
	}
	if d.workday() {
		d.scattered(6, 9.5, 18, func(t time.Time) {
			grant(w.staff[d.rng.IntN(newcomers)], t, pick(d.rng, []string{"会議録アシスタント", "経費精算", "名刺管理"}), "openid email")
		})
	}
	if d.isDay("11-05") {
		for i := range 40 {
			grant(w.staff[i*4+1], d.within(10.5, 11.5), "共有カレンダー連携", "https://www.googleapis.com/auth/calendar")
		}
	}
}
