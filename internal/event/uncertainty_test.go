package event

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestUncertaintyIsWhatTheRecordLeavesOpen(t *testing.T) {
	for form, want := range map[string]time.Duration{
		"zone=stated precision=ns":                    1,
		"zone=stated precision=s":                     time.Second,
		"zone=configured precision=min about=stated":  30 * time.Minute,
		"zone=configured precision=hour about=stated": time.Hour,
		"zone=configured precision=day":               24 * time.Hour,
		"zone=configured precision=s fold=ambiguous":  time.Hour + time.Second,
		"zone=stated precision=s leap=second":         2 * time.Second,
		"zone=assumed precision=s":                    24*time.Hour + time.Second,
		"zone=stated year=inferred precision=s":       366*24*time.Hour + time.Second,
		"zone=received precision=unknown":             Unbounded,
	} {
		if got := ParseQuality(form).Uncertainty(); got != want {
			t.Errorf("%s: %s, want %s", form, got, want)
		}
	}
}

func TestOneSourcesEventsShareWhatIsAssumed(t *testing.T) {
	if got := ParseQuality("zone=assumed year=inferred precision=s").Within(); got != time.Second {
		t.Errorf("within its source: %s", got)
	}
}

func TestQualitySurvivesItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := Quality{
			Zone: ZoneSource(rapid.IntRange(0, 3).Draw(t, "zone")), YearInferred: rapid.Bool().Draw(t, "year"),
			Precision: Precision(rapid.IntRange(0, int(PrecisionDay)).Draw(t, "precision")), Fold: Fold(rapid.IntRange(0, 2).Draw(t, "fold")),
			Leap: rapid.Bool().Draw(t, "leap"), About: rapid.Bool().Draw(t, "about"),
		}
		if got := ParseQuality(q.String()); got != q {
			t.Fatalf("%q came back as %q", q, got)
		}
	})
}
