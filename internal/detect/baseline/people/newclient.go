package people

import (
	"fmt"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/finding"
)

type newClient struct {
	learn, remember int32
	many            int
	info            finding.Info
}

func (b *persons) tuneNewClient(t *learn.Tuning) {
	b.client.learn, b.client.remember = b.span(t, "learn", 14*learn.Day), b.span(t, "remember", 90*learn.Day)
	b.client.many = t.Int("many", 6)
	b.staff = max(t.Int("staff", 500), 1)
	b.client.info = finding.Info{
		ID:    "baseline-new-client",
		Title: "Account used with a first-seen client", TitleJA: "アカウントが初めてのクライアントで使われた",
		Description: "An account succeeds with a browser, program or device it was not used with within the remembered days. Families and platforms are " +
			"compared, not versions: an update is nothing new. Low by itself; medium together with an address and network the account is not known from. " +
			"Accounts known with many clients are only informational. A source with more than staff accounts a week serves customers: " +
			"none of the baselines of habits learns or judges them there. It cannot see a client that names itself as another.",
		DescriptionJA: "記憶している日数のあいだ使われたことのないブラウザー・プログラム・端末で、アカウントが成功した。版ではなく系統と OS を比べるので、更新では検知しない。" +
			"単独では「低」、接続元とその網も初めてなら「中」。多くのクライアントを使うアカウントでは「情報」にとどめる。一週間に staff を超えるアカウントが使うログ源は顧客向けとみなし、習慣に基づく検知の対象から（ほかの基準でも）外す。名乗りを偽るクライアントは見分けられない。",
		Level: finding.LevelMedium, Tags: []string{"attack.initial-access", "attack.t1078"},
		Params: t.Params(),
	}
}

// judgeClient judges a success with a client that is new to the account.
func (b *persons) judgeClient(u *use, h *habit) {
	p := &b.client
	if u.client == "" || h.knowsClient(u, p.remember) || !h.learned(u.day, p.learn, p.remember) {
		return
	}
	before := h.clients.latest()
	if before == nil || !before.days.Any(u.day-p.remember, u.day) {
		return // nothing to compare with
	}
	level := finding.LevelLow
	strange := !u.addr.IsPrivate() && !h.knowsNetwork(u, p.remember) && !b.shared(u.addr, u.day)
	switch {
	case h.clients.among(u.day, p.remember) >= p.many:
		level = finding.LevelInformational
	case strange:
		level = finding.LevelMedium
	}
	f := aboutUse(u, level)
	f.Records = append(f.Records, before.record)
	days := h.days.Since(u.day-p.remember, u.day)
	f.Why = fmt.Sprintf("%s was used with %s from %s, a client it was never used with in %d days; the last one known was %s.",
		finding.Shown(u.shown), u.client, u.addr, days, before.key)
	f.WhyJA = fmt.Sprintf("%s が %s で %s から使われた。過去 %d 日間にこのクライアントで使われたことはない（直近の既知のものは %s）。",
		finding.Shown(u.shown), u.client, u.addr, days, before.key)
	if strange {
		f.Why = f.Why[:len(f.Why)-1] + "; it is not known from that network either."
		f.WhyJA += "この接続元の網からも使われたことがない。"
	}
	b.kit.Raise(f, &p.info, u.account, u.client)
}
