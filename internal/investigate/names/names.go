// Package names puts the public names of a case's entities in the place of the real ones.
package names

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/investigate"
)

// Names gives entities their public names in one language. A nil *Names changes
// nothing.
type Names struct {
	real   *regexp.Regexp
	called map[string]string // by the folded real name
}

// wholeWord is the number of letters up to which a name is looked for as a word
// of its own: "A" is in most words. Longer names are taken out wherever they
// stand.
const wholeWord = 3

// New takes the names and aliases of entities; lang is "ja" or "en". It is nil
// where there are none.
func New(entities []investigate.Entity, lang string) *Names {
	n := &Names{called: map[string]string{}}
	for i := range entities {
		e := &entities[i]
		for _, real := range append([]string{e.Real}, e.Aliases...) {
			if real = strings.TrimSpace(strings.ToValidUTF8(real, "\uFFFD")); real != "" && n.called[fold(real)] == "" {
				n.called[fold(real)] = strings.ToValidUTF8(e.Public.In(lang), "\uFFFD")
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

// Public puts public names into a text. A public name that is put in is not looked
// at again.
func (n *Names) Public(s string) string {
	if n == nil || s == "" {
		return s
	}
	var b strings.Builder
	at, done := 0, 0
	for at < len(s) {
		found := n.real.FindStringIndex(s[at:])
		if found == nil {
			break
		}
		from, to := at+found[0], at+found[1]
		called, known := n.called[fold(s[from:to])]
		if !known || utf8.RuneCountInString(s[from:to]) <= wholeWord && inWord(s, from, to) {
			_, size := utf8.DecodeRuneInString(s[from:])
			at = from + size
			continue
		}
		b.WriteString(s[done:from])
		b.WriteString(called)
		at, done = to, to
	}
	b.WriteString(s[done:])
	return b.String()
}

// inWord reports whether what stands from from to to is part of a longer word.
func inWord(s string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:from])
	first, _ := utf8.DecodeRuneInString(s[from:])
	last, _ := utf8.DecodeLastRuneInString(s[:to])
	after, _ := utf8.DecodeRuneInString(s[to:])
	return from > 0 && joins(before) && joins(first) || to < len(s) && joins(last) && joins(after)
}

// joins reports whether a character goes on a word of a script that is written with
// spaces; Japanese characters end one.
func joins(r rune) bool {
	return r < 0x2e80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) && r != utf8.RuneError
}
