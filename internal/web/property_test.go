package web

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/query"
	webtest "github.com/konseki/konseki/test/web"
)

func TestVisibleTextHoldsNothingStrange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw, limit := string(rapid.SliceOf(rapid.Byte()).Draw(t, "raw")), rapid.IntRange(0, 50).Draw(t, "limit")
		if rapid.Bool().Draw(t, "text") {
			raw = rapid.String().Draw(t, "string")
		}
		for _, text := range []string{visible(raw, limit), first(visibleLines(raw, limit))} {
			if !utf8.ValidString(text) {
				t.Fatalf("%q is not UTF-8", text)
			}
			for _, c := range text {
				if c != '\n' && c != '\t' && c != utf8.RuneError && strange(c) {
					t.Fatalf("%q shows %U", text, c)
				}
			}
		}
		if strings.ContainsAny(visible(raw, limit), "\n\t") {
			t.Fatal("a line breaks where there is one line")
		}
	})
}

func first(text string, _ bool) string { return text }

func TestVisibleLeavesPlainTextAlone(t *testing.T) {
	for _, s := range []string{"plain", "日本語のログ（全角）", "a—b", ""} {
		if got := visible(s, 1000); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	if got := visible("\x1b[31m\u202eevil\x7f", 100); got != "␛[31m‹U+202E›evil␡" {
		t.Errorf("got %q", got)
	}
	if got := visible("日本語", 4); got != "日…" {
		t.Errorf("cut to %q", got)
	}
}

func TestLocalPathsStayHere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.StringMatching(`[/\\a-z:?@.#%\t\n]{0,14}`).Draw(t, "path")
		u, err := url.Parse(localPath(path))
		if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.String(), "/") || strings.HasPrefix(u.String(), "//") || strings.Contains(u.String(), `\`) {
			t.Fatalf("%q leads to %q", path, localPath(path))
		}
	})
	for in, want := range map[string]string{"/case/1?record=2": "/case/1?record=2", "//evil.example": "/", "https://evil.example/": "/", `/\evil.example`: "/", "": "/", "/signin?to=/": "/"} {
		if got := localPath(in); got != want {
			t.Errorf("%q leads to %q", in, got)
		}
	}
}

// TestTermsFindTheirValue puts any value of a log into a query and has the
// query language read it back.
func TestTermsFindTheirValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[ -~あ漢"\\()*?:.　-]{1,12}`).Draw(t, "value")
		before := rapid.SampledFrom([]string{"", "host:h", "host:h OR host:i", "(host:h OR host:i)", `"a OR b" OR host:h`}).Draw(t, "query")
		for _, not := range []bool{false, true} {
			one := term("actor_user", value)
			if not {
				one = "NOT " + one
			}
			plan, err := query.Parse(narrowed(before, one), query.Options{Zone: time.UTC, Now: time.Unix(0, 0)})
			if err != nil {
				t.Fatalf("%s: %v", narrowed(before, one), err)
			}
			ev := event.Event{Host: "h", ActorUser: value}
			if plan.Matches(&ev, nil) == not {
				t.Fatalf("%s: matches %v", narrowed(before, one), !not)
			}
			ev.ActorUser = value + "x"
			if plan.Matches(&ev, nil) != not {
				t.Fatalf("%s finds another value", narrowed(before, one))
			}
		}
	})
}

// TestSlashesAreNoComment is what the property above once found.
func TestSlashesAreNoComment(t *testing.T) {
	if got := term("actor_user", "//"); got != `actor_user:"//"` {
		t.Errorf("%s is read as a comment", got)
	}
}

func TestATermIsTakenOutAgain(t *testing.T) {
	for _, before := range []string{"", "src_ip:192.0.2.1", "a AND b"} {
		with := narrowed(before, "user:x")
		if rest, ok := widened(with, "user:x"); !ok || rest != before {
			t.Errorf("%q became %q, %v", with, rest, ok)
		}
	}
	if _, ok := widened("(a OR user:x)", "user:x"); ok {
		t.Error("a term inside an OR was taken out")
	}
}

