package evidence

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/control"
)

// TestRibbonPartsNeitherOverlapNorLeave draws any history of a source.
func TestRibbonPartsNeitherOverlapNorLeave(t *testing.T) {
	states := []string{"complete", "gap", "deleted", "expired", "silent", "strange"}
	start := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		var list []control.Interval
		at := start.Add(-time.Hour)
		for range rapid.IntRange(0, 3000).Draw(t, "intervals") % 3001 {
			iv := control.Interval{From: at, To: at.Add(time.Duration(rapid.IntRange(0, 900_000).Draw(t, "seconds")) * time.Millisecond)}
			setStateX(&iv.State, rapid.SampledFrom(states).Draw(t, "state"))
			list, at = append(list, iv), iv.To
			if len(list) > 60 {
				break
			}
		}
		ax := Axis{start, start.Add(time.Duration(rapid.IntRange(1, 90_000).Draw(t, "window")) * time.Second)}
		end := 0
		for _, s := range stretches(ax, list) {
			if s.from < end || s.to <= s.from || s.to > slots+1 {
				t.Fatalf("stretch %d–%d after %d", s.from, s.to, end)
			}
			end = s.to
		}
	})
}

func TestTheWorstOfASlotIsShown(t *testing.T) {
	start := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)
	ax := Axis{start, start.Add(1000 * time.Hour)}
	list := []control.Interval{
		{From: start, To: start.Add(10*time.Hour + 10*time.Minute), State: "complete"},
		{From: start.Add(10*time.Hour + 10*time.Minute), To: start.Add(10*time.Hour + 20*time.Minute), State: "deleted"},
		{From: start.Add(10*time.Hour + 20*time.Minute), To: start.Add(1000 * time.Hour), State: "complete"},
	}
	got := stretches(ax, list)
	if len(got) != 3 || got[1].interval.State != "deleted" || got[1].from != 10 || got[1].to != 11 || got[2].from != 11 {
		t.Errorf("ten minutes of deletion in 1,000 hours are drawn as %+v", got)
	}
}

// setState sets a field whose type belongs to a room below.
func setStateX[T ~string](field *T, word string) { *field = T(word) }
