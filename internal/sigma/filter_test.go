package sigma

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// filterable are three rules, one of them for another logsource.
const filterable = `title: a
id: a-id
name: a
logsource: {product: linux, category: process_creation}
detection: {s: {f: x}, condition: s}
---
title: b
id: b-id
logsource: {product: linux, category: process_creation}
detection: {s: {f: x}, t: {f: y}, condition: [s, t]}
---
title: w
id: w-id
logsource: {product: windows, category: process_creation}
detection: {s: {f: x}, condition: s}
---
`

func filterText(source, body string) string {
	return filterable + fmt.Sprintf("title: Administrators\nid: f-id\nlogsource: {%s}\nfilter: {%s}\n", source, body)
}

func TestFiltersLeaveMatchesOutOfTheRulesTheyName(t *testing.T) {
	const linux = "product: linux, category: process_creation"
	tests := []struct {
		body  string
		rules string // those filtered
		kept  []string
		out   []string
	}{
		{"rules: [a], selection: {User|startswith: adm_}, condition: selection", "a-id", []string{"bob"}, []string{"adm_1", "ADM_2"}},
		{"rules: a-id, selection: {User|startswith: adm_}, condition: not selection", "a-id", []string{"bob"}, []string{"adm_1"}},
		{"rules: any, selection: {User|startswith: adm_}, condition: selection", "a-id b-id", []string{"bob"}, []string{"adm_1"}},
		{"rules: [a, b-id], s1: {User: p}, s2: {User: q}, condition: 1 of s*", "a-id b-id", []string{"r"}, []string{"p", "q"}},
		{"rules: [a], s1: {User: p}, s2: {User: q}, condition: not 1 of s*", "a-id", []string{"r"}, []string{"p", "q"}},
		{"rules: [a], s1: {User: p}, s2: {User: q}, condition: not s1 and not s2", "a-id", []string{"r"}, []string{"p", "q"}},
		{"rules: [a], s1: {User|startswith: p}, s2: {User: pq}, condition: not (s1 and not s2)", "a-id", []string{"r", "pq"}, []string{"p", "px"}},
		{"rules: [a], s1: {User|neq: p}, condition: s1", "a-id", []string{"p"}, []string{"q"}},
	}
	for _, tt := range tests {
		c := loadText(Options{}, filterText(linux, tt.body))
		if len(c.Problems) > 0 || len(c.Filters) != 1 {
			t.Errorf("%s: %+v", tt.body, c.Problems)
			continue
		}
		var ids []string
		for _, r := range c.Filters[0].Rules {
			ids = append(ids, r.ID)
		}
		if got := strings.Join(ids, " "); got != tt.rules || c.Filters[0].Title != "Administrators" {
			t.Errorf("%s: filters %q, want %q", tt.body, got, tt.rules)
		}
		for _, r := range c.Rules[:2] {
			filtered := strings.Contains(tt.rules, r.ID)
			if filtered != cmp.Equal(r.Filters, []string{"f-id"}) {
				t.Errorf("%s: %s has filters %v", tt.body, r.ID, r.Filters)
			}
			for _, user := range tt.kept {
				if !holds(t, r, process("f", "x", "User", user)) {
					t.Errorf("%s: %s no longer matches %q", tt.body, r.ID, user)
				}
			}
			for _, user := range tt.out {
				if holds(t, r, process("f", "x", "User", user)) == filtered {
					t.Errorf("%s: %s on %q: filtered %t", tt.body, r.ID, user, filtered)
				}
			}
		}
	}
}

func TestSeveralFiltersAddUp(t *testing.T) {
	second := "---\ntitle: two\nid: g-id\nlogsource: {product: linux}\nfilter: {rules: any, s: {User: q}, condition: s}\n"
	c := loadText(Options{}, filterText("product: linux", "rules: [a], s: {User: p}, condition: s")+second)
	if len(c.Problems) > 0 {
		t.Fatal(c.Problems)
	}
	if diff := cmp.Diff([]string{"f-id", "g-id"}, c.Rules[0].Filters); diff != "" {
		t.Error(diff)
	}
	for user, want := range map[string]bool{"p": false, "q": false, "r": true} {
		if got := holds(t, c.Rules[0], process("f", "x", "User", user)); got != want {
			t.Errorf("%q: %t, want %t", user, got, want)
		}
	}
}

func TestAFilterThatCannotBeHonouredIsRefusedWhole(t *testing.T) {
	for body, want := range map[string]string{
		"rules: [a, w-id], s: {User: p}, condition: s":                "has logsource windows/process_creation/*",
		"rules: [a, nobody], s: {User: p}, condition: s":              "neither the id",
		"rules: [a, bad], s: {User: p}, condition: s":                 `"bad", of t.yml:`,
		"rules: [a, c-id], s: {User: p}, condition: s":                "is no rule",
		"rules: [], s: {User: p}, condition: s":                       "needs rules",
		"s: {User: p}, condition: s":                                  "needs rules",
		"rules: [a, a], s: {User: p}, condition: s":                   "twice",
		"rules: [a], s: {User: p}":                                    "condition is missing",
		"rules: [a], s: {User: p}, condition: [s, s]":                 "one condition",
		"rules: [a], s: {User: p}, condition: t":                      "does not define",
		"rules: [a], s: {User: p}, condition: rules":                  "does not define",
		"rules: [a], s: {User: p}, t: {g: x}, condition: s and not t": "left out",
	} {
		extra := "---\ntitle: b\nid: bad\ndetection: {}\n---\ntitle: c\nid: c-id\ncorrelation: {type: temporal, rules: [a], timespan: 1h}\n"
		c := loadText(Options{}, filterText("product: linux", body)+extra)
		if len(c.Problems) != 2 || !strings.Contains(c.Problems[0].Reason, want) || c.Problems[0].Line < 16 || len(c.Filters) > 0 {
			t.Errorf("%s: %+v, want %q", body, c.Problems, want)
		}
		for _, r := range c.Rules {
			if len(r.Filters) > 0 || r.ID != "w-id" && !holds(t, r, process("f", "x", "User", "p")) {
				t.Errorf("%s: half applied to %s", body, r.ID)
			}
		}
	}
	for source, want := range map[string]string{"": "needs a logsource", "service: nowhere": "no rule has the filter's logsource"} {
		c := loadText(Options{}, filterText(source, "rules: any, s: {User: p}, condition: s"))
		if len(c.Problems) != 1 || !strings.Contains(c.Problems[0].Reason, want) {
			t.Errorf("%q: %+v, want %q", source, c.Problems, want)
		}
	}
}
