package lint

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// moment is a time of day on a date that a text names; the year may not be said.
type moment struct {
	year, month, day int
	at               time.Duration // of the day
	slack            time.Duration
	text             string
}

// datePatterns find a date; what follows it may be a time. Groups: year, month,
// day - or, with the name of the month, day, month, year.
func datePatterns() []*regexp.Regexp {
	const months = `(January|February|March|April|May|June|July|August|September|October|November|December)`
	return []*regexp.Regexp{
		regexp.MustCompile(`(?:(\d{4})\s*年\s*)?(\d{1,2})\s*月\s*(\d{1,2})\s*日(?:[（(][月火水木金土日][）)])?`),
		regexp.MustCompile(`(\d{4})[-/](\d{1,2})[-/](\d{1,2})[T ]?`),
		regexp.MustCompile(`()(\d{1,2}) ` + months + `(?:,? (\d{4}))?`),
		regexp.MustCompile(`()` + months + ` (\d{1,2})(?:,? (\d{4}))?`),
	}
}

// moments finds the times that a text names, with their dates.
func (w *words) moments(text string) (out []moment) {
	for n, re := range w.dates {
		if !mayName(text, n) {
			continue
		}
		for _, at := range re.FindAllStringSubmatchIndex(text, 500) {
			group := func(i int) string {
				if 2*i+1 >= len(at) || at[2*i] < 0 {
					return ""
				}
				return text[at[2*i]:at[2*i+1]]
			}
			m := moment{}
			switch n {
			case 2:
				m.day, m.month, m.year = number(group(2)), monthOf(group(3)), number(group(4))
			case 3:
				m.month, m.day, m.year = monthOf(group(2)), number(group(3)), number(group(4))
			default:
				m.year, m.month, m.day = number(group(1)), number(group(2)), number(group(3))
			}
			rest := text[at[1]:]
			t := w.times.FindStringSubmatch(rest)
			if t == nil || m.month < 1 || m.month > 12 || m.day < 1 || m.day > 31 {
				continue
			}
			if m.clock(t) {
				m.text = strings.TrimSpace(text[at[0]:at[1]] + t[0])
				out = append(out, m)
			}
		}
	}
	return out
}

// mayName tells at little cost that a text holds no date as the n-th pattern has it.
func mayName(text string, n int) bool {
	switch n {
	case 0:
		return strings.Contains(text, "月")
	case 1:
		return strings.ContainsAny(text, "-/")
	}
	for m := time.January; m <= time.December; m++ {
		if strings.Contains(text, m.String()) {
			return true
		}
	}
	return false
}

