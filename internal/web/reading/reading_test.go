package reading

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/query"
)

func TestVisibleTextHoldsNothingStrange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw, limit := string(rapid.SliceOf(rapid.Byte()).Draw(t, "raw")), rapid.IntRange(0, 50).Draw(t, "limit")
		if rapid.Bool().Draw(t, "text") {
			raw = rapid.String().Draw(t, "string")
		}
		for _, text := range []string{Visible(raw, limit), first(VisibleLines(raw, limit))} {
			if !utf8.ValidString(text) {
				t.Fatalf("%q is not UTF-8", text)
			}
			for _, c := range text {
				if c != '\n' && c != '\t' && c != utf8.RuneError && Strange(c) {
					t.Fatalf("%q shows %U", text, c)
				}
			}
		}
		if strings.ContainsAny(Visible(raw, limit), "\n\t") {
			t.Fatal("a line breaks where there is one line")
		}
	})
}

func first(text string, _ bool) string { return text }

func TestVisibleLeavesPlainTextAlone(t *testing.T) {
	for _, s := range []string{"plain", "日本語のログ（全角）", "a—b", ""} {
		if got := Visible(s, 1000); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	if got := Visible("\x1b[31m\u202eevil\x7f", 100); got != "␛[31m‹U+202E›evil␡" {
		t.Errorf("got %q", got)
	}
	if got := Visible("日本語", 4); got != "日…" {
		t.Errorf("cut to %q", got)
	}
}

func TestLocalPathsStayHere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.StringMatching(`[/\\a-z:?@.#%\t\n]{0,14}`).Draw(t, "path")
		u, err := url.Parse(LocalPath(path))
		if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.String(), "/") || strings.HasPrefix(u.String(), "//") || strings.Contains(u.String(), `\`) {
			t.Fatalf("%q leads to %q", path, LocalPath(path))
		}
	})
	for in, want := range map[string]string{"/case/1?record=2": "/case/1?record=2", "//evil.example": "/", "https://evil.example/": "/", `/\evil.example`: "/", "": "/", "/signin?to=/": "/"} {
		if got := LocalPath(in); got != want {
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
			one := Term("actor_user", value)
			if not {
				one = "NOT " + one
			}
			plan, err := query.Parse(Narrowed(before, one), query.Options{Zone: time.UTC, Now: time.Unix(0, 0)})
			if err != nil {
				t.Fatalf("%s: %v", Narrowed(before, one), err)
			}
			ev := event.Event{Host: "h", ActorUser: value}
			if plan.Matches(&ev, nil) == not {
				t.Fatalf("%s: matches %v", Narrowed(before, one), !not)
			}
			ev.ActorUser = value + "x"
			if plan.Matches(&ev, nil) != not {
				t.Fatalf("%s finds another value", Narrowed(before, one))
			}
		}
	})
}

// TestSlashesAreNoComment is what the property above once found.
func TestSlashesAreNoComment(t *testing.T) {
	if got := Term("actor_user", "//"); got != `actor_user:"//"` {
		t.Errorf("%s is read as a comment", got)
	}
}

func TestATermIsTakenOutAgain(t *testing.T) {
	for _, before := range []string{"", "src_ip:192.0.2.1", "a AND b"} {
		with := Narrowed(before, "user:x")
		if rest, ok := Widened(with, "user:x"); !ok || rest != before {
			t.Errorf("%q became %q, %v", with, rest, ok)
		}
	}
	if _, ok := Widened("(a OR user:x)", "user:x"); ok {
		t.Error("a term inside an OR was taken out")
	}
}

func TestTimesAreSetForTheirReaders(t *testing.T) {
	at := time.Date(2018, 3, 1, 2, 40, 9, 120_000_000, time.UTC)
	ja := Reader{Lang: "ja", Words: units("%s 日", "%s 時間", "%s 分", "%s 秒", "%s ms"), Zone: time.FixedZone("JST", 9*3600)}
	en := Reader{Lang: "en", Words: units("%s d", "%s h", "%s min", "%s s", "%s ms"), Zone: time.UTC}
	for got, want := range map[string]string{
		ja.Prose(at): "2018/03/01（木） 11:40", en.Prose(at): "Thu 1 Mar 2018, 02:40",
		ja.Span(17*time.Minute + 11*time.Second): "17 分 11 秒", en.Span(49*time.Hour + 59*time.Second): "2 d 1 h", ja.Span(1500 * time.Hour): "62 日 12 時間", en.Span(38 * time.Millisecond): "38 ms",
		ja.Clock(at, event.PrecisionMilli).Text() + ja.Clock(at, event.PrecisionMilli).Fraction: "2018-03-01 11:40:09.120",
		ja.Clock(at, event.PrecisionSecond).Fraction:                                            "", ja.Clock(time.Time{}, 0).Text(): "—",
		Grouped(4182906): "4,182,906", Grouped(-1000): "-1,000", Grouped(999): "999", Grouped(0): "0",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// units is what a catalogue holds for durations.
func units(day, hour, minute, second, milli string) map[string]string {
	return map[string]string{"unit.day": day, "unit.hour": hour, "unit.minute": minute, "unit.second": second, "unit.milli": milli}
}

// FuzzWhatAURLMayHold gives every reader of a URL's values anything at all.
func FuzzWhatAURLMayHold(f *testing.F) {
	for _, s := range []string{"2018-03-01 11:40", "２０１８/３", "a AND b", "//evil.example", "from=2018-03-01&to=2018-02-01", "0001-01", "9999-12-31T23:59:59-09:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if at, ok := ParseTime(s, time.UTC); ok {
			if again, ok := ParseTime(Instant(at), time.UTC); !ok || !again.Equal(at) {
				t.Fatalf("%q is read as %v, and that as %v", s, at, again)
			}
		}
		Widened(s, s)
		LocalPath(s)
		values, err := url.ParseQuery(s)
		if err != nil {
			return
		}
		at := AddressOf("/", values)
		if w, err := at.Window(time.UTC); err == nil && !w.From.IsZero() && !w.To.IsZero() && !w.From.Before(w.To) {
			t.Fatalf("%q is a window from %v to %v", s, w.From, w.To)
		}
		again, err := url.Parse(at.With("page", s))
		if err != nil || again.Query().Get("page") != s {
			t.Fatalf("%q does not come back from %q: %v", s, at.With("page", s), err)
		}
	})
}

func TestAWindowSaysWhatIsWrongWithIt(t *testing.T) {
	var wrong Input
	if _, err := AddressOf("/", url.Values{"from": {"yesterday"}}).Window(time.UTC); !errors.As(err, &wrong) || wrong != "yesterday" {
		t.Errorf("no time: %v", err)
	}
	if _, err := AddressOf("/", url.Values{"from": {"2018-03-02"}, "to": {"2018-03-01"}}).Window(time.UTC); !errors.Is(err, ErrBackwards) {
		t.Errorf("backwards: %v", err)
	}
	w, err := AddressOf("/", url.Values{"from": {" "}, "to": {"２０１８/０３/０１"}}).Window(time.FixedZone("JST", 9*3600))
	if err != nil || !w.From.IsZero() || !w.To.Equal(time.Date(2018, 2, 28, 15, 0, 0, 0, time.UTC)) {
		t.Errorf("open at its beginning: %+v, %v", w, err)
	}
}

// TestLinksKeepTheRestOfTheView changes one value of an address and finds the
// others as they were, in the link and in the address it came from.
func TestLinksKeepTheRestOfTheView(t *testing.T) {
	at := AddressOf("/explore", url.Values{"q": {"a b"}, "pivot": {"ip:192.0.2.1", "user:x"}, "lang": {"en"}})
	for got, want := range map[string]string{
		at.String(): "/explore?pivot=ip%3A192.0.2.1&pivot=user%3Ax&q=a+b", at.With("q", "c&d"): "/explore?pivot=ip%3A192.0.2.1&pivot=user%3Ax&q=c%26d",
		at.Change("pivot", "", "tz", "UTC").String(): "/explore?q=a+b&tz=UTC", at.Moved("/cases").Without("pivot"): "/cases?q=a+b",
		AddressOf("/explore", nil).UpTo() + "q=": "/explore?q=",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if at.Get("q") != "a b" || len(at.All("pivot")) != 2 || at.Has("lang") || at.Path() != "/explore" {
		t.Errorf("the address itself changed: %s", at)
	}
}
