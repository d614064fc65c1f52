package coverage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Loss counts records that are not here as they should be.
type Loss = event.Loss

// LossSums adds up records by kind of loss.
type LossSums struct {
	Dropped   int64 `json:"dropped,omitzero"`
	Rejected  int64 `json:"rejected,omitzero"`
	Unparsed  int64 `json:"unparsed,omitzero"`
	Late      int64 `json:"late,omitzero"`
	Duplicate int64 `json:"duplicate,omitzero"`
}

// SumLosses adds up the records of losses by kind.
func SumLosses(list []Loss) LossSums {
	var s LossSums
	for _, l := range list {
		if n := s.of(l.Kind); n != nil {
			*n += l.Records
		}
	}
	return s
}

// Of is the sum of one kind.
func (s LossSums) Of(kind event.LossKind) int64 {
	if n := s.of(kind); n != nil {
		return *n
	}
	return 0
}

func (s *LossSums) of(kind event.LossKind) *int64 {
	switch kind {
	case event.LossDropped:
		return &s.Dropped
	case event.LossRejected:
		return &s.Rejected
	case event.LossUnparsed:
		return &s.Unparsed
	case event.LossLate:
		return &s.Late
	case event.LossDuplicate:
		return &s.Duplicate
	}
	return nil
}

// Losses adds up losses by source, sender, door, kind, reason and minute. It
// stays within a number of rows whatever it is told: when there would be more
// it tells senders and files no more apart, then minutes within an hour, then
// hours within a day; what has still no row is counted under no source. No
// count is ever left out.
type Losses struct {
	max   int
	level int
	rows  map[lossKey]*Loss
}

type lossKey struct {
	source, host, path, door string
	kind                     event.LossKind
	reason                   string
	from                     int64
}

// levels of detail of Losses.
const (
	lossAll    = iota // everything apart
	lossMinute        // senders and files together
	lossHour          // minutes of an hour together
	lossDay           // hours of a day together
)

// NewLosses returns an empty sum of at most rows rows, and a few more for what
// has none.
func NewLosses(rows int) *Losses { return &Losses{max: rows, rows: map[lossKey]*Loss{}} }

// Len is the number of rows.
func (t *Losses) Len() int { return len(t.rows) }

// Clear empties the sum.
func (t *Losses) Clear() {
	clear(t.rows)
	t.level = lossAll
}

// Add counts a loss. Its interval becomes the minute of From, or a wider one.
func (t *Losses) Add(l Loss) {
	for {
		row := t.place(l)
		key := keyOf(row)
		if old := t.rows[key]; old != nil {
			old.Add(row)
			return
		}
		if len(t.rows) < t.max {
			t.rows[key] = &row
			return
		}
		if t.level == lossDay {
			t.together(row)
			return
		}
		t.coarsen()
	}
}

// place gives the row that a loss belongs to at the present level of detail.
func (t *Losses) place(l Loss) Loss {
	width := time.Minute
	switch {
	case t.level >= lossDay:
		width = 24 * time.Hour
	case t.level >= lossHour:
		width = time.Hour
	}
	if t.level >= lossMinute {
		l.Host, l.Path = "", ""
	}
	l.From = l.From.UTC().Truncate(width)
	l.To = later(l.To.UTC(), l.From.Add(width))
	return l
}

func keyOf(l Loss) lossKey {
	return lossKey{l.Source, l.Host, l.Path, l.Door, l.Kind, l.Reason, l.From.Unix()}
}

func (t *Losses) coarsen() {
	old := t.rows
	t.level++
	t.rows = make(map[lossKey]*Loss, len(old))
	for _, l := range old {
		row := t.place(*l)
		if there := t.rows[keyOf(row)]; there != nil {
			there.Add(row)
		} else {
			t.rows[keyOf(row)] = &row
		}
	}
}

// together counts a loss in the one row of its door and kind for what has no
// other.
func (t *Losses) together(l Loss) {
	l.Source, l.Reason = "", event.WhyManySources
	key := keyOf(l)
	key.from = 0
	if old := t.rows[key]; old != nil {
		old.Add(l)
		return
	}
	t.rows[key] = &l
}

// All lists the rows by interval, source, door, kind, reason and sender.
func (t *Losses) All() []Loss {
	out := make([]Loss, 0, len(t.rows))
	for _, l := range t.rows {
		out = append(out, *l)
	}
	sortLosses(out)
	return out
}

func sortLosses(list []Loss) {
	slices.SortFunc(list, func(a, b Loss) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Door, b.Door),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Host, b.Host), cmp.Compare(a.Path, b.Path))
	})
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// lossTrack is what was lost of one source.
type lossTrack struct {
	rows []Loss  // by From
	gaps []lapse // records are known to be missing
	told []lapse // the sender was asked to send again
	// refused may be of this source: a door turned a sender away whom it could not
	// name, or more senders.
	refused []lapse
	shut    []Loss // files that could not be taken whole, and were not since
}

// shut notes the files of imports that could not be taken whole. What they
// hold, and of what time, nobody knows.
func (l *Ledger) shut(files []Loss) {
	for _, x := range files {
		if l.lost[x.Source] == nil {
			l.lost[x.Source] = &lossTrack{}
		}
		l.lost[x.Source].shut = append(l.lost[x.Source].shut, x)
	}
}