// clock takes a time of day; what is none is not taken.
func (m *moment) clock(t []string) bool {
	hour, min, sec := number(t[1]), number(t[2]), number(t[3])
	if t[4] != "" {
		min, sec = number(t[4]), number(t[5])
	}
	if strings.Contains(t[0], "午後") && hour < 12 {
		hour += 12
	}
	if hour > 24 || min > 59 || sec > 60 {
		return false
	}
	m.at = time.Duration(hour)*time.Hour + time.Duration(min)*time.Minute + time.Duration(sec)*time.Second
	approx := t[6] != "" || strings.Contains(t[0], "頃") || strings.Contains(t[0], "about") || strings.Contains(t[0], "around")
	switch {
	case approx:
		m.slack = about(min)
	case sec == 0:
		m.slack = time.Minute
	default:
		m.slack = time.Second
	}
	return true
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

func monthOf(name string) int {
	for m := time.January; m <= time.December; m++ {
		if m.String() == name {
			return int(m)
		}
	}
	return 0
}

// sections finds times and numbers in what people write of the whole that no part
// of the case has.
func (l *linter) sections(context.Context) error {
	body := l.instants()
	counts := l.counted()
	for i := range l.c.Sections {
		s := &l.c.Sections[i]
		me := Ref{investigate.KindSection, s.ID}
		for _, text := range []string{s.Text.JA, s.Text.EN} {
			for _, m := range l.words.moments(text) {
				l.momentAgainst(&m, body, me)
			}
			for _, m := range l.words.counts.FindAllStringSubmatch(text, 500) {
				l.countAgainst(m, counts, me)
			}
		}
	}
	return nil
}

// instant is a time that the body of the case has.
type instant struct {
	at   time.Time
	day  time.Duration // what the clock says, since midnight
	text event.Phrase
	ref  Ref
}

// date is a day of a year, or of any where the year is 0.
type date struct{ year, month, day int }

// instants lists the times of the body by day, each with its year and without, in
// the order of the time of day.
func (l *linter) instants() map[date][]instant {
	out := map[date][]instant{}
	add := func(t time.Time, text event.Phrase, ref Ref) {
		if t.IsZero() {
			return
		}
		t = t.In(l.zone)
		h, m, s := t.Clock()
		in := instant{t, time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second + time.Duration(t.Nanosecond()), text, ref}
		for _, year := range []int{0, t.Year()} {
			key := date{year, int(t.Month()), t.Day()}
			out[key] = append(out[key], in)
		}
	}
	for i := range l.c.Timeline {
		r := &l.c.Timeline[i]
		add(r.At, r.Text, Ref{investigate.KindRow, r.ID})
		add(r.Until, r.Text, Ref{investigate.KindRow, r.ID})
	}
	for i := range l.c.Statements {
		s := &l.c.Statements[i]
		for _, t := range []time.Time{s.At, s.Until, s.From, s.To} {
			add(t, s.Text, Ref{investigate.KindStatement, s.ID})
		}
	}
	for i := range l.c.Containments {
		k := &l.c.Containments[i]
		add(k.At, k.Text, Ref{investigate.KindContainment, k.ID})
	}
	for i := range l.c.Told {
		t := &l.c.Told[i]
		add(t.At, t.Text, Ref{investigate.KindTold, t.ID})
	}
	for i := range l.c.Decisions {
		d := &l.c.Decisions[i]
		add(d.At, d.Text, Ref{investigate.KindDecision, d.ID})
	}
	for _, list := range out {
		slices.SortStableFunc(list, func(a, b instant) int { return cmp.Compare(a.day, b.day) })
	}
	return out
}

// nearest is the instant of a list, in order of the time of day, that is nearest
// to one; nil of an empty list.
func nearest(list []instant, at time.Duration) *instant {
	n := sort.Search(len(list), func(i int) bool { return list[i].day >= at })
	switch {
	case len(list) == 0:
		return nil
	case n == len(list):
		return &list[n-1]
	case n > 0 && at-list[n-1].day < list[n].day-at:
		return &list[n-1]
	}
	return &list[n]
}

func (l *linter) momentAgainst(m *moment, body map[date][]instant, me Ref) {
	near := nearest(body[date{m.year, m.month, m.day}], m.at)
	if near != nil && (near.day-m.at).Abs() <= m.slack {
		return
	}
	if near == nil {
		l.add("summary-against-body", Note, both("本文に、どの行にも記述にもない時刻がある："+m.text, "the text names a time that no row and no statement has: "+m.text),
			both("経緯に行を加える", "add a row to the timeline"), nil, me)
		return
	}
	l.add("summary-against-body", Warning,
		both(fmt.Sprintf("本文の「%s」に合う行がない。最も近いのは %s の「%s」", m.text, l.clock(near.at), near.text.In("ja")), fmt.Sprintf("no row agrees with “%s” in the text; the nearest is “%s” of %s", m.text, near.text.In("en"), l.clock(near.at))),
		both("本文か経緯のどちらかを直す", "correct the text or the timeline"), nil, me, near.ref)
}

// counted lists the numbers of the case by unit.
func (l *linter) counted() map[string][]*investigate.Number {
	out := map[string][]*investigate.Number{}
	for i := range l.c.Statements {
		if n := l.c.Statements[i].Number; n != nil {
			out[n.Unit] = append(out[n.Unit], n)
		}
	}
	for i := range l.c.Scopes {
		if n := l.c.Scopes[i].Number; n != nil {
			out[n.Unit] = append(out[n.Unit], n)
		}
	}
	return out
}

func (l *linter) countAgainst(m []string, counts map[string][]*investigate.Number, me Ref) {
	n, err := strconv.ParseInt(strings.ReplaceAll(m[1], ",", ""), 10, 64)
	list := counts[unitOf(m[2])]
	if err != nil || len(list) == 0 {
		return
	}
	for _, x := range list {
		if x.Min != nil && *x.Min == n || x.Max != nil && *x.Max == n {
			return
		}
	}
	l.add("summary-against-body", Warning,
		both(fmt.Sprintf("本文の「%s」が、範囲として数えた %s と合わない", m[0], counted(list[0]).JA), fmt.Sprintf("“%s” in the text is not the number that was counted: %s", m[0], counted(list[0]).EN)),
		both("数えた数に揃える", "use the number that was counted"), nil, me)
}

func unitOf(counter string) string {
	switch c := strings.ToLower(counter); {
	case c == "台" || strings.HasPrefix(c, "server") || strings.HasPrefix(c, "host"):
		return "hosts"
	case strings.HasPrefix(c, "人") || strings.HasPrefix(c, "名") || strings.HasPrefix(c, "person") || c == "people":
		return "persons"
	}
	return "accounts"
}
