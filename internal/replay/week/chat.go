package week

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// weekTeam is the company's workspace in the chat.
func weekTeam() raw.Object {
	return raw.Object{{"type", "workspace"}, {"id", "T0EXAMPLE"}, {"name", "example"}}
}

// chatAudit is a day of the chat's audit log.
func (w *week) chatAudit(d *raw.Day) {
	entry := func(e *employee, t time.Time, phone bool, action string, entity raw.Object) {
		w.used(e, t, phone, func(from string) {
			agent := e.laptop
			if phone {
				agent = e.phone
			}
			d.Add(t, raw.ChatEntry{Who: e.name, From: from, Action: action, Agent: agent, Entity: entity, Team: weekTeam()}.Text(t, d.RNG))
		})
	}
	for _, e := range w.staff {
		if !w.working(e, d.Start) {
			continue
		}
		if d.Chance(0.5) {
			entry(e, d.Within(8.9, 10.2), false, "user_login", nil)
		}
		if d.Chance(0.4) {
			entry(e, d.Within(7.8, 9.2), true, "user_login", nil)
		}
		if d.Chance(0.25) {
			entry(e, d.Within(18.2, 23.5), true, "user_login", nil)
		}
		d.Scattered(d.RNG.IntN(3), 10, 18, func(t time.Time) {
			name := fmt.Sprintf("画面 %s.png", t.Format("0102-1504"))
			action := raw.Pick(d.RNG, []string{"file_uploaded", "file_downloaded"})
			entry(e, t, false, action, raw.Object{{"type", "file"}, {"file", raw.Object{{"id", fmt.Sprintf("F%08X", d.RNG.Uint32())}, {"name", name}, {"title", name}}}})
		})
	}
	for i, n := range []int{guestOne, guestTwo} { // in the hotel
		d.On(during("11-04 21:10:00").Add(time.Duration(i)*23*time.Minute), func(t time.Time) { entry(w.staff[n], t, false, "user_login", nil) })
	}
	for i, n := range []int{travellerOne, travellerTwo} { // telephone and laptop within a quarter of an hour
		d.On(during("11-04 10:05:00").Add(time.Duration(i)*time.Hour), func(t time.Time) {
			entry(w.staff[n], t, true, "user_login", nil)
			entry(w.staff[n], t.Add(14*time.Minute), false, "user_login", nil)
		})
	}
	for i := range newcomers4 {
		d.On(during("10-30 16:30:00").Add(time.Duration(i)*time.Minute), func(t time.Time) {
			entry(w.staff[itAdmin], t, false, "user_created", raw.ChatPerson(w.staff[newcomers+i].name))
		})
	}
	d.On(during("11-06 18:02:00"), func(t time.Time) {
		entry(w.staff[itAdmin], t, false, "user_deactivated", raw.ChatPerson(w.staff[leaver].name))
	})
}

// chatMessages is a day of what people write. Some of it speaks of passwords
// and gives none.
func (w *week) chatMessages(d *raw.Day) {
	talk := []string{
		"了解です", "確認お願いします", "リリース完了しました", "15時から打ち合わせでお願いします", "ログ見てみます", "お疲れさまです", "画像差し替えました", "問い合わせ1件対応中です",
		"明日は在宅です", "パスワードは別途お送りします", "パスワード: 手順書をご覧ください", "初期パスワードの変更をお願いします", "password: https://wiki.example.jp/reset を参照", "ID とパスワードを忘れたので再発行してください",
	}
	write := func(e *employee, t time.Time, channel, text string) {
		d.Add(t, raw.ChatMessage(t, d.RNG, e.name, channel, text))
	}
	for _, e := range w.staff {
		if !w.working(e, d.Start) {
			continue
		}
		d.Scattered(d.RNG.IntN(6), 9.2, 18.9, func(t time.Time) {
			w.used(e, t, false, func(string) {
				write(e, t, raw.Pick(d.RNG, []string{"general", "ops", "release", "sales", "random"}), raw.Pick(d.RNG, talk))
			})
		})
	}
	if r, ok := releaseOn(d.Start); ok {
		write(w.staff[12], r.at.Add(-10*time.Minute), "release", r.version+" を本番に出します")
		write(w.staff[12], r.at.Add(14*time.Minute), "release", r.version+" 完了。例外が数分出ましたが収まっています")
	}
	from, to := trouble()
	d.On(from.Add(7*time.Minute), func(t time.Time) {
		write(w.onCall(from), t, "ops", "DB の応答が遅く、注文が失敗しています。確認します")
	})
	d.On(to, func(t time.Time) {
		write(w.onCall(from), t, "ops", "滞留していた接続を切り、app を再起動。復旧しました")
	})
}
