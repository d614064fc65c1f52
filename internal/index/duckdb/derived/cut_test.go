package derived

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/konseki/konseki/internal/query"
	"pgregory.net/rapid"
)

// TestValuesAreCutOutOfRecordsAsTheyAre proves that what locate finds gives the
// value back, and that what CutWords asks for stands in the record's text.
func TestValuesAreCutOutOfRecordsAsTheyAre(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		some := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-cA-C"\\/<>&\n請 ]{0,30}`))
		value := query.Clean(some.Draw(r, "value"))
		inside := value
		if rapid.Bool().Draw(r, "quoted") {
			quoted, err := jsontext.AppendQuote(nil, value)
			if err != nil {
				r.Fatal(err)
			}
			inside = strings.ReplaceAll(string(quoted), "/", rapid.SampledFrom([]string{"/", `\/`, `\u002f`}).Draw(r, "slash"))
		}
		raw := []byte(query.Clean(some.Draw(r, "before")) + inside + query.Clean(some.Draw(r, "after")))
		last, _ := parseCut(rapid.SampledFrom([]string{"+0 5", "-3 7", `+1 1"`}).Draw(r, "last"))
		c, ok := locate(raw, []byte(value), last)
		if !ok {
			if bytes.Contains(raw, []byte(value)) {
				r.Fatalf("%q was not found in %q", value, raw)
			}
			return
		}
		text := string(c.append(nil))
		if got, err := CutText(raw, text); got != value || err != nil {
			r.Fatalf("%s cuts %q out of %q, not %q (%v)", text, got, raw, value, err)
		}
		if back, err := parseCut(text); back != c || err != nil {
			r.Fatalf("%s reads as %+v, not %+v", text, back, c)
		}
		folded := query.Fold(string(raw))
		for _, op := range []query.Op{query.Equal, query.Like} {
			if op == query.Like && strings.ContainsAny(value, `*?\`) {
				continue
			}
			for _, w := range CutWords(query.Match{Op: op, Value: query.Fold(value)}) {
				if !strings.Contains(folded, w.Word) {
					r.Fatalf("%q does not stand in %q", w.Word, folded)
				}
			}
		}
	})
}

func FuzzCut(f *testing.F) {
	f.Add("+9 27", []byte("0123456789"))
	f.Add(`-2 5"`, []byte(`{"a":"\u0041\"b"}`))
	f.Add("+99999999999999999999 1", []byte{})
	f.Fuzz(func(t *testing.T, text string, raw []byte) {
		c, err := parseCut(text)
		if err != nil {
			return
		}
		if string(c.append(nil)) != text {
			t.Fatalf("%q reads as %+v", text, c)
		}
		if v, err := c.of(raw); err == nil && len(v) > 3*len(raw) {
			t.Fatalf("%q is longer than %q", v, raw)
		}
	})
}
