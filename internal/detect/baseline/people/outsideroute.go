package people

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/finding"
)

type route struct {
	accounts, sources []string // lower case; a "*" at the end stands for any ending
	networks          []netip.Prefix
	learn, remember   int32
	uses              int
	info              finding.Info
}

func (b *persons) tuneRoute(t *learn.Tuning) {
	p := &b.route
	p.accounts, p.sources = lowered(t.List("accounts", nil)), lowered(t.List("sources", nil))
	p.networks = b.prefixes(t, "networks")
	p.learn, p.remember = b.span(t, "learn", 30*learn.Day), b.span(t, "remember", 90*learn.Day)
	p.uses = t.Int("days_used", 10)
	p.info = finding.Info{
		ID:    "baseline-outside-route",
		Title: "Account used outside its approved route", TitleJA: "承認された経路の外からアカウントが使われた",
		Description: "An account succeeds from an address outside the approved networks. Approved by parameters: of accounts (names, \"adm-*\"; empty means all), " +
			"in sources (empty means all), from networks; high. Learned without parameters: an account that for at least the time of learn was only used " +
			"through private addresses or the VPN succeeds from a public one outside the VPN; medium, low from shared egress. " +
			"A sign-in that never passes our gates leaves no trace of its route.",
		DescriptionJA: "承認された網の外からアカウントが成功した。パラメーターで定める場合：accounts（「adm-*」も可、空ならすべて）が sources（空ならすべて）に networks の外から入れば「高」。" +
			"定めがなければ学習する：learn 以上のあいだ私設アドレスか VPN だけで使われてきたアカウントが、VPN の外のグローバルアドレスから成功すれば「中」、共用の出口からなら「低」。" +
			"記録を残さない経路は見えない。",
		Level: finding.LevelHigh, Tags: []string{"attack.initial-access", "attack.t1078", "attack.t1133"},
		Params: t.Params(),
	}
}

// prefixes is a list of networks and addresses.
func (b *persons) prefixes(t *learn.Tuning, name string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range t.List(name, nil) {
		p, err := netip.ParsePrefix(s)
		if addr, errAddr := netip.ParseAddr(s); errAddr == nil {
			p, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			t.Refuse(name, "%q is no network or address (198.51.100.0/24, 2001:db8::/32)", s)
			continue
		}
		out = append(out, p.Masked())
	}
	return out
}

func lowered(list []string) []string {
	for i := range list {
		list[i] = strings.ToLower(list[i])
	}
	return list
}

// listed reports whether a list names a text, or is empty.
func listed(list []string, text string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(pattern string) bool {
		if start, any := strings.CutSuffix(pattern, "*"); any {
			return strings.HasPrefix(text, start)
		}
		return pattern == text
	})
}

func within(networks []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// outsideApproved judges a success by the networks that parameters approve.
func (b *persons) outsideApproved(u *use) {
	p := &b.route
	if len(p.networks) == 0 || within(p.networks, u.addr) || !listed(p.accounts, u.account) || !listed(p.sources, strings.ToLower(u.source)) {
		return
	}
	f := aboutUse(u, finding.LevelHigh)
	f.Why = fmt.Sprintf("%s was used in %s from %s, which is in none of the approved networks (%s).",
		finding.Shown(u.shown), finding.Shown(u.source), u.addr, writePrefixes(p.networks))
	f.WhyJA = fmt.Sprintf("%s が %s で %s から使われた。承認された網（%s）のいずれにも属さない。",
		finding.Shown(u.shown), finding.Shown(u.source), u.addr, writePrefixes(p.networks))
	b.kit.Raise(f, &p.info, u.account, u.addr.String())
}

func writePrefixes(list []netip.Prefix) string {
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = p.String()
	}
	return finding.List(names)
}

// judgeRoute judges a success from a public address by what was learned.
func (b *persons) judgeRoute(u *use, h *habit) {
	p := &b.route
	if len(p.networks) > 0 && listed(p.accounts, u.account) || u.vpn || u.addr.IsPrivate() {
		return
	}
	from := u.day - p.remember
	if !h.learned(u.day, p.learn, p.remember) || h.days.Count(from, u.day) < p.uses || h.public.Any(from, u.day) {
		return
	}
	level := finding.LevelMedium
	if b.shared(u.addr, u.day) {
		level = finding.LevelLow
	}
	f := aboutUse(u, level)
	if last := h.addresses.latest(); last != nil {
		f.Records = append(f.Records, last.record)
	}
	days := h.days.Since(from, u.day)
	f.Why = fmt.Sprintf("%s was used in %s from the public address %s outside the VPN; in %d days it was only used through private addresses or the VPN.",
		finding.Shown(u.shown), finding.Shown(u.source), u.addr, days)
	f.WhyJA = fmt.Sprintf("%s が %s で、VPN の外のグローバルアドレス %s から使われた。過去 %d 日間は私設アドレスか VPN でしか使われていない。",
		finding.Shown(u.shown), finding.Shown(u.source), u.addr, days)
	b.kit.Raise(f, &p.info, u.account)
}
