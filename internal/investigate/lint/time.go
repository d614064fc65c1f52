package lint

import (
	"context"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// tolerance is how far a time that people state may be off.
func tolerance(precision string, at time.Time) time.Duration {
	switch precision {
	case investigate.About:
		return about(at.Minute())
	case investigate.OnDay:
		return 24 * time.Hour
	case investigate.UnknownTime:
		return 100 * 365 * 24 * time.Hour
	}
	if at.Second() == 0 && at.Nanosecond() == 0 {
		return time.Minute // written without seconds
	}
	return time.Second
}

// about is how far off 頃 can be: more beside a full or half hour, to which people
// round, than beside any other minute.
func about(minute int) time.Duration {
	if minute%30 == 0 {
		return 15 * time.Minute
	}
	return 10 * time.Minute
}

func (l *linter) clock(t time.Time) string { return t.In(l.zone).Format("2006-01-02 15:04:05") }

// far writes how far two instants lie apart.
func far(d time.Duration) event.Phrase {
	d = d.Abs().Round(time.Second)
	days, d := d/(24*time.Hour), d%(24*time.Hour)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case days > 0:
		return both(fmt.Sprintf("%d 日 %d 時間 %d 分", days, h, m), fmt.Sprintf("%d d %d h %d min", days, h, m))
	case h > 0:
		return both(fmt.Sprintf("%d 時間 %d 分", h, m), fmt.Sprintf("%d h %d min", h, m))
	case m > 0:
		return both(fmt.Sprintf("%d 分 %d 秒", m, s), fmt.Sprintf("%d min %d s", m, s))
	}
	return both(fmt.Sprintf("%d 秒", s), fmt.Sprintf("%d s", s))
}

// causes finds effects that come before what led to them, rows without a time and
// causes that there are not.
func (l *linter) causes(context.Context) error {
	for i := range l.c.Timeline {
		r := &l.c.Timeline[i]
		me := Ref{investigate.KindRow, r.ID}
		if r.Precision == investigate.UnknownTime {
			l.add("unknown-time", Note, both("時刻が分からない行がある", "a row has no known time"),
				both("前後の出来事から絞れるなら、頃または日付だけでも記す", "where other events narrow it down, give at least the day"), nil, me)
			continue
		}
		if r.Cause == "" {
			continue
		}
		cause := l.rows[r.Cause]
		if cause == nil {
			l.add("no-such-cause", Error, both("原因とされた行 "+r.Cause+" はない", "the row "+r.Cause+" that led to it does not exist"), both("原因の行を選び直す", "choose the row that led to it again"), nil, me)
			continue
		}
		slack := tolerance(r.Precision, r.At) + tolerance(cause.Precision, cause.At)
		early := cause.At.Sub(r.At)
		if cause.Precision == investigate.UnknownTime || early <= slack {
			continue
		}
		by := far(early)
		hint := both("どちらかの時計がずれているか、その前に見えていない動きがあるか、原因が別にある。機器の時計のずれを確かめる", "one of the clocks is off, something earlier was not seen, or the cause is another: look at the clock offset of the hosts")
		l.add("effect-before-cause", Error,
			both(fmt.Sprintf("結果「%s」（%s）が、原因「%s」（%s）より %s 早い", r.Text.In("ja"), l.clock(r.At), cause.Text.In("ja"), l.clock(cause.At), by.JA),
				fmt.Sprintf("the effect “%s” (%s) comes %s before its cause “%s” (%s)", r.Text.In("en"), l.clock(r.At), by.EN, cause.Text.In("en"), l.clock(cause.At))),
			hint, append(first(r.Cites), first(cause.Cites)...), me, Ref{investigate.KindRow, cause.ID})
	}
	return nil
}

func first(list []uint64) []uint64 { return list[:min(1, len(list)):min(1, len(list))] }

// times finds one thing told with two times, 頃 beside an exact time, and times
// that are not those of the records cited.
func (l *linter) times(ctx context.Context) error {
	for _, key := range l.keys {
		list := timed(l.about[key])
		for i := 1; i < len(list); i++ {
			l.compare(&list[0], &list[i])
		}
	}
	for i := range l.c.Timeline {
		// What people did and were told may rest on records of earlier days.
		if t := l.ofRow(&l.c.Timeline[i]); t.what == "event" || t.what == "finding" {
			l.againstRecord(ctx, &t)
		}
	}
	for i := range l.c.Statements {
		if s := &l.c.Statements[i]; !s.At.IsZero() {
			t := l.ofStatement(s, l.denial[i])
			l.againstRecord(ctx, &t)
		}
	}
	return nil
}

