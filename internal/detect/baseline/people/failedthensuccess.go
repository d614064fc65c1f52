package people

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/finding"
)

func (b *accounts) tuneFailed(t *learn.Tuning) {
	b.p.FailWindow = t.Duration("fail_window", time.Hour)
	b.p.Failures, b.p.FailuresUsual = t.Int("failures", 3), t.Int("failures_usual", 10)
	b.failedInfo = finding.Info{
		ID:    "baseline-failed-then-success",
		Title: "Failed logons, then a success", TitleJA: "ログイン失敗が続いた後の成功",
		Description: "An account fails several times from an address and then succeeds from it. From an address the " +
			"account is often used from many more failures are needed: people forget passwords.",
		DescriptionJA: "同じ接続元から何度か失敗した後、そのアカウントで成功した。" +
			"いつもの接続元であれば、失念と区別するため、より多くの失敗を要する。",
		Level: finding.LevelHigh, Tags: []string{"attack.credential-access", "attack.t1110"},
		Params: t.Params(),
	}
}

type attemptKey struct {
	account string
	addr    netip.Addr
}

// attempts are the failures of one account from one address.
type attempts struct {
	times   []time.Time
	records []uint64
}

// usualSuccesses make an address one that the account is often used from.
const usualSuccesses = 3

// failedThenSuccess counts failures and judges the success that ends them.
func (b *accounts) failedThenSuccess(a *access, acct *account, addr *address) {
	key := attemptKey{a.account, a.addr}
	if a.failure && a.logon {
		t, _ := b.attempts.Get(key)
		t.add(a, b.p.FailWindow)
		return
	}
	t := b.attempts.Find(key)
	if t == nil || !a.success || !a.logon {
		return
	}
	t.forget(a.time.Add(-b.p.FailWindow))
	n, records := len(t.times), t.records
	first := a.time
	if n > 0 {
		first = t.times[0]
	}
	b.attempts.Drop(key)
	u := acct.from(a.addr)
	usual := u != nil && u.successes >= usualSuccesses || addr.ordinary
	level := ""
	switch {
	case n >= b.p.FailuresUsual && !usual:
		level = finding.LevelHigh
	case n >= b.p.FailuresUsual, n >= b.p.Failures && !usual:
		level = finding.LevelMedium
	default:
		return
	}
	f := about(a, level)
	f.Records = append(f.Records, records...)
	f.Why = fmt.Sprintf("%s succeeded from %s after %d failures since %s.", finding.Shown(a.shown), a.addr, n, finding.Clock(first))
	f.WhyJA = fmt.Sprintf("%s が %s から %d 回失敗した後（%s 以降）に成功した。", finding.Shown(a.shown), a.addr, n, finding.ClockJA(first))
	b.kit.Raise(f, &b.failedInfo, a.account, a.addr.String())
}

// maxAttempts bounds the failures kept; more do not tell more.
const maxAttempts = finding.MaxRecords - 1

func (t *attempts) add(a *access, window time.Duration) {
	t.forget(a.time.Add(-window))
	if len(t.times) == maxAttempts {
		t.times, t.records = t.times[1:], t.records[1:]
	}
	t.times, t.records = append(t.times, a.time), append(t.records, a.record)
}

// forget drops the failures before an instant.
func (t *attempts) forget(before time.Time) {
	for len(t.times) > 0 && t.times[0].Before(before) {
		t.times, t.records = t.times[1:], t.records[1:]
	}
}
