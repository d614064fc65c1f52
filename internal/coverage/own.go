package coverage

import (
	"slices"

	"github.com/konseki/konseki/internal/event"
)

// sealed is the proof of konseki's own records.
const sealed = "sealed"

// AnswerOwn qualifies what konseki's own records answer, and no other's: they do
// not expire, so all that were sealed are there as far as the index has read them.
func AnswerOwn(q Question) Answer {
	a := Answer{From: q.From, To: q.To, Found: q.Found, Verdict: verdict(q.Found, q.Behind == 0 && len(q.Open) == 0)}
	for _, id := range q.Sources {
		a.Coverage = append(a.Coverage, SourceCoverage{Source: id, State: Complete, Control: &Control{},
			Intervals: []Interval{{From: q.From, To: q.To, State: Complete, Proof: sealed}}})
	}
	a.Because = slices.Concat(head(q, Answer{}), q.Open, []event.Phrase{{
		JA: "konseki 自身の記録は期限で消えず、封印したものがすべて残る", EN: "konseki's own records do not expire: all that were sealed are there"}})
	if q.Behind > 0 {
		a.Because = append(a.Because, behind(q.Behind))
	}
	return a
}
