package casebook

import (
	"slices"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/web/evidence"
	"github.com/konseki/konseki/internal/web/reading"
)

// questionCard is a question with its conclusion and what konseki computes.
type questionCard struct {
	ID, Board, Text string
	Asked           bool
	Conclusion      string
	Why             string // why it cannot be known
	Chip            evidence.Chip
	Answer          evidence.AnswerView
	Cites           citations
	Query           string
	Search          string
	Asker, Edit     string
}

// questions parts the board from the other questions. A question nobody asked
// yet still stands on the board.
func (v visit) questions(c *control.Case, n numbers) (board, others []questionCard) {
	for _, id := range boards() {
		card := questionCard{Board: id, Text: v.T("board." + id), Edit: v.creating(investigate.KindQuestion, "set.board", id), Chip: evidence.NewChip("unknown", v.T("board.open")), Answer: evidence.AnswerView{Bar: evidence.BarOf(nil)}}
		if i := slices.IndexFunc(c.Questions, func(q control.Question) bool { return q.Board == id }); i >= 0 {
			card = v.question(&c.Questions[i], n)
			card.Text = v.T("board." + id)
		}
		board = append(board, card)
	}
	for i := range c.Questions {
		if !slices.Contains(boards(), c.Questions[i].Board) {
			others = append(others, v.question(&c.Questions[i], n))
		}
	}
	return board, others
}

// boards lists the questions every incident asks, in the order they are asked.
func boards() []string {
	return []string{"how_in", "who", "since_when", "touched", "still_in", "what_left"}
}

func (v visit) question(q *control.Question, n numbers) questionCard {
	card := questionCard{ID: q.ID, Board: q.Board, Asked: true, Text: v.Phrase(q.Text), Conclusion: v.Phrase(q.Conclusion),
		Answer: v.Answer(&q.Answer), Cites: v.cite(q.Cites, 0, n), Query: reading.Visible(q.Query, 500), Asker: reading.Visible(q.By, 60), Edit: v.editing(investigate.KindQuestion, q.ID)}
	card.Chip = card.Answer.Chip
	switch card.Chip.Class {
	case "found":
		card.Chip.Label = v.T("board.known")
	case "unknown":
		card.Why = v.whyNot(&q.Answer)
	}
	if q.Query != "" {
		card.Search = reading.AddressOf("/explore", nil).Change("q", q.Query, "from", reading.Instant(q.From), "to", reading.Instant(q.To)).String()
	}
	return card
}
