package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/web/reading"
)

// findingsView lists what rules and baselines raised.
type findingsView struct {
	Page           page
	Tabs           []choice
	Query          string
	Syntax         *syntaxView
	Levels         []levelCount
	Findings       []findingGroup
	Shown, Total   int64
	Rules          int
	From, To, Open string
}

// levelCount is how many findings have a level, as a filter.
type levelCount struct {
	Chip  chip
	Count string
	Href  string
	On    bool
}

// findingView is one finding.
type findingView struct {
	Number             string
	Title, Why, RuleID string
	Level              chip
	LevelWord          string
	Kind               string
	Clock              reading.Clock
	Source             string
	User, Address      cell
	Host               cell
	Object             string
	Because            []control.Reason
	Cites              []citation
	More               string
	Href               string
	Tags               []string
}

// maxFindings is how many findings are asked for.
const maxFindings = 1000

// finding sets a finding for the page it stands on.
func (v *visit) finding(f *control.Finding) findingView {
	record := v.at.UpTo("record", "pivot", "gap") + "record="
	links := v.rowLinks("")
	view := findingView{
		Number: strconv.FormatUint(f.Record, 10), Title: v.Phrase(f.Title), Why: v.Phrase(f.Why), RuleID: reading.Visible(f.RuleID, 120),
		Level: v.levelChip(f.Level), LevelWord: level(f.Level), Kind: reading.Visible(f.Kind, 40), Clock: v.Clock(f.Time, event.PrecisionSecond),
		Source: v.SourceName(f.Source), User: links.cell("user", "user", f.User), Address: links.cell("ip", "ip", f.Address),
		Host: links.cell("host", "host", f.Host), Object: reading.Visible(f.Object, 300), Href: record + strconv.FormatUint(f.Record, 10),
	}
	for _, b := range f.Because {
		view.Because = append(view.Because, control.Reason{Field: reading.Visible(b.Field, 80), Value: reading.Visible(b.Value, 200), Pattern: reading.Visible(b.Pattern, 120)})
	}
	for i, seq := range f.Cites {
		if i == maxCites {
			view.More = v.F("cite.more", reading.Grouped(int64(len(f.Cites)-i)))
			break
		}
		view.Cites = append(view.Cites, citation{Number: reading.Grouped(int64(seq)), Href: record + strconv.FormatUint(seq, 10)})
	}
	for _, tag := range f.Tags {
		view.Tags = append(view.Tags, reading.Visible(tag, 60))
	}
	return view
}

// findings shows what was found: put together into stories or, where that or a
// query is asked for, one by one.
func (s *server) findings(v *visit) error {
	if v.at.Get("view") == "all" || v.at.Has("q") {
		return s.findingList(v)
	}
	return s.showStories(v, http.StatusOK, muteForm{})
}

// findingTabs leads from the stories to every finding and back, in the same
// window.
func (v *visit) findingTabs(all bool) []choice {
	at := reading.AddressOf("/findings", nil).Change("from", v.at.Get("from"), "to", v.at.Get("to"))
	return []choice{
		{Label: v.T("story.tab"), Href: at.String(), On: !all},
		{Label: v.T("story.tab.all"), Href: at.Change("view", "all").String(), On: all},
	}
}

// findingList shows the findings one by one, the newest first.
func (s *server) findingList(v *visit) error {
	p := s.pageOf(v, "findings", v.T("nav.findings"))
	var err error
	if p.Drawer, err = s.drawer(v); err != nil {
		return err
	}
	if v.fragment == "drawer" {
		return s.show(v, http.StatusOK, "findings.html", "drawer", p)
	}
	w, err := v.window()
	if err != nil {
		return err
	}
	view := findingsView{Page: p, Tabs: v.findingTabs(true), Query: v.at.Get("q"), Rules: v.status.Rules, Open: "/findings?view=all"}
	view.From, view.To = v.shown(w)
	list, err := s.Ops.Findings(v.r.Context(), v.person.Name,
		control.Search{Query: view.Query, From: w.From, To: w.To, Zone: v.Zone, Limit: maxFindings})
	if wrong, ok := syntaxOf(err); ok {
		view.Syntax = v.pointed(wrong, view.Query)
		return s.show(v, http.StatusBadRequest, "findings.html", "page", view)
	}
	if err != nil {
		return err
	}
	view.Total = int64(len(list))
	wanted := v.at.Get("level")
	view.Levels = v.levels(list, wanted)
	if wanted != "" {
		list = slices.DeleteFunc(slices.Clone(list), func(f control.Finding) bool { return level(f.Level) != wanted })
	}
	view.Shown, view.Findings = int64(len(list)), v.findingGroups(list)
	return s.show(v, http.StatusOK, "findings.html", "page", view)
}

// levels counts the findings by level, the gravest first.
func (v *visit) levels(list []control.Finding, wanted string) []levelCount {
	words := levels()
	counts := make([]int64, len(words))
	for i := range list {
		counts[slices.Index(words, level(list[i].Level))]++
	}
	var out []levelCount
	for i, word := range words {
		if counts[i] == 0 && wanted != word {
			continue
		}
		l := levelCount{Chip: v.levelChip(word), Count: reading.Grouped(counts[i]), Href: v.at.With("level", word), On: wanted == word}
		if l.On {
			l.Href = v.at.Without("level")
		}
		out = append(out, l)
	}
	return out
}

// recordNumber reads a record's number as people write it.
func recordNumber(text string) (uint64, bool) {
	text = strings.NewReplacer("#", "", ",", "", " ", "").Replace(text)
	if unescaped, err := url.PathUnescape(text); err == nil {
		text = unescaped
	}
	seq, err := strconv.ParseUint(text, 10, 64)
	return seq, err == nil && seq > 0
}
