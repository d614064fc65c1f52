package skip

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/query"
)

func drawTexts(r *rapid.T) (texts []string, data []byte, ends []uint32) {
	some := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Ca-cİKÜﾊＡａ請求@\[\x60{]{0,20}`))
	texts = rapid.SliceOfN(some, 1, 20).Draw(r, "texts")
	data = []byte("before")
	for _, s := range texts {
		data = append(data, query.Clean(s)...)
		ends = append(ends, uint32(len(data)))
	}
	return texts, data, ends
}

func TestFoldedLinesEqualFoldedTexts(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		texts, data, ends := drawTexts(r)
		var l Lines
		l.Fold(data, uint32(len("before")), ends)
		for i, s := range texts {
			if got, want := string(l.row(i)), query.Fold(query.Clean(s)); got != want {
				r.Fatalf("%q folds to %q, not %q", s, got, want)
			}
		}
	})
}

func TestWordsAreFoundWhereThePlanMatches(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		texts, data, ends := drawTexts(r)
		var l Lines
		start := uint32(len("before"))
		l.Fold(data, start, ends)
		original := func(i int) []byte {
			if i == 0 {
				return data[start:ends[0]]
			}
			return data[ends[i-1]:ends[i]]
		}
		word := rapid.StringMatching(`[abİkü請ａ*?]{1,3}`)
		var words []query.Text
		for range rapid.IntRange(1, 3).Draw(r, "words") {
			words = append(words, query.Text{Word: query.Fold(word.Draw(r, "word")), Wild: rapid.Bool().Draw(r, "wild")})
		}
		var want, got []int
		for i, s := range texts {
			if wholePlan(words).Matches(&event.Event{Text: s}, nil) {
				want = append(want, i)
			}
		}
		NewConjunction(words).Find(&l, original, func(row int) { got = append(got, row) })
		if !slices.Equal(got, want) {
			r.Fatalf("%v found in %v of %q, not %v", words, got, texts, want)
		}
	})
}
