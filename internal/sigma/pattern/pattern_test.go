package pattern

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawn gives a text of few characters, wildcards and backslashes among them.
func drawn(t *rapid.T, label string) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "*", "?", `\`, "é", "-", "."}), 0, 8).Draw(t, label), "")
}

// like gives a text that the pattern matches, or one that differs in a place.
func like(t *rapid.T, p Pattern) string {
	one := rapid.SampledFrom([]string{"a", "b", "é", "-", "–"})
	var b strings.Builder
	for _, part := range p {
		switch part.kind {
		case pieceText:
			b.WriteString(part.text)
		case pieceMany:
			b.WriteString(strings.Join(rapid.SliceOfN(one, 0, 3).Draw(t, "many"), ""))
		case pieceOne, pieceDash:
			b.WriteString(one.Draw(t, "one"))
		}
	}
	return b.String()
}

func TestGlobMatchesWhatTheRegexpOfThePatternMatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Parse(drawn(t, "pattern"))
		if rapid.Bool().Draw(t, "dashes") {
			p, _ = p.withDashes()
		}
		s := like(t, p)
		if rapid.IntRange(0, 3).Draw(t, "other") == 0 {
			s = drawn(t, "text")
		}
		want := regexp.MustCompile("(?s)^(?:" + p.Regexp() + ")$").MatchString(s)
		if got := p.Glob().Match([]byte(s)); got != want {
			t.Fatalf("glob of %q on %q: %t, want %t", p.Key(), s, got, want)
		}
		if text, before, after, ok := p.Plain(); ok {
			got := s == text || before && strings.HasSuffix(s, text) || after && strings.HasPrefix(s, text) || before && after && strings.Contains(s, text)
			if got != want {
				t.Fatalf("plain text of %q on %q: %t, want %t", p.Key(), s, got, want)
			}
		}
	})
}

func TestKeyReadsBackAsThePattern(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Parse(drawn(t, "pattern"))
		if again := Parse(p.Key()); !slices.Equal(p, again) {
			t.Fatalf("%+v is %q, which is read as %+v", p, p.Key(), again)
		}
	})
}

func TestEveryMatchHoldsWhatTheExpressionNeeds(t *testing.T) {
	for _, text := range []string{
		`abc`, `(?i)Power[Ss]hell`, `-[ab]\s+x`, `[a-f0-9]{16}`, `(foo|bar)baz?`, `x{3,}y`, `^\d{8,}$`, `.{9}end`, `(a|b)(c|d)e`, `\\\\[^\\]+\\admin\$`, `a*`,
	} {
		x, err := NewExpression(text, "")
		if err != nil {
			t.Fatal(err)
		}
		literals := x.Literals()
		t.Run(text, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s := rapid.StringMatching(text).Draw(t, "match")
				folded := Fold(s)
				if !x.Match(s, nil) || !x.Match("", []byte(s)) {
					t.Fatalf("no match on %q", s)
				}
				if matches, sure := x.Glance(s, nil, []byte(folded)); sure && !matches {
					t.Fatalf("a glance denies %q", s)
				}
				for _, set := range [][]string{x.AnyOf(), literals} {
					if len(set) > 0 && !slices.ContainsFunc(set, func(l string) bool { return strings.Contains(folded, l) }) {
						t.Fatalf("%q holds none of %q", folded, set)
					}
				}
			})
		})
	}
}

func TestFoldingAgreesOnStringsAndBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		if a, b := string(AppendFold(nil, s)), string(AppendFold(nil, []byte(s))); a != b {
			t.Fatalf("%q and %q", a, b)
		}
		if once := Fold(s); Fold(once) != once {
			t.Fatalf("folding %q twice gives %q, then %q", s, once, Fold(once))
		}
		if u := strings.ToUpper("straße kelvin " + s); Fold(strings.ToLower(u)) != Fold(strings.ToLower(strings.ToLower(u))) {
			t.Fatalf("case matters in %q", u)
		}
	})
}

func TestStretchIsFoundWhereverItStands(t *testing.T) {
	x, err := NewExpression(`[a-f0-9]{9}`, "")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-f0-9]{0,10}[xé]){0,4}[a-f0-9]{0,10}`).Draw(t, "text")
		matches, sure := x.Glance(text, nil, []byte(Fold(text)))
		if want := x.Match(text, nil); !sure || matches != want {
			t.Errorf("%q: a glance says %v (sure: %v), the expression %v", text, matches, sure, want)
		}
	})
}
