package detect

import (
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
)

func TestFindingOfAMatchCitesItsRecordAndTellsWhy(t *testing.T) {
	rule := &sigma.Rule{ID: "r1", Title: "Script run", TitleJA: "スクリプトの実行", Level: LevelHigh, Tags: []string{"attack.t1059"}}
	ev := &event.Event{Record: 7, Time: time.Date(2018, 3, 1, 3, 12, 50, 0, time.UTC), Source: "server", Host: "app01", ActorUser: "ops"}
	m := sigma.Match{Rule: rule, Because: []sigma.Reason{{Field: "CommandLine", Value: "sh \x1b[31m/tmp/x" + strings.Repeat("あ", 100), Pattern: "/tmp/"}}}
	f := FromMatch(m, ev)
	if len(f.Records) != 1 || f.Records[0] != 7 || f.RuleID != "r1" || f.Kind != KindSigma || f.TitleJA != rule.TitleJA {
		t.Errorf("finding %+v", f)
	}
	for _, s := range []string{f.Why, f.WhyJA} {
		if strings.ContainsRune(s, 0x1b) || len(s) > 300 || !strings.Contains(s, "/tmp/x") {
			t.Errorf("sentence %q", s)
		}
	}
	if FromMatch(m, ev).ID != f.ID || len(f.ID) != 64 {
		t.Error("the same match gives another id")
	}
	other := *ev
	other.Record = 8
	if FromMatch(m, &other).ID == f.ID {
		t.Error("another record gives the same id")
	}
	other = *ev
	other.Nth = 1
	if FromMatch(m, &other).ID == f.ID {
		t.Error("another event of the record gives the same id")
	}
}

func TestSecretObjectIsWithheld(t *testing.T) {
	rule := &sigma.Rule{ID: "r1", Title: "Credential", Secret: true, Level: LevelHigh}
	ev := &event.Event{Object: "password: Suzume-12"}
	f := FromMatch(sigma.Match{Rule: rule, Because: []sigma.Reason{{Field: "object", Value: sigma.Withheld, Pattern: "x"}}}, ev)
	if strings.Contains(f.Object, "Suzume") {
		t.Errorf("object %q", f.Object)
	}
}
