package people

import (
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/finding"
)

func (b *accounts) tuneSharedAddress(t *learn.Tuning) {
	b.p.SharedWithin, b.p.SharedAccounts = t.Duration("shared_within", 24*time.Hour), t.Int("shared_accounts", 4)
	b.p.PoolAccounts, b.p.PoolAddresses = t.Int("pool_accounts", 3), t.Int("pool_addresses", 4)
	b.p.PrivateAddresses = t.Bool("private_addresses", false)
	b.p.CommonAddresses = t.Int("common_addresses", 8)
	b.sharedAddressInfo = finding.Info{
		ID:    "baseline-shared-address",
		Title: "One address uses several accounts", TitleJA: "一つの接続元が複数のアカウントを使った",
		Description: "An address known from one account is used, or tried, with another. Offices, carriers' pools and " +
			"private networks are learned or left out, and so are accounts that everybody uses, as they share common_addresses addresses with others.",
		DescriptionJA: "あるアカウントで知られる接続元が、別のアカウントでも使われた、または試された。" +
			"事業所などの共用の出口、携帯網、私設アドレスは学習して除く。common_addresses 以上の接続元を他のアカウントと共にする、皆が使うアカウントも除く。",
		Level: finding.LevelHigh, Tags: []string{"attack.initial-access", "attack.t1078"},
		Params: t.Params(),
	}
}

// telling reports whether it means something which accounts an address uses.
func (b *accounts) telling(a *access, addr *address) bool {
	return !addr.ordinary && (b.p.PrivateAddresses || !a.addr.IsPrivate()) && !b.pooled(a.addr)
}

// sharedAddress judges an account that is new to an address.
func (b *accounts) sharedAddress(a *access, addr *address) {
	if !b.telling(a, addr) || !addr.judged {
		return
	}
	if t := addr.tieOf(a.account); t != nil && (a.failure || !t.success.IsZero()) {
		return
	}
	others := b.telltale(a.account, a.addr, a.time, addr.others(a.account, a.time))
	if len(others) == 0 || !a.success && !a.failure {
		return
	}
	if a.failure && !addr.flagged {
		// People mistype their names: only an account that exists counts.
		if known := b.accounts.Find(a.account); known == nil || len(known.used) == 0 {
			return
		}
	}
	level := finding.LevelMedium
	if len(others) > 1 {
		level = finding.LevelHigh
	}
	b.sharing(a, addr, others, level)
}

func (b *accounts) sharing(a *access, addr *address, others []tie, level string) {
	f := about(a, level)
	names := make([]string, 0, len(others))
	for i, t := range others {
		if i < 5 {
			names = append(names, finding.Shown(t.shown))
		}
		f.Records = append(f.Records, t.record)
	}
	list := strings.Join(names, ", ")
	if more := len(others) - len(names); more > 0 {
		list += fmt.Sprintf(" (+%d)", more)
	}
	verb, verbJA := "was used", "使われた"
	if a.failure {
		verb, verbJA = "was tried", "試された"
	}
	f.Why = fmt.Sprintf("%s %s from %s, an address first seen %s with %s.", finding.Shown(a.shown), verb, a.addr, finding.Clock(addr.first), list)
	f.WhyJA = fmt.Sprintf("%s が %s から%s。この接続元は %s に初めて現れ、%s で使われている。", finding.Shown(a.shown), a.addr, verbJA, finding.ClockJA(addr.first), list)
	addr.flagged = true
	b.kit.Raise(f, &b.sharedAddressInfo, a.account, a.addr.String())
}

// judgeUntil judges the addresses that have been watched long enough by an
// instant: many accounts make them ordinary, a few make a finding.
func (b *accounts) judgeUntil(now time.Time) {
	for len(b.judging) > 0 {
		ip := b.judging[0]
		addr := b.addresses.Find(ip)
		if addr != nil && now.Sub(addr.first) < b.p.SharedWithin {
			return
		}
		b.judging = b.judging[1:]
		if addr == nil || addr.judged {
			continue
		}
		addr.judged = true
		if n := addr.succeeded(); n > b.p.SharedAccounts {
			addr.ordinary = true
		} else if n > 1 {
			b.sharedFromTheStart(addr, access{addr: ip})
		}
	}
}

// sharedFromTheStart reports an address that used a few accounts on its first
// day. While konseki itself is new, that is how homes and small offices look.
func (b *accounts) sharedFromTheStart(addr *address, a access) {
	if !b.telling(&a, addr) {
		return
	}
	list := addr.others("", addr.first.Add(b.p.SharedWithin))
	if len(list) < 2 {
		return
	}
	last := list[len(list)-1]
	if list = b.telltale(last.account, a.addr, last.success, list[:len(list)-1]); len(list) == 0 {
		return
	}
	a.time, a.record, a.shown, a.account, a.success = last.success, last.record, last.shown, last.account, true
	level := finding.LevelLow
	if addr.first.Sub(b.started) > time.Duration(b.p.LearnDays)*24*time.Hour {
		level = finding.LevelMedium
	}
	b.sharing(&a, addr, list, level)
}
