package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// TestFinderFindsWhatLookingForEachNameFinds, and nothing beside.
func TestFinderFindsWhatLookingForEachNameFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		few := rapid.SampledFrom([]rune("ab1.田中 "))
		names := rapid.SliceOfN(rapid.StringOfN(few, 1, 4, -1), 0, 6).Draw(t, "names")
		text := rapid.StringOfN(few, 0, 30, -1).Draw(t, "text")
		f := newFinder()
		var want []string
		for _, name := range names {
			f.add(name)
			whole := false
			for i := 0; i+len(name) <= len(text); i++ {
				whole = whole || strings.HasPrefix(text[i:], name) && !inWord(text, i, i+len(name))
			}
			if len(name) >= minName && whole && !slices.Contains(want, name) {
				want = append(want, name)
			}
		}
		got := f.in(text)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("found %q, want %q", got, want)
		}
	})
}

// TestNearestIsTheNearest of all.
func TestNearestIsTheNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hours := rapid.Map(rapid.IntRange(0, 23), func(n int) time.Duration { return time.Duration(n) * time.Hour })
		list := rapid.SliceOf(rapid.Map(hours, func(d time.Duration) instant { return instant{day: d} })).Draw(t, "list")
		at := hours.Draw(t, "at")
		slices.SortFunc(list, func(a, b instant) int { return cmp.Compare(a.day, b.day) })
		got := nearest(list, at)
		for _, in := range list {
			if (in.day - at).Abs() < (got.day - at).Abs() {
				t.Fatalf("%v is nearer to %v than %v", in.day, at, got.day)
			}
		}
		if (got == nil) != (len(list) == 0) {
			t.Fatal("none")
		}
	})
}

// drawCase draws a small case whose parts meet each other often.
func drawCase(t *rapid.T) *investigate.Case {
	at := func(name string) time.Time {
		return time.Date(2018, 3, 1, rapid.IntRange(0, 23).Draw(t, name), 0, 0, 0, time.UTC)
	}
	word := rapid.SampledFrom([]string{"", "a", "b"})
	text := func() event.Phrase {
		return event.Phrase{JA: rapid.SampledFrom([]string{"アクセスはなかった", "盗まれた ID が使われた", "ゼロデイ攻撃であった", "脆弱性が公表された", "3月1日 12時頃に 10 台 が止まった", "kimura が入った"}).Draw(t, "text")}
	}
	c := &investigate.Case{Entities: []investigate.Entity{{Head: investigate.Head{ID: "e"}, Type: "account", Real: "kimura"}}}
	for i := range rapid.IntRange(0, 6).Draw(t, "rows") {
		r := row(fmt.Sprint("r", i), at("at"), rapid.SampledFrom([]string{investigate.Exact, investigate.About, investigate.OnDay}).Draw(t, "precision"), "", uint64(rapid.IntRange(0, 3).Draw(t, "cites")))
		r.What, r.About, r.Text, r.Cause = rapid.SampledFrom([]string{"event", "notice", "action"}).Draw(t, "what"), word.Draw(t, "about"), text(), rapid.SampledFrom([]string{"", "r0", "r9"}).Draw(t, "cause")
		c.Timeline = append(c.Timeline, r)
	}
	slices.SortStableFunc(c.Timeline, func(a, b investigate.Row) int { return a.At.Compare(b.At) })
	for i := range rapid.IntRange(0, 6).Draw(t, "statements") {
		s := statement(fmt.Sprint("s", i), rapid.SampledFrom([]investigate.Certainty{investigate.Confirmed, investigate.Probable, investigate.NotConfirmed, investigate.Undetermined}).Draw(t, "certainty"), "", "")
		s.Text, s.About, s.At, s.Query = text(), word.Draw(t, "about"), at("at"), word.Draw(t, "query")
		if rapid.Bool().Draw(t, "lasts") {
			s.Until = s.At.Add(5 * time.Hour)
		}
		c.Statements = append(c.Statements, s)
	}
	if rapid.Bool().Draw(t, "contained") {
		c.Containments = []investigate.Containment{{Head: investigate.Head{ID: "k"}, At: at("at"), Action: "disable_account", Target: "kimura", Text: event.Phrase{EN: "stopped"}}}
	}
	c.Sections = []investigate.Section{{Head: investigate.Head{ID: "summary"}, Text: text()}}
	return c
}

