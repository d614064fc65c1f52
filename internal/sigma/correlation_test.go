package sigma

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// twoRules are a pair of rules for correlations to take as inputs.
const twoRules = `title: Failed login
id: 11111111-aaaa-4aaa-8aaa-111111111111
name: failed_login
logsource: {product: linux, service: sshd}
detection: {s: {f: x}, condition: s}
---
title: Login
name: login
logsource: {product: linux, service: sshd}
detection: {s: {f: y}, condition: s}
---
`

func TestCorrelationsAreReadAsWritten(t *testing.T) {
	c := loadText(Options{}, twoRules+`title: Many failed logins
title_ja: 多数のログイン失敗
id: 22222222-aaaa-4aaa-8aaa-222222222222
name: many_failed
level: high
tags: [attack.t1110]
correlation:
    type: event_count
    rules: failed_login
    group-by: [User, src_ip]
    timespan: 10m
    generate: true
    condition: {gt: 4, lte: 100.0, neq: 50}
---
title: Break-in
secret: true
correlation:
    type: temporal_ordered
    rules: [many_failed, login]
    group-by: account
    timespan: 1h
    aliases:
        account: {many_failed: User, login: TargetUserName}
        unused: {login: x}
---
title: Users
correlation:
    type: value_count
    rules: [11111111-aaaa-4aaa-8aaa-111111111111, login]
    timespan: 2w
    condition: {field: [User, src_ip], gte: 3}
---
title: Long answers
correlation: {type: value_percentile, rules: [login], group-by: [User], timespan: 30s, condition: {field: n, percentile: 95, gt: -1.5}}
---
title: Most
correlation: {type: value_max, rules: [login], timespan: 90d, condition: {field: n, lt: 1e6}}
`)
	if len(c.Problems) > 0 || len(c.Correlations) != 5 {
		t.Fatalf("%d correlations, problems %+v", len(c.Correlations), c.Problems)
	}
	many, breakIn, users, long, most := c.Correlations[0], c.Correlations[1], c.Correlations[2], c.Correlations[3], c.Correlations[4]
	failed, login := c.Rules[0], c.Rules[1]
	if many.Type != EventCount || many.Timespan != 10*time.Minute || many.Level != "high" || many.TitleJA == "" || many.Line != 12 || many.File != "t.yml" ||
		many.Name != "many_failed" || !many.Generate || len(many.Inputs) != 1 || many.Inputs[0].Rule != failed {
		t.Errorf("%+v", many)
	}
	if diff := cmp.Diff([]Bound{{Greater, 4}, {LessEqual, 100}, {NotEqual, 50}}, many.Bounds); diff != "" {
		t.Error(diff)
	}
	if breakIn.Type != TemporalOrdered || breakIn.Inputs[0].Correlation != many || breakIn.Inputs[1].Rule != login || breakIn.Bounds != nil || !breakIn.Secret || breakIn.Level != "medium" {
		t.Errorf("%+v", breakIn)
	}
	if diff := cmp.Diff(map[string]string{"account": "TargetUserName", "unused": "x"}, breakIn.Inputs[1].Aliases); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"User", "src_ip"}, users.Fields); diff != "" || users.GroupBy != nil || users.Timespan != 14*24*time.Hour {
		t.Errorf("%+v", users)
	}
	if long.Percentile != 95 || long.Bounds[0].Value != -1.5 || most.Type != ValuePercentile || most.Percentile != 100 || most.Timespan != 90*24*time.Hour {
		t.Errorf("%+v %+v", long, most)
	}
	// many asks for failed with generate, but login is asked for without.
	if failed.Quiet || !login.Quiet || !many.Quiet || breakIn.Quiet {
		t.Errorf("quiet: %t %t %t %t", failed.Quiet, login.Quiet, many.Quiet, breakIn.Quiet)
	}
}

func TestInputsStandBeforeTheCorrelationsThatUseThem(t *testing.T) {
	correlation := func(name, rules string) string {
		return fmt.Sprintf("title: t\nname: %s\nid: %s-id\nsecret: %t\ncorrelation: {type: temporal, rules: [%s], timespan: 1h}\n---\n", name, name, name == "b", rules)
	}
	c := loadText(Options{}, correlation("c", "b, failed_login")+correlation("b", "a, login")+correlation("a", "login, failed_login")+twoRules)
	var got []string
	for _, x := range c.Correlations {
		got = append(got, x.Name)
	}
	if strings.Join(got, "") != "abc" || len(c.Problems) > 0 {
		t.Errorf("order %v, problems %+v", got, c.Problems)
	}
	if c.Correlations[0].Secret || !c.Correlations[2].Secret {
		t.Error("secret does not follow from the inputs")
	}
}

