package overlooked

import (
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/query"
)

// writings are the ways in which a text stands in records that no format took
// apart, each folded, the plain one first: as in an address of the web (RFC
// 3986, and its forms), in JSON (RFC 8259) and JSON within it, in HTML and XML,
// and as UTF-16, of which ASCII has a NUL beside each character.
func writings(word string) []string {
	inJSON := escaped(word)
	out := []string{word,
		url.QueryEscape(word), url.PathEscape(word), (&url.URL{Path: "/" + word}).EscapedPath()[1:], url.QueryEscape(url.QueryEscape(word)),
		inJSON, strings.ReplaceAll(inJSON, "/", `\/`), strings.ReplaceAll(inJSON, `\`, `\\`), strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word),
		html.EscapeString(word)}
	if !strings.ContainsFunc(word, func(r rune) bool { return r >= utf8.RuneSelf }) {
		out = append(out, strings.Join(strings.Split(word, ""), "\x00"))
	}
	for i := range out {
		out[i] = query.Fold(out[i])
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(w string) bool {
		again := seen[w]
		seen[w] = true
		return again
	})
}

// escaped writes a text as JSON that keeps to ASCII.
func escaped(word string) string {
	var b strings.Builder
	for _, r := range word {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		}
	}
	return b.String()
}

// written holds where a text has a word in any of its writings.
func written(word string) query.Node {
	out := query.Or{}
	for _, w := range writings(word) {
		out.Nodes = append(out.Nodes, query.Text{Word: w})
	}
	return out
}
