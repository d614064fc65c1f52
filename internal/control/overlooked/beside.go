package overlooked

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

// Beside is what whoever works out an answer by reading all events sees beside
// it: what would be the answer if the time of events were another, and what it
// asks for that no event has. The zero Beside has seen nothing.
type Beside struct {
	near, untimed int64
	first         *event.Event
	// Missing are the fields asked for that no event has.
	Missing []string
}

// See takes in an event that would be the answer and lies outside of [from, to).
// imported says that it came in a file: without a time of its own it may be of any.
func (b *Beside) See(l *coverage.Ledger, ev *event.Event, imported bool, from, to time.Time) {
	if imported && ev.Quality.Zone == event.ZoneReceived {
		b.untimed++
		return
	}
	if !mayLieWithin(l, ev, from, to) {
		return
	}
	if b.near++; b.first == nil {
		b.first = &event.Event{Source: ev.Source, Record: ev.Record, Time: ev.Time}
	}
}

// words are the reasons that follow from what was seen.
func (b *Beside) words(zone *time.Location) (out []event.Phrase) {
	if b.near > 0 {
		out = append(out, nearWords(b.near, b.first, zone))
	}
	if b.untimed > 0 {
		out = append(out, untimedWords(b.untimed))
	}
	if p := nowhereWords(b.Missing); !p.Empty() {
		out = append(out, p)
	}
	return out
}

func nearWords(n int64, first *event.Event, zone *time.Location) event.Phrase {
	at := first.Time.In(zone).Format("2006-01-02 15:04:05 MST")
	return event.Phrase{
		JA: fmt.Sprintf("期間の外に該当するイベントが %d 件あり、時刻の不確かさから期間内かもしれない（%s の %s、原記録 %d）", n, first.Source, at, first.Record),
		EN: event.Many(n, "1 event outside the window matches, and may lie within it: its time is not certain", "%d events outside the window match, and may lie within it: their time is not certain") +
			fmt.Sprintf(" (%s at %s, record %d)", first.Source, at, first.Record)}
}

func untimedWords(n int64) event.Phrase {
	return event.Phrase{
		JA: fmt.Sprintf("時刻の書かれていない該当イベントが %d 件あり、いつのものか分からない", n),
		EN: event.Many(n, "1 event matches that states no time: when it happened is not known", "%d events match that state no time: when they happened is not known")}
}
