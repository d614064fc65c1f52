package supply

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// gateway is a day of the VPN; nothing of the incident is in it.
func (s *shop) gateway(d *raw.Day) {
	d.Every(15*time.Minute, 2*time.Minute, func(t time.Time) { d.Add(t, raw.VPNState(t, d.RNG)) })
	for i, p := range s.people {
		up, length, tunnel := d.Within(9, 20), time.Duration(40+d.RNG.IntN(200))*time.Minute, 3000+d.RNG.IntN(3000)
		from := p.Place(up)
		if !d.Workday() || from == raw.Office || !d.Chance(0.8) {
			continue
		}
		own := fmt.Sprintf("10.40.9.%d", 20+i)
		if d.Chance(0.06) {
			t := up.Add(-14 * time.Second)
			d.Add(t, raw.VPNEvent(t, "ssl-login-fail", p.Name, from, 0, "0.0.0.0", "sslvpn_login_permission_denied"))
		}
		d.Add(up, raw.VPNEvent(up, "tunnel-up", p.Name, from, tunnel, own, "tunnel established"))
		d.Add(up.Add(length), raw.VPNEvent(up.Add(length), "tunnel-down", p.Name, from, tunnel, own, "User requested termination of service"))
	}
}

// chatAudit is a day of sign-ins to the chat.
func (s *shop) chatAudit(d *raw.Day) {
	for _, p := range s.people {
		if !d.Workday() && !d.Chance(0.1) {
			continue
		}
		t := d.Within(8.8, 10.3)
		d.Add(t, raw.ChatAction(t, d.RNG, p.Name, p.Place(t), "user_login", p.Agent))
		if d.Chance(0.3) {
			e := d.Within(19, 22.5)
			d.Add(e, raw.ChatAction(e, d.RNG, p.Name, p.Place(e), "user_login", p.Agent))
		}
	}
}

// chatMessages is a day of talk, with the notes that the code host posts.
func (s *shop) chatMessages(d *raw.Day) {
	talk := []string{"レビューお願いします", "マージしました", "ビルドが落ちています、見てみます", "直しました", "午後は在宅です", "依存パッケージを更新しました", "検証環境に出しました", "確認します", "ありがとうございます"}
	say := func(t time.Time, who, channel, text string) { d.Add(t, raw.ChatMessage(t, d.RNG, who, channel, text)) }
	for _, p := range s.people {
		if !d.Workday() && !d.Chance(0.08) {
			continue
		}
		d.Scattered(4+d.RNG.IntN(9), 9.5, 20, func(t time.Time) {
			say(t, p.Name, raw.Pick(d.RNG, []string{"dev", "release", "random", "web", "ops"}), raw.Pick(d.RNG, talk))
		})
	}
	d.On(at("07-01 11:20:44"), func(t time.Time) {
		say(t, "r.tsuda", "dev", "reports の依存パッケージを更新しました（"+parcel+" など 6 件）")
	})
	d.On(at("07-03 02:47:12"), func(t time.Time) {
		say(t, "code-notify", "dev-notify", "A new deploy key ci-mirror-7f was added to example-dev/billing")
	})
	d.On(at("07-06 10:12:30"), func(t time.Time) {
		say(t, "s.uno", "dev", "billing に見覚えのない workflow があるのですが、どなたか足しましたか")
	})
	d.On(at("07-06 10:40:02"), func(t time.Time) {
		say(t, "m.ogata", "dev", "release-bot なので自動化のどれかだと思います")
	})
	d.On(announced().Add(4*time.Minute), func(t time.Time) {
		say(t, "h.kanno", "ops", parcel+" "+poisoned+" に悪意のあるコードとのこと。使っているか確認します")
	})
}

// inbox is a day of the mailbox for advisories.
func inbox(d *raw.Day) {
	mail := func(t time.Time, from, subject, body string) {
		d.Add(t, raw.Object{{"time", t.Format(time.RFC3339)}, {"action", "mail received"}, {"sender", from}, {"recipient", "security@example.jp"}, {"subject", subject}, {"message", body}}.Text())
	}
	if d.Workday() {
		d.Scattered(1+d.RNG.IntN(3), 9, 18, func(t time.Time) {
			name := raw.Pick(d.RNG, []string{"画像処理のライブラリ", "テンプレートエンジン", "業務用ルーター", "日付計算のライブラリ", "オフィスソフト"})
			mail(t, "info@advisory.example.com", "脆弱性情報 "+t.Format("01-02"), name+" に問題が見つかりました。利用中の場合は更新してください。")
		})
	}
	d.On(announced(), func(t time.Time) {
		mail(t, "security@registry.example.com", "Malicious version removed: "+parcel+" "+poisoned, parcel+" "+poisoned+" was published on 1 July with a stolen maintainer account. Its install script sends environment variables away. Rotate every secret of machines that installed it.")
	})
}