func TestRefusedCorrelationsNameLineAndReason(t *testing.T) {
	for body, want := range map[string]string{
		"rules: [login], timespan: 1h, condition: {gte: 1}":                                                                 "needs a type",
		"type: event_sum, rules: [login], timespan: 1h, condition: {gte: 1}":                                                "not known",
		"type: event_count, timespan: 1h, condition: {gte: 1}":                                                              "needs rules",
		"type: event_count, rules: [], timespan: 1h, condition: {gte: 1}":                                                   "needs rules",
		"type: event_count, rules: [login], condition: {gte: 1}":                                                            "needs a timespan",
		"type: event_count, rules: [login], timespan: 1h":                                                                   "needs a condition",
		"type: event_count, rules: [login], timespan: 1h, condition: {}":                                                    "needs one of",
		"type: event_count, rules: [login], timespan: 1h, condition: login":                                                 "must be a mapping",
		"type: event_count, rules: [login], timespan: 1h, condition: {gte: x}":                                              "takes a number",
		"type: event_count, rules: [login], timespan: 1h, condition: {gte: .inf}":                                           "takes a number",
		"type: event_count, rules: [login], timespan: 1h, condition: {gte: nan}":                                            "takes a number",
		"type: event_count, rules: [login], timespan: 1h, condition: {gte: 1.5}":                                            "whole number",
		"type: event_count, rules: [login], timespan: 1h, condition: {gte: -1}":                                             "whole number",
		"type: event_count, rules: [login], timespan: 1h, condition: {gt: 5, lt: 6}":                                        "never hold",
		"type: event_count, rules: [login], timespan: 1h, condition: {lt: 1}":                                               "never hold",
		"type: event_count, rules: [login], timespan: 1h, condition: {gte: 1, gte: 2}":                                      "twice",
		"type: event_count, rules: [login], timespan: 1h, condition: {gte: 1, field: x}":                                    "looks at no field",
		"type: event_count, rules: [login], timespan: 1h, condition: {gte: 1, percentile: 5}":                               "percentile",
		"type: event_count, rules: [login], timespan: 1h, condition: {more: 1}":                                             "not known",
		"type: event_count, rules: [login], timespan: 1h, condition: {gte: 1}, group_by: [x]":                               "not known",
		"type: event_count, rules: [login], timespan: 1h, condition: {gte: 1}, field: x":                                    "in the condition",
		"type: event_count, rules: [login], timespan: 1h, condition: {gte: 1}, group-by: [x, x]":                            "twice",
		"type: event_count, rules: [login], timespan: 1h, condition: {gte: 1}, generate: maybe":                             "true or false",
		"type: event_count, rules: [login], timespan: 1h, condition: {gte: 1}, aliases: [x]":                                "mapping",
		"type: event_count, rules: [login], timespan: 1h, condition: {gte: 1}, aliases: {x: {failed_login: y}}":             "not among the rules",
		"type: event_count, rules: [login], timespan: 1h, condition: {gte: 1}, aliases: {x: {nobody: y}}":                   "neither the id",
		"type: event_count, rules: [nobody], timespan: 1h, condition: {gte: 1}":                                             "neither the id",
		"type: event_count, rules: [bad], timespan: 1h, condition: {gte: 1}":                                                `"bad", of t.yml:12, was refused`,
		"type: event_count, rules: [exclude], timespan: 1h, condition: {gte: 1}":                                            "is a filter",
		"type: event_count, rules: [login, login], timespan: 1h, condition: {gte: 1}":                                       "twice",
		"type: event_count, rules: [failed_login, 11111111-aaaa-4aaa-8aaa-111111111111], timespan: 1h, condition: {gte: 1}": "twice",
		"type: event_count, rules: [self], timespan: 1h, condition: {gte: 1}":                                               "in turn",
		"type: value_count, rules: [login], timespan: 1h, condition: {gte: 1}":                                              "needs a field",
		"type: value_sum, rules: [login], timespan: 1h, condition: {gte: 1, field: [a, b]}":                                 "one field",
		"type: value_percentile, rules: [login], timespan: 1h, condition: {lte: 1, field: a}":                               "needs a percentile",
		"type: value_percentile, rules: [login], timespan: 1h, condition: {lte: 1, field: a, percentile: 101}":              "0 to 100",
		"type: value_median, rules: [login], timespan: 1h, condition: {lte: 1, field: a, percentile: 10}":                   "no meaning",
		"type: temporal, rules: [login, failed_login], timespan: 1h, condition: {gte: 3}":                                   "never hold",
		"type: temporal, rules: [login, failed_login], timespan: 1h, condition: login and other":                            "does not name",
		"type: temporal, rules: [login, failed_login], timespan: 1h, condition: login and failed_login and other":           "not among",
		"type: temporal, rules: [login, failed_login], timespan: 1h, condition: login and not failed_login":                 "all by and",
		"type: temporal, rules: [login, failed_login], timespan: 1h, condition: login or failed_login and login":            "all by and",
		"type: temporal, rules: [login, failed_login], timespan: 1h, condition: login and failed_login and":                 "not among",
		"type: temporal_ordered, rules: [login, failed_login], timespan: 1h, condition: login or failed_login":              "ordered",
		"type: temporal, rules: [login, failed_login], timespan: 0s":                                                        "timespan",
		"type: temporal, rules: [login, failed_login], timespan: -5m":                                                       "timespan",
		"type: temporal, rules: [login, failed_login], timespan: 1y":                                                        "timespan",
		"type: temporal, rules: [login, failed_login], timespan: 91d":                                                       "timespan",
		"type: temporal, rules: [login, failed_login], timespan: 99999999999999999999d":                                     "timespan",
		"type: temporal, rules: [login, failed_login], timespan: 5":                                                         "timespan",
		"type: temporal, rules: [login, failed_login], timespan: m":                                                         "timespan",
		"type: temporal, rules: [login, failed_login], timespan: [5m]":                                                      "timespan",
	} {
		c := loadText(Options{}, twoRules+"title: b\nid: bad\ndetection: {}\n---\ntitle: x\nid: exclude\nlogsource: {product: linux}\n"+
			"filter: {rules: [login], s: {f: x}, condition: s}\n---\ntitle: t\nid: self\ncorrelation: {"+body+"}\n")
		if len(c.Correlations) != 0 || len(c.Problems) != 2 {
			t.Errorf("%s: %d correlations, problems %+v", body, len(c.Correlations), c.Problems)
			continue
		}
		if p := c.Problems[1]; !strings.Contains(p.Reason, want) || p.Line < 23 || p.File != "t.yml" {
			t.Errorf("%s: %+v, want line 23 and %q", body, p, want)
		}
		if c.Rules[1].Quiet {
			t.Errorf("%s: refused, yet it makes its rules quiet", body)
		}
	}
}

