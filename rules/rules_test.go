package rules

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
)

// An example is one event in the columns' names, its native fields and record.
type example struct {
	Source     string            `json:"source"`
	Format     string            `json:"format"`
	Class      int32             `json:"class_uid"`
	Activity   int32             `json:"activity_id"`
	Status     int32             `json:"status_id"`
	Code       string            `json:"event_code"`
	ActorUser  string            `json:"actor_user"`
	TargetUser string            `json:"target_user"`
	SrcIP      string            `json:"src_ip"`
	Host       string            `json:"host"`
	Process    string            `json:"process_path"`
	CmdLine    string            `json:"cmd_line"`
	Object     string            `json:"object"`
	Statement  string            `json:"statement"`
	Message    string            `json:"message"`
	Fields     map[string]string `json:"fields"`
	Raw        string            `json:"raw"`
}

func (x *example) event() event.Event {
	ev := event.Event{
		Source: x.Source, Format: x.Format, ClassUID: x.Class, ActivityID: x.Activity, StatusID: x.Status, EventCode: x.Code,
		ActorUser: x.ActorUser, TargetUser: x.TargetUser, SrcIP: x.SrcIP, Host: x.Host, ProcessPath: x.Process,
		CmdLine: x.CmdLine, Object: x.Object, Statement: x.Statement, Message: x.Message,
	}
	for k, v := range x.Fields {
		ev.Add(k, v)
	}
	return ev
}

func examples(t *testing.T, name string) []example {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("examples", name))
	if err != nil {
		t.Fatal(err)
	}
	var out []example
	if err := json.Unmarshal(data, &out, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(out) == 0 {
		t.Fatalf("%s holds no example", name)
	}
	return out
}

func load(t *testing.T) []*sigma.Rule {
	t.Helper()
	c := sigma.Load(sigma.Options{}, sigma.Tree{FS: FS()})
	for _, p := range c.Problems {
		t.Errorf("%s:%d: %s", p.File, p.Line, p.Reason)
	}
	return c.Rules
}

func TestEveryRuleMatchesItsExamplesAndNoCounterExample(t *testing.T) {
	all := load(t)
	m := sigma.Compile(all).NewMatcher()
	for _, file := range ruleFiles(t) {
		name := strings.TrimSuffix(file, ".yml")
		used := map[string]bool{}
		for i, x := range examples(t, name+".match.json") {
			ev := x.event()
			hits := slices.DeleteFunc(m.Match(&ev, []byte(x.Raw), nil), func(h sigma.Match) bool { return h.Rule.File != file })
			if len(hits) == 0 {
				t.Errorf("%s: example %d is not matched", file, i)
			}
			for _, h := range hits {
				used[h.Rule.ID] = true
				if len(h.Because) == 0 {
					t.Errorf("%s: example %d: no reason", file, i)
				}
			}
		}
		for _, r := range all {
			if r.File == file && !used[r.ID] {
				t.Errorf("%s: no example for %q", file, r.Title)
			}
		}
		for i, x := range examples(t, name+".nomatch.json") {
			ev := x.event()
			for _, h := range m.Match(&ev, []byte(x.Raw), nil) {
				if h.Rule.File == file {
					t.Errorf("%s: counter-example %d is matched: %+v", file, i, h.Because)
				}
			}
		}
	}
}

func ruleFiles(t *testing.T) []string {
	t.Helper()
	list, err := fs.Glob(FS(), "*.yml")
	if err != nil || len(list) < 10 {
		t.Fatalf("%d rule files, error %v", len(list), err)
	}
	return list
}

func TestEveryRuleIsRoutedAndComplete(t *testing.T) {
	all := load(t)
	for _, r := range sigma.Compile(all).Unrouted() {
		t.Errorf("%s: logsource %s is routed nowhere", r.File, r.Logsource)
	}
	id := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	for _, r := range all {
		if r.TitleJA == "" || r.DescriptionJA == "" || r.License != "Apache-2.0" || len(r.Tags) == 0 || !id.MatchString(r.ID) {
			t.Errorf("%s: %q lacks a Japanese text, licence, tags or a UUID", r.File, r.Title)
		}
	}
}