// TestProblemsAreTheSameEachTimeAndNameParts: the same case gives the same
// problems, the gravest first, about parts that the case has; and what is denied
// contradicts what is said to have been exactly where looking at each pair says so.
func TestProblemsAreTheSameEachTimeAndNameParts(t *testing.T) {
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t)
		ev := &records{seen: map[uint64]Sighting{1: {At: time.Date(2018, 3, 1, 12, 0, 0, 0, time.UTC)}, 2: {Gone: "expired"}}, finds: map[string][]uint64{"a": {1}}}
		got := checked(outer, c, ev)
		if diff := gocmp.Diff(got, checked(outer, c, ev)); diff != "" {
			t.Fatal(diff)
		}
		rank := map[Severity]int{Error: 0, Warning: 1, Note: 2}
		if !slices.IsSortedFunc(got, func(a, b Problem) int { return cmp.Compare(rank[a.Severity], rank[b.Severity]) }) {
			t.Fatal("out of order")
		}
		ids := map[string]bool{"k": true, "summary": true, "e": true}
		absent := map[string]bool{}
		for i := range c.Timeline {
			ids[c.Timeline[i].ID] = true
		}
		for i := range c.Statements {
			ids[c.Statements[i].ID] = true
		}
		for _, p := range got {
			for _, ref := range p.Where {
				if !ids[ref.ID] {
					t.Fatalf("%s names %v", p.Code, ref)
				}
			}
			if p.Code == "absence-against-presence" {
				absent[p.Where[0].ID] = true
			}
		}
		for id, want := range denied(c) {
			if absent[id] != want {
				t.Fatalf("%s contradicts: %v, want %v", id, absent[id], want)
			}
		}
	})
}

// denied tells, pair by pair, which statements deny what is said to have been.
func denied(c *investigate.Case) map[string]bool {
	l := &linter{c: c, zone: time.UTC, words: newWords()}
	l.gather()
	out := map[string]bool{}
	for _, list := range l.about {
		for _, no := range list {
			for _, yes := range list {
				if !no.negative || yes.negative || yes.what == "notice" {
					continue
				}
				from, to := no.span()
				in := !yes.at.Before(from) && (to.IsZero() || !yes.at.After(to))
				out[no.ref.ID] = out[no.ref.ID] || yes.at.IsZero() || in
			}
		}
	}
	return out
}

// FuzzTexts: no text of a case makes the linter fail or find a time that is none.
func FuzzTexts(f *testing.F) {
	f.Add("2018年3月1日11時40分頃、115台が停止した。痕跡はなかった。")
	f.Add("On 1 March 2018, at about 11:30 PM, 3,400 accounts were stolen; zero-day")
	f.Add("2018-03-01T99:99:99 99999999999999999999 台")
	f.Fuzz(func(t *testing.T, text string) {
		for _, m := range newWords().moments(text) {
			if m.month < 1 || m.month > 12 || m.day < 1 || m.day > 31 || m.at < 0 || m.at > 25*time.Hour || !strings.Contains(text, strings.Fields(m.text)[0]) {
				t.Fatalf("%+v", m)
			}
		}
		c := &investigate.Case{Timeline: []investigate.Row{row("r", time.Unix(0, 0), investigate.Exact, text)}, Statements: []investigate.Statement{statement("s", investigate.Probable, text, text)},
			Sections: []investigate.Section{{Head: investigate.Head{ID: "summary"}, Text: event.Phrase{JA: text, EN: text}}}, Entities: []investigate.Entity{{Head: investigate.Head{ID: "e"}, Type: "person", Real: text}}}
		if _, err := Check(t.Context(), c, &records{}, time.UTC); err != nil {
			t.Fatal(err)
		}
	})
}