// TestRibbonPartsNeitherOverlapNorLeave draws any history of a source.
func TestRibbonPartsNeitherOverlapNorLeave(t *testing.T) {
	states := []string{"complete", "gap", "deleted", "expired", "silent", "strange"}
	start := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		var list []control.Interval
		at := start.Add(-time.Hour)
		for range rapid.IntRange(0, 3000).Draw(t, "intervals") % 3001 {
			iv := control.Interval{From: at, To: at.Add(time.Duration(rapid.IntRange(0, 900_000).Draw(t, "seconds")) * time.Millisecond)}
			setWord(&iv.State, rapid.SampledFrom(states).Draw(t, "state"))
			list, at = append(list, iv), iv.To
			if len(list) > 60 {
				break
			}
		}
		ax := axis{start, start.Add(time.Duration(rapid.IntRange(1, 90_000).Draw(t, "window")) * time.Second)}
		end := 0
		for _, s := range stretches(ax, list) {
			if s.from < end || s.to <= s.from || s.to > slots+1 {
				t.Fatalf("stretch %d–%d after %d", s.from, s.to, end)
			}
			end = s.to
		}
	})
}

func TestTheWorstOfASlotIsShown(t *testing.T) {
	start := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)
	ax := axis{start, start.Add(1000 * time.Hour)}
	list := []control.Interval{
		{From: start, To: start.Add(10*time.Hour + 10*time.Minute), State: "complete"},
		{From: start.Add(10*time.Hour + 10*time.Minute), To: start.Add(10*time.Hour + 20*time.Minute), State: "deleted"},
		{From: start.Add(10*time.Hour + 20*time.Minute), To: start.Add(1000 * time.Hour), State: "complete"},
	}
	got := stretches(ax, list)
	if len(got) != 3 || got[1].interval.State != "deleted" || got[1].from != 10 || got[1].to != 11 || got[2].from != 11 {
		t.Errorf("ten minutes of deletion in 1,000 hours are drawn as %+v", got)
	}
}

func TestTimesAreSetForTheirReaders(t *testing.T) {
	at := time.Date(2018, 3, 1, 2, 40, 9, 120_000_000, time.UTC)
	ja := reader{lang: "ja", words: dictionary(t, "ja"), zone: time.FixedZone("JST", 9*3600)}
	en := reader{lang: "en", words: dictionary(t, "en"), zone: time.UTC}
	for got, want := range map[string]string{
		ja.prose(at): "2018/03/01（木） 11:40", en.prose(at): "Thu 1 Mar 2018, 02:40",
		ja.span(17*time.Minute + 11*time.Second): "17 分 11 秒", en.span(49*time.Hour + 59*time.Second): "2 d 1 h", ja.span(1500 * time.Hour): "62 日 12 時間", en.span(38 * time.Millisecond): "38 ms",
		ja.clock(at, event.PrecisionMilli).Text() + ja.clock(at, event.PrecisionMilli).Fraction: "2018-03-01 11:40:09.120",
		ja.clock(at, event.PrecisionSecond).Fraction:                                            "", ja.clock(time.Time{}, 0).Text(): "—",
		grouped(4182906): "4,182,906", grouped(-1000): "-1,000", grouped(999): "999", grouped(0): "0",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// remembered answers every search with the first answer, so that the benchmark
// measures the page and not the sample behind it.
type remembered struct {
	control.Operations
	result    *control.Result
	histogram *control.Histogram
	facets    []control.Facet
}

func (r *remembered) Search(context.Context, string, control.Search) (*control.Result, error) {
	return r.result, nil
}

func (r *remembered) Histogram(context.Context, string, control.Search, int) (*control.Histogram, error) {
	return r.histogram, nil
}

func (r *remembered) Facets(context.Context, string, control.Search) ([]control.Facet, error) {
	return r.facets, nil
}

func BenchmarkExploreOf100Rows(b *testing.B) {
	s := newSiteWith(b, webtest.New(), func(o control.Operations) control.Operations {
		r := &remembered{Operations: o}
		var errs [3]error
		r.result, errs[0] = o.Search(b.Context(), "", control.Search{Limit: pageRows})
		r.histogram, errs[1] = o.Histogram(b.Context(), "", control.Search{}, buckets)
		r.facets, errs[2] = o.Facets(b.Context(), "", control.Search{})
		if err := errors.Join(errs[:]...); err != nil {
			b.Fatal(err)
		}
		return r
	})
	b.ReportAllocs()
	for b.Loop() {
		if res := s.do("GET", "/explore", nil); res.StatusCode != 200 {
			b.Fatal(res.StatusCode)
		}
	}
}
