package people

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// Activities of OCSF Account Change (class 3001) that begin or end containment.
const (
	accountCreate   = 1
	accountEnable   = 2
	passwordChange  = 3
	passwordReset   = 4
	accountDisable  = 5
	accountDelete   = 6
	accountLock     = 9
	accountUnlock   = 12
	maxContained    = 20_000
	maxSuspicions   = 8
	automaticLocked = "4740" // Windows: locked out after failures; it opens by itself
)

type containment struct {
	grace, remember time.Duration
	contained       *bounded.Table[string, contained]             // by account, or account and host
	suspects        *bounded.Table[string, sightings[netip.Addr]] // addresses that findings were about
	remarked        int                                           // findings not yet taken that were remarked
	lastRemarked    string                                        // the last of them
	info            finding.Info
}

// contained is how and when an account was put out of use.
type contained struct {
	activity int32
	since    time.Time
	record   uint64
	source   string
	suspects []netip.Addr // for a changed password: the addresses it was changed for
}

type blocked struct {
	networks []netip.Prefix
	info     finding.Info
}

func (b *persons) tuneContainment(k *learn.Kit) {
	p, t := &b.contain, k.Tune("baseline-after-containment")
	p.grace, p.remember = t.Duration("grace", 5*time.Minute), t.Duration("remember", 180*learn.Day)
	p.contained = bounded.NewTable[string, contained](maxContained, k.Evicted())
	p.suspects = bounded.NewTable[string, sightings[netip.Addr]](maxContained, k.Evicted())
	p.info = finding.Info{
		ID:    "baseline-after-containment",
		Title: "Account used after it was contained", TitleJA: "封じ込めた後のアカウントが使われた",
		Description: "An account that was disabled, locked by a person or deleted succeeds afterwards, before it was enabled again; or one whose password was " +
			"changed after a finding of at least medium succeeds again from the address of that finding, unless it was known from there before. High for a logon in the " +
			"source that contained it; medium elsewhere, for what an open session still does, and with a known client. Changes of a Unix machine count for that machine. " +
			"It cannot see containment that no source records.",
		DescriptionJA: "無効化・（人による）ロック・削除されたアカウントが、再び有効にされる前に成功した。または、検知（中以上）の後にパスワードを変えたアカウントが、その検知の接続元から再び成功した（以前から使っていた接続元を除く）。" +
			"封じ込めたログ源でのログインは「高」、ほかのログ源、開いたままのセッションの操作、既知のクライアントでは「中」。Unix ホストでの変更はそのホストに限る。記録に残らない封じ込めは分からない。",
		Level: finding.LevelHigh, Tags: []string{"attack.persistence", "attack.t1078"},
		Params: t.Params(),
	}
}

func (b *persons) tuneBlocked(t *learn.Tuning) {
	b.blocked.networks = b.prefixes(t, "blocked")
	b.blocked.info = finding.Info{
		ID:    "baseline-blocked-address",
		Title: "Blocked address used with success", TitleJA: "遮断したはずの接続元からの成功",
		Description:   "An account succeeds from an address or network of the list blocked: the block does not hold. Without the list nothing is reported.",
		DescriptionJA: "blocked に挙げた接続元や網から、アカウントが成功した。遮断が効いていない。一覧がなければ何も検知しない。",
		Level:         finding.LevelHigh, Tags: []string{"attack.command-and-control", "attack.t1090"},
		Params: t.Params(),
	}
}

func (b *persons) blockedAddress(u *use) {
	if !u.success || !within(b.blocked.networks, u.addr) {
		return
	}
	f := aboutUse(u, finding.LevelHigh)
	f.Why = fmt.Sprintf("%s succeeded in %s from %s, which is blocked.", finding.Shown(u.shown), finding.Shown(u.source), u.addr)
	f.WhyJA = fmt.Sprintf("%s が、遮断されているはずの %s から %s で成功した。", finding.Shown(u.shown), u.addr, finding.Shown(u.source))
	b.kit.Raise(f, &b.blocked.info, u.account, u.addr.String())
}

// changed takes the change of an account in.
func (b *persons) changed(ev *event.Event) {
	if ev.StatusID == event.StatusFailure {
		return
	}
	account := learn.AccountKey(cmp.Or(ev.TargetUser, ev.ActorUser))
	if account == "" {
		return
	}
	p := &b.contain
	key := containKey(account, ev.Format, ev.Host)
	switch ev.ActivityID {
	case accountCreate, accountEnable, accountUnlock:
		p.contained.Drop(key)
	case accountLock, accountDisable, accountDelete:
		if ev.EventCode != automaticLocked && ev.TargetUser != "" || ev.ActivityID == accountDisable {
			b.contains(ev, key, nil)
		}
	case passwordChange, passwordReset:
		if addrs := b.suspected(account, ev.Time); len(addrs) > 0 {
			b.contains(ev, account, addrs)
		}
	}
}

