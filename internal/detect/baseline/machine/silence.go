package machine

import (
	"cmp"
	"container/heap"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

func (q *silence) tune(t *learn.Tuning) {
	q.p.floor, q.p.factor, q.p.ceiling = t.Duration("floor", 2*time.Minute), t.Float("factor", 3), t.Duration("ceiling", 12*time.Hour)
	q.p.learn, q.p.gaps, q.p.gather = t.Duration("learn", 24*time.Hour), t.Int("gaps", 50), t.Duration("gather", time.Minute)
	q.info = finding.Info{
		ID:    "baseline-source-silent",
		Title: "Log source fell silent", TitleJA: "ログ源が沈黙した",
		Description: "A source, or hosts of it, sent nothing for much longer than their learned rhythm while others went on. " +
			"Hosts of one source that fall silent together are one finding.",
		DescriptionJA: "他のログ源が続いているのに、あるログ源またはそのホストが、学習した間隔を大きく超えて何も送ってこない。" +
			"同じログ源のホストが相次いで沈黙したときは一件にまとめる。",
		Level: finding.LevelHigh, Tags: []string{"attack.defense-impairment"},
		Params: t.Params(),
	}
}

// silenceParams: floor is the shortest silence that is reported, factor what
// the learned gap is multiplied with, ceiling the gap beyond which a source has
// no rhythm worth watching, learn how long and gaps how many gaps a rhythm is
// learned from, gather how long hosts of one source are gathered into one finding.
type silenceParams struct {
	floor, ceiling, learn, gather time.Duration
	factor                        float64
	gaps                          int
}

// A streamKey is a source and a host; an empty host means the whole source.
type streamKey struct{ source, host string }

// A stream is the rhythm of one source or host.
type stream struct {
	key    streamKey
	first  time.Time
	last   time.Time
	record uint64 // of the last event
	gaps   int
	hist   [buckets]uint32
	worst  [worstDays]worstGap // longest gap per day, a ring
	lag    time.Duration       // longest way from event to receipt
	queued bool                // in the deadline heap
	silent bool
}

// buckets cover gaps up to 2^24 s in steps of a quarter octave.
const buckets = 96

// worstDays is how many days a gap is remembered as the longest.
const worstDays = 14

type worstGap struct {
	day int64
	gap time.Duration
}

// maxLag bounds what is taken for a delivery delay; older events are imports.
const maxLag = time.Hour

func bucketOf(gap time.Duration) int {
	s := gap.Seconds()
	if s < 1 {
		return 0
	}
	return min(1+int(4*math.Log2(s)), buckets-1)
}

// bucketEnd is the longest gap of a bucket.
func bucketEnd(i int) time.Duration {
	return time.Duration(math.Exp2(float64(i)/4) * float64(time.Second))
}

func (s *stream) observe(ev *event.Event) {
	t := ev.Time.UTC()
	if lag := ev.TimeRx.Sub(t); !ev.TimeRx.IsZero() && lag > s.lag && lag <= maxLag {
		s.lag = lag
	}
	if s.first.IsZero() {
		s.first, s.last, s.record = t, t, ev.Record
		return
	}
	gap := t.Sub(s.last)
	if gap < 0 {
		return
	}
	s.last, s.record, s.silent = t, ev.Record, false
	s.gaps++
	s.hist[bucketOf(gap)]++
	day := t.Unix() / 86400
	if w := &s.worst[uint64(day)%worstDays]; w.day != day {
		*w = worstGap{day, gap}
	} else {
		w.gap = max(w.gap, gap)
	}
}

// quantile gives the gap that a share of all gaps do not exceed.
func (s *stream) quantile(share float64) time.Duration {
	want, sum := share*float64(s.gaps), 0.0
	for i, n := range s.hist {
		if sum += float64(n); sum >= want {
			return bucketEnd(i)
		}
	}
	return bucketEnd(buckets - 1)
}

// longest gives the longest gap of the last days.
func (s *stream) longest() time.Duration {
	var d time.Duration
	day := s.last.Unix() / 86400
	for _, w := range s.worst {
		if w.day > day-worstDays {
			d = max(d, w.gap)
		}
	}
	return d
}

// patience is how long the stream may be silent before that is remarkable; ok
// is false while its rhythm is not known or when it has none.
func (s *stream) patience(p *silenceParams) (d time.Duration, ok bool) {
	seen := s.last.Sub(s.first)
	if s.gaps < p.gaps {
		return 0, false
	}
	p99, longest := s.quantile(0.99), s.longest()
	factor := p.factor
	if steady := longest <= 2*p99 && p99 <= 2*s.quantile(0.5); steady && s.gaps >= 2*p.gaps {
		factor = min(factor, 1.5) // a heartbeat: it needs neither much room nor days
		if p99 < time.Minute {
			factor = p.factor
		}
	} else if seen < p.learn {
		return 0, false
	}
	d = max(p.floor, time.Duration(factor*float64(p99)), longest+longest/4) + s.lag
	return d, p99 <= p.ceiling && d <= p.ceiling
}

// A silence watches all streams.
type silence struct {
	kit       *learn.Kit
	p         silenceParams
	info      finding.Info
	streams   *bounded.Table[streamKey, stream]
	deadlines deadlineHeap
	now       time.Time // event time reached
	suspect   time.Time // an instant far ahead that one event claimed
	gathering []gathering
	mass      map[string]time.Time // by source: when hosts last fell silent together
}

// A gathering collects the silent hosts of one source.
type gathering struct {
	source string
	from   time.Time // when the first was overdue
	until  time.Time
}

// A deadline is when a stream may have to be reported. It is looked at again
// then: the stream may have spoken since.
type deadline struct {
	at  time.Time
	key streamKey
}

func newSilence(k *learn.Kit) learn.Baseline {
	q := &silence{kit: k, mass: make(map[string]time.Time)}
	q.tune(k.Tune("baseline-source-silent"))
	q.streams = bounded.NewTable[streamKey, stream](maxStreams, k.Evicted())
	return q
}

// maxStreams bounds the sources and hosts whose rhythm is remembered.
const maxStreams = 50_000

func (q *silence) Rules() []finding.Info { return []finding.Info{q.info} }

// Wants is false: silence is judged by what arrives, and told through Arrive.
func (q *silence) Wants(*event.Event) bool { return false }

func (q *silence) Observe(*event.Event) {}

func (q *silence) Advance(now time.Time) { q.advance(now) }

// maxHost bounds a host's name; longer ones are not names.
const maxHost = 256

// Arrive takes an event in as it comes.
func (q *silence) Arrive(ev *event.Event) {
	if ev.Time.IsZero() {
		return
	}
	q.note(streamKey{source: ev.Source}, ev)
	if ev.Host != "" && len(ev.Host) <= maxHost {
		q.note(streamKey{ev.Source, ev.Host}, ev)
	}
	q.reach(ev.Time.UTC())
}

func (q *silence) note(key streamKey, ev *event.Event) {
	s, _ := q.streams.Get(key)
	s.key = key
	s.observe(ev)
	if !s.queued && !s.silent && s.gaps >= q.p.gaps {
		q.enqueue(s)
	}
}

// relook is when a stream of unknown rhythm is looked at again.
const relook = 10 * time.Minute

// enqueue puts a stream on watch.
func (q *silence) enqueue(s *stream) {
	d, ok := s.patience(&q.p)
	at := s.last.Add(d)
	if !ok {
		at = s.last.Add(relook) // when more is known
	}
	s.queued = true
	heap.Push(&q.deadlines, deadline{at, s.key})
}

// maxLeap is how far one event may move the time that others are judged by; a
// second event must agree with anything more.
const maxLeap = 24 * time.Hour

// reach moves event time on.
func (q *silence) reach(t time.Time) {
	if !t.After(q.now) {
		return
	}
	if !q.now.IsZero() && t.Sub(q.now) > maxLeap {
		if gap := t.Sub(q.suspect); q.suspect.IsZero() || gap.Abs() > maxLeap {
			q.suspect = t
			return
		}
	}
	q.suspect = time.Time{}
	q.advance(t)
}

// advance judges every stream whose deadline has passed.
func (q *silence) advance(now time.Time) {
	q.now = learn.Later(q.now, now)
	for {
		due := q.deadlines.Len() > 0 && !q.deadlines[0].at.After(q.now)
		if len(q.gathering) > 0 && !q.gathering[0].until.After(q.now) && (!due || !q.gathering[0].until.After(q.deadlines[0].at)) {
			g := q.gathering[0]
			q.gathering = q.gathering[1:]
			q.report(g)
			continue
		}
		if !due {
			return
		}
		if d, ok := heap.Pop(&q.deadlines).(deadline); ok {
			q.examine(d)
		}
	}
}

func (q *silence) examine(d deadline) {
	s := q.streams.Find(d.key)
	if s == nil || s.silent {
		return
	}
	s.queued = false
	wait, ok := s.patience(&q.p)
	at := s.last.Add(wait)
	if !ok {
		if s.last.Add(q.p.ceiling).After(q.now) {
			again := relook
			if s.gaps >= 4*q.p.gaps {
				again = q.p.ceiling / 4
			}
			s.queued = true
			heap.Push(&q.deadlines, deadline{d.at.Add(again), d.key})
		}
		return // else it is taken up again by its next event
	}
	if at.After(q.now) || at.After(d.at) {
		q.enqueue(s)
		return
	}
	s.silent = true
	if !slices.ContainsFunc(q.gathering, func(g gathering) bool { return g.source == d.key.source }) {
		q.gathering = append(q.gathering, gathering{d.key.source, at, at.Add(q.gatherFor(d.key.source))})
		slices.SortStableFunc(q.gathering, func(a, b gathering) int { return a.until.Compare(b.until) })
	}
}

// gatherFor is how long to wait for more hosts of a source. After many fell
// silent together, those of slower rhythm follow: they make one more finding.
func (q *silence) gatherFor(source string) time.Duration {
	if last, ok := q.mass[source]; ok && q.now.Sub(last) < time.Hour {
		return 10 * q.p.gather
	}
	return q.p.gather
}

// report makes the finding of a gathering, unless all have spoken meanwhile.
func (q *silence) report(g gathering) {
	var hosts []*stream
	var whole *stream
	for key, s := range q.streams.All {
		if key.source != g.source || !s.silent || s.last.Before(g.from.Add(-q.p.ceiling)) {
			continue
		}
		if key.host == "" {
			whole = s
		} else if wait, _ := s.patience(&q.p); !s.last.Add(wait).Before(g.from) {
			hosts = append(hosts, s)
		}
	}
	if whole == nil && len(hosts) == 0 {
		return
	}
	if whole != nil || len(hosts) > 1 {
		hosts = q.joinFalling(g, hosts)
	}
	slices.SortFunc(hosts, func(a, b *stream) int {
		return cmp.Or(a.last.Compare(b.last), strings.Compare(a.key.host, b.key.host))
	})
	what := g.from.Format(time.RFC3339Nano)
	if len(hosts) == 1 {
		what = hosts[0].key.host
	} else {
		q.noteMass(g.source)
	}
	q.kit.Raise(q.finding(g, hosts, whole), &q.info, g.source, what)
}

// noteMass remembers that hosts of a source fell silent together; what is over
// an hour old means nothing any more.
func (q *silence) noteMass(source string) {
	maps.DeleteFunc(q.mass, func(_ string, t time.Time) bool { return q.now.Sub(t) >= time.Hour })
	q.mass[source] = q.now
}

// fallingWithin is how far apart the last events of hosts that fall silent
// together may lie.
const fallingWithin = 5 * time.Minute

// joinFalling adds the hosts that are quiet beside silent ones although their
// own rhythm would still excuse it, so that one cause is one finding.
func (q *silence) joinFalling(g gathering, hosts []*stream) []*stream {
	for key, s := range q.streams.All {
		if key.source != g.source || key.host == "" || s.silent || s.gaps < q.p.gaps {
			continue
		}
		quiet := q.now.Sub(s.last)
		if quiet < q.p.floor || quiet < s.quantile(0.99) || g.from.Sub(s.last) > q.p.ceiling {
			continue
		}
		if slices.ContainsFunc(hosts, func(h *stream) bool { return h.last.Sub(s.last).Abs() <= fallingWithin }) {
			s.silent = true
			hosts = append(hosts, s)
		}
	}
	return hosts
}

func (q *silence) finding(g gathering, hosts []*stream, whole *stream) finding.Finding {
	f := finding.Finding{Level: finding.LevelMedium, Time: g.from, Until: q.now, Source: g.source, Object: g.source}
	first := whole
	if len(hosts) > 0 {
		first = hosts[0]
	}
	names := make([]string, 0, min(len(hosts), finding.MaxRecords))
	for i, s := range hosts {
		if i < finding.MaxRecords {
			names = append(names, finding.Shown(s.key.host))
			f.Records = append(f.Records, s.record)
		}
	}
	if len(hosts) == 0 {
		f.Records = append(f.Records, whole.record)
	}
	if len(hosts) == 1 {
		f.Host = hosts[0].key.host
	}
	if len(hosts) > 1 || whole != nil {
		f.Level = finding.LevelHigh
	}
	list := strings.Join(names, ", ")
	if more := len(hosts) - len(names); more > 0 {
		list += fmt.Sprintf(" (+%d)", more)
	}
	usual := finding.Span(first.quantile(0.99))
	switch {
	case len(hosts) == 0:
		f.Why = fmt.Sprintf("Source %s sent nothing since %s; its gaps are %s at most, 99 times of 100.", finding.Shown(g.source), finding.Clock(first.last), usual)
		f.WhyJA = fmt.Sprintf("ログ源 %s が %s から何も送ってこない。ふだんの間隔は 99%% が %s 以内である。", finding.Shown(g.source), finding.Clock(first.last), usual)
	default:
		f.Why = fmt.Sprintf("%d host(s) of %s sent nothing since %s; gaps are %s at most, 99 times of 100: %s.", len(hosts), finding.Shown(g.source), finding.Clock(first.last), usual, list)
		f.WhyJA = fmt.Sprintf("%s の %d 台が %s から何も送ってこない。ふだんの間隔は 99%% が %s 以内である：%s。", finding.Shown(g.source), len(hosts), finding.Clock(first.last), usual, list)
	}
	return f
}

// A deadlineHeap orders deadlines by time, then key, so that replays agree.
type deadlineHeap []deadline

// Len implements [heap.Interface].
func (h deadlineHeap) Len() int { return len(h) }

// Less implements [heap.Interface].
func (h deadlineHeap) Less(i, j int) bool {
	return cmp.Or(h[i].at.Compare(h[j].at), cmp.Compare(h[i].key.source, h[j].key.source), cmp.Compare(h[i].key.host, h[j].key.host)) < 0
}

// Swap implements [heap.Interface].
func (h deadlineHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements [heap.Interface].
func (h *deadlineHeap) Push(x any) {
	if d, ok := x.(deadline); ok {
		*h = append(*h, d)
	}
}

// Pop implements [heap.Interface].
func (h *deadlineHeap) Pop() any {
	old := *h
	d := old[len(old)-1]
	*h = old[:len(old)-1]
	return d
}
