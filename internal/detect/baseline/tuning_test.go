package baseline

import (
	"strings"
	"testing"
	"time"
)

func TestSettingsReachTheirBaselinesAndAreListed(t *testing.T) {
	set := watching(t, Settings{"baseline-new-address": {"usual_within": "2h", "learn_days": "7"}})
	for _, info := range set.Rules() {
		if info.ID != "baseline-new-address" {
			continue
		}
		listed := ""
		for _, p := range info.Params {
			listed += p.Name + "=" + p.Value + " "
		}
		if !strings.Contains(listed, "usual_within=2h ") || !strings.Contains(listed, "learn_days=7 ") {
			t.Errorf("listed %s", listed)
		}
		return
	}
	t.Error("not among the rules")
}

func TestSettingsThatMeanNothingAreRefused(t *testing.T) {
	_, err := New(Settings{
		"baseline-now-address": {},
		"baseline-new-address": {"learn_day": "7", "usual_within": "soon", "learn_days": "-1"},
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`no baseline "baseline-now-address"`, `no parameter "learn_day"`, `usual_within: "soon"`, `learn_days: "-1"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said in: %v", want, err)
		}
	}
}

func TestEveryBaselineDescribesItselfInBothLanguages(t *testing.T) {
	seen := map[string]bool{}
	for _, i := range watching(t, nil).Rules() {
		if seen[i.ID] || !strings.HasPrefix(i.ID, "baseline-") {
			t.Errorf("id %q", i.ID)
		}
		seen[i.ID] = true
		if i.Title == "" || i.TitleJA == "" || i.Description == "" || i.DescriptionJA == "" || i.Level == "" || len(i.Tags) == 0 || len(i.Params) == 0 {
			t.Errorf("%s lacks a text, level, tag or parameter: %+v", i.ID, i)
		}
	}
}

func TestSpansAreWrittenAsTheyAreRead(t *testing.T) {
	for _, s := range []string{"0s", "90s", "1m30s", "2h", "1h5m", "14d", "36h", "24h"} {
		d, err := parseSpan(s)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseSpan(writeSpan(d))
		if err != nil || back != d {
			t.Errorf("%s is written %s", s, writeSpan(d))
		}
	}
	for _, s := range []string{"", "d", "-1d", "-1h", "1.5d", "99999999999d", "soon"} {
		if d, err := parseSpan(s); err == nil {
			t.Errorf("%q is read as %s", s, d)
		}
	}
	if got := writeSpan(36 * time.Hour); got != "36h" {
		t.Errorf("36h is written %s", got)
	}
}
