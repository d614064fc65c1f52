package exchange

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/investigate"
)

// names gives entities their public names.
type names struct {
	real   *regexp.Regexp
	called map[string]string // by the folded real name
}

// wholeWord is the number of letters up to which a name is looked for as a word
// of its own: "A" is in most words. Longer names are taken out wherever they
// stand.
const wholeWord = 3

func newNames(c *investigate.Case, lang string) *names {
	n := &names{called: map[string]string{}}
	for i := range c.Entities {
		e := &c.Entities[i]
		for _, real := range append([]string{e.Real}, e.Aliases...) {
			if real = strings.TrimSpace(valid(real)); real != "" && n.called[fold(real)] == "" {
				n.called[fold(real)] = valid(e.Public.In(lang))
			}
		}
	}
	if len(n.called) == 0 {
		return nil
	}
	reals := make([]string, 0, len(n.called))
	for real := range n.called {
		reals = append(reals, real)
	}
	// The longest first, so that a name is not cut by one that is in it.
	slices.SortFunc(reals, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	for i, real := range reals {
		reals[i] = regexp.QuoteMeta(real)
	}
	n.real = regexp.MustCompile("(?i)" + strings.Join(reals, "|"))
	return n
}

// fold makes one of the spellings of a name that the expression takes for it.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		for least := r; ; {
			if r = unicode.SimpleFold(r); r < least {
				least = r
			} else if r == least {
				return least
			}
		}
	}, s)
}

// public puts public names in the place of real ones. A public name that is
// put in is not looked at again.
func (n *names) public(s string) string {
	if n == nil || s == "" {
		return s
	}
	var b strings.Builder
	at := 0
	for at < len(s) {
		found := n.real.FindStringIndex(s[at:])
		if found == nil {
			break
		}
		from, to := at+found[0], at+found[1]
		called, known := n.called[fold(s[from:to])]
		if !known || utf8.RuneCountInString(s[from:to]) <= wholeWord && (wordBefore(s[:from]) || wordAfter(s[to:])) {
			_, size := utf8.DecodeRuneInString(s[from:])
			b.WriteString(s[at : from+size])
			at = from + size
			continue
		}
		b.WriteString(s[at:from])
		b.WriteString(called)
		at = to
	}
	if at == 0 {
		return s
	}
	b.WriteString(s[at:])
	return b.String()
}

func wordBefore(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return isWord(r)
}

func wordAfter(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return isWord(r)
}

// isWord reports whether a letter goes on a word of a script that is written
// with spaces.
func isWord(r rune) bool {
	return r < 0x2e80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) && r != utf8.RuneError
}
