package stories

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/detect/story"
)

// TestASuggestedMuteHoldsOfItsStory takes any names that logs may hold and has
// the form's own suggestion mute the finding it was made from.
func TestASuggestedMuteHoldsOfItsStory(t *testing.T) {
	now := time.Date(2018, 3, 5, 0, 0, 0, 0, time.UTC)
	name := rapid.OneOf(rapid.StringMatching(`[a-zA-Z0-9@\\/.*?\[\] -]{0,12}`), rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		it := story.Item{Finding: finding.Finding{ID: strings.Repeat("0", 64), Level: "high", Time: now.Add(-time.Hour),
			RuleID: name.Draw(t, "rule"), ActorUser: name.Draw(t, "account"), SrcIP: name.Draw(t, "address"), Host: name.Draw(t, "host"), Source: name.Draw(t, "source")}}
		list := &control.Stories{Stories: story.Build([]story.Item{it}, story.Options{})}
		s := suggested(list, 0, now)
		m := story.Mute{Rule: s.values["rule"], Account: s.values["account"], Address: s.values["address"], Host: s.values["host"], Source: s.values["source"], Owner: "o", Reason: "r", Until: now.Add(muteFor)}
		if !m.Holds(&it) {
			t.Fatalf("%+v does not hold of %+v", m, it.Finding)
		}
		if m.Rule+m.Account+m.Address+m.Host+m.Source != "" {
			if err := m.Check(now); err != nil {
				t.Fatal(err)
			}
		}
	})
}
