package machine

import (
	"cmp"
	"fmt"
	"net/netip"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// outbound watches for much that is sent to somewhere new.
type outbound struct {
	kit             *learn.Kit
	learn, remember int32
	floor, times    uint64
	seen            learn.Dayset
	senders         *bounded.Table[string, peaks]       // bytes by day
	streams         *bounded.Table[[2]string, peaks]    // bytes by sender, destination and day
	targets         sightingDays[string]                // destinations with traffic, by their network
	sessions        *bounded.Table[[2]string, transfer] // bytes counted so far: long sessions are logged more than once
	began           *bounded.Table[string, int32]       // destinations, by the day they were new on
	info            finding.Info
}

// A transfer is what was counted of a session so far, and on which day.
type transfer struct {
	day   int32
	bytes uint64
}

const (
	maxSenders   = 20_000
	maxTransfers = 50_000
)

func newOutbound(k *learn.Kit) learn.Baseline {
	t := k.Tune("baseline-outbound-transfer")
	b := &outbound{kit: k, learn: spanDays(t, "learn", 7, peakDays-1), remember: spanDays(t, "remember", 60, learn.MaxDays)}
	b.floor, b.times = uint64(t.Int("megabytes", 500))<<20, uint64(t.Int("times", 5))
	b.senders = bounded.NewTable[string, peaks](maxSenders, k.Evicted())
	b.streams = bounded.NewTable[[2]string, peaks](maxSenders, k.Evicted())
	b.targets = newSightingDays[string](k, maxSenders, b.remember)
	b.sessions = bounded.NewTable[[2]string, transfer](maxTransfers, new(uint64)) // sessions end
	b.began = bounded.NewTable[string, int32](maxSenders, k.Evicted())
	b.info = finding.Info{
		ID:    "baseline-outbound-transfer",
		Title: "Much data sent to a new destination", TitleJA: "初めての宛先への大量送信",
		Description: "An account or internal address sends, within a UTC day, at least megabytes to one public network (/24, /48) that nobody sent anything to in the remembered days, and times what it sent " +
			"in all on any of the last 31 days: medium, high from ten times megabytes; low while konseki is learning. It needs traffic or proxy logs with bytes sent, and cannot see what goes to services in daily use.",
		DescriptionJA: "アカウントまたは内部のアドレスが、UTC の 1 日のうちに、記憶している日数に誰も送信していない外部のネットワーク（/24、/48）へ megabytes 以上を送り、それが過去 31 日間のどの日の送信総量と比べても times 倍以上ある: 「中」。" +
			"megabytes の 10 倍からは「高」、学習中は「低」。送信バイト数の残る通信ログやプロキシのログが必要で、普段から使うサービスへの送信は見えない。",
		Level: finding.LevelHigh, Tags: []string{"attack.exfiltration", "attack.t1048", "attack.t1567"},
		Params: t.Params(),
	}
	return b
}

func (b *outbound) Rules() []finding.Info { return []finding.Info{b.info} }

func (b *outbound) Wants(ev *event.Event) bool {
	switch ev.ClassUID {
	case event.ClassNetwork, event.ClassTunnel, event.ClassHTTP, event.ClassSSH:
		return ev.BytesOut > 0 && ev.DstIP != "" && ev.SrcIP != ""
	}
	return false
}

func (b *outbound) Advance(time.Time) {}

// outward gives the network that an event sends to from inside, or "".
func outward(ev *event.Event) string {
	src, err := netip.ParseAddr(ev.SrcIP)
	if err != nil || !inside(src.Unmap()) {
		return ""
	}
	dst, err := netip.ParseAddr(ev.DstIP)
	if dst = dst.Unmap().WithZone(""); err != nil || inside(dst) || !dst.IsGlobalUnicast() {
		return ""
	}
	bits := 48
	if dst.Is4() {
		bits = 24
	}
	p, _ := dst.Prefix(bits)
	return p.String()
}

// inside reports whether an address is one of a company's own networks.
func inside(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.Is4() && a.As4()[0] == 100 && a.As4()[1]&0xc0 == 64
}

func (b *outbound) Observe(ev *event.Event) {
	target := outward(ev)
	if target == "" || ev.StatusID == event.StatusFailure {
		return
	}
	today := learn.DayOf(ev.Time)
	b.seen.Mark(today)
	who := bare(cmp.Or(learn.AccountKey(ev.ActorUser), ev.SrcIP))
	n := b.fresh(ev, who)
	fresh := b.isNew(target, today)
	all, _ := b.senders.Get(who)
	usual := all.before(today)
	all.add(today, n)
	stream, _ := b.streams.Get([2]string{who, target})
	sum := stream.add(today, n)
	if !fresh || sum < b.floor || sum < usual*b.times {
		return
	}
	level := finding.LevelMedium
	switch {
	case !learned(&b.seen, today, b.learn, peakDays-1):
		level = finding.LevelLow
	case sum >= b.floor*10:
		level = finding.LevelHigh
	}
	f := learn.About(ev, level)
	f.Object = cmp.Or(f.Object, ev.DstIP)
	f.Why = fmt.Sprintf("%s sent %d MB to %s since midnight UTC, where nobody sent anything in %d days; on no day of the last 31 did it send more than %d MB in all.",
		finding.Shown(cmp.Or(ev.ActorUser, ev.SrcIP)), sum>>20, finding.Shown(ev.DstIP), b.remember, usual>>20)
	f.WhyJA = fmt.Sprintf("%s が、UTC の 0 時から %s へ %d MB を送信した。過去 %d 日間に誰も送信したことのない宛先である。過去 31 日間の送信総量は多い日で %d MB だった。",
		finding.Shown(cmp.Or(ev.ActorUser, ev.SrcIP)), finding.Shown(ev.DstIP), sum>>20, b.remember, usual>>20)
	b.kit.Raise(f, &b.info, who, target, level)
}

// isNew reports whether a destination was new today, or the day before.
func (b *outbound) isNew(target string, today int32) bool {
	if !b.targets.seen(target, today) {
		at, _ := b.began.Get(target)
		*at = today
	}
	at := b.began.Find(target)
	return at != nil && today-*at <= 1
}

// fresh is what an event sent beyond what was counted of its session.
func (b *outbound) fresh(ev *event.Event, who string) uint64 {
	n := uint64(ev.BytesOut)
	if ev.SessionUID == "" {
		return n
	}
	c, _ := b.sessions.Get([2]string{who, bare(ev.SessionUID)})
	before, today := c.bytes, learn.DayOf(ev.Time)
	if n < before || today-c.day > 1 {
		before = 0 // another session under the same number
	}
	*c = transfer{today, n}
	return n - before
}
