package machine

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// blockEvaded watches for what a blocked client used on a web server being used
// from another address.
type blockEvaded struct {
	kit             *learn.Kit
	learn, remember int32
	denials         uint64
	seen            *bounded.Table[string, learn.Dayset] // days with requests, by server
	pages           *bounded.Table[[2]string, page]      // by server and path
	refused         *bounded.Table[string, refusal]      // by address
	info            finding.Info
}

// A page is a path of a server and who was answered there lately.
type page struct {
	users   []pageUser
	crowded time.Time // when somebody was last not taken down because there were too many
}

type pageUser struct {
	address string
	last    time.Time
	record  uint64
}

// A refusal is how often a firewall refused an address what it had before.
type refusal struct {
	rate    rate
	blocked time.Time // when the last of so many in a row was; zero before
	record  uint64    // of the last refusal
}

// maxPages bounds the paths that are remembered, maxPageUsers the clients of one.
const (
	maxPages     = 40_000
	maxPageUsers = 6
)

func newBlockEvaded(k *learn.Kit) learn.Baseline {
	t := k.Tune("baseline-block-evaded")
	b := &blockEvaded{kit: k, learn: spanDays(t, "learn", 7, learn.MaxDays), remember: spanDays(t, "remember", 30, learn.MaxDays), denials: uint64(t.Int("denials", 3))}
	b.seen = bounded.NewTable[string, learn.Dayset](maxChangers/4, k.Evicted())
	b.pages = bounded.NewTable[[2]string, page](maxPages, k.Evicted())
	b.refused = bounded.NewTable[string, refusal](maxChangers, k.Evicted())
	b.info = finding.Info{
		ID:    "baseline-block-evaded",
		Title: "Page of a blocked client used from another address", TitleJA: "遮断した接続元だけが使っていたページが別の接続元から使われた",
		Description: "A web server answers a request for a path that, within the remembered days, only addresses had asked for that a firewall blocks since: whoever was blocked goes on, " +
			"by a backdoor for instance. An address counts as blocked when it was refused denials times within ten minutes at a port of the web and had no answer since. High; medium from " +
			"addresses of the own network. Pictures and styles do not count. It needs the firewall's refusals and the web server's log, learned for learn, and cannot see a way in that " +
			"others use as well.",
		DescriptionJA: "記憶している日数に、ファイアウォールが遮断した接続元だけが使っていたパスに、別の接続元からのリクエストがあり、Web サーバーが応答した。バックドアなどを通じて、遮断した相手の活動が続いている。" +
			"Web のポートへの通信が 10 分間に denials 回拒否され、その後に応答を得ていない接続元を遮断済みとみなす。「高」。社内のアドレスからは「中」。画像やスタイルシートは数えない。" +
			"ファイアウォールの拒否と、learn 以上の Web サーバーのログが必要。ほかの利用者も使う経路は分からない。",
		Level: finding.LevelHigh, Tags: []string{"attack.command-and-control", "attack.t1090", "attack.persistence", "attack.t1505.003"},
		Params: t.Params(),
	}
	return b
}

func (b *blockEvaded) Rules() []finding.Info { return []finding.Info{b.info} }

func (b *blockEvaded) Wants(ev *event.Event) bool {
	switch ev.ClassUID {
	case event.ClassHTTP:
		return ev.StatusID == event.StatusSuccess && ev.SrcIP != "" && ev.Object != "" && !drawn(ev.Object)
	case event.ClassNetwork:
		return ev.ActivityID == event.ActivityNetworkRefuse && ev.SrcIP != "" && webPort(ev.DstPort)
	}
	return false
}

func webPort(port int32) bool { return port == 80 || port == 443 || port == 8080 || port == 8443 }

// drawn reports whether a path is of a picture, a style or the like, which
// pages bring along.
func drawn(path string) bool {
	switch strings.ToLower(path[strings.LastIndexByte(path, '.')+1:]) {
	case "css", "js", "png", "jpg", "jpeg", "gif", "svg", "ico", "woff", "woff2", "map", "webp":
		return true
	}
	return false
}

func (b *blockEvaded) Advance(time.Time) {}

func (b *blockEvaded) Observe(ev *event.Event) {
	if ev.ClassUID == event.ClassNetwork {
		r, _ := b.refused.Get(bare(ev.SrcIP))
		r.record = ev.Record
		if r.rate.add(ev.Time, 1) >= b.denials {
			r.blocked = learn.Later(r.blocked, ev.Time)
		}
		return
	}
	where, who := bare(cmp.Or(ev.Host, ev.Source)), bare(ev.SrcIP)
	days, _ := b.seen.Get(where)
	today := learn.DayOf(ev.Time)
	watched := learned(days, today, b.learn, b.remember)
	days.Mark(today)
	b.refused.Drop(who) // it is let through
	p, _ := b.pages.Get([2]string{where, bare(ev.Object)})
	since := ev.Time.Add(-time.Duration(b.remember) * learn.Day)
	p.users = slices.DeleteFunc(p.users, func(u pageUser) bool { return u.last.Before(since) })
	if watched && p.crowded.Before(since) {
		b.judge(ev, p, where, who)
	}
	p.used(who, ev)
}

// used takes a client of the page down.
func (p *page) used(who string, ev *event.Event) {
	if i := slices.IndexFunc(p.users, func(u pageUser) bool { return u.address == who }); i >= 0 {
		p.users[i].last, p.users[i].record = learn.Later(p.users[i].last, ev.Time), ev.Record
		return
	}
	if len(p.users) == maxPageUsers {
		p.crowded = learn.Later(p.crowded, ev.Time)
		return
	}
	p.users = append(p.users, pageUser{who, ev.Time, ev.Record})
}

// judge raises a finding when all who used the page are blocked, but for the
// one who does now.
func (b *blockEvaded) judge(ev *event.Event, p *page, where, who string) {
	if len(p.users) == 0 {
		return
	}
	var last *refusal
	var before []string
	records := cited{}
	for _, u := range p.users {
		r := b.refused.Find(u.address)
		if u.address == who || r == nil || !r.blocked.After(u.last) {
			return
		}
		if last == nil || r.blocked.After(last.blocked) {
			last = r
		}
		before = append(before, u.address)
		records.add(u.record)
	}
	level := finding.LevelHigh
	if a, err := netip.ParseAddr(who); err == nil && (a.IsPrivate() || a.IsLoopback()) {
		level = finding.LevelMedium
	}
	f := learn.About(ev, level)
	f.Records = append(append(f.Records, records...), last.record)
	f.Why = fmt.Sprintf("%s asked %s for %s and was answered; in %d days only %s had used it, which a firewall refused last at %s.",
		who, on(ev), finding.Shown(ev.Object), b.remember, finding.List(before), finding.Clock(last.blocked))
	f.WhyJA = fmt.Sprintf("%s が %s の %s を要求し、応答を得た。過去 %d 日間にこれを使ったのは %s だけで、ファイアウォールが最後に %s に拒否している。",
		who, on(ev), finding.Shown(ev.Object), b.remember, finding.List(before), finding.ClockJA(last.blocked))
	b.kit.Raise(f, &b.info, where, bare(ev.Object), who)
}
