package people

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/finding"
)

type crowds struct {
	lines           int
	learn, remember int32
	info            finding.Info
}

// A crowd is the lines and devices an account is used from on one day, and the
// most of earlier days.
type crowd struct {
	day     int32
	lines   []netip.Prefix
	devices []string
	records []uint64
	peaks   []peak // of earlier days: each lower than the one before it
}

type peak struct {
	day int32
	n   int
}

// maxLines bounds the lines and devices counted a day.
const maxLines = 32

// line is what one site or device looks like: the /24 (or /48) of a public
// address, a private address itself.
func line(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if !a.IsPrivate() {
		bits = 48
		if a.Is4() {
			bits = 24
		}
	}
	p, _ := a.Prefix(bits) // the address is valid and the length fits
	return p
}

func (c *crowd) size() int { return max(len(c.lines), len(c.devices)) }

func (c *crowd) learn(u *use) {
	if u.day < c.day || u.mobile {
		return
	}
	c.turn(u.day)
	if l := line(u.addr); len(c.lines) < maxLines && !slices.Contains(c.lines, l) {
		c.lines, c.records = append(c.lines, l), append(c.records, u.record)
	}
	if u.device != "" && len(c.devices) < maxLines && !slices.Contains(c.devices, u.device) {
		c.devices = append(c.devices, strings.Clone(u.device))
	}
}

// turn begins a day: the day before becomes a peak, and lower earlier ones
// need not be kept.
func (c *crowd) turn(day int32) {
	if day == c.day {
		return
	}
	if n := c.size(); n > 0 {
		for len(c.peaks) > 0 && c.peaks[len(c.peaks)-1].n <= n {
			c.peaks = c.peaks[:len(c.peaks)-1]
		}
		c.peaks = append(c.peaks, peak{c.day, n})
	}
	c.day, c.lines, c.devices, c.records = day, c.lines[:0], c.devices[:0], c.records[:0]
}

// peak is the most of the days since one.
func (c *crowd) peak(since int32) int {
	for len(c.peaks) > 0 && c.peaks[0].day < c.day-learn.MaxDays {
		c.peaks = c.peaks[1:]
	}
	for _, p := range c.peaks { // the highest first
		if p.day >= since {
			return p.n
		}
	}
	return 0
}

func (b *persons) tuneCrowds(t *learn.Tuning) {
	b.crowds.lines = t.Int("lines", 6)
	b.crowds.learn, b.crowds.remember = b.span(t, "learn", 14*learn.Day), b.span(t, "remember", 90*learn.Day)
	b.crowds.info = finding.Info{
		ID:    "baseline-shared-account",
		Title: "One account used from many places", TitleJA: "一つのアカウントが多くの場所から使われた",
		Description: "On one day an account succeeds from many lines (networks of /24, private addresses) or devices, and from more than twice as many as on " +
			"any remembered day. Known shared accounts are learned by their habit; phones and carriers' pools are left out. Low where all are private addresses. " +
			"It cannot see several people behind one address.",
		DescriptionJA: "一日のうちに、アカウントが多くの回線（/24 の網、私設アドレス）や端末から成功し、その数が記憶しているどの日の 2 倍も超えた。" +
			"もともと共用のアカウントは習慣として学習し、携帯端末と携帯網は除く。すべて私設アドレスなら「低」。一つの接続元の陰にいる複数の人は見分けられない。",
		Level: finding.LevelMedium, Tags: []string{"attack.credential-access", "attack.t1078"},
		Params: t.Params(),
	}
}

// judgeCrowd judges a success by the lines of the day.
func (b *persons) judgeCrowd(u *use, h *habit) {
	p, c := &b.crowds, &h.crowd
	if u.mobile || u.day < c.day || b.pooled(u.addr, u.day) || !h.learned(u.day, p.learn, p.remember) {
		return
	}
	c.turn(u.day)
	n, lines := c.size(), c.lines
	if l := line(u.addr); !slices.Contains(lines, l) {
		n = max(n, len(lines)+1)
	}
	usual := c.peak(u.day - p.remember)
	if n < p.lines || n <= 2*usual {
		return
	}
	level := finding.LevelMedium
	if u.addr.IsPrivate() && !slices.ContainsFunc(lines, func(l netip.Prefix) bool { return !l.Addr().IsPrivate() }) {
		level = finding.LevelLow
	}
	f := aboutUse(u, level)
	f.Records = append(f.Records, c.records...)
	f.Why = fmt.Sprintf("%s was used from %d lines or devices on one day; never from more than %d on a day before, in %d days.",
		finding.Shown(u.shown), n, usual, h.days.Since(u.day-p.remember, u.day))
	f.WhyJA = fmt.Sprintf("%s が一日に %d か所の回線・端末から使われた。過去 %d 日間の最多は一日 %d か所である。",
		finding.Shown(u.shown), n, h.days.Since(u.day-p.remember, u.day), usual)
	b.kit.Raise(f, &p.info, u.account)
}
