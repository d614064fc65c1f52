package sigma

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/konseki/konseki/internal/event"
)

// rule makes a rule for process events on Linux from its detection.
func rule(tb testing.TB, detection string) *Rule {
	tb.Helper()
	r, err := tryRule(detection)
	if err != nil {
		tb.Fatalf("%v in:\n%s", err, detection)
	}
	return r
}

func tryRule(detection string) (*Rule, error) {
	indented := "  " + strings.ReplaceAll(strings.Trim(detection, "\n"), "\n", "\n  ")
	text := "title: t\nlogsource: {product: linux, category: process_creation}\ndetection:\n" + indented + "\n"
	list, err := Parse("t.yml", []byte(text))
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// process makes a process event of alternating names and values.
func process(pairs ...string) event.Event {
	ev := event.Event{Format: "auditd", ClassUID: event.ClassProcess, ActivityID: event.ActivityProcessLaunch}
	for i := 0; i+1 < len(pairs); i += 2 {
		ev.Fields = append(ev.Fields, event.Field{Name: pairs[i], Value: pairs[i+1]})
	}
	return ev
}

// holds matches both ways and insists that they agree.
func holds(tb testing.TB, r *Rule, ev event.Event) bool {
	tb.Helper()
	e := Compile([]*Rule{r})
	got := len(e.NewMatcher().Match(&ev, []byte(ev.Message), nil)) == 1
	if full := len(e.FullScan(&ev, []byte(ev.Message), nil)) == 1; full != got {
		tb.Errorf("index says %t, full scan %t", got, full)
	}
	return got
}

func TestValuesAndModifiers(t *testing.T) {
	tests := []struct {
		name, item string
		yes, no    []string // values of field f
	}{
		{"plain values ignore case", `f: PowerShell`, []string{"powershell", "POWERSHELL"}, []string{"powershell ", "xpowershell", ""}},
		{"non-ASCII values ignore case", `f|contains: ÄÖ`, []string{"xäöx", "ÄÖ"}, []string{"AO"}},
		{"star matches any run", `f: a*b`, []string{"ab", "aXXb", "A*B"}, []string{"ab ", "xab"}},
		{"question mark matches one character", `f: a?b`, []string{"axb", "aあb"}, []string{"ab", "axxb"}},
		{"stars and question marks together", `f: "*a?c*x"`, []string{"zzabcx", "aacx", "aあc..x"}, []string{"acx", "abcxy"}},
		{"question mark at the end", `f: "a*?"`, []string{"ab", "abc"}, []string{"a"}},
		{"escaped wildcards are literal", `f: 'a\*b\?'`, []string{"a*b?"}, []string{"axb?", "a*bx"}},
		{"a single backslash is itself", `f: 'C:\Win\x'`, []string{`c:\win\x`}, []string{`c:winx`}},
		{"two backslashes are one", `f: 'a\\b'`, []string{`a\b`}, []string{`a\\b`}},
		{"backslash before a wildcard by doubling", `f: 'a\\*'`, []string{`a\`, `a\b`}, []string{`a*`}},
		{"three backslashes make both literal", `f: 'a\\\*'`, []string{`a\*`}, []string{`a\b`}},
		{"contains", `f|contains: bc`, []string{"abcd", "bc"}, []string{"b c"}},
		{"contains with a wildcard inside", `f|contains: b*d`, []string{"abcde", "xbdx"}, []string{"db"}},
		{"startswith", `f|startswith: ab`, []string{"abc"}, []string{"xab"}},
		{"endswith", `f|endswith: bc`, []string{"abc"}, []string{"bcx"}},
		{"a list is any of", `f: [a, b]`, []string{"a", "b"}, []string{"c"}},
		{"all makes a list all of", `f|contains|all: [a, b]`, []string{"ab", "bxa"}, []string{"a", "b"}},
		{"cased", `f|cased: Ab`, []string{"Ab"}, []string{"ab", "AB"}},
		{"cased contains", `f|contains|cased: Ab`, []string{"xAbx"}, []string{"xabx"}},
		{"cased wildcards", `f|cased: A*b?`, []string{"Axbx"}, []string{"axbx"}},
		{"neq", `f|neq: a`, []string{"b"}, []string{"a", "A"}},
		{"neq of a list is none of", `f|neq: [a, b]`, []string{"c"}, []string{"a", "b"}},
		{"expressions mind case", `f|re: ^Ab+c$`, []string{"Abbc"}, []string{"abbc", "xAbc"}},
		{"re with i", `f|re|i: ^ab+c$`, []string{"ABBC"}, []string{"AC"}},
		{"re with s", `f|re|s: a.b`, []string{"a\nb"}, []string{"ab"}},
		{"re without s", `f|re: a.b`, []string{"axb"}, []string{"a\nb"}},
		{"re with m", `f|re|m: ^b$`, []string{"a\nb\nc"}, []string{"a b"}},
		{"re of repeated signs", `f|re: '\+.*\+.*\+'`, []string{"+ + +"}, []string{"++"}},
		{"re of many characters", `f|re: '(.){5,}'`, []string{"abcde"}, []string{"abcd"}},
		{"re of alternatives", `f|re: '(?:curl|wget)\s'`, []string{"x wget y", "curl z"}, []string{"wgetx"}},
		{"re with the long s", `f|re|i: ^s$`, []string{"s", "S", "ſ"}, []string{"x"}},
		{"cidr of IPv4", `f|cidr: 192.0.2.0/24`, []string{"192.0.2.7", "::ffff:192.0.2.7"}, []string{"198.51.100.1", "192.0.2", "x"}},
		{"cidr of IPv6", `f|cidr: 2001:db8::/32`, []string{"2001:db8::1"}, []string{"2001:db9::1"}},
		{"lt", `f|lt: 10`, []string{"9", "-1", "9.5"}, []string{"10", "x", ""}},
		{"lte", `f|lte: 10`, []string{"10"}, []string{"10.1"}},
		{"gt", `f|gt: 10`, []string{"11", "0xff"}, []string{"10"}},
		{"gte", `f|gte: 10`, []string{"10"}, []string{"9"}},
		{"numbers", `f: 4688`, []string{"4688"}, []string{"46880"}},
		{"truth values", `f: true`, []string{"true", "True"}, []string{"1"}},
		{"the empty string", `f: ''`, []string{""}, []string{"a"}},
		{"windash", `f|windash|contains: ' -exec'`, []string{"x -exec", "x /exec", "x –exec", "x —exec", "x ―exec"}, []string{"x exec", "x \\exec"}},
		{"windash at two places", `f|windash|contains: ' -a /b'`, []string{"x /a -b", "x –a ―b y"}, []string{"x a b"}},
		{"windash at many places", `f|windash: '-a /b –c -d -e'`, []string{"/a /b /c /d /e", "-a —b ―c -d -e", "-A /B –C -D -E"}, []string{"-a /b –c -d", "-a /b –c -d xe"}},
		{"windash of a dash of another kind", `f|windash: '–a'`, []string{"-a", "/a"}, []string{"a"}},
		{"windash leaves dashes in words", `f|windash: 'a-b -c'`, []string{"a-b /c"}, []string{"a/b -c"}},
		{"windash then base64", `f|windash|base64: '-a'`, []string{"LWE=", "L2E="}, []string{"-a"}},
		{"windash with wildcards", `f|windash: '*-a?b*'`, []string{"x/axb", "–a-by"}, []string{"xab"}},
		{"escapes of the star", `f: 'a\*b'`, []string{"a*b"}, []string{"axb", `a\*b`}},
		{"escapes of the question mark", `f: 'a\?b'`, []string{"a?b"}, []string{"axb"}},
		{"a backslash before a wildcard", `f: 'a\\*b'`, []string{`a\b`, `a\xb`}, []string{"a*b", "axb"}},
		{"a backslash and a star", `f: 'a\\\*b'`, []string{`a\*b`}, []string{`a\xb`, "a*b"}},
		{"four backslashes are two", `f: 'a\\\\b'`, []string{`a\\b`}, []string{`a\b`}},
		{"one backslash is one", `f: 'a\b'`, []string{`a\b`}, []string{"ab"}},
		{"neq", `f|neq: a`, []string{"b", ""}, []string{"a", "A"}},
		{"neq of several is none of them", `f|neq: [a, b]`, []string{"c"}, []string{"a", "b"}},
		{"neq of a number", `f|neq: 5`, []string{"6"}, []string{"5"}},
		{"neq of a part", `f|contains|neq: ab`, []string{"a"}, []string{"xaby"}},
		{"neq of a range", `f|cidr|neq: 192.0.2.0/24`, []string{"198.51.100.1"}, []string{"192.0.2.1"}},
		{"cased parts", `f|contains|cased: aB`, []string{"xaBx"}, []string{"xabx"}},
		{"cased wildcards", `f|cased: 'a*B?c'`, []string{"axBxc"}, []string{"axbxc"}},
		{"all of several parts", `f|contains|all: [a, b]`, []string{"xbxa"}, []string{"a", "b"}},
		{"all of several expressions", `f|re|all: ['^a', 'b$']`, []string{"ab"}, []string{"a", "b"}},
		{"re minds case", `f|re: aB`, []string{"xaBx"}, []string{"ab"}},
		{"re with i", `f|re|i: aB`, []string{"AB"}, []string{"a"}},
		{"re with m", `f|re|m: ^b$`, []string{"a\nb\nc"}, []string{"ab"}},
		{"re with s", `f|re|s: a.b`, []string{"a\nb"}, []string{"ab"}},
		{"re without s", `f|re: a.b`, []string{"axb"}, []string{"a\nb"}},
		{"re with all flags", `f|re|i|m|s: ^B.c`, []string{"a\nb\nc"}, []string{"ab\nc"}},
		{"cidr of one address", `f|cidr: 192.0.2.7`, []string{"192.0.2.7"}, []string{"192.0.2.8"}},
		{"cidr of IPv4 in IPv6", `f|cidr: '::ffff:192.0.2.0/120'`, []string{"192.0.2.7", "::ffff:192.0.2.9"}, []string{"198.51.100.1"}},
		{"cidr of everything", `f|cidr: [0.0.0.0/0, '::/0']`, []string{"192.0.2.7", "2001:db8::1"}, []string{"x"}},
		{"a list of numbers", `f: [1, 2]`, []string{"1", "2"}, []string{"12"}},
		{"a number in base 16", `f: 0x10`, []string{"16"}, []string{"0x10"}},
		{"a fraction", `f: 1.50`, []string{"1.50"}, []string{"1.5"}},
		{"a star in a number's place", `f|contains: 12`, []string{"0123"}, []string{"102"}},
		{"a false truth value", `f: false`, []string{"False"}, []string{"0", "true"}},
		{"hour", `f|hour: 4`, []string{"2026-02-03T04:05:06Z", "2026-02-03T04:05:06+09:00", "2026-02-03 04:05:06.789", "03/Feb/2026:04:05:06 +0900", "1770091506", "1770091506789", "1770091506.25"},
			[]string{"2026-02-03T05:05:06Z", "2026-02-03", "x", "", "4", "2026-02-30T04:05:06Z", "2026-02-03T04"}},
		{"hours from", `f|hour|gte: 22`, []string{"2026-02-03T22:05:06Z"}, []string{"2026-02-03T21:59:59Z", "2026-02-03"}},
		{"hours before", `f|lt|hour: 6`, []string{"2026-02-03T05:59:59Z"}, []string{"2026-02-03T06:00:00Z", "2026-02-03"}},
		{"one of several hours", `f|hour: [0, 1]`, []string{"2026-02-03T00:05:06Z", "2026-02-03T01:05:06Z"}, []string{"2026-02-03T02:05:06Z"}},
		{"another hour", `f|hour|neq: 4`, []string{"2026-02-03T05:05:06Z", "x"}, []string{"2026-02-03T04:05:06Z"}},
		{"minute", `f|minute: 5`, []string{"2026-02-03T04:05:06Z", "2026-02-03T04:05Z"}, []string{"2026-02-03T05:04:06Z", "2026-02-03"}},
		{"day", `f|day: 3`, []string{"2026-02-03", "2026/02/03 04:05", "Tue, 03 Feb 2026 04:05:06 +0000"}, []string{"2026-03-02"}},
		{"week", `f|week: 1`, []string{"2026-01-01", "2025-12-29T00:00:00Z"}, []string{"2025-12-28"}},
		{"month", `f|month: 2`, []string{"2026-02-03", "Tue Feb  3 04:05:06 2026"}, []string{"2026-03-02"}},
		{"year", `f|year|gt: 2025`, []string{"2026-02-03"}, []string{"2025-12-31", "99999"}},
		{"base64", `f|base64: foo`, []string{"Zm9v"}, []string{"foo"}},
		{"base64offset", `f|base64offset|contains: 'http://'`, []string{"aHR0cDovLw==", "eGh0dHA6Ly8=", "eHhodHRwOi8v"}, []string{"http://"}},
		{"wide and base64", `f|wide|base64offset|contains: ab`, []string{"YQBiAA=="}, []string{"YWI="}},
		{"utf16be", `f|utf16be|contains: ab`, []string{"\x00a\x00b"}, []string{"a\x00b\x00"}},
		{"utf16", `f|utf16|base64: a`, []string{"//5hAA=="}, []string{"YQA="}},
		{"a lone star needs the field only", `f: '*'`, []string{"", "x"}, nil},
		{"texts longer than an index entry", `f|contains: abcdefghijklmnopqrstuvwxyz0123456789`, []string{"_abcdefghijklmnopqrstuvwxyz0123456789_"}, []string{"_cdefghijklmnopqrstuvwxyz0123456789_"}},
		{"long anchored texts", `f|startswith: abcdefghijklmnopqrstuvwxyz0123456789`, []string{"abcdefghijklmnopqrstuvwxyz0123456789_"}, []string{"abcdefghijklmnopqrstuvwxyz012345678_"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := rule(t, "s:\n  "+tt.item+"\ncondition: s")
			for _, v := range tt.yes {
				if !holds(t, r, process("f", v)) {
					t.Errorf("%s does not match %q", tt.item, v)
				}
			}
			for _, v := range tt.no {
				if holds(t, r, process("f", v)) {
					t.Errorf("%s matches %q", tt.item, v)
				}
			}
		})
	}
}

func TestConditions(t *testing.T) {
	const four = "a: {f: [x1, x2]}\nb: {g: y}\nsel_1: {h: z}\nsel_2: {i: w}\n_hidden: {j: v}\n"
	tests := []struct {
		condition string
		fields    []string
		want      bool
	}{
		{"a and b", []string{"f", "x1", "g", "y"}, true},
		{"a and b", []string{"f", "x1"}, false},
		{"a or b and sel_1", []string{"f", "x2"}, true},
		{"(a or b) and sel_1", []string{"f", "x2"}, false},
		{"not a and b", []string{"g", "y"}, true},
		{"not (a or b)", []string{"h", "z"}, true},
		{"not not a", []string{"f", "x1"}, true},
		{"1 of sel_*", []string{"i", "w"}, true},
		{"any of sel_*", []string{"h", "z"}, true},
		{"all of sel_*", []string{"i", "w"}, false},
		{"all of sel_*", []string{"i", "w", "h", "z"}, true},
		{"1 of them", []string{"i", "w"}, true},
		{"1 of them", []string{"j", "v"}, false},
		{"all of them", []string{"f", "x1", "g", "y", "h", "z", "i", "w"}, true},
		{"1 of sel* and not 1 of _*", []string{"h", "z", "j", "v"}, false},
		{"A AND NOT b", []string{"f", "x1"}, false}, // names mind case, so this is refused below
		{"[a, b]", []string{"g", "y"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.condition, func(t *testing.T) {
			r, err := tryRule(four + "condition: " + tt.condition)
			if strings.HasPrefix(tt.condition, "A ") {
				if err == nil {
					t.Error("an undefined name was accepted")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := holds(t, r, process(tt.fields...)); got != tt.want {
				t.Errorf("%v: %t, want %t", tt.fields, got, tt.want)
			}
		})
	}
}

func TestNullExistsAndReferences(t *testing.T) {
	tests := []struct {
		detection string
		fields    []string
		want      bool
	}{
		{"s: {f: null}\ncondition: s", nil, true},
		{"s: {f: null}\ncondition: s", []string{"f", "x"}, false},
		{"s: {f: null}\ncondition: not s", []string{"f", "x"}, true},
		{"s: {f: ''}\ncondition: s", nil, false},
		{"s: {f|exists: true}\ncondition: s", []string{"f", ""}, true},
		{"s: {f|exists: true}\ncondition: s", nil, false},
		{"s: {f|exists: false}\ncondition: s", nil, true},
		{"s: {f|neq: a}\ncondition: s", nil, true},
		{"s: {f|fieldref: g}\ncondition: s", []string{"f", "Ab", "g", "aB"}, true},
		{"s: {f|fieldref: g}\ncondition: s", []string{"f", "ab", "g", "abc"}, false},
		{"s: {f|fieldref: g}\ncondition: s", []string{"f", "ab"}, false},
		{"s: {f|fieldref|neq: g}\ncondition: s", []string{"f", "ab", "g", "abc"}, true},
		{"s: {f|fieldref|endswith: g}\ncondition: s", []string{"f", "abc", "g", "BC"}, true},
		{"s: {f|fieldref|cased: g}\ncondition: s", []string{"f", "Ab", "g", "aB"}, false},
		{"s: {f: b}\ncondition: s", []string{"f", "a", "f", "b"}, true}, // several values: any
		{"s:\n  - {f: a, g: b}\n  - {f: c}\ncondition: s", []string{"f", "c"}, true},
		{"s:\n  - {f: a, g: b}\n  - {f: c}\ncondition: s", []string{"f", "a"}, false},
	}
	for _, tt := range tests {
		if got := holds(t, rule(t, tt.detection), process(tt.fields...)); got != tt.want {
			t.Errorf("%s on %v: %t, want %t", tt.detection, tt.fields, got, tt.want)
		}
	}
}

func TestKeywordsAreLookedForInRecordMessageAndValues(t *testing.T) {
	any1 := rule(t, "keywords: [Needle, 'two*words']\ncondition: keywords")
	all := rule(t, "keywords:\n  '|all': [needle, other]\ncondition: keywords")
	whole := rule(t, "keywords:\n  '|re': '^needle$'\ncondition: keywords")
	inRaw, inField := process(), process("x", "a nEEdle in a value that is long enough to be compared")
	inRaw.Message = "the needle, and the other"
	words := process("x", "two separate words")
	exact := process("x", "needle")
	exact.Message = "needle is part of a longer record"
	inText := process()
	inText.Text = "ニードル needle"
	for _, tt := range []struct {
		r    *Rule
		ev   event.Event
		want bool
	}{
		{any1, inRaw, true}, {any1, inField, true}, {any1, words, true}, {any1, process("x", "hay"), false}, {any1, inText, true},
		{all, inRaw, true}, {all, inField, false}, {whole, exact, true}, {whole, inField, false},
	} {
		if got := holds(t, tt.r, tt.ev); got != tt.want {
			t.Errorf("%v on %+v: %t, want %t", tt.r.cond, tt.ev.Fields, got, tt.want)
		}
	}
}

func TestColumnsStandInForMissingNativeFields(t *testing.T) {
	r := rule(t, "s: {Image|endswith: /sh, CommandLine|contains: wget, User: root}\ncondition: s")
	ev := process()
	ev.ProcessPath, ev.CmdLine, ev.ActorUser = "/bin/sh", "sh -c wget", "root"
	if !holds(t, r, ev) {
		t.Error("columns are not looked at")
	}
	ev.Add("User", "bob")
	if holds(t, r, ev) {
		t.Error("the column was taken although the native field is there")
	}
	number := rule(t, "s: {status_id: 2}\ncondition: s")
	ev.StatusID = 2
	if !holds(t, number, ev) {
		t.Error("a numeric column is not looked at")
	}
}

func TestRefusedRulesNameLineAndReason(t *testing.T) {
	tests := []struct{ detection, want string }{
		{"s: {f|expand: '%x%'}\ncondition: s", "expand"},
		{"s: {f|hour: 24}\ncondition: s", "from 0 to 23"},
		{"s: {f|hour: x}\ncondition: s", "whole number"},
		{"s: {f|hour|day: 3}\ncondition: s", "another part"},
		{"s: {f|hour|contains: 3}\ncondition: s", "part of a time"},
		{"s: {'|hour': 3}\ncondition: s", "field"},
		{"s: {f|exists|contains: true}\ncondition: s", "exists cannot"},
		{"s: {f|exists|neq: true}\ncondition: s", "exists cannot"},
		{"s: {f|cidr|contains: 192.0.2.0/24}\ncondition: s", "cidr goes with"},
		{"s: {f|cidr|cased: 192.0.2.0/24}\ncondition: s", "cidr goes with"},
		{"s: {f|gt|windash: 5}\ncondition: s", "cannot be combined"},
		{"s: {f|gt: nan}\ncondition: s", "number"},
		{"s: {f|re|cased: x}\ncondition: s", "re cannot"},
		{"s: {f|fieldref|windash: g}\ncondition: s", "fieldref goes with"},
		{"s: {f|fieldref: 'g*'}\ncondition: s", "without wildcards"},
		{"s: {f|contains|base64: abc}\ncondition: s", "must stand before"},
		{"s: {f|base64|expand: abc}\ncondition: s", "must stand before"},
		{"s: {f|base64: 'a*c'}\ncondition: s", "wildcards"},
		{"s: {f|base64offset: a}\ncondition: s", "too short"},
		{"s: {f|contains: null}\ncondition: s", "null"},
		{"s: {f|windash|windash|windash|windash|windash|windash|windash: -a}\ncondition: s", "more than"},
		{"s: {f: {g: x}}\ncondition: s", "value or a list"},
		{"s: ['']\ncondition: s", "keyword cannot be empty"},
		{"s: {f|frob: 3}\ncondition: s", "not known"},
		{"s: {f|re: '(?=x)'}\ncondition: s", "look-around"},
		{"s: {f|re: '(?<!x)y'}\ncondition: s", "look-around"},
		{"s: {f|cidr: nonsense}\ncondition: s", "cidr"},
		{"s: {f|gt: x}\ncondition: s", "number"},
		{"s: {f|contains|startswith: x}\ncondition: s", "beside another"},
		{"s: {f|i: x}\ncondition: s", "with re only"},
		{"s: {f: x}\ncondition: s | count() > 3", "correlation"},
		{"s: {f: x}\ncondition: t", "does not define"},
		{"s: {f: x}\ncondition: 1 of t*", "selects nothing"},
		{"s: {f: x}\ncondition: 2 of s*", "not known"},
		{"s: {f: x}\ncondition: (s", "not closed"},
		{"s: {f: x}\ncondition: s s", "unexpected"},
		{"s: {f: x}\ncondition: s and", "too early"},
		{"s: {f: x}", "condition is missing"},
		{"s: {}\ncondition: s", "empty"},
		{"s: {f: []}\ncondition: s", "empty list"},
		{"s: {f: x, f: y}\ncondition: s", "twice"},
		{"timeframe: 5m\ns: {f: x}\ncondition: s", "timeframe"},
	}
	for _, tt := range tests {
		_, err := tryRule(tt.detection)
		perr, ok := errors.AsType[*ParseError](err)
		if !ok {
			t.Errorf("%q: error %v, want a ParseError", tt.detection, err)
			continue
		}
		if perr.File != "t.yml" || perr.Line < 3 || !strings.Contains(perr.Error(), tt.want) {
			t.Errorf("%q: %v, want line and %q", tt.detection, perr, tt.want)
		}
	}
	for text, want := range map[string]string{
		"title: c\ncorrelation: {type: event_count}":                     "correlation",
		"title: f\nfilter: {rules: [x]}":                                 "filter",
		"title: t\ntaxonomy: ecs\ndetection: {s: {f: x}, condition: s}":  "taxonomy",
		"title: t\nfilter: {}\ndetection: {s: {f: x}, condition: s}":     "one of",
		"title: t\naction: global\ndetection: {s: {f: x}, condition: s}": "collections",
		"a: [": "yaml",
		"":     "no rule",
		"title: x\nlevel: huge\ndetection: {s: {f: x}, condition: s}": "level",
		"detection: {s: {f: x}, condition: s}":                        "title",
		"- a":                                                         "mapping",
	} {
		if _, err := Parse("x.yml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func TestAliasBombIsRefused(t *testing.T) {
	var b strings.Builder
	b.WriteString("title: t\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n")
	for i := 1; i < 9; i++ {
		p := "*x" + string(rune('0'+i-1))
		b.WriteString("x" + string(rune('0'+i)) + ": &x" + string(rune('0'+i)) + " [" + strings.Repeat(p+", ", 9) + p + "]\n")
	}
	b.WriteString("detection: {s: *x8, condition: s}\n")
	if _, err := Parse("bomb.yml", []byte(b.String())); err == nil || !strings.Contains(err.Error(), "aliases counted") {
		t.Errorf("error %v", err)
	}
	var c strings.Builder
	c.WriteString("title: t\ndetection:\n  s: {f: [" + strings.Repeat("a, ", 2000) + "b]}\n  condition: s" + strings.Repeat(" or s", 1000) + "\n")
	if _, err := Parse("bomb.yml", []byte(c.String())); err == nil || !strings.Contains(err.Error(), "takes in more") {
		t.Errorf("error %v", err)
	}
}

func TestLoadGoesOnAfterABadFile(t *testing.T) {
	const good = "title: g\nid: %\nlogsource: {product: linux}\ndetection: {s: {f: x}, condition: s}\n"
	fsys := fstest.MapFS{
		"a/bad.yml":   {Data: []byte("title: [")},
		"a/good.yml":  {Data: []byte(strings.Replace(good, "%", "one", 1))},
		"b/two.yaml":  {Data: []byte(strings.Replace(good, "%", "two", 1) + "---\n" + "title: x\n")},
		"b/same.yml":  {Data: []byte(strings.Replace(good, "%", "one", 1))},
		"b/README.md": {Data: []byte("no rule")},
		"big.yml":     {Data: make([]byte, maxFile+1)},
	}
	c := Load(Options{}, Tree{FS: fsys})
	rules, problems := c.Rules, c.Problems
	if len(rules) != 2 || rules[0].ID != "one" || rules[1].ID != "two" {
		t.Errorf("rules %v", rules)
	}
	if len(problems) != 4 {
		t.Fatalf("problems %+v, want 4", problems)
	}
	for _, p := range problems {
		if p.File == "b/two.yaml" && p.Line != 6 {
			t.Errorf("line %d of the second document, want 6", p.Line)
		}
	}
	if c := Load(Options{}, Tree{FS: fsys, Root: "absent"}); len(c.Problems) != 1 {
		t.Errorf("an absent folder: %+v", c.Problems)
	}
}

func TestUnroutedRulesAreListed(t *testing.T) {
	list, err := Parse("x.yml", []byte("title: t\nlogsource: {product: abacus}\ndetection: {s: {f: x}, condition: s}\n"))
	if err != nil {
		t.Fatal(err)
	}
	e := Compile(list)
	if len(e.Unrouted()) != 1 || len(e.Rules()) != 1 {
		t.Errorf("unrouted %d of %d", len(e.Unrouted()), len(e.Rules()))
	}
}

func TestReasonsNameFieldValueAndPattern(t *testing.T) {
	r := rule(t, "s: {f|contains: [zzz, needle]}\nn: {g: x}\ncondition: s and not n")
	ev := process("f", strings.Repeat("あ", 500)+"needle"+strings.Repeat("い", 500))
	got := Compile([]*Rule{r}).NewMatcher().Match(&ev, nil, nil)
	if len(got) != 1 || len(got[0].Because) != 1 {
		t.Fatalf("matches %+v", got)
	}
	b := got[0].Because[0]
	if b.Field != "f" || b.Pattern != "needle" || !strings.Contains(b.Value, "needle") || len(b.Value) > maxExcerpt {
		t.Errorf("reason %+v", b)
	}
}

func TestMatchingWithoutAMatchAllocatesNothing(t *testing.T) {
	e := Compile([]*Rule{
		rule(t, "s: {f|contains: needle, p|gt: 5}\ncondition: s"),
		rule(t, "k: [needle, other]\ncondition: k"),
		rule(t, "s: {f|re: 'ne+dle'}\ncondition: not s and k\nk: {dst_port: 99}"),
	})
	m := e.NewMatcher()
	ev := process("f", "Some Value", "p", "3", "q", strings.Repeat("long ", 20))
	ev.DstPort = 443
	raw := []byte(strings.Repeat("a record without it ", 20))
	var dst []Match
	if n := testing.AllocsPerRun(100, func() { dst = m.Match(&ev, raw, dst[:0]) }); n != 0 {
		t.Errorf("%.0f allocations per event", n)
	}
}
