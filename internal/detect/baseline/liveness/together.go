package liveness

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
)

// A group is streams that fall silent for one reason: behind one relay, or in
// one source. The group of everything is empty.
type group struct{ relay, source string }

// A fall is the streams of one group that fell silent together.
type fall struct {
	group
	hosts  []*stream
	wholes []*stream // sources as such
}

// report makes findings of the streams that fell silent, unless they have
// spoken meanwhile.
func (w *sources) report(g gathering) {
	q := &w.silence
	var silent []*stream
	for _, key := range g.keys {
		if s := w.streams.Find(key); s != nil && s.silent && !s.told {
			silent = append(silent, s)
		}
	}
	if len(silent) == 0 {
		return
	}
	if all, ok := w.nothing(silent); ok {
		q.toldAll = w.newest
		w.raise(all)
		return
	}
	relays := w.relays()
	falls := map[group]*fall{}
	for _, s := range silent {
		g := group{source: s.key.source}
		if relays[s.peer] > 1 && !w.heard(s.peer) {
			g = group{relay: s.peer}
		}
		if falls[g] == nil {
			falls[g] = &fall{group: g}
		}
		falls[g].add(s)
	}
	keys := slices.SortedFunc(maps.Keys(falls), func(a, b group) int {
		return cmp.Or(strings.Compare(a.relay, b.relay), strings.Compare(a.source, b.source))
	})
	for _, g := range keys {
		f := falls[g]
		w.joinFalling(f)
		if p := q.peers.Find(g.relay); p != nil {
			p.told = p.last
		}
		w.raise(f)
	}
}

func (f *fall) add(s *stream) {
	s.told = true
	if s.key.host == "" {
		f.wholes = append(f.wholes, s)
	} else {
		f.hosts = append(f.hosts, s)
	}
}

// relays counts the hosts behind each peer.
func (w *sources) relays() map[string]int {
	n := map[string]int{}
	if !w.live {
		return n
	}
	for key, s := range w.streams.All {
		if key.host != "" && s.peer != "" {
			n[s.peer]++
		}
	}
	return n
}

// heard reports whether a peer has delivered anything of late.
func (w *sources) heard(name string) bool {
	p := w.silence.peers.Find(name)
	return p != nil && w.now.Sub(p.last) < w.silence.p.floor
}

// fallingWithin is how far apart the last records of hosts that fall silent
// together may lie.
const fallingWithin = 5 * time.Minute

// nothing makes one group of everything when nothing at all has arrived since
// the silent ones stopped, though several sources did just before.
func (w *sources) nothing(silent []*stream) (*fall, bool) {
	if !w.live || w.now.Sub(w.newest) < w.silence.p.floor {
		return nil, false
	}
	all := &fall{}
	for _, s := range w.streams.All {
		if s.key.host == "" && w.newest.Sub(s.last) <= fallingWithin {
			all.wholes = append(all.wholes, s)
		}
	}
	if len(all.wholes) < 2 {
		return nil, false
	}
	for _, s := range silent {
		if w.newest.Sub(s.last) > fallingWithin {
			return nil, false // it stopped earlier
		}
	}
	for _, s := range w.streams.All {
		if w.newest.Sub(s.last) <= fallingWithin {
			s.silent, s.told = true, true
		}
	}
	return all, true
}

// joinFalling adds the hosts that are quiet beside silent ones although their
// own rhythm would still excuse it, so that one cause is one finding.
func (w *sources) joinFalling(f *fall) {
	if len(f.hosts)+len(f.wholes) < 2 && len(f.wholes) == 0 && f.relay == "" {
		return
	}
	near := slices.Concat(f.hosts, f.wholes)
	for key, s := range w.streams.All {
		if key.host == "" || s.told || s.silent && f.relay == "" || s.gaps < w.silence.p.gaps || f.relay != "" && s.peer != f.relay || f.relay == "" && key.source != f.source {
			continue
		}
		quiet := w.now.Sub(s.last)
		if quiet < w.silence.p.floor || quiet < s.quantile(0.99) && f.relay == "" {
			continue
		}
		if slices.ContainsFunc(near, func(h *stream) bool { return h.last.Sub(s.last).Abs() <= fallingWithin }) {
			s.silent, s.told = true, true
			f.hosts = append(f.hosts, s)
		}
	}
}

