package sigma

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/event"
)

func TestARuleNeedsTheFieldsThatItLooksFor(t *testing.T) {
	rules, err := Parse("a.yml", []byte(`title: a
id: 6f0a2a3e-6a0f-4f4e-9c0e-0d7c8f5f0a11
logsource: {product: linux}
detection:
  one: {one_of_its_own|endswith: 'a', CommandLine|contains: [x, y]}
  other: {one_of_its_own|endswith: 'b', Hashes|contains: z}
  apart: {ParentImage: q}
  words: [free, text]
  condition: (one or other or words) and not apart
`))
	if err != nil || len(rules) != 1 {
		t.Fatal(rules, err)
	}
	var fields []string
	needs := rules[0].Needs()
	for _, n := range needs {
		fields = append(fields, n.Title)
	}
	if diff := cmp.Diff([]string{"one_of_its_own", "CommandLine", "Hashes"}, fields); diff != "" {
		t.Fatal(diff)
	}
	ev := event.Event{Format: "syslog", Fields: []event.Field{{Name: "one_of_its_own", Value: `c`}}}
	var has []string
	for _, m := range Compile(needs).NewMatcher().Match(&ev, nil, nil) {
		has = append(has, m.Rule.Title)
	}
	if diff := cmp.Diff([]string{"one_of_its_own"}, has); diff != "" {
		t.Error(diff)
	}
}
