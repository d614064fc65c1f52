package sigma

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// loadText loads one file with placeholders.
func loadText(o Options, text string) *Collection {
	return Load(o, Tree{FS: fstest.MapFS{"t.yml": {Data: []byte(text)}}})
}

const linuxProcess = "title: t\nlogsource: {product: linux, category: process_creation}\n"

func TestPlaceholdersBecomeTheirValues(t *testing.T) {
	o := Options{Placeholders: map[string][]string{
		"host": {"srv*", "jump1"}, "dot.dash-1": {`a.b\c`}, "n": {"3", "5"}, "net": {"192.0.2.0/24"}, "field": {"g"}, "word": {"foo", "b*r"}, "path": {`C:\`},
	}}
	tests := []struct {
		item    string
		yes, no []string
	}{
		{`f|expand: '%host%'`, []string{"srv7", "jump1"}, []string{"jump12", "%host%"}},
		{`f|expand: 'x-%host%-y'`, []string{"x-srv7-y", "x-jump1-y"}, []string{"srv7", "x-jump1"}},
		{`f|contains|expand: '%word%'`, []string{"a foo b", "a bar b"}, []string{"fo"}},
		{`f|expand|startswith: '%host%\'`, []string{`srv1\x`, `jump1\`}, []string{"jump1"}},
		{`f|expand: '%n%%n%'`, []string{"33", "35", "53", "55"}, []string{"3"}},
		{`f|expand: '%n%-%word%'`, []string{"3-foo", "5-bxr"}, []string{"3-"}},
		{`f|expand: '%dot.dash-1%'`, []string{`a.b\c`}, []string{`axb\c`}},
		{`f|expand: '%path%*'`, []string{`C:\x`, `C:\`}, []string{"C:*"}},
		{`f|re|expand: '^%dot.dash-1%$'`, []string{`a.b\c`}, []string{`axb\c`}},
		{`f|re|expand: '^%word%$'`, []string{"foo", "bxxr"}, []string{"foox"}},
		{`f|gt|expand: '%n%'`, []string{"4"}, []string{"3"}},
		{`f|cidr|expand: '%net%'`, []string{"192.0.2.9"}, []string{"198.51.100.1"}},
		{`f|expand|base64: '%dot.dash-1%'`, []string{"YS5iXGM="}, nil},
		{`f|expand|all|contains: ['%n%', x]`, []string{"x3", "5x"}, []string{"3", "x"}},
		{`f|expand|neq: '%n%'`, []string{"4"}, []string{"3", "5"}},
		{`f|expand: '\%host%'`, []string{"%host%"}, []string{"srv1"}},
		{`f|expand: '\%plain%host%'`, []string{"%plainsrv1"}, []string{"srv1"}},
		{`f|expand: '100% of 50%'`, []string{"100% of 50%"}, nil},
		{`f|expand: '%n'`, []string{"%n"}, []string{"3"}},
		{`f|expand: '%%'`, []string{"%%"}, nil},
		{`f|expand: [7, plain]`, []string{"7", "plain"}, nil},
		{`f: '%host%'`, []string{"%host%"}, []string{"srv1"}},
	}
	for _, tt := range tests {
		c := loadText(o, linuxProcess+"detection:\n  s:\n    "+tt.item+"\n  condition: s\n")
		if len(c.Problems) > 0 {
			t.Errorf("%s: %v", tt.item, c.Problems)
			continue
		}
		for _, v := range tt.yes {
			if !holds(t, c.Rules[0], process("f", v)) {
				t.Errorf("%s does not match %q", tt.item, v)
			}
		}
		for _, v := range tt.no {
			if holds(t, c.Rules[0], process("f", v)) {
				t.Errorf("%s matches %q", tt.item, v)
			}
		}
	}
	c := loadText(o, linuxProcess+"detection:\n  s:\n    f|fieldref|expand: '%field%'\n  k:\n    '|expand': '%word%'\n  condition: s and k\n")
	if len(c.Problems) > 0 || !holds(t, c.Rules[0], process("f", "a", "g", "A", "h", "a foo")) || holds(t, c.Rules[0], process("f", "a", "g", "b", "h", "foo")) {
		t.Errorf("a placeholder as the name of a field: %v", c.Problems)
	}
}

func TestARuleWhosePlaceholderHasNoValuesIsRefused(t *testing.T) {
	o := Options{Placeholders: map[string][]string{"empty": {}, "blank": {"a", ""}}}
	for value, want := range map[string]string{
		"%missing%": "%missing% has no values", "%empty%": "%empty% has no values", "x%blank%": "%blank% has an empty value", "%Empty%": "%Empty% has no values",
	} {
		c := loadText(o, linuxProcess+"detection:\n  s:\n    f|expand: ['a', '"+value+"']\n  condition: s\n")
		if len(c.Rules) != 0 || len(c.Problems) != 1 || !strings.Contains(c.Problems[0].Reason, want) || c.Problems[0].Line != 5 {
			t.Errorf("%s: %+v, want %q in line 5", value, c.Problems, want)
		}
	}
}

// publicTrees are the public rules in use.
func publicTrees(tb testing.TB) []Tree {
	root := os.DirFS(shared(tb, "data", "sigma"))
	var out []Tree
	for _, folder := range []string{"rules", "rules-emerging-threats", "rules-threat-hunting", "rules-placeholder", "rules-compliance"} {
		out = append(out, Tree{FS: root, Root: folder})
	}
	return out
}

func TestEveryPublicRuleLoadsOnceItsPlaceholdersHaveValues(t *testing.T) {
	trees := publicTrees(t)
	without := Load(Options{}, trees...)
	if len(without.Rules) != 3755 || len(without.Problems) != 25 {
		t.Errorf("without values %d rules are loaded and %d refused, want 3755 and 25", len(without.Rules), len(without.Problems))
	}
	// A rule names one missing placeholder at a time.
	o, c := Options{Placeholders: make(map[string][]string)}, without
	for range 5 {
		for _, p := range c.Problems {
			_, rest, ok := strings.Cut(p.Reason, "placeholder %")
			name, reason, closed := strings.Cut(rest, "%")
			if !ok || !closed || reason != " has no values" || p.Line == 0 {
				t.Fatalf("%+v names no placeholder or no line", p)
			}
			o.Placeholders[name] = []string{name + "-1", "192.0.2.*"}
		}
		var again []Tree
		for _, p := range c.Problems {
			again = append(again, Tree{FS: trees[0].FS, Root: p.File})
		}
		c = Load(o, again...)
	}
	t.Logf("%d placeholders", len(o.Placeholders))
	c = Load(o, trees...)
	for _, p := range c.Problems {
		t.Errorf("with values: %+v", p)
	}
	if len(c.Rules) != 3780 {
		t.Errorf("with values %d rules are loaded, want 3780", len(c.Rules))
	}
}