// raise makes the finding of streams that fell silent together. Its time is
// their last word, so that it is the same finding whoever tells it.
func (w *sources) raise(fell *fall) {
	byLast := func(a, b *stream) int {
		return cmp.Or(a.last.Compare(b.last), strings.Compare(a.key.source, b.key.source), strings.Compare(a.key.host, b.key.host))
	}
	slices.SortFunc(fell.hosts, byLast)
	slices.SortFunc(fell.wholes, byLast)
	list := fell.hosts
	if len(list) == 0 {
		list = fell.wholes
	}
	first := list[0]
	f := finding.Finding{Level: finding.LevelMedium, Time: first.last, Until: w.now, Source: fell.source, Object: fell.source}
	var names []string
	for _, s := range list[:min(len(list), finding.MaxRecords)] {
		names = append(names, finding.Shown(cmp.Or(s.key.host, s.key.source)))
		f.Records = append(f.Records, s.record)
	}
	what := first.last.Format(time.RFC3339Nano)
	if len(fell.hosts) == 1 {
		f.Host, f.Source = first.key.host, first.key.source
		what = first.key.host
	} else {
		w.noteMass(fell.source)
	}
	if len(fell.hosts) == 0 && fell.source != "" {
		what = "" // told once a day
	}
	if len(list) > 1 || len(fell.wholes) > 0 {
		f.Level = finding.LevelHigh
	}
	told := strings.Join(names, ", ")
	if more := len(list) - len(names); more > 0 {
		told += fmt.Sprintf(" (+%d)", more)
	}
	f.Object = cmp.Or(fell.source, fell.relay)
	f.Why, f.WhyJA = fell.words(first, len(list), told)
	w.kit.Raise(f, &w.silence.info, fell.source+fell.relay, what)
}

// words say what fell silent and what would have been usual.
func (f *fall) words(first *stream, n int, names string) (en, ja string) {
	since, usual := finding.Clock(first.last), finding.Span(first.quantile(0.99))
	sinceJA, usualJA := finding.ClockJA(first.last), finding.SpanJA(first.quantile(0.99))
	source := finding.Shown(first.key.source)
	switch {
	case f.group == group{}:
		return fmt.Sprintf("Nothing has arrived from any source since %s, though %d sent just before: %s. konseki's own network comes first among the causes.", since, n, names),
			fmt.Sprintf("%s から、どのログ源からも何も届いていない。直前までは %d 件のログ源が送っていた：%s。まず konseki 自身のネットワークを疑う。", sinceJA, n, names)
	case f.relay != "":
		return fmt.Sprintf("Relay %s and the %d host(s) behind it sent nothing since %s; gaps are %s at most, 99 times of 100: %s.", finding.Shown(f.relay), n, since, usual, names),
			fmt.Sprintf("中継 %s とその先の %d 台が %s から何も送ってこない。ふだんの間隔は 99%% が %s 以内である：%s。", finding.Shown(f.relay), n, sinceJA, usualJA, names)
	case len(f.hosts) == 0:
		return fmt.Sprintf("Source %s sent nothing since %s; its gaps are %s at most, 99 times of 100.", source, since, usual),
			fmt.Sprintf("ログ源 %s が %s から何も送ってこない。ふだんの間隔は 99%% が %s 以内である。", source, sinceJA, usualJA)
	}
	return fmt.Sprintf("%d host(s) of %s sent nothing since %s; gaps are %s at most, 99 times of 100: %s.", n, source, since, usual, names),
		fmt.Sprintf("%s の %d 台が %s から何も送ってこない。ふだんの間隔は 99%% が %s 以内である：%s。", source, n, sinceJA, usualJA, names)
}
