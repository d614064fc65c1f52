package coverage

import (
	"slices"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// lossNote names what was lost of a source beside what its intervals say. Files
// that could not be read are named until they were.
func (l *Ledger) lossNote(c SourceCoverage) (event.Phrase, bool) {
	var rest []Loss
	doubted := false
	for _, iv := range c.Intervals {
		doubted = doubted || iv.State == BestEffort && restsOnFiles(iv.Proof)
		for _, x := range iv.Losses {
			file := x.Door == fileDoor && x.Kind == event.LossRejected
			if told := iv.Proof == counted && x.Missing(); !told && !file && x.Kind != event.LossDuplicate {
				rest = append(rest, x)
			}
		}
	}
	if t := l.lost[c.Source]; t != nil && !doubted {
		rest = append(rest, t.shut...)
	}
	if len(rest) == 0 {
		return event.Phrase{}, false
	}
	ja, en := named(c)
	words := inWords(rest)
	return event.Phrase{JA: ja + "：" + words.JA, EN: en + ": " + words.EN}, true
}

// doorNote names what was lost in the window without anybody knowing whose it
// was. Who is refused at a door may be a source that is missed, and so may a
// file that could not be read.
func (l *Ledger) doorNote(from, to time.Time) (event.Phrase, bool) {
	var rest []Loss
	for _, x := range l.Lost("", from, to) {
		if x.Missing() && x.Door != fileDoor {
			rest = append(rest, x)
		}
	}
	if t := l.lost[""]; t != nil {
		rest = append(rest, t.shut...)
	}
	if len(rest) == 0 {
		return event.Phrase{}, false
	}
	words := inWords(rest)
	return event.Phrase{JA: "どのログ源か分からない受信：" + words.JA, EN: "of no known source: " + words.EN}, true
}

// Lost lists what was lost of a source, or under no source's name, over
// [from, to), added up over time. Losses of imports are always among it: the
// time that the records speak about is not known.
func (l *Ledger) Lost(source string, from, to time.Time) []Loss {
	t := l.lost[source]
	if t == nil {
		return nil
	}
	var list []Loss
	for _, x := range t.rows {
		if inWindow(x, from, to) {
			list = append(list, x)
		}
	}
	return joined(list)
}

func inWindow(l Loss, from, to time.Time) bool {
	return l.Door == fileDoor || l.From.Before(to) && l.To.After(from)
}

// share gives each loss of a source to the one interval it began in, or the
// first or last one.
func (t *lossTrack) share(ivs []Interval, from, to time.Time) LossSums {
	if t == nil || len(ivs) == 0 {
		return LossSums{}
	}
	all := make([][]Loss, len(ivs))
	var sums LossSums
	for _, l := range t.rows {
		if !inWindow(l, from, to) {
			continue
		}
		i, _ := slices.BinarySearchFunc(ivs, l.From, func(iv Interval, at time.Time) int {
			if iv.To.After(at) {
				return 1
			}
			return -1
		})
		i = min(i, len(ivs)-1)
		all[i] = append(all[i], l)
		if n := sums.of(l.Kind); n != nil {
			*n += l.Records
		}
	}
	for i := range ivs {
		ivs[i].Losses = joined(all[i])
	}
	return sums
}

// maxJoined is how many losses of an interval are told apart by their sender
// or file.
const maxJoined = 50

// joined adds up losses over time.
func joined(list []Loss) []Loss {
	out := join(list, func(l Loss) Loss { return l })
	if len(out) > maxJoined {
		out = join(list, func(l Loss) Loss {
			l.Host, l.Path = "", ""
			return l
		})
	}
	return out
}

func join(list []Loss, as func(Loss) Loss) []Loss {
	var out []Loss
	at := map[lossKey]int{}
	for _, l := range list {
		l = as(l)
		key := keyOf(l)
		key.from = 0
		i, ok := at[key]
		if !ok {
			at[key] = len(out)
			out = append(out, l)
			continue
		}
		out[i].Add(l)
	}
	return out
}
