package people

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/finding"
)

type dormant struct {
	unused, forget time.Duration
	info           finding.Info
}

func (b *persons) tuneDormant(t *learn.Tuning) {
	b.dormant.unused, b.dormant.forget = t.Duration("unused", 60*learn.Day), t.Duration("forget", 400*learn.Day)
	b.dormant.info = finding.Info{
		ID:    "baseline-dormant-account",
		Title: "Dormant account used", TitleJA: "長く使われていなかったアカウントが使われた",
		Description: "An account that was not used for long succeeds. Low from an address known for it, or a private or shared one; medium from " +
			"another address of a known network; high from anywhere else. Days on which nobody was seen must be few: they are gaps in the records. An account unused for longer than forget counts as new, and " +
			"one konseki has no record of cannot be known to be dormant.",
		DescriptionJA: "長く使われていなかったアカウントが成功した。既知の接続元、私設アドレス、共用の出口からなら「低」、既知の網の別の接続元なら「中」、それ以外は「高」。誰の記録もない日が多い期間は、記録の欠けとみて判定しない。" +
			"forget より長く使われていないものは新しいアカウントとして扱う。konseki に記録のないアカウントが休眠していたかどうかは分からない。",
		Level: finding.LevelHigh, Tags: []string{"attack.persistence", "attack.t1078"},
		Params: t.Params(),
	}
}

// judgeDormant judges the first success after a long time.
func (b *persons) judgeDormant(u *use, h *habit) {
	gap := u.time.Sub(h.last)
	if gap < b.dormant.unused || gap > b.dormant.forget {
		return
	}
	if since := u.day - int32(min(gap/learn.Day, learn.MaxDays)); b.seen.Count(since, u.day-1) < int(u.day-since)/3 {
		return // konseki saw nobody for most of the time
	}
	level := finding.LevelHigh
	line, net := h.everFrom(u, b.dormant.forget)
	switch {
	case u.addr.IsPrivate(), line, b.shared(u.addr, u.day):
		level = finding.LevelLow
	case net:
		level = finding.LevelMedium
	}
	f := aboutUse(u, level)
	if last := h.addresses.latest(); last != nil {
		f.Records = append(f.Records, last.record)
	}
	f.Why = fmt.Sprintf("%s was used from %s after %d days without use; it was last used at %s.",
		finding.Shown(u.shown), u.addr, int(gap.Hours()/24), finding.Clock(h.last))
	f.WhyJA = fmt.Sprintf("%s が %s から使われた。%d 日間使われておらず、最後に使われたのは %s である。",
		finding.Shown(u.shown), u.addr, int(gap.Hours()/24), finding.ClockJA(h.last))
	b.kit.Raise(f, &b.dormant.info, u.account)
}

// everFrom reports whether an account was used from an address's line, or its
// network, in the time until it would be forgotten.
func (h *habit) everFrom(u *use, forget time.Duration) (line, net bool) {
	for i := range h.addresses {
		if a := &h.addresses[i]; u.time.Sub(a.at()) <= forget {
			line = line || a.key == u.addr || sameLine(a.key, u.addr)
			net = net || network(a.key) == network(u.addr)
		}
	}
	return line, net
}
