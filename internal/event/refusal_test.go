package event_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/konseki/konseki/internal/event"
)

func TestARefusalIsToldInTheLanguageOfItsReader(t *testing.T) {
	bad, gone := errors.New("not valid"), errors.New("record 7 is gone")
	inner := event.Refuse(bad, "%q is no time", "「%s」は時刻ではありません", "noon")
	err := fmt.Errorf("casework: %w", event.Refuse(bad, "a %s: %s", "%s: %s", event.Phrase{JA: "行", EN: "row"}, inner))
	for lang, want := range map[string]string{"en": `a row: "noon" is no time`, "ja": "行: 「noon」は時刻ではありません"} {
		if got := event.Said(err, lang); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
	if got := err.Error(); got != `casework: not valid: a row: "noon" is no time` || !errors.Is(err, bad) {
		t.Errorf("%q does not wrap what it stands for", got)
	}
	if err := event.Refuse(bad, "record %d cannot be cited: %v", "レコード %d は引用できません: %v", 7, gone); !errors.Is(err, gone) {
		t.Errorf("%v does not wrap its cause", err)
	}
	if got := event.Said(gone, "ja"); got != "record 7 is gone" {
		t.Errorf("an error of no refusal says %q", got)
	}
}