// timed leaves what tells of a time that something happened, by records first and
// exact ones first: what the others are compared with.
func timed(list []telling) (out []telling) {
	best := -1
	for _, t := range list {
		if t.at.IsZero() || t.negative || t.what == "notice" || t.what == "action" {
			continue
		}
		out = append(out, t)
		if best < 0 || weight(&t) > weight(&out[best]) {
			best = len(out) - 1
		}
	}
	if best > 0 {
		out[0], out[best] = out[best], out[0]
	}
	return out
}

func weight(t *telling) (w int) {
	if len(t.cites) > 0 {
		w += 2
	}
	if t.precision == investigate.Exact {
		w++
	}
	return w
}

func (l *linter) compare(a, b *telling) {
	apart := b.at.Sub(a.at).Abs()
	if !b.until.IsZero() && !a.at.Before(b.at) && !a.at.After(b.until) || !a.until.IsZero() && !b.at.Before(a.at) && !b.at.After(a.until) {
		return // one tells of a moment of the other
	}
	slack := max(tolerance(a.precision, a.at), tolerance(b.precision, b.at))
	hint := both("片方を直すか、別の出来事なら別の事項とする", "correct one of them, or tell of two things if they are two")
	records := append(first(a.cites), first(b.cites)...)
	switch {
	case apart > slack:
		by := far(apart)
		l.add("two-times", Error,
			both(fmt.Sprintf("同じ事項に二つの時刻がある：「%s」は %s、「%s」は %s（%s の差）", a.text.In("ja"), l.clock(a.at), b.text.In("ja"), l.clock(b.at), by.JA),
				fmt.Sprintf("one thing has two times: “%s” says %s, “%s” says %s (%s apart)", a.text.In("en"), l.clock(a.at), b.text.In("en"), l.clock(b.at), by.EN)),
			hint, records, b.ref, a.ref)
	case a.precision != b.precision && apart > 0:
		l.add("about-against-exact", Warning,
			both(fmt.Sprintf("同じ事項に「頃」の時刻（%s）と正確な時刻（%s）がある", l.clock(b.at), l.clock(a.at)), fmt.Sprintf("one thing has an approximate time (%s) beside an exact one (%s)", l.clock(b.at), l.clock(a.at))),
			both("正確な時刻に揃える", "use the exact time in both places"), records, b.ref, a.ref)
	}
}

// againstRecord compares a stated time with that of the first record cited.
func (l *linter) againstRecord(ctx context.Context, t *telling) {
	if len(t.cites) == 0 || t.precision == investigate.UnknownTime {
		return
	}
	seen, ok := l.ev.Record(ctx, t.cites[0])
	if !ok || seen.Gone != "" || seen.At.IsZero() {
		return
	}
	end := t.at
	if t.until.After(end) {
		end = t.until
	}
	slack := tolerance(t.precision, t.at) + seen.Doubt
	if !seen.At.Before(t.at.Add(-slack)) && !seen.At.After(end.Add(slack)) {
		return
	}
	if len(t.cites) > 1 && l.within(ctx, t, end, slack) {
		return
	}
	by := far(seen.At.Sub(t.at))
	l.add("time-against-record", Error,
		both(fmt.Sprintf("「%s」の時刻 %s は、引用した原記録の時刻 %s と %s 違う", t.text.In("ja"), l.clock(t.at), l.clock(seen.At), by.JA),
			fmt.Sprintf("“%s” is said to be at %s, and the record that it cites is of %s (%s apart)", t.text.In("en"), l.clock(t.at), l.clock(seen.At), by.EN)),
		both("原記録の時刻に直すか、引用を選び直す", "take the record's time, or cite another record"), first(t.cites), t.ref)
}

// within reports whether one of the other records cited is of the time stated.
func (l *linter) within(ctx context.Context, t *telling, end time.Time, slack time.Duration) bool {
	for _, seq := range t.cites[1:] {
		if s, ok := l.ev.Record(ctx, seq); ok && s.Gone == "" && !s.At.Before(t.at.Add(-slack)) && !s.At.After(end.Add(slack)) {
			return true
		}
	}
	return false
}
