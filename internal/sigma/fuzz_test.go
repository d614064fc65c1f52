package sigma

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/konseki/konseki/internal/event"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte("title: t\nlogsource: {product: linux}\ndetection:\n  s:\n    f|contains|windash: ' -a'\n  condition: 1 of s*\n"))
	f.Add([]byte("title: t\ndetection:\n  k: ['a*', \"b?\"]\n  s: &x {f|re|i: 'a(b|c)+'}\n  u: *x\n  condition: [k, not s]\n---\ntitle: u\n"))
	f.Add([]byte("a: &a [*a]\ndetection: *a\n"))
	f.Add([]byte("title: t\nid: r\nname: n\nlogsource: {product: linux}\ndetection: {s: {f|expand: '%p%'}, condition: s}\n---\n" +
		"title: c\nid: c\ncorrelation: {type: event_count, rules: [n], group-by: [u], timespan: 5m, aliases: {u: {n: User}}, condition: {gte: 3, lt: 9}}\n---\n" +
		"title: d\ncorrelation: {type: temporal, rules: [c, r], timespan: 1h, condition: c and r}\n"))
	f.Add([]byte("title: t\nid: r\nlogsource: {product: linux}\ndetection: {s: {f|hour|gte: 3}, condition: s}\n---\n" +
		"title: f\nlogsource: {product: linux}\nfilter: {rules: any, s: {g|windash: -a -b -c}, condition: not s}\n"))
	ev := process("f", "a -a b", "g", "x")
	o := Options{Placeholders: map[string][]string{"p": {"a*", "x"}}}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := Load(o, Tree{FS: fstest.MapFS{"f.yml": {Data: data}}})
		for _, p := range c.Problems {
			if p.Reason == "" || p.File != "f.yml" {
				t.Errorf("a problem without a reason: %+v", p)
			}
		}
		for _, r := range c.Rules {
			if r.ID == "" || r.Title == "" || r.cond == nil {
				t.Errorf("incomplete rule %+v", r)
			}
		}
		checkCorrelations(t, c)
		e := Compile(c.Rules)
		if got, want := ids(e.NewMatcher().Match(&ev, data, nil)), ids(e.FullScan(&ev, data, nil)); got != want {
			t.Errorf("index finds %q, full scan %q", got, want)
		}
	})
}

// checkCorrelations insists on what those who run correlations rely on.
func checkCorrelations(t *testing.T, c *Collection) {
	seen := make(map[*Correlation]bool)
	for _, x := range c.Correlations {
		temporal := x.Type == Temporal || x.Type == TemporalOrdered
		switch {
		case x.ID == "", x.Title == "", len(x.Inputs) == 0, x.Timespan <= 0, x.Timespan > maxTimespan, len(x.Bounds) == 0 && !temporal:
			t.Errorf("incomplete correlation %+v", x)
		case x.Type == ValuePercentile && (x.Percentile < 0 || x.Percentile > 100), strings.HasPrefix(string(x.Type), "value_") != (len(x.Fields) > 0):
			t.Errorf("correlation without what it looks at: %+v", x)
		}
		for _, in := range x.Inputs {
			if (in.Rule == nil) == (in.Correlation == nil) || in.Correlation != nil && !seen[in.Correlation] || in.Rule != nil && !slices.Contains(c.Rules, in.Rule) {
				t.Errorf("an input of %s is missing or comes later", x.ID)
			}
		}
		seen[x] = true
	}
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
