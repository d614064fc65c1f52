package people

import (
	"net/netip"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// accounts are the baselines that share what is remembered of accounts and of
// the addresses they are used from.
type accounts struct {
	kit *learn.Kit
	p   accountParams

	started   time.Time // of the first access judged
	accounts  *bounded.Table[string, account]
	addresses *bounded.Table[netip.Addr, address]
	networks  *bounded.Table[netip.Prefix, pool]
	attempts  *bounded.Table[attemptKey, attempts]
	judging   []netip.Addr // addresses to be judged, by time first seen

	newAddressInfo, sharedAddressInfo, failedInfo, vpnTiedInfo finding.Info
}

func newAccounts(k *learn.Kit) learn.Baseline {
	b := &accounts{kit: k}
	b.tune(k)
	b.accounts = bounded.NewTable[string, account](b.p.MaxAccounts, k.Evicted())
	b.addresses = bounded.NewTable[netip.Addr, address](b.p.MaxAddresses, k.Evicted())
	b.networks = bounded.NewTable[netip.Prefix, pool](b.p.MaxAddresses, k.Evicted())
	b.attempts = bounded.NewTable[attemptKey, attempts](b.p.MaxAccounts, k.Evicted())
	return b
}

func (b *accounts) Rules() []finding.Info {
	return []finding.Info{b.newAddressInfo, b.sharedAddressInfo, b.failedInfo, b.vpnTiedInfo}
}

func (b *accounts) Wants(ev *event.Event) bool {
	_, counts := countsAsAccess(ev)
	return counts && ev.ActorUser != "" && ev.SrcIP != ""
}

func (b *accounts) Observe(ev *event.Event) {
	if a, ok := accessOf(ev); ok {
		b.judge(&a)
	}
}

func (b *accounts) Advance(now time.Time) { b.judgeUntil(now) }

// judge runs the baselines over one access, then learns from it.
func (b *accounts) judge(a *access) {
	if b.started.IsZero() {
		b.started = a.time
	}
	b.judgeUntil(a.time)
	acct, _ := b.accounts.Get(a.account)
	addr, known := b.addresses.Get(a.addr)
	if !known {
		addr.first = a.time
		b.judging = append(b.judging, a.addr)
	}
	b.failedThenSuccess(a, acct, addr)
	b.newAddress(a, acct, addr)
	b.sharedAddress(a, addr)
	b.vpnTied(a, addr)
	acct.learn(a, b.p.RoamingDays)
	addr.learn(a)
	if a.success {
		b.learnNetwork(a)
	}
}

// about begins a finding about an access.
func about(a *access, level string) finding.Finding {
	return finding.Finding{
		Level: level, Time: a.time, Records: []uint64{a.record}, Source: a.source, Host: a.host,
		ActorUser: a.shown, SrcIP: a.addr.String(), Object: a.object,
	}
}
