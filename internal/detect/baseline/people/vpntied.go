package people

import (
	"fmt"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/finding"
)

func (b *accounts) tuneVPNTied(t *learn.Tuning) {
	b.p.RepeatDays = t.Int("repeat_days", 30)
	b.vpnTiedInfo = finding.Info{
		ID:    "baseline-vpn-tied-address",
		Title: "VPN logon from an address tied to other accounts", TitleJA: "他のアカウントと結び付いた接続元からの VPN ログイン",
		Description: "An account enters the VPN from an address that other accounts have been used from, in any source. " +
			"Shared egress and carriers' pools are left out.",
		DescriptionJA: "ほかのアカウントで（どのログ源であれ）使われたことのある接続元から、VPN に接続された。" +
			"共用の出口と携帯網は除く。",
		Level: finding.LevelHigh, Tags: []string{"attack.initial-access", "attack.t1133"},
		Params: t.Params(),
	}
}

// vpnTied judges a VPN logon by what else its address was used for.
func (b *accounts) vpnTied(a *access, addr *address) {
	if !a.vpn || !a.success || !b.telling(a, addr) {
		return
	}
	others := slices.DeleteFunc(addr.others(a.account, a.time.Add(-b.p.SharedWithin)), func(t tie) bool { return b.common(t.account) })
	if len(others) == 0 || b.common(a.account) {
		return
	}
	mine := addr.tieOf(a.account)
	if mine != nil && !mine.raised.IsZero() && a.time.Before(mine.raised.AddDate(0, 0, b.p.RepeatDays)) {
		b.kit.Repeat()
		return
	}
	if mine == nil {
		addr.learn(a)
		mine = addr.tieOf(a.account)
	}
	if mine != nil {
		mine.raised = a.time
	}
	f := about(a, finding.LevelHigh)
	names := make([]string, 0, len(others))
	for _, t := range others[:min(len(others), 5)] {
		names = append(names, finding.Shown(t.shown))
	}
	for _, t := range others {
		f.Records = append(f.Records, t.record)
	}
	list := strings.Join(names, ", ")
	f.Why = fmt.Sprintf("%s entered the VPN from %s, an address used with %d other accounts before: %s.", finding.Shown(a.shown), a.addr, len(others), list)
	f.WhyJA = fmt.Sprintf("%s が %s から VPN に接続した。この接続元は以前にほかの %d アカウントで使われている：%s。", finding.Shown(a.shown), a.addr, len(others), list)
	b.kit.Raise(f, &b.vpnTiedInfo, a.account, a.addr.String())
}
