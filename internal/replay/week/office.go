package week

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// signIns is a day of logins to the groupware.
func (w *week) signIns(d *raw.Day) {
	login := func(e *employee, t time.Time, phone bool, name string) {
		w.used(e, t, phone, func(from string) { d.Add(t, raw.GroupwareLogin(t, d.RNG, e.mail(), from, name)) })
	}
	for _, e := range w.staff {
		if !w.working(e, d.Start) {
			continue
		}
		if t := d.Within(8.9, 10.3); d.Chance(0.6) {
			if d.Chance(0.05) {
				for i := range 1 + d.RNG.IntN(2) { // mistyped
					login(e, t.Add(-time.Duration(14*(i+1))*time.Second), false, "login_failure")
				}
			}
			login(e, t, false, "login_success")
		}
		if d.Chance(0.2) {
			login(e, d.Within(8, 22), true, "login_success")
		}
	}
	d.On(during("11-04 09:34:20"), func(t time.Time) { login(w.staff[returning], t, false, "login_success") })
	// A forgotten password: five failures, the help desk resets it, a success,
	// and then the person changes it.
	d.On(during("11-04 09:41:00"), func(t time.Time) {
		e := w.staff[forgetful]
		for i := range 5 {
			login(e, t.Add(time.Duration(i*23)*time.Second), false, "login_failure")
		}
		login(e, t.Add(11*time.Minute), false, "login_success")
		changed := t.Add(12 * time.Minute)
		d.Add(changed, raw.Activity(changed, d.RNG, "login", e.mail(), w.place(e, changed, false), "password_change", "password_edit"))
	})
	// The leaver's telephone goes on asking for mail with an account that is closed.
	for _, when := range []string{"11-06 18:20:11", "11-07 08:02:40", "11-07 08:32:41"} {
		d.On(during(when), func(t time.Time) {
			e := w.staff[leaver]
			d.Add(t, raw.GroupwareLogin(t, d.RNG, e.mail(), w.place(e, t, true), "login_failure"))
		})
	}
}

// archived is the day in July of which an export was kept.
func archived() time.Time { return during("07-07 00:00:00") }

// archive is what is left of July: a day's logins, among them the last of
// somebody before a leave of 120 days.
func (w *week) archive(d *raw.Day) {
	for _, e := range w.staff[:newcomers] {
		if t := d.Within(8.9, 10.3); e.n == returning || d.Chance(0.6) {
			d.Add(t, raw.GroupwareLogin(t, d.RNG, e.mail(), w.place(e, t, false), "login_success"))
		}
	}
}

// drive is a day of documents.
func (w *week) drive(d *raw.Day) {
	for _, e := range w.staff {
		if !w.working(e, d.Start) {
			continue
		}
		d.Scattered(4+d.RNG.IntN(7), 9.5, 18.8, func(t time.Time) {
			w.opened(d, e, t, raw.Pick(d.RNG, []string{"view", "view", "view", "edit", "edit", "download"}), weekDocument(d, e))
		})
		if d.Chance(0.03) { // a price list for a customer
			t := d.Within(10, 18)
			doc := raw.Document{Title: fmt.Sprintf("見積書 %s", t.Format("0102-15")), Kind: "document", Owner: e.mail(), Visibility: "shared_externally"}
			w.used(e, t, false, func(from string) {
				params := append(doc.Params(), raw.Param("target_user", "buyer@example.com"), raw.Param("new_value", "can_view"))
				d.Add(t, raw.Activity(t, d.RNG, "drive", e.mail(), from, "acl_change", "change_user_access", params...))
			})
		}
	}
	w.cleanedUp(d)
	w.readUp(d)
	if d.Workday() && d.Start.Weekday() == time.Monday { // who may have which account is reviewed weekly
		w.opened(d, w.staff[itAdmin+1], d.Within(13, 14), "view", raw.Document{Title: "共有アカウント一覧（棚卸し）", Kind: "spreadsheet", Owner: "it@example.jp", Visibility: "private"})
	}
}

// opened is a document opened by somebody wherever they are.
func (w *week) opened(d *raw.Day, e *employee, t time.Time, name string, doc raw.Document) {
	w.used(e, t, false, func(from string) { d.Add(t, raw.GroupwareDrive(t, d.RNG, e.mail(), from, name, doc)) })
}

// weekDocument is what people open on ordinary days.
func weekDocument(d *raw.Day, e *employee) raw.Document {
	subjects := []string{"週次報告", "商品企画", "売上速報", "障害対応メモ", "リリース計画", "棚卸し表", "問い合わせ集計", "会議議事録", "当番表", "面談メモ", "翻訳依頼", "予算案", "パスワードポリシー改定案", "入社手続き"}
	return raw.Document{
		Title: fmt.Sprintf("%s 第%d週", raw.Pick(d.RNG, subjects), 30+d.RNG.IntN(15)), Kind: raw.Pick(d.RNG, []string{"spreadsheet", "document", "presentation"}),
		Owner: e.mail(), Visibility: raw.Pick(d.RNG, []string{"private", "shared_internally", "shared_internally", "people_within_domain_with_link"}),
	}
}

