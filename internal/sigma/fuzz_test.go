package sigma

import (
	"testing"

	"github.com/konseki/konseki/internal/event"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte("title: t\nlogsource: {product: linux}\ndetection:\n  s:\n    f|contains|windash: ' -a'\n  condition: 1 of s*\n"))
	f.Add([]byte("title: t\ndetection:\n  k: ['a*', \"b?\"]\n  s: &x {f|re|i: 'a(b|c)+'}\n  u: *x\n  condition: [k, not s]\n---\ntitle: u\n"))
	f.Add([]byte("a: &a [*a]\ndetection: *a\n"))
	ev := process("f", "a -a b", "g", "x")
	f.Fuzz(func(t *testing.T, data []byte) {
		rules, err := Parse("f.yml", data)
		if err != nil && err.Error() == "" {
			t.Error("an error without a text")
		}
		for _, r := range rules {
			if r.ID == "" || r.Title == "" || r.cond == nil {
				t.Errorf("incomplete rule %+v", r)
			}
		}
		e := Compile(rules)
		if got, want := ids(e.NewMatcher().Match(&ev, data, nil)), ids(e.FullScan(&ev, data, nil)); got != want {
			t.Errorf("index finds %q, full scan %q", got, want)
		}
	})
}

func FuzzMatch(f *testing.F) {
	var rules []*Rule
	for _, d := range []string{
		"s: {f|contains: [ab, 'c*d?e']}\ncondition: s", "s: {f|re|i: '(foo|b[aä]r).*baz'}\nt: {g: null}\ncondition: s and t",
		"k: [needle, 'a*b']\ncondition: k", "s: {f|endswith|cased: 'Ä'}\ncondition: not s", "s: {f|base64offset|contains: xyz, g|fieldref: f}\ncondition: s",
		"s: {f|cidr: '2001:db8::/32'}\nt: {g|gte: 7}\ncondition: 1 of them", "s: {CommandLine|re: '.*x.*y.{3,}'}\ncondition: s",
	} {
		rules = append(rules, rule(f, d))
	}
	e := Compile(rules)
	m := e.NewMatcher()
	f.Add("abcdxe", "7", "a needle", []byte("raw"))
	f.Add("2001:db8::1", "\xff\xfe", "x y abc", []byte("\x00"))
	f.Fuzz(func(t *testing.T, v, g, cmd string, raw []byte) {
		ev := process("f", v, "g", g)
		ev.CmdLine, ev.Message = cmd, event.Unparsed
		var got []Match
		if got = m.Match(&ev, raw, nil); ids(got) != ids(e.FullScan(&ev, raw, nil)) {
			t.Errorf("index finds %q, full scan %q", ids(got), ids(e.FullScan(&ev, raw, nil)))
		}
		for _, x := range got {
			for _, r := range x.Because {
				if len(r.Value) > maxExcerpt {
					t.Errorf("excerpt of %d bytes", len(r.Value))
				}
			}
		}
	})
}
