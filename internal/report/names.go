package report

import (
	"cmp"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// publicly puts the public names of entities in the place of the real ones in
// every text of an input that nobody else holds, then forgets the real ones.
func publicly(in *Input) {
	n := newNames(in.Case.Entities, in.Lang)
	entities := in.Case.Entities
	in.Case.Entities = nil
	if n != nil {
		n.rename(reflect.ValueOf(in).Elem())
	}
	for i := range entities {
		entities[i].Real, entities[i].Aliases, entities[i].Note = "", nil, event.Phrase{}
	}
	in.Case.Entities = entities
}

// names gives entities their public names in one language.
type names struct {
	real   *regexp.Regexp
	public map[string]string // by the real name in lower case
}

// wholeWord is the number of letters up to which a name is looked for as a word
// of its own: "A" is in most words.
const wholeWord = 3

func newNames(entities []investigate.Entity, lang string) *names {
	n := &names{public: map[string]string{}}
	var reals []string
	for _, e := range entities {
		for _, real := range append([]string{e.Real}, e.Aliases...) {
			if key := strings.ToLower(real); strings.TrimSpace(real) != "" && n.public[key] == "" {
				n.public[key] = e.Public.In(lang)
				reals = append(reals, real)
			}
		}
	}
	if len(reals) == 0 {
		return nil
	}
	// The longest first, so that a name is not cut by one that is in it.
	slices.SortFunc(reals, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	for i, r := range reals {
		reals[i] = regexp.QuoteMeta(r)
	}
	n.real = regexp.MustCompile("(?i)" + strings.Join(reals, "|"))
	return n
}

// in puts public names into a text.
func (n *names) in(s string) string {
	var b strings.Builder
	at := 0
	for _, m := range n.real.FindAllStringIndex(s, -1) {
		called, ok := n.public[strings.ToLower(s[m[0]:m[1]])]
		if !ok { // spelt with a letter that has several lower cases
			called = "•••"
		}
		if utf8.RuneCountInString(s[m[0]:m[1]]) <= wholeWord && inWord(s, m[0], m[1]) {
			called = s[m[0]:m[1]]
		}
		b.WriteString(s[at:m[0]])
		b.WriteString(called)
		at = m[1]
	}
	b.WriteString(s[at:])
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

// joins reports whether a character can be in the middle of a word; Japanese
// writes no spaces, so its characters end one.
func joins(r rune) bool {
	return r == '_' || r < 0x3000 && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// rename sets every text in a value, which must be settable.
func (n *names) rename(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() {
			v.SetString(n.in(v.String()))
		}
	case reflect.Struct:
		if v.Type().PkgPath() == "time" {
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				n.rename(v.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		if k := v.Type().Elem().Kind(); k == reflect.Uint8 || k == reflect.Uint64 || k == reflect.Float64 {
			return
		}
		for i := range v.Len() {
			n.rename(v.Index(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			n.rename(v.Elem())
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			n.rename(value)
			v.SetMapIndex(key, value)
		}
	}
}
