package story

import (
	"net/netip"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
)

// How far apart in time findings may be to belong together by what is weaker
// than an account or an address.
const (
	hostGap = time.Hour        // the same host
	ruleGap = 10 * time.Minute // the same rule, on other hosts
)

// maxItems bounds the findings of one thread; what goes on is another one.
const maxItems = 1000

// A thread is findings being put together.
type thread struct {
	items []int // in order
	first time.Time
	into  *thread // merged into another
}

// root follows merges.
func (t *thread) root() *thread {
	for t.into != nil {
		if t.into.into != nil {
			t.into = t.into.into
		}
		t = t.into
	}
	return t
}

// A tie is the thread that something was last seen in.
type tie struct {
	thread *thread
	at     time.Time
}

// gather puts findings, in order of time, into threads. Findings belong
// together when they share an account or a public address within the gap, a host
// within the hour, or are the same rule on several hosts within ten minutes.
func gather(items []Item, o Options) []*thread {
	g := gatherer{o: o, ties: make(map[string]tie)}
	for i := range items {
		g.add(i, &items[i])
	}
	var out []*thread
	for _, t := range g.all {
		if t.into == nil {
			out = append(out, t)
		}
	}
	return out
}

type gatherer struct {
	o    Options
	ties map[string]tie
	all  []*thread
}

func (g *gatherer) add(i int, it *Item) {
	var home *thread
	marks := g.marks(it)
	for _, m := range marks {
		tied, ok := g.ties[m.key]
		if !ok || it.Time.Sub(tied.at) > m.gap {
			continue
		}
		t := tied.thread.root()
		if it.Time.Sub(t.first) > g.o.Longest || len(t.items) >= maxItems {
			continue
		}
		home = g.join(home, t)
	}
	if home == nil {
		home = &thread{first: it.Time}
		g.all = append(g.all, home)
	}
	home.items = append(home.items, i)
	for _, m := range marks {
		g.ties[m.key] = tie{home, it.Time}
	}
}

// join merges two threads into the one that began first.
func (g *gatherer) join(a, b *thread) *thread {
	switch {
	case a == nil || a == b:
		return b
	case len(a.items)+len(b.items) > maxItems:
		return a
	case b.first.Before(a.first):
		a, b = b, a
	}
	a.items, b.items, b.into = merge(a.items, b.items), nil, a
	return a
}

// merge puts two ordered lists into one.
func merge(a, b []int) []int {
	out := make([]int, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0] < b[0] {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// A mark is something that findings may share, and for how long that counts.
type mark struct {
	key string
	gap time.Duration
}

func (g *gatherer) marks(it *Item) []mark {
	var out []mark
	host := strings.ToLower(it.Host)
	if name := finding.Account(it.ActorUser); name != "" {
		if general(name) {
			name += "\x00" + host // root is somebody else on another host
		}
		out = append(out, mark{"account\x00" + name, g.o.Gap})
	}
	if addr, err := netip.ParseAddr(it.SrcIP); err == nil && !addr.IsLoopback() && !addr.IsUnspecified() {
		gap := g.o.Gap
		if addr.IsPrivate() {
			gap = hostGap // shared by many, or given to another the next day
		}
		out = append(out, mark{"address\x00" + addr.String(), gap})
	}
	if host != "" {
		out = append(out, mark{"host\x00" + host, hostGap})
	}
	if finding.Rank(it.Level) >= finding.Rank(finding.LevelMedium) {
		out = append(out, mark{"rule\x00" + it.RuleID, ruleGap})
	}
	return out
}

// general reports whether an account's name says nothing about who it is.
func general(name string) bool {
	switch name {
	case "root", "admin", "administrator", "system", "local service", "network service", "nobody", "www-data", "apache", "nginx",
		"postgres", "mysql", "oracle", "guest", "user", "test", "ubuntu", "ec2-user", "debian", "-", "unknown", "anonymous", "(none)":
		return true
	}
	return strings.HasSuffix(name, "$")
}
