package insider

import (
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// row is a line of CSV; every cell is quoted.
func row(cells ...string) string {
	for i, c := range cells {
		cells[i] = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
	}
	return strings.Join(cells, ",")
}

const stamp = "2006/01/02 15:04:05"

// export is a list that was written out of the customer system.
type export struct {
	at   time.Time
	list string
	rows int
}

// exports are those of the leaver's last weeks: on fifteen evenings, of lists
// that are not the leaver's own.
func exports() []export {
	areas := []string{"北海道", "東北", "関東", "中部", "近畿", "中国", "四国", "九州"}
	days := []string{"06-12", "06-15", "06-16", "06-18", "06-19", "06-22", "06-23", "06-25", "06-26", "06-29", "06-30", "07-02", "07-03", "07-06", "07-07"}
	out := []export{{begun(), "顧客一覧_関東", 1420}}
	for i, day := range days[1:] {
		t := at(day + " 20:52:41").Add(time.Duration(i*i*13%71) * time.Minute)
		out = append(out,
			export{t, "顧客一覧_" + areas[i%len(areas)], 900 + i*137},
			export{t.Add(9 * time.Minute), "商談履歴_" + areas[i%len(areas)], 1800 + i*211})
	}
	return append(out, export{at("07-09 21:38:05"), "顧客一覧_全国", 18_640}, export{at("07-09 21:52:17"), "見積一覧_全国", 9_310})
}

// again is the export after leaving, with the colleague's account.
func again() export { return export{later().Add(10 * time.Minute), "顧客一覧_全国", 18_702} }

// customers is a day of the customer system's audit log.
func (f *firm) customers(d *raw.Day) {
	d.On(at("05-11 00:00:00"), func(t time.Time) {
		d.Add(t, row("日時", "ユーザー", "接続元IPアドレス", "モジュール", "アクション", "結果", "対象", "補足"))
	})
	add := func(t time.Time, who, from, action, list, note string) {
		d.Add(t, row(t.Format(stamp), who, from, "顧客管理", action, "成功", list, note))
	}
	d.Every(time.Hour, 5*time.Minute, func(t time.Time) {
		add(t, "system", "10.60.2.10", "同期", "取引先マスター", "定期の同期")
	})
	for _, m := range f.people {
		if !d.Workday() || m.gone(d.Start) {
			continue
		}
		in := d.Within(8.8, 10)
		add(in, m.Name, m.from(in), "ログイン", "", "")
		d.Scattered(5+d.RNG.IntN(7), 10, 18.5, func(t time.Time) {
			if !m.gone(t) {
				add(t, m.Name, m.from(t), raw.Pick(d.RNG, []string{"閲覧", "閲覧", "編集", "検索", "登録"}), fmt.Sprintf("顧客 %05d", d.RNG.IntN(48_000)), "")
			}
		})
		if d.Chance(0.12) {
			t := d.Within(10, 18)
			if !m.gone(t) {
				add(t, m.Name, m.from(t), "エクスポート", "担当顧客_"+m.Name, fmt.Sprintf("%d 件", 20+d.RNG.IntN(130)))
			}
		}
	}
	for _, x := range exports() {
		d.On(x.at, func(t time.Time) {
			add(t, leaver, f.people[0].address, "エクスポート", x.list, fmt.Sprintf("%d 件", x.rows))
		})
	}
	d.On(left(), func(t time.Time) { add(t, "it.admin", "10.60.1.9", "ユーザーの停止", leaver, "") })
	d.On(later().Add(5*time.Minute), func(t time.Time) { add(t, colleague, f.people[1].tunnel, "ログイン", "", "") })
	d.On(again().at, func(t time.Time) {
		add(t, colleague, f.people[1].tunnel, "エクスポート", again().list, fmt.Sprintf("%d 件", again().rows))
	})
}

// mail is a day of the mail gateway: who wrote to whom, how much.
func (f *firm) mail(d *raw.Day) {
	add := func(t time.Time, from, to, subject string, size int) {
		d.Add(t, raw.Object{{"time", t.Format(time.RFC3339)}, {"host", "mx-01"}, {"action", "mail sent"}, {"sender", from}, {"recipient", to}, {"subject", subject}, {"size", size}}.Text())
	}
	subjects := []string{"お見積りの件", "打ち合わせの日程", "ご注文ありがとうございます", "資料送付", "Re: 納期について"}
	for _, m := range f.people {
		if d.Workday() && !m.gone(d.Start) {
			d.Scattered(3+d.RNG.IntN(5), 9.5, 18, func(t time.Time) {
				add(t, m.Name+"@example.jp", fmt.Sprintf("buyer%03d@customer.example.com", d.RNG.IntN(900)), raw.Pick(d.RNG, subjects), 4_000+d.RNG.IntN(400_000))
			})
		}
	}
	d.Every(2*time.Hour, 11*time.Minute, func(t time.Time) { add(t, "monitor@example.jp", "monitor@example.jp", "heartbeat", 900) })
	d.On(at("09-10 10:12:00"), func(t time.Time) {
		add(t, "buyer417@customer.example.com", "info@example.jp", "他社からの勧誘について（貴社にしか伝えていない内容です）", 21_400)
	})
}

// directory is a day of the domain controller's Security log.
func (f *firm) directory(d *raw.Day) {
	var log raw.Numbered
	logon := func(t time.Time, who, from string) {
		log.Security(t, "dc01", 4624, raw.Logon(who, from, 3, raw.Hash(who+t.String())>>36))
	}
	d.Every(30*time.Minute, 3*time.Minute, func(t time.Time) { logon(t, "dc01$", "10.60.2.9") })
	for _, m := range f.people {
		if d.Workday() && !m.gone(d.Start) {
			t := d.Within(8.6, 9.8)
			logon(t, m.Name, m.from(t))
			if u := d.Within(13, 17); d.Chance(0.6) {
				logon(u, m.Name, m.from(u))
			}
		}
	}
	d.On(left(), func(t time.Time) { log.Security(t, "dc01", 4725, raw.Changed("it.admin", leaver)) })
	d.On(later(), func(t time.Time) {
		log.Security(t, "dc01", 4768, raw.Object{{"TargetUserName", leaver}, {"TargetDomainName", "EXAMPLE"}, {"Status", "0x12"}, {"IpAddress", "10.60.2.5"}})
	})
	d.On(later().Add(162*time.Second), func(t time.Time) { logon(t, colleague, "10.60.2.5") })
	d.On(at("09-10 17:40:00"), func(t time.Time) { log.Security(t, "dc01", 4724, raw.Changed("it.admin", colleague)) })
	log.Write(d, d.Number, func(time.Time) bool { return false })
}
