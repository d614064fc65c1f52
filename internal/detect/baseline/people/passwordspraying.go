package people

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
)

// spray watches failures: one address on many accounts, and many addresses on
// one account.
type spray struct {
	window                time.Duration
	accounts, shared, few int
	noise                 int
	addresses, fewSources int
	guessWindow, quiet    time.Duration
	exempt                []string
	remember              int32
	byAddress             *bounded.Table[netip.Addr, sprayed]
	byAccount             *bounded.Table[string, guesses]
	info, guessInfo       finding.Info
}

// sprayed is what failed from one address.
type sprayed struct {
	accounts sightings[string] // that exist
	hour     int64             // of the failures counted
	unknown  int               // failures with names that do not exist, in that hour
}

// guesses are the addresses that failed on one account.
type guesses struct {
	from sightings[netip.Addr]
	last time.Time // when they were last many
}

// Limits per address and account.
const (
	maxSprayed = 64
	maxGuesses = 32
	maxFailing = 5_000
)

func (b *persons) tuneSpraying(k *learn.Kit) {
	p := &b.spray
	t := k.Tune("baseline-password-spraying")
	p.window = t.Duration("window", time.Hour)
	p.accounts, p.shared, p.few, p.noise = t.Int("accounts", 8), t.Int("accounts_shared", 24), t.Int("accounts_before_success", 4), t.Int("unknown_names", 200)
	p.remember = b.span(t, "remember", 90*learn.Day)
	p.byAddress = bounded.NewTable[netip.Addr, sprayed](maxFailing, k.Evicted())
	p.byAccount = bounded.NewTable[string, guesses](maxFailing, k.Evicted())
	p.info = finding.Info{
		ID:    "baseline-password-spraying",
		Title: "One address fails on many accounts", TitleJA: "一つの接続元が多数のアカウントでログインに失敗した",
		Description: "One address fails on many accounts that exist (that succeeded within the remembered days) and are not known from there. Medium; high when it then succeeds with one that " +
			"is not known from there; low from shared egress, which needs more. The noise of the Internet, names that do not exist, is at most informational, " +
			"once a day and address. It cannot see an intruder who tries slower than the window.",
		DescriptionJA: "実在する（記憶している日数のあいだに成功したことのある）多数のアカウントで、それらが使われたことのない接続元からログインに失敗した。「中」。続いて、その接続元で使われたことのないアカウントで成功すれば「高」。" +
			"共用の出口はより多くを要し「低」。実在しない名前を試すだけのインターネットの雑音は、多くても接続元ごとに一日一回の「情報」。window より時間をかける試行は見えない。",
		Level: finding.LevelHigh, Tags: []string{"attack.credential-access", "attack.t1110.003"},
		Params: t.Params(),
	}
	t = k.Tune("baseline-password-guessing")
	p.guessWindow, p.quiet = t.Duration("window", time.Hour), t.Duration("repeat", 7*learn.Day)
	p.addresses, p.fewSources = t.Int("addresses", 6), t.Int("addresses_before_success", 3)
	p.exempt = lowered(t.List("always_tried", []string{"root", "admin", "administrator", "guest", "test", "user", "oracle", "postgres"}))
	p.guessInfo = finding.Info{
		ID:    "baseline-password-guessing",
		Title: "Many addresses fail on one account", TitleJA: "多数の接続元が一つのアカウントでログインに失敗した",
		Description: "One existing account fails from many lines that it is not known from. Medium, informational for names that everybody tries; " +
			"high when it then succeeds from such a line. An account that is tried all the time is reported once, until there was quiet for the time of repeat. " +
			"A forgotten password fails from known lines and is left out.",
		DescriptionJA: "実在する一つのアカウントが、使われたことのない多数の回線から失敗した。「中」。誰もが試す名前では「情報」。続いてそうした回線から成功すれば「高」。" +
			"絶えず試されるアカウントは、repeat のあいだ静かになるまで一度だけ知らせる。既知の回線からの失敗（パスワードの失念）は除く。",
		Level: finding.LevelHigh, Tags: []string{"attack.credential-access", "attack.t1110.001"},
		Params: t.Params(),
	}
}

// guessed judges failures, and successes among them.
func (b *persons) guessed(u *use, h *habit) {
	exists := h != nil && !u.unknown && h.days.Any(u.day-b.spray.remember, u.day)
	switch {
	case u.failure && exists:
		b.failedOnExisting(u, h)
		b.failedFromMany(u, h)
	case u.failure && u.logon:
		b.failedOnUnknown(u)
	case u.success && u.logon:
		b.succeededAmongFailures(u, h)
	}
}

// recentSince lists the sightings since an instant.
func recentSince[K comparable](s sightings[K], since time.Time) sightings[K] {
	i := slices.IndexFunc(s, func(x sighting[K]) bool { return x.last >= since.UnixMilli() })
	if i < 0 {
		return nil
	}
	return s[i:]
}

func (b *persons) failedOnExisting(u *use, h *habit) {
	p := &b.spray
	if h.knowsAddress(u, p.remember) {
		return // people forget their passwords, in an office many do
	}
	s, _ := p.byAddress.Get(u.addr)
	s.accounts.see(h.account, u.time, u.record, maxSprayed)
	tried := recentSince(s.accounts, u.time.Add(-p.window))
	if len(tried) < p.accounts {
		return
	}
	level := finding.LevelMedium
	if b.shared(u.addr, u.day) {
		if len(tried) < p.shared {
			return
		}
		level = finding.LevelLow
	}
	f, names := b.aboutFailures(u, level, tried)
	f.Why = fmt.Sprintf("%s failed on %d accounts that exist within %s: %s.", u.addr, len(tried), learn.WriteSpan(p.window), names)
	f.WhyJA = fmt.Sprintf("%s が %s のうちに、実在する %d 件のアカウントで失敗した：%s。", u.addr, finding.SpanJA(p.window), len(tried), names)
	b.kit.Raise(f, &p.info, u.addr.String(), "tried")
}

