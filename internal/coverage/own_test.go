package coverage

import (
	"slices"
	"testing"

	"github.com/konseki/konseki/internal/event"
)

// TestOwnRecordsCoverOnlyWhatTheQuestionSays: what a name of the company stands
// for may be open, whatever the records hold.
func TestOwnRecordsCoverOnlyWhatTheQuestionSays(t *testing.T) {
	t.Parallel()
	open := event.Phrase{JA: "名前が何を指すか", EN: "what the name stands for"}
	for _, c := range []struct {
		q    Question
		want Verdict
	}{
		{Question{}, NotFoundCovered},
		{Question{Found: 2}, Found},
		{Question{Behind: 1}, VerdictUnknown},
		{Question{Open: []event.Phrase{open}}, VerdictUnknown},
	} {
		c.q.Sources = []string{event.SourceAccess}
		a := AnswerOwn(c.q)
		if a.Verdict != c.want || len(a.Coverage) != 1 || a.Coverage[0].State != Complete || len(c.q.Open) > 0 && !slices.Contains(a.Because, open) {
			t.Errorf("%+v: %+v", c.q, a)
		}
	}
}