func (b *persons) contains(ev *event.Event, key string, suspects []netip.Addr) {
	c, _ := b.contain.contained.Get(strings.Clone(key))
	if c.since.After(ev.Time) || suspects != nil && c.since != (time.Time{}) && c.suspects == nil && ev.Time.Sub(c.since) < b.contain.remember {
		return // a disabled account stays disabled when its password is changed
	}
	*c = contained{ev.ActivityID, ev.Time.UTC(), ev.Record, strings.Clone(ev.Source), suspects}
}

// containKey is the account, within one machine where its accounts are its own.
func containKey(account, format, host string) string {
	switch format {
	case "syslog", "auditd", "laurel":
		return account + "\x00" + host
	}
	return account
}

// suspected lists the addresses that findings of the last month were about.
func (b *persons) suspected(account string, now time.Time) []netip.Addr {
	s := b.contain.suspects.Find(account)
	if s == nil {
		return nil
	}
	var out []netip.Addr
	for _, x := range recentSince(*s, now.AddDate(0, 0, -30)) {
		out = append(out, x.key)
	}
	return out
}

// remark takes down which addresses findings about accounts name, unless the
// account was known from there before. Findings of the other baselines count
// too, as far as they were made by now.
func (b *persons) remark() {
	out := b.kit.Raised()
	if n := b.contain.remarked; n > 0 && n <= len(out) && out[n-1].ID == b.contain.lastRemarked {
		out = out[n:]
	}
	if len(out) == 0 {
		return
	}
	b.contain.remarked, b.contain.lastRemarked = len(b.kit.Raised()), out[len(out)-1].ID
	for i := range out {
		f := &out[i]
		if f.ActorUser == "" || f.SrcIP == "" || len(f.Records) == 0 || f.RuleID == b.contain.info.ID || finding.Rank(f.Level) < finding.Rank(finding.LevelMedium) {
			continue
		}
		account := learn.AccountKey(f.ActorUser)
		addr, err := netip.ParseAddr(f.SrcIP)
		if err != nil || account == "" {
			continue
		}
		if h := b.habits.Find(account); h != nil {
			today := learn.DayOf(f.Time)
			if s := h.addresses.find(addr); s != nil && s.days.Any(today-learn.MaxDays, today-1) {
				continue
			}
		}
		s, _ := b.contain.suspects.Get(account)
		s.see(addr, f.Time, f.Records[len(f.Records)-1], maxSuspicions)
	}
}

// contained judges a success by what was done about its account before.
func (b *persons) contained(u *use, h *habit) {
	for _, key := range [...]string{u.account, containKey(u.account, "syslog", u.host)} {
		c := b.contain.contained.Find(key)
		if c == nil || u.time.Sub(c.since) < b.contain.grace || u.time.Sub(c.since) > b.contain.remember {
			continue
		}
		if c.suspects == nil {
			b.usedAfter(u, c)
			return
		}
		for _, addr := range c.suspects {
			if addr == u.addr {
				b.usedAgain(u, h, c)
				return
			}
		}
	}
}

func (b *persons) usedAfter(u *use, c *contained) {
	level := finding.LevelMedium
	if u.logon && c.source == u.source {
		level = finding.LevelHigh
	}
	word, wordJA := "disabled", "無効化"
	switch c.activity {
	case accountDelete:
		word, wordJA = "deleted", "削除"
	case accountLock:
		word, wordJA = "locked", "ロック"
	}
	f := aboutUse(u, level)
	f.Records = append(f.Records, c.record)
	f.Why = fmt.Sprintf("%s succeeded in %s from %s although it was %s at %s (%s).",
		finding.Shown(u.shown), finding.Shown(u.source), u.addr, word, finding.Clock(c.since), finding.Shown(c.source))
	f.WhyJA = fmt.Sprintf("%s は %s に%sされた（%s）のに、%s で %s から成功した。",
		finding.Shown(u.shown), finding.ClockJA(c.since), wordJA, finding.Shown(c.source), finding.Shown(u.source), u.addr)
	b.kit.Raise(f, &b.contain.info, u.account, u.source)
}

func (b *persons) usedAgain(u *use, h *habit, c *contained) {
	level := finding.LevelHigh
	if h != nil && h.knowsClient(u, learn.MaxDays) && u.device != "" {
		level = finding.LevelMedium
	}
	f := aboutUse(u, level)
	f.Records = append(f.Records, c.record)
	f.Why = fmt.Sprintf("%s succeeded again from %s, which a finding was about, although its password was changed at %s.",
		finding.Shown(u.shown), u.addr, finding.Clock(c.since))
	f.WhyJA = fmt.Sprintf("%s は %s にパスワードが変更されたのに、以前の検知の接続元 %s から再び成功した。",
		finding.Shown(u.shown), finding.ClockJA(c.since), u.addr)
	b.kit.Raise(f, &b.contain.info, u.account, u.addr.String())
}