// aboutFailures begins a finding that cites failures on accounts.
func (b *persons) aboutFailures(u *use, level string, tried sightings[string]) (f finding.Finding, names string) {
	f = aboutUse(u, level)
	var list []string
	for i := range tried {
		list = append(list, tried[i].key)
		f.Records = append(f.Records, tried[i].record)
	}
	return f, finding.List(list)
}

// failedOnUnknown counts the noise of the Internet by hours.
func (b *persons) failedOnUnknown(u *use) {
	p := &b.spray
	s, _ := p.byAddress.Get(u.addr)
	if hour := u.time.Unix() / 3600; hour > s.hour {
		s.hour, s.unknown = hour, 0
	}
	s.unknown++
	if s.unknown != p.noise {
		return
	}
	f := aboutUse(u, finding.LevelInformational)
	f.Why = fmt.Sprintf("%s failed %d times within an hour with names that no account has, the last being %s.", u.addr, s.unknown, finding.Shown(u.shown))
	f.WhyJA = fmt.Sprintf("%s が一時間のうちに、実在しない名前で %d 回失敗した（最後は %s）。", u.addr, s.unknown, finding.Shown(u.shown))
	b.kit.Raise(f, &p.info, u.addr.String(), "noise")
}

// failedFromMany judges a failure by the other lines that failed on the account.
func (b *persons) failedFromMany(u *use, h *habit) {
	p := &b.spray
	if u.addr.IsPrivate() || h.knowsAddress(u, p.remember) || b.pooled(u.addr, u.day) {
		return
	}
	g, _ := p.byAccount.Get(h.account)
	g.from.see(u.addr, u.time, u.record, maxGuesses)
	failing := recentSince(g.from, u.time.Add(-p.guessWindow))
	n := countLines(failing)
	if n < p.addresses {
		return
	}
	before := g.last
	g.last = learn.Later(g.last, u.time)
	if !before.IsZero() && u.time.Sub(before) < p.quiet {
		b.kit.Repeat()
		return
	}
	level := finding.LevelMedium
	if slices.Contains(p.exempt, h.account) {
		level = finding.LevelInformational
	}
	f, list := b.aboutSources(u, level, failing)
	f.Why = fmt.Sprintf("%s failed from %d lines it is not known from within %s: %s.", finding.Shown(u.shown), n, learn.WriteSpan(p.guessWindow), list)
	f.WhyJA = fmt.Sprintf("%s が %s のうちに、使われたことのない %d か所の回線から失敗した：%s。", finding.Shown(u.shown), finding.SpanJA(p.guessWindow), n, list)
	b.kit.Raise(f, &p.guessInfo, u.account, "tried")
}

func (b *persons) aboutSources(u *use, level string, failing sightings[netip.Addr]) (f finding.Finding, names string) {
	f = aboutUse(u, level)
	var list []string
	for i := range failing {
		list = append(list, failing[i].key.String())
		f.Records = append(f.Records, failing[i].record)
	}
	return f, finding.List(list)
}

// countLines counts the lines that addresses belong to.
func countLines(list sightings[netip.Addr]) int {
	seen := make(map[netip.Prefix]bool, len(list))
	for i := range list {
		seen[line(list[i].key)] = true
	}
	return len(seen)
}

// succeededAmongFailures judges a success by the failures around it.
func (b *persons) succeededAmongFailures(u *use, h *habit) {
	p := &b.spray
	if h != nil && h.knowsAddress(u, p.remember) || u.addr.IsPrivate() && h != nil && h.knowsNetwork(u, p.remember) || b.shared(u.addr, u.day) {
		return
	}
	if s := p.byAddress.Find(u.addr); s != nil {
		tried := recentSince(s.accounts, u.time.Add(-p.window))
		if len(tried) >= p.few {
			f, names := b.aboutFailures(u, finding.LevelHigh, tried)
			f.Why = fmt.Sprintf("%s succeeded from %s, which failed on %d accounts within %s before: %s.", finding.Shown(u.shown), u.addr, len(tried), learn.WriteSpan(p.window), names)
			f.WhyJA = fmt.Sprintf("%s が %s から成功した。この接続元は直前の %s に %d 件のアカウントで失敗している：%s。",
				finding.Shown(u.shown), u.addr, finding.SpanJA(p.window), len(tried), names)
			b.kit.Raise(f, &p.info, u.addr.String(), strings.Clone(u.account))
		}
	}
	if g := p.byAccount.Find(u.account); g != nil {
		failing := recentSince(g.from, u.time.Add(-p.guessWindow))
		if n := countLines(failing); n >= p.fewSources {
			f, list := b.aboutSources(u, finding.LevelHigh, failing)
			f.Why = fmt.Sprintf("%s succeeded from %s after failures from %d lines it is not known from: %s.", finding.Shown(u.shown), u.addr, n, list)
			f.WhyJA = fmt.Sprintf("%s が %s から成功した。その前に、使われたことのない %d か所の回線から失敗している：%s。", finding.Shown(u.shown), u.addr, n, list)
			b.kit.Raise(f, &p.guessInfo, u.account, u.addr.String())
		}
	}
}
