package secret

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPairsFindAWordExactlyWhereItStands(t *testing.T) {
	var words []string
	for _, r := range writtenRules() {
		words = append(words, r.stems...)
	}
	rapid.Check(t, func(rt *rapid.T) {
		word := rapid.SampledFrom(words).Draw(rt, "word")
		text := rapid.String().Draw(rt, "before") + rapid.SampledFrom([]string{word, word[1:], ""}).Draw(rt, "part") + rapid.String().Draw(rt, "after")
		if got, want := PairsOf(text).HoldsAny(text, []string{word}), strings.Contains(text, word); got != want {
			rt.Fatalf("%q in %q: %v", word, text, got)
		}
	})
}

func TestNoConnectionStringIsPassedOver(t *testing.T) {
	rules := writtenRules()
	r := rules[slices.IndexFunc(rules, func(r writtenRule) bool { return r.hit.Kind == KindConnection })]
	noise := rapid.SampledFrom([]string{"", "://", "a", "Db1", ":", "@", "/", " ", "\f", "\v", "pass", "?", "#", "<", "'", "\"", "[", "\xff", "本"})
	looked := 0
	rapid.Check(t, func(rt *rapid.T) {
		var text strings.Builder
		noisy := rapid.SliceOfNDistinct(rapid.IntRange(0, 6), 0, 2, rapid.ID[int]).Draw(rt, "noisy")
		for i, part := range []string{"postgres", "://", "", ":", "kaki", "@", "db1"} {
			if text.WriteString(part); slices.Contains(noisy, i) {
				text.WriteString(noise.Draw(rt, "noise"))
			}
		}
		if !r.pattern.MatchString(text.String()) {
			return
		}
		if looked++; !r.may(text.String()) {
			rt.Fatalf("%q is passed over", text.String())
		}
	})
	if looked < 10 {
		t.Errorf("only %d texts hold a connection string", looked)
	}
	for _, text := range []string{"https://intra.example.jp/people", "http://192.0.2.1:8080/a@b", "mailto:a@example.jp", "a://b@c", ""} {
		if r.may(text) {
			t.Errorf("%q need not be looked at", text)
		}
	}
}
