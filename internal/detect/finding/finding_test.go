package finding

import (
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
)

func TestFindingOfAMatchCitesItsRecordAndTellsWhy(t *testing.T) {
	rule := &sigma.Rule{Meta: sigma.Meta{ID: "r1", Title: "Script run", TitleJA: "スクリプトの実行", Level: LevelHigh, Tags: []string{"attack.t1059"}}}
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
}

func TestFindingOfARuleIsOneADayPerAccountAddressAndHost(t *testing.T) {
	m := sigma.Match{Rule: &sigma.Rule{Meta: sigma.Meta{ID: "r1", Title: "Refused", Level: LevelLow}}}
	ev := event.Event{Record: 7, Time: time.Date(2018, 3, 1, 3, 12, 50, 0, time.UTC), Source: "vpn", Host: "fw", ActorUser: "a", SrcIP: "192.0.2.1"}
	first := FromMatch(m, &ev).ID
	again := ev
	again.Record, again.Time = 8, ev.Time.Add(time.Hour)
	if FromMatch(m, &again).ID != first {
		t.Error("a second match of the day is another finding")
	}
	for name, change := range map[string]func(*event.Event){
		"next day": func(e *event.Event) { e.Time = e.Time.Add(24 * time.Hour) },
		"account":  func(e *event.Event) { e.ActorUser = "b" },
		"address":  func(e *event.Event) { e.SrcIP = "192.0.2.2" },
		"host":     func(e *event.Event) { e.Host = "fw2" },
		"source":   func(e *event.Event) { e.Source = "vpn2" },
	} {
		other := ev
		change(&other)
		if FromMatch(m, &other).ID == first {
			t.Errorf("another %s is the same finding", name)
		}
	}
}

func TestSecretObjectIsWithheld(t *testing.T) {
	rule := &sigma.Rule{Meta: sigma.Meta{ID: "r1", Title: "Credential", Level: LevelHigh}, Secret: true}
	ev := &event.Event{Object: "password: Suzume-12"}
	f := FromMatch(sigma.Match{Rule: rule, Because: []sigma.Reason{{Field: "object", Value: sigma.Withheld, Pattern: "x"}}}, ev)
	if strings.Contains(f.Object, "Suzume") {
		t.Errorf("object %q", f.Object)
	}
}
