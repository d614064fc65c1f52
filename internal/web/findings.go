package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
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
	Clock              clock
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
	record := v.at.upTo("record", "pivot", "gap") + "record="
	links := v.rowLinks("")
	view := findingView{
		Number: strconv.FormatUint(f.Record, 10), Title: v.phrase(f.Title), Why: v.phrase(f.Why), RuleID: visible(f.RuleID, 120),
		Level: v.levelChip(f.Level), LevelWord: level(f.Level), Kind: visible(f.Kind, 40), Clock: v.clock(f.Time, event.PrecisionSecond),
		Source: v.sourceName(f.Source), User: links.cell("user", "user", f.User), Address: links.cell("ip", "ip", f.Address),
		Host: links.cell("host", "host", f.Host), Object: visible(f.Object, 300), Href: record + strconv.FormatUint(f.Record, 10),
	}
	for _, b := range f.Because {
		view.Because = append(view.Because, control.Reason{Field: visible(b.Field, 80), Value: visible(b.Value, 200), Pattern: visible(b.Pattern, 120)})
	}
	for i, seq := range f.Cites {
		if i == maxCites {
			view.More = v.f("cite.more", grouped(int64(len(f.Cites)-i)))
			break
		}
		view.Cites = append(view.Cites, citation{Number: grouped(int64(seq)), Href: record + strconv.FormatUint(seq, 10)})
	}
	for _, tag := range f.Tags {
		view.Tags = append(view.Tags, visible(tag, 60))
	}
	return view
}

// findings shows what was found: put together into stories or, where that or a
// query is asked for, one by one.
func (s *server) findings(v *visit) error {
	if v.at.values.Get("view") == "all" || v.at.values.Has("q") {
		return s.findingList(v)
	}
	return s.showStories(v, http.StatusOK, muteForm{})
}

// findingTabs leads from the stories to every finding and back, in the same
// window.
func (v *visit) findingTabs(all bool) []choice {
	at := address{"/findings", nil}.change("from", v.at.values.Get("from"), "to", v.at.values.Get("to"))
	return []choice{
		{Label: v.t("story.tab"), Href: at.String(), On: !all},
		{Label: v.t("story.tab.all"), Href: at.change("view", "all").String(), On: all},
	}
}

// findingList shows the findings one by one, the newest first.
func (s *server) findingList(v *visit) error {
	p := s.pageOf(v, "findings", v.t("nav.findings"))
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
	view := findingsView{Page: p, Tabs: v.findingTabs(true), Query: v.at.values.Get("q"), Rules: v.status.Rules, Open: "/findings?view=all"}
	view.From, view.To = v.shown(w)
	list, err := s.Ops.Findings(v.r.Context(), v.person.Name,
		control.Search{Query: view.Query, From: w.from, To: w.to, Zone: v.zone, Limit: maxFindings})
	if wrong, ok := syntaxOf(err); ok {
		view.Syntax = v.pointed(wrong, view.Query)
		return s.show(v, http.StatusBadRequest, "findings.html", "page", view)
	}
	if err != nil {
		return err
	}
	view.Total = int64(len(list))
	wanted := v.at.values.Get("level")
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
		l := levelCount{Chip: v.levelChip(word), Count: grouped(counts[i]), Href: v.at.with("level", word), On: wanted == word}
		if l.On {
			l.Href = v.at.without("level")
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
