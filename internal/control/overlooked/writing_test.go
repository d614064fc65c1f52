package overlooked

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestATextIsLookedForAsSystemsWriteIt(t *testing.T) {
	t.Parallel()
	for word, want := range map[string][]string{
		"hanako":     {"hanako", "h\x00a\x00n\x00a\x00k\x00o"},
		"花子":         {"花子", "%e8%8a%b1%e5%ad%90", "%25e8%258a%25b1%25e5%25ad%2590", `\u82b1\u5b50`, `\\u82b1\\u5b50`},
		`corp\shiro`: {`corp\shiro`, "corp%5cshiro", "corp%255cshiro", `corp\\shiro`, `corp\\\\shiro`, "c\x00o\x00r\x00p\x00\\\x00s\x00h\x00i\x00r\x00o"},
		"a b/<c>&d": {"a b/<c>&d", "a+b%2f%3cc%3e%26d", "a%20b%2f%3cc%3e&d", "a%20b/%3cc%3e&d", "a%2bb%252f%253cc%253e%2526d", `a b\/<c>&d`, "a b/&lt;c&gt;&amp;d",
			"a\x00 \x00b\x00/\x00<\x00c\x00>\x00&\x00d"},
	} {
		if d := cmp.Diff(want, writings(word)); d != "" {
			t.Errorf("%s (-want +got):\n%s", word, d)
		}
	}
}

// TestWhatIsWrittenForJSONReadsBack with the decoder of the standard library.
func TestWhatIsWrittenForJSONReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune(`\"/aあ𠮷`)), rapid.Rune().Filter(func(r rune) bool { return r >= ' ' && !utf16.IsSurrogate(r) }))).Draw(t, "word")
		var got string
		if err := json.Unmarshal([]byte(`"`+escaped(word)+`"`), &got); err != nil || got != strings.ToValidUTF8(word, "\ufffd") {
			t.Fatalf("%q, %v", got, err)
		}
	})
}
