package baseline

import (
	"strings"
	"testing"
)

func TestEveryBaselineDescribesItselfInBothLanguages(t *testing.T) {
	set, err := New(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	rules := set.Rules()
	if len(rules) < 25 {
		t.Errorf("%d rules", len(rules))
	}
	seen := map[string]bool{}
	for _, i := range rules {
		if seen[i.ID] || !strings.HasPrefix(i.ID, "baseline-") {
			t.Errorf("id %q", i.ID)
		}
		seen[i.ID] = true
		if i.Title == "" || i.TitleJA == "" || i.Description == "" || i.DescriptionJA == "" || i.Level == "" || len(i.Tags) == 0 || len(i.Params) == 0 {
			t.Errorf("%s lacks a text, level, tag or parameter: %+v", i.ID, i)
		}
	}
}
