package people

import (
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/detect/baseline/learn"
)

func TestSettingsReachTheirBaselinesAndAreListed(t *testing.T) {
	set := watching(t, learn.Settings{"baseline-new-address": {"usual_within": "2h", "learn_days": "7"}})
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
	_, err := learn.NewSet(learn.Settings{
		"baseline-now-address": {},
		"baseline-new-address": {"learn_day": "7", "usual_within": "soon", "learn_days": "-1"},
	}, Builders(nil)...)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`no baseline "baseline-now-address"`, `no parameter "learn_day"`, `usual_within: "soon"`, `learn_days: "-1"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said in: %v", want, err)
		}
	}
}
