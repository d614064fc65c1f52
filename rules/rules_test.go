package rules

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/detect/example"
	"github.com/konseki/konseki/internal/sigma"
)

func tree() sigma.Tree { return sigma.Tree{FS: FS()} }

func load(t *testing.T) *sigma.Collection {
	t.Helper()
	c := sigma.Load(sigma.Options{}, tree())
	for _, p := range c.Problems {
		t.Errorf("%s:%d: %s", p.File, p.Line, p.Reason)
	}
	if len(c.Rules) < 10 {
		t.Fatalf("%d rules", len(c.Rules))
	}
	return c
}

func TestEveryRuleMatchesItsExamplesAndNoCounterExample(t *testing.T) {
	for _, r := range example.Run(load(t), tree()) {
		for _, f := range r.Failures {
			t.Errorf("%s: %q: %s: example %d: %s", r.File, r.Title.EN, f.File, f.Example, f.Why.EN)
		}
		wanted := r.Kind == example.KindRule || strings.HasPrefix(r.File, "corr_")
		if wanted && (r.Examples == 0 || r.Counter == 0) && len(r.Failures) == 0 {
			t.Errorf("%s: %q wants examples or stories that it is found in, and ones that it is not; it has %d and %d", r.File, r.Title.EN, r.Examples, r.Counter)
		}
	}
}

func TestEveryExampleStandsBesideARule(t *testing.T) {
	list, err := fs.Glob(FS(), "examples/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range list {
		rule, _, _ := strings.Cut(strings.TrimPrefix(name, "examples/"), ".")
		if _, err := fs.Stat(FS(), rule+".yml"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEveryRuleIsRoutedAndComplete(t *testing.T) {
	c := load(t)
	for _, r := range sigma.Compile(c.Rules).Unrouted() {
		t.Errorf("%s: logsource %s is routed nowhere", r.File, r.Logsource)
	}
	id := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	var all []sigma.Meta
	for _, r := range c.Rules {
		all = append(all, r.Meta)
	}
	for _, r := range c.Correlations {
		all = append(all, r.Meta)
	}
	for _, r := range all {
		if r.TitleJA == "" || r.DescriptionJA == "" || r.License != "Apache-2.0" || len(r.Tags) == 0 || !id.MatchString(r.ID) {
			t.Errorf("%s: %q lacks a Japanese text, licence, tags or a UUID", r.File, r.Title)
		}
	}
}
