package people

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/finding"
)

func (b *accounts) tuneNewAddress(t *learn.Tuning) {
	b.p.LearnDays, b.p.LearnLogons = t.Int("learn_days", 14), t.Int("learn_logons", 10)
	b.p.UsualWithin = t.Duration("usual_within", 65*time.Minute)
	b.p.RoamingAddresses, b.p.RoamingDays = t.Int("roaming_addresses", 4), t.Int("roaming_days", 14)
	b.newAddressInfo = finding.Info{
		ID:    "baseline-new-address",
		Title: "Account used from a first-seen address", TitleJA: "アカウントが初見の接続元から使われた",
		Description: "An account whose habits are known succeeds from an address it was never used from. High when it was " +
			"used from another address so shortly before that one person can hardly have done both.",
		DescriptionJA: "使われ方の分かっているアカウントが、これまで使われたことのない接続元から成功した。" +
			"直前に別の接続元から使われていて、一人の行動とは考えにくいときは「高」。",
		Level: finding.LevelHigh, Tags: []string{"attack.initial-access", "attack.t1078"},
		Params: t.Params(),
	}
}

// newAddress judges a success from an address that is new to the account.
func (b *accounts) newAddress(a *access, acct *account, addr *address) {
	if !a.success || len(acct.used) == 0 || acct.from(a.addr) != nil {
		return
	}
	if a.addr.IsPrivate() || addr.ordinary || addr.succeeded() > b.p.SharedAccounts || b.pooled(a.addr) {
		return
	}
	if acct.newSince(a.time.AddDate(0, 0, -b.p.RoamingDays)) >= b.p.RoamingAddresses {
		return
	}
	if u := b.justBefore(a, acct); u != nil {
		b.elsewhere(a, u)
		return
	}
	if a.time.Sub(acct.first) < time.Duration(b.p.LearnDays)*24*time.Hour || acct.logons < b.p.LearnLogons {
		return
	}
	level := finding.LevelLow
	if n, among := b.usersOf(a.addr, a.account); !among && n < 2 && !a.mobile {
		level = finding.LevelMedium // a network that is new to the account and to nearly everybody
	}
	f := about(a, level)
	f.Why = fmt.Sprintf("%s was used from %s, which it was never used from in %d days; it is known from %d addresses.",
		finding.Shown(a.shown), a.addr, int(a.time.Sub(acct.first).Hours()/24), len(acct.used))
	f.WhyJA = fmt.Sprintf("%s が %s から使われた。過去 %d 日間にこの接続元から使われたことはない（既知の接続元は %d 件）。",
		finding.Shown(a.shown), a.addr, int(a.time.Sub(acct.first).Hours()/24), len(acct.used))
	b.kit.Raise(f, &b.newAddressInfo, a.account, a.addr.String())
}

// justBefore finds the address the account was last used from, when that was
// so recently that a new one elsewhere is odd. Until the account's habits are
// known only two logons to one source count, and neither from an address that
// many share: people go from the office to their homes.
func (b *accounts) justBefore(a *access, acct *account) *usedAddress {
	u := &acct.used[len(acct.used)-1]
	if gap := a.time.Sub(u.last); gap < 0 || gap > b.p.UsualWithin {
		return nil
	}
	if sameLine(u.addr, a.addr) || a.mobile && !u.mobile || u.addr.IsPrivate() || b.pooled(u.addr) {
		return nil
	}
	learned := a.time.Sub(acct.first) >= time.Duration(b.p.LearnDays)*24*time.Hour && acct.logons >= b.p.LearnLogons
	if learned {
		return u
	}
	d := b.addresses.Find(u.addr)
	shared := d != nil && (d.ordinary || d.succeeded() > b.p.SharedAccounts)
	if shared || u.source != a.source || !u.logon || !a.logon {
		return nil
	}
	return u
}

func (b *accounts) elsewhere(a *access, u *usedAddress) {
	f := about(a, finding.LevelHigh)
	f.Records = append(f.Records, u.record)
	gap := a.time.Sub(u.last)
	f.Why = fmt.Sprintf("%s was used from %s for the first time, %s after a success from %s (%s).",
		finding.Shown(a.shown), a.addr, finding.Span(gap), u.addr, finding.Clock(u.last))
	f.WhyJA = fmt.Sprintf("%s が初見の接続元 %s から使われた。%s 前に %s から成功したばかりである（%s）。",
		finding.Shown(a.shown), a.addr, finding.SpanJA(gap), u.addr, finding.ClockJA(u.last))
	b.kit.Raise(f, &b.newAddressInfo, a.account, a.addr.String())
}