// shutWords says how many files could not be taken whole, and names the first.
func shutWords(list []Loss) event.Phrase {
	var n int64
	for _, l := range list {
		n += l.Records
	}
	p := event.Phrase{
		JA: fmt.Sprintf("取り込めなかったファイルが %d 件あり、何がいつについて書かれていたか分からない", n),
		EN: fmt.Sprintf("%d of its files could not be imported whole: what they hold, and of what time, is not known", n),
	}
	if name := list[0].Path; name != "" {
		p.JA, p.EN = p.JA+"（"+name+"）", p.EN+" ("+name+")"
	}
	return p
}

// lapse is a span of time with the losses in it, in words.
type lapse struct {
	span
	reason  event.Phrase
	records int64
}

// trackLosses sorts losses by source. What a door dropped or refused without
// anybody knowing whose it was may be of each source that comes by such a door,
// see [strays].
func trackLosses(sources []Source, all []Loss) map[string]*lossTrack {
	out := map[string]*lossTrack{}
	track := func(id string) *lossTrack {
		if out[id] == nil {
			out[id] = &lossTrack{}
		}
		return out[id]
	}
	var anyones []Loss
	for _, l := range all {
		track(l.Source).rows = append(track(l.Source).rows, l)
		if l.Source == "" && l.Missing() && l.Door != fileDoor {
			anyones = append(anyones, l)
		}
	}
	for _, s := range sources {
		var gaps, told []Loss
		if t := out[s.ID]; t != nil {
			sortLosses(t.rows)
			gaps, told = t.missing()
		}
		dropped, refused := strays(&s, anyones)
		if gaps = append(gaps, dropped...); len(gaps)+len(told)+len(refused) == 0 {
			continue
		}
		sortLosses(gaps)
		sortLosses(refused)
		t := track(s.ID)
		t.gaps, t.told, t.refused = lapses(gaps), lapses(told), lapses(refused)
	}
	return out
}

// missing are the losses of a source that its doors counted: records that are
// known not to be here, and those that the sender was asked to send again.
func (t *lossTrack) missing() (gaps, told []Loss) {
	for _, l := range t.rows {
		switch {
		case !l.Missing() || l.Door == fileDoor:
		case l.SenderTold():
			told = append(told, l)
		default:
			gaps = append(gaps, l)
		}
	}
	return gaps, told
}

// fileDoor is the door of imports. When its losses happened says nothing of
// the time that the records speak about.
const fileDoor = "file"

// AckOf says how far a transport, by its kind, acknowledges: see Source.Ack.
func AckOf(transport string) string {
	switch transport {
	case "file":
		return "file"
	case "http", "relp", "otlp", "elastic", "hec", "fluent", "journal":
		return "acknowledged"
	case "pull", "tail", "journald":
		return "cursor"
	case "syslog/udp":
		return "datagram"
	}
	return "stream"
}

// lapses joins losses whose intervals touch, within an hour, so that a day of
// losses is few intervals and each says what was lost in it.
func lapses(list []Loss) []lapse {
	var out []lapse
	for len(list) > 0 {
		s := span{list[0].From, list[0].To}
		n := 1
		for n < len(list) && !list[n].From.After(s.to) && list[n].From.Truncate(time.Hour).Equal(s.from.Truncate(time.Hour)) {
			s.to = later(s.to, list[n].To)
			n++
		}
		if len(out) > 0 && out[len(out)-1].to.After(s.from) { // wider rows may overlap
			s.from = out[len(out)-1].to
		}
		if s.from.Before(s.to) {
			var sum int64
			for _, l := range list[:n] {
				sum += l.Records
			}
			out = append(out, lapse{s, inWords(list[:n]), sum})
		}
		list = list[n:]
	}
	return out
}

// lapseAt finds the lapse that holds an instant.
func lapseAt(list []lapse, at time.Time) (lapse, bool) {
	i, _ := slices.BinarySearchFunc(list, at, func(l lapse, at time.Time) int { return l.to.Compare(at) })
	for ; i < len(list) && !list[i].from.After(at); i++ {
		if list[i].to.After(at) {
			return list[i], true
		}
	}
	return lapse{}, false
}

// maxWhys bounds how many reasons a phrase names.
const maxWhys = 4

// inWords says how many records were lost and why, the most first.
func inWords(list []Loss) event.Phrase {
	var sums []Loss
	for _, l := range list {
		i := slices.IndexFunc(sums, func(s Loss) bool { return s.Kind == l.Kind && s.Reason == l.Reason })
		if i < 0 {
			sums = append(sums, Loss{Kind: l.Kind, Reason: l.Reason})
			i = len(sums) - 1
		}
		sums[i].Records += l.Records
		sums[i].LateMS = max(sums[i].LateMS, l.LateMS)
	}
	slices.SortStableFunc(sums, func(a, b Loss) int { return cmp.Compare(b.Records, a.Records) })
	var ja, en []string
	for i, l := range sums {
		if i == maxWhys {
			ja, en = append(ja, "ほか"), append(en, "…")
			break
		}
		p := l.Words()
		ja, en = append(ja, p.JA), append(en, p.EN)
	}
	return event.Phrase{JA: strings.Join(ja, "、"), EN: strings.Join(en, "; ")}
}