// cleanedUp is one person's tidying: 120 files renamed, and the old ones of
// last year thrown away, within ten minutes.
func (w *week) cleanedUp(d *raw.Day) {
	d.On(during("11-05 14:02:00"), func(t time.Time) {
		e := w.staff[renamer]
		for i := range 120 {
			at := t.Add(time.Duration(i)*4*time.Second + time.Duration(d.RNG.IntN(3000))*time.Millisecond)
			name := "rename"
			if i%6 == 5 {
				name = "trash"
			}
			w.opened(d, e, at, name, raw.Document{Title: fmt.Sprintf("2025年度 請求書控え %03d", i+1), Kind: "pdf", Owner: e.mail(), Visibility: "shared_internally"})
		}
	})
}

// readUp is what the newcomers open in their first days: how to enter the VPN,
// its client, and many documents at once.
func (w *week) readUp(d *raw.Day) {
	if !d.IsDay("11-02") {
		return
	}
	for _, e := range w.staff[newcomers:] {
		t := d.Within(13, 14)
		w.opened(d, e, t, "view", raw.Document{Title: "VPN 接続手順書", Kind: "document", Owner: "it@example.jp", Visibility: "people_within_domain_with_link"})
		w.opened(d, e, t.Add(4*time.Minute), "download", raw.Document{Title: "forticlient-vpn-installer.msi", Kind: "msi", Owner: "it@example.jp", Visibility: "people_within_domain_with_link"})
		d.Scattered(40, 14, 17.5, func(at time.Time) { w.opened(d, e, at, "view", weekDocument(d, e)) })
	}
}

// administration is a day of what administrators change.
func (w *week) administration(d *raw.Day) {
	admin := w.staff[itAdmin].mail()
	change := func(t time.Time, kind, name string, params ...raw.RawText) {
		d.Add(t, raw.Activity(t, d.RNG, "admin", admin, tokyoOffice, kind, name, params...))
	}
	for i := range newcomers4 {
		d.On(during("10-30 16:00:00").Add(time.Duration(i)*3*time.Minute), func(t time.Time) {
			change(t, "USER_SETTINGS", "CREATE_USER", raw.Param("USER_EMAIL", w.staff[newcomers+i].mail()))
		})
	}
	d.On(during("11-04 09:50:00"), func(t time.Time) {
		change(t, "USER_SETTINGS", "CHANGE_PASSWORD", raw.Param("USER_EMAIL", w.staff[forgetful].mail()))
	})
	d.On(during("11-06 18:00:30"), func(t time.Time) {
		change(t, "USER_SETTINGS", "SUSPEND_USER", raw.Param("USER_EMAIL", w.staff[leaver].mail()))
	})
	d.On(during("11-05 11:15:00"), func(t time.Time) { // a new member of the help desk
		change(t, "DELEGATED_ADMIN_SETTINGS", "ASSIGN_ROLE", raw.Param("ROLE_NAME", "_HELP_DESK_ADMIN_ROLE"), raw.Param("USER_EMAIL", w.staff[itAdmin+4].mail()))
	})
	if d.Workday() {
		d.Scattered(1+d.RNG.IntN(3), 10, 17, func(t time.Time) {
			change(t, "GROUP_SETTINGS", "ADD_GROUP_MEMBER", raw.Param("GROUP_EMAIL", "project-"+fmt.Sprint(d.RNG.IntN(40))+"@example.jp"), raw.Param("USER_EMAIL", w.staff[d.RNG.IntN(newcomers)].mail()))
		})
	}
}

// newcomers4 is how many begin.
const newcomers4 = people200 - newcomers

// grants is a day of applications that people let use their account: a few on
// any day, and forty on the day when a calendar tool is introduced.
func (w *week) grants(d *raw.Day) {
	grant := func(e *employee, t time.Time, app, scope string) {
		w.used(e, t, false, func(from string) {
			d.Add(t, raw.Activity(t, d.RNG, "token", e.mail(), from, "auth", "authorize", raw.Param("app_name", app), raw.Param("client_id", fmt.Sprintf("%x.apps.example.com", raw.Hash(app))), raw.Param("scope", scope)))
		})
	}
	if d.Workday() {
		d.Scattered(6, 9.5, 18, func(t time.Time) {
			grant(w.staff[d.RNG.IntN(newcomers)], t, raw.Pick(d.RNG, []string{"会議録アシスタント", "経費精算", "名刺管理"}), "openid email")
		})
	}
	if d.IsDay("11-05") {
		for i := range 40 {
			grant(w.staff[i*4+1], d.Within(10.5, 11.5), "共有カレンダー連携", "https://www.googleapis.com/auth/calendar")
		}
	}
}
