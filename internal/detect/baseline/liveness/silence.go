package liveness

import (
	"container/heap"
	"maps"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"
	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// silence tells when streams fall silent.
type silence struct {
	p         silenceParams
	info      finding.Info
	gathering []gathering // the first to be told first
	peers     *bounded.Table[string, peer]
	mass      map[string]time.Time // by source: when hosts last fell silent together
	toldAll   time.Time            // the last arrival when it was told that nothing comes any more
}

// A gathering collects the silent streams of one source.
type gathering struct {
	source string
	until  time.Time
	keys   []streamKey
}

// A peer is who delivers records: a host itself, or a relay for many.
type peer struct {
	last time.Time // arrival
	told time.Time // of its last arrival when its silence was told
}

func (q *silence) tune(k *learn.Kit) {
	t := k.Tune("baseline-source-silent")
	q.p.floor, q.p.factor, q.p.ceiling = t.Duration("floor", time.Minute), t.Float("factor", 3), t.Duration("ceiling", 12*time.Hour)
	q.p.learn, q.p.gaps, q.p.gather = t.Duration("learn", 24*time.Hour), t.Int("gaps", 50), t.Duration("gather", 30*time.Second)
	q.p.server, q.p.firewall = t.Duration("server", 15*time.Minute), t.Duration("firewall", 5*time.Minute)
	q.mass = make(map[string]time.Time)
	q.peers = bounded.NewTable[string, peer](maxPeers, k.Evicted())
	q.info = finding.Info{
		ID:    "baseline-source-silent",
		Title: "Log source fell silent", TitleJA: "ログ源が沈黙した",
		Description: "A source, or a host of it, sent nothing for factor times the longest gap that is usual in these hours of the week, learned over two weeks; nights, weekends and rare batches are quiet hours like any others, and a holiday shows in the last gaps, which count as well. " +
			"Before that: an even beat missed, or after a day of learning a gap that is much longer than any so far; servers and firewalls that send often get a fixed time. " +
			"A source that marks time, or of which a rhythm was registered, is silent after three periods. One that sends too rarely to tell is not reported. " +
			"Hosts that fall silent together, behind one relay or in one source, are one finding; so is everything at once.",
		DescriptionJA: "ログ源またはそのホストが、その曜日・時間帯でふだん最も長い間隔の factor 倍を過ぎても何も送ってこない。曜日・時間帯ごとの間隔は 2 週間で学習し、夜間・週末・まれなバッチもその時間帯の間隔として扱い、祝日のように静かな日は直近の間隔も合わせて見る。" +
			"学習前は、一定の間隔が途切れたとき、または 1 日以上見たうえでそれまでより明らかに長く途切れたときに知らせ、頻繁に送るサーバーとファイアウォールには決まった時間を使う。" +
			"MARK 行を送るログ源と間隔を登録したログ源は、3 周期で沈黙とみなす。まれにしか送らず判断できないものは知らせない。" +
			"同じ中継や同じログ源のホストが一斉に沈黙したとき、またすべてが途絶えたときは一件にまとめる。",
		Level: finding.LevelHigh, Tags: []string{"attack.defense-impairment"},
		Params: t.Params(),
	}
}

// maxPeers bounds the senders that are remembered.
const maxPeers = 10_000

// silenceParams: floor is the shortest silence that is reported, factor what
// the longest usual gap is multiplied with, ceiling the patience beyond which
// what has not been seen for weeks has no rhythm, learn how long and gaps how
// many gaps a rhythm is learned from, gather how long silent hosts are gathered
// into one finding; server and firewall are the patience with busy ones of which
// nothing is learned yet.
type silenceParams struct {
	floor, ceiling, learn, gather time.Duration
	server, firewall              time.Duration
	factor                        float64
	gaps                          int
}

// patience is how long a stream may be silent before that is remarkable; ok is
// false while its rhythm is not known or when it has none.
func (w *sources) patience(s *stream) (d time.Duration, ok bool) {
	p := &w.silence.p
	if d, ok = w.learned(s); !ok {
		d, ok = w.unlearned(s)
	}
	for _, period := range w.stated(s) {
		if period > 0 && (!ok || 3*period < d) {
			d, ok = 3*period, true
		}
	}
	return max(d, p.floor) + s.lag, ok
}

// stated are the periods in which something is certain to come.
func (w *sources) stated(s *stream) []time.Duration {
	var out []time.Duration
	if s.marks.n >= leastMarks {
		out = append(out, s.marks.longest)
	}
	if s.key.host == "" {
		e := w.expect[s.key.source]
		out = append(out, e.Every, e.Heartbeat)
	}
	return out
}

// learned goes by the hours of the week.
func (w *sources) learned(s *stream) (d time.Duration, ok bool) {
	if s.hours == nil {
		return 0, false
	}
	factor := w.silence.p.factor
	if s.steady() {
		return s.hours.patience(w.heardFrom(s), min(factor, 2))
	}
	d, ok = s.hours.patience(w.heardFrom(s), factor)
	return max(d, time.Duration(factor*float64(s.ofLate()))), ok
}

// heardFrom is since when a stream's silence counts.
func (w *sources) heardFrom(s *stream) time.Time {
	if w.live {
		return learn.Later(s.last, w.since)
	}
	return s.last
}

// unlearned goes by the gaps so far, whatever the hour.
func (w *sources) unlearned(s *stream) (d time.Duration, ok bool) {
	p := &w.silence.p
	seen, longest := s.last.Sub(s.first), s.longest()
	if s.gaps < p.gaps || s.hours.spans(s.first) {
		return 0, false
	}
	p99, factor := s.quantile(0.99), 3.0
	switch {
	case s.steady() && s.gaps >= 2*p.gaps:
		if factor = 1.5; p99 < time.Minute { // a heartbeat: it needs neither much room nor days
			factor = 3
		}
	case seen < p.learn:
		fixed := w.fixed(s)
		return fixed, w.live && fixed > 0 && seen >= 3*fixed && 3*longest <= fixed
	}
	if d = longest + longest/4; w.live && !s.steady() {
		d = 3 * longest // a watch that has all the time there is can wait for certainty
	}
	d = max(p.floor, time.Duration(factor*float64(p99)), d)
	return d, p99 <= p.ceiling && d <= p.ceiling
}

// fixed is the patience with a busy source of a kind.
func (w *sources) fixed(s *stream) time.Duration {
	kind := w.expect[s.key.source].Kind
	switch {
	case kind == "server" || kind == "" && (s.format == "syslog" || s.format == "auditd"):
		return w.silence.p.server
	case kind == "firewall" || kind == "network":
		return w.silence.p.firewall
	}
	return 0
}

// A deadline is when a stream may have to be reported. It is looked at again
// then: the stream may have spoken since.
type deadline struct {
	at  time.Time
	key streamKey
}

// relook is when a stream is looked at again at the latest.
const relook = 10 * time.Minute

// enqueue puts a stream on watch. It is looked at again soon even when it may
// be silent for long, as over night: once it speaks it may not.
func (w *sources) enqueue(s *stream, from time.Time) {
	at := learn.Later(from, w.heardFrom(s)).Add(relook)
	if d, ok := w.patience(s); ok {
		if due := w.heardFrom(s).Add(d); due.Before(at) {
			at = due
		}
	}
	s.queued = true
	heap.Push(&w.deadlines, deadline{at, s.key})
}

// delivered notes who brought a live event.
func (q *silence) delivered(ev *event.Event, at time.Time) {
	if ev.Peer == "" || len(ev.Peer) > maxHost {
		return
	}
	p, _ := q.peers.Get(ev.Peer)
	p.last = learn.Later(p.last, at)
}

// advance judges every stream whose deadline has passed.
func (w *sources) advance(now time.Time) {
	w.now = learn.Later(w.now, now)
	q := &w.silence
	for {
		due := w.deadlines.Len() > 0 && !w.deadlines[0].at.After(w.now)
		if len(q.gathering) > 0 && !q.gathering[0].until.After(w.now) && (!due || !q.gathering[0].until.After(w.deadlines[0].at)) {
			g := q.gathering[0]
			q.gathering = q.gathering[1:]
			w.report(g)
			continue
		}
		if !due {
			return
		}
		if d, ok := heap.Pop(&w.deadlines).(deadline); ok {
			w.examine(d)
		}
	}
}

func (w *sources) examine(d deadline) {
	s := w.streams.Find(d.key)
	if s == nil {
		return
	}
	if s.queued = false; s.silent {
		return
	}
	wait, ok := w.patience(s)
	at := w.heardFrom(s).Add(wait)
	if !ok {
		w.lookAgain(s, d)
		return
	}
	if at.After(w.now) || at.After(d.at) {
		w.enqueue(s, d.at)
		return
	}
	s.silent = true
	q := &w.silence
	if w.toldBefore(s) {
		w.kit.Repeat()
		return
	}
	i := slices.IndexFunc(q.gathering, func(g gathering) bool { return g.source == s.key.source })
	if i >= 0 {
		q.gathering[i].keys = append(q.gathering[i].keys, s.key)
		return
	}
	q.gathering = append(q.gathering, gathering{s.key.source, at.Add(w.gatherFor(s.key.source)), []streamKey{s.key}})
	slices.SortStableFunc(q.gathering, func(a, b gathering) int { return a.until.Compare(b.until) })
}

// lookAgain keeps a stream of unknown rhythm on watch for a while; later it is
// taken up again by its next event.
func (w *sources) lookAgain(s *stream, d deadline) {
	p := &w.silence.p
	if !w.heardFrom(s).Add(p.ceiling).After(w.now) {
		return
	}
	again := relook
	if s.gaps >= 4*p.gaps {
		again = p.ceiling / 4
	}
	s.queued = true
	heap.Push(&w.deadlines, deadline{d.at.Add(again), d.key})
}

// toldBefore reports whether the stream's silence is part of one that was told:
// its relay's, or that of everything.
func (w *sources) toldBefore(s *stream) bool {
	q := &w.silence
	if !q.toldAll.IsZero() && !w.newest.After(q.toldAll) {
		return true
	}
	p := q.peers.Find(s.peer)
	return p != nil && !p.told.IsZero() && !p.last.After(p.told)
}

// gatherFor is how long to wait for more hosts of a source. After many fell
// silent together, those of slower rhythm follow: they make one more finding.
func (w *sources) gatherFor(source string) time.Duration {
	if last, ok := w.silence.mass[source]; ok && w.now.Sub(last) < time.Hour {
		return 10 * time.Minute
	}
	return w.silence.p.gather
}

// noteMass remembers that hosts of a source fell silent together; what is over
// an hour old means nothing any more.
func (w *sources) noteMass(source string) {
	mass := w.silence.mass
	maps.DeleteFunc(mass, func(_ string, t time.Time) bool { return w.now.Sub(t) >= time.Hour })
	mass[source] = w.now
}

// missed takes for told what should have spoken while konseki was there: it was
// told then. It is asked before what is remembered is judged for the first time
// after a break.
func (w *sources) missed() {
	for _, s := range w.streams.All {
		if d, ok := w.patience(s); ok && w.heardFrom(s).Add(d+w.silence.p.gather).Before(w.newest) {
			s.silent = true
		}
	}
}