func TestConditionsInWordsAreBounds(t *testing.T) {
	for words, want := range map[string][]Bound{
		"login AND failed_login": nil,
		"failed_login or login":  {{GreaterEqual, 1}},
	} {
		c := loadText(Options{}, twoRules+"title: t\ncorrelation: {type: temporal, rules: [login, failed_login], timespan: 1h, condition: "+words+"}\n")
		if len(c.Correlations) != 1 {
			t.Errorf("%s: %+v", words, c.Problems)
			continue
		}
		if diff := cmp.Diff(want, c.Correlations[0].Bounds); diff != "" {
			t.Errorf("%s: %s", words, diff)
		}
	}
}

func TestCorrelationsInACircleAreRefused(t *testing.T) {
	correlation := func(name, rules string) string {
		return fmt.Sprintf("title: t\nid: %s\ncorrelation: {type: temporal, rules: [%s], timespan: 1h}\n---\n", name, rules)
	}
	c := loadText(Options{}, twoRules+correlation("a", "b")+correlation("b", "c")+correlation("c", "a, login")+correlation("d", "c")+correlation("good", "login"))
	if len(c.Correlations) != 1 || c.Correlations[0].ID != "good" || len(c.Problems) != 4 {
		t.Errorf("%d correlations, problems %+v", len(c.Correlations), c.Problems)
	}
	var deep strings.Builder
	deep.WriteString(twoRules + correlation("c0", "login"))
	for i := 1; i < 900; i++ {
		deep.WriteString(correlation(fmt.Sprint("c", i), fmt.Sprint("c", i-1)))
	}
	if c := loadText(Options{}, deep.String()); len(c.Correlations) != maxChain+1 {
		t.Errorf("%d correlations of a chain are taken, want %d", len(c.Correlations), maxChain+1)
	}
}

func TestNamesAreUniqueWhereTheyAreUsed(t *testing.T) {
	rule := func(id, name string) string {
		return fmt.Sprintf("title: t\nid: %s\nname: %s\nlogsource: {product: linux}\ndetection: {s: {f: x}, condition: s}\n---\n", id, name)
	}
	correlation := func(id, rules string) string {
		return fmt.Sprintf("title: t\nid: %s\ncorrelation: {type: temporal, rules: [%s], timespan: 1h}\n", id, rules)
	}
	c := Load(Options{}, Tree{Name: "one", FS: fstest.MapFS{
		"a.yml": {Data: []byte(rule("a1", "same") + correlation("ca", "same"))},
		"b.yml": {Data: []byte(rule("b1", "same") + correlation("cb", "same"))},
	}}, Tree{Name: "two", FS: fstest.MapFS{
		"a.yml": {Data: []byte(rule("a1", "other") + rule("a2", "a2"))},
		"c.yml": {Data: []byte(correlation("cc", "same"))},
		"d.yml": {Data: []byte(correlation("cd", "a2"))},
		"e.yml": {Data: []byte(correlation("ce", "other"))},
	}})
	used := make(map[string]string)
	for _, x := range c.Correlations {
		used[x.ID] = x.Inputs[0].Rule.ID
	}
	if diff := cmp.Diff(map[string]string{"ca": "a1", "cb": "b1", "cd": "a2"}, used); diff != "" {
		t.Error(diff)
	}
	want := []Problem{
		{"two/a.yml", 1, "id a1 is taken by one/a.yml:1"},
		{"two/c.yml", 3, `"same" is the name of several rules, give an id: a1, b1`},
		{"two/e.yml", 3, `"other" is neither the id nor the name of a rule that was read`},
	}
	if diff := cmp.Diff(want, c.Problems); diff != "" {
		t.Error(diff)
	}
}
