package script_test

import (
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/script"
)

func TestReadCaseRefusesWhatItWouldHaveToLeaveOut(t *testing.T) {
	for what, text := range map[string]string{
		"an unknown name":   "id: a\ntimelime: []\n",
		"a second document": "id: a\n---\nid: b\n",
		"too much":          "id: a\n" + strings.Repeat("# \n", 6_000_000),
		"nothing":           "",
	} {
		if c, err := script.Read(strings.NewReader(text)); err == nil {
			t.Errorf("%s was taken: %+v", what, c)
		}
	}
}

func FuzzReadCase(f *testing.F) {
	f.Add("id: 2018-001\ntitle: {ja: 件, en: case}\ntimeline:\n  - {at: 2018-01-07T09:58:00+09:00, text: {ja: 一, en: one}}\n")
	f.Add("a: &a [*a]\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := script.Read(strings.NewReader(text))
		if (c == nil) == (err == nil) {
			t.Fatalf("case %v, error %v", c, err)
		}
	})
}

func TestEveryKindOfPartCanBeWritten(t *testing.T) {
	c, err := script.Read(strings.NewReader(`
id: c1
timeline: [{id: r1}]
statements: [{id: s1}]
questions: [{id: q1}]
sections: {summary: {en: x}}
entities: [{id: e1}]
scopes: [{id: sc1}]
facts: [{id: aware}]
clocks: [{id: cl1}]
submissions: [{id: sub1}]
told: [{id: t1}]
tasks: [{id: t1}]
decisions: [{id: d1}]
containments: [{id: c1}]
conditions: [{id: c1}]
measures: [{id: m1}]
`))
	if err != nil {
		t.Fatal(err)
	}
	have := map[investigate.Kind]bool{}
	for _, p := range c.Parts() {
		if p.Common().ID == "" {
			t.Errorf("a %s lost its name", p.Kind())
		}
		have[p.Kind()] = true
	}
	for _, k := range investigate.Kinds() {
		if !have[k] && k != investigate.KindVersion {
			t.Errorf("no %s can be written in a file", k)
		}
	}
}
