package evidence

import (
	"strconv"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/web/reading"
)

// FindingView is one finding.
type FindingView struct {
	Number             string
	Title, Why, RuleID string
	Level              Chip
	LevelWord          string
	Kind               string
	Clock              reading.Clock
	Source             string
	User, Address      Cell
	Host               Cell
	Object             string
	Because            []control.Reason
	Cites              []Citation
	More               string
	Href               string
	Tags               []string
}

// Finding sets a finding for the page it stands on.
func (v Visit) Finding(f *control.Finding) FindingView {
	record := v.At.UpTo("record", "pivot", "gap") + "record="
	links := v.RowLinks("")
	view := FindingView{
		Number: strconv.FormatUint(f.Record, 10), Title: v.Phrase(f.Title), Why: v.Phrase(f.Why), RuleID: reading.Visible(f.RuleID, 120),
		Level: v.LevelChip(f.Level), LevelWord: Level(f.Level), Kind: reading.Visible(f.Kind, 40), Clock: v.Clock(f.Time, event.PrecisionSecond),
		Source: v.SourceName(f.Source), User: links.Cell("user", "user", f.User), Address: links.Cell("ip", "ip", f.Address),
		Host: links.Cell("host", "host", f.Host), Object: reading.Visible(f.Object, 300), Href: record + strconv.FormatUint(f.Record, 10),
	}
	for _, b := range f.Because {
		view.Because = append(view.Because, control.Reason{Field: reading.Visible(b.Field, 80), Value: reading.Visible(b.Value, 200), Pattern: reading.Visible(b.Pattern, 120)})
	}
	for i, seq := range f.Cites {
		if i == MaxCites {
			view.More = v.F("cite.more", reading.Grouped(int64(len(f.Cites)-i)))
			break
		}
		view.Cites = append(view.Cites, Citation{Number: reading.Grouped(int64(seq)), Href: record + strconv.FormatUint(seq, 10)})
	}
	for _, tag := range f.Tags {
		view.Tags = append(view.Tags, reading.Visible(tag, 60))
	}
	return view
}

// Citation is one number with its record.
type Citation struct{ Number, Href, Title string }

// MaxCites is how many citations a line shows.
const MaxCites = 6

// Levels lists the levels of findings, the gravest first.
func Levels() []string { return []string{"critical", "high", "medium", "low", "informational"} }
