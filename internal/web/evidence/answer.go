package evidence

import (
	"cmp"
	"net/url"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/web/reading"
)

// Chip is a small labelled mark; Class is found, covered, unknown, partial,
// note or plain.
type Chip struct{ Class, Label string }

// NewChip is a mark with its class and words.
func NewChip(class, label string) Chip { return Chip{class, label} }

// AnswerView is an answer as shown: verdict, coverage in a sentence, and the
// reasons written out.
type AnswerView struct {
	Chip     Chip
	Cover    Chip   // how much is covered, for the head of a result
	Sentence string // which sources are complete
	Because  []string
	Gaps     []gapLine
	More     int // gaps that are not listed
	Bar      CoverageBar
	Window   string
}

// gapLine is one stretch of a source for which not all is known.
type gapLine struct {
	Source, Label, Class, Window, Reason, Href string
	rank                                       int
	length                                     time.Duration
}

// maxGaps is how many gaps an answer lists.
const maxGaps = 12

// Verdict gives the chip of a verdict. Unknown is never coloured as good, and
// neither is a verdict this page does not know.
func (v Visit) Verdict(word string) Chip {
	switch word {
	case "found":
		return Chip{"found", v.T("verdict.found")}
	case "not_found_covered":
		return Chip{"covered", v.T("verdict.covered")}
	}
	return Chip{"unknown", v.T("verdict.unknown")}
}

// Answer sets an answer for people.
func (v Visit) Answer(a *control.Answer) AnswerView {
	view := AnswerView{Chip: v.Verdict(string(a.Verdict)), Bar: BarOf(a.Coverage)}
	if !a.From.IsZero() || !a.To.IsZero() {
		view.Window = v.Clock(a.From, 0).Text() + " → " + v.Clock(a.To, 0).Text() + " " + v.ZoneLabel
	}
	for _, p := range a.Because {
		if text := v.Phrase(p); text != "" {
			view.Because = append(view.Because, text)
		}
	}
	incomplete := 0
	for _, row := range a.Coverage {
		if row.State != "complete" {
			incomplete++
		}
	}
	all := len(a.Coverage)
	switch {
	case all == 0:
		view.Sentence = v.T("answer.nosource")
		view.Cover = Chip{"unknown", v.T("cover.none")}
	case incomplete == 0:
		view.Sentence = v.some(all, "answer.complete.one", "answer.complete")
		view.Cover = Chip{"covered", v.T("cover.full")}
	default:
		view.Sentence = v.some(all, "answer.partial.one", "answer.partial", incomplete)
		view.Cover = Chip{"partial", v.F("cover.part", incomplete)}
	}
	view.Gaps, view.More = v.gaps(a.Coverage)
	return view
}

// some chooses the words for one source or for several.
func (v Visit) some(all int, one, many string, rest ...any) string {
	if all == 1 {
		return v.T(one)
	}
	return v.F(many, append([]any{all}, rest...)...)
}

// gaps lists what is less than complete: the worst first, of these the longest.
func (v Visit) gaps(rows []control.SourceCoverage) (list []gapLine, more int) {
	link := reading.AddressOf("/coverage", nil).UpTo()
	for _, row := range rows {
		for _, iv := range row.Intervals {
			class, rank := StateLook(string(iv.State))
			if rank == 0 {
				continue
			}
			list = append(list, gapLine{
				Source: v.SourceName(row.Source), Class: class, rank: rank, length: iv.To.Sub(iv.From), Label: v.T("state." + StateWord(string(iv.State))),
				Window: v.Between(iv.From, iv.To), Reason: v.Phrase(iv.Reason),
				Href: link + "gap=" + url.QueryEscape(row.Source+"@"+reading.Instant(iv.From)),
			})
		}
	}
	slices.SortStableFunc(list, func(a, b gapLine) int {
		return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(b.length, a.length))
	})
	if len(list) > maxGaps {
		return list[:maxGaps], len(list) - maxGaps
	}
	return list, 0
}

// Level gives the class of a finding's level; an unknown one is shown as low.
func Level(word string) string {
	switch word {
	case "informational", "low", "medium", "high", "critical":
		return word
	}
	return "low"
}

// LevelChip gives a finding's level in words and colour.
func (v Visit) LevelChip(word string) Chip {
	class := map[string]string{"critical": "found", "high": "found", "medium": "partial", "low": "plain", "informational": "plain"}
	return Chip{class[Level(word)], v.T("level." + Level(word))}
}
