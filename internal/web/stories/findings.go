package stories

import (
	"net/http"
	"slices"

	"github.com/konseki/konseki/internal/web/evidence"
	"github.com/konseki/konseki/internal/web/site"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/web/reading"
)

// findingsView lists what rules and baselines raised.
type findingsView struct {
	Page           site.Page
	Tabs           []site.Choice
	Query          string
	Syntax         *site.SyntaxView
	Levels         []levelCount
	Findings       []FindingGroup
	Shown, Total   int64
	Rules          int
	From, To, Open string
}

// levelCount is how many findings have a level, as a filter.
type levelCount struct {
	Chip  evidence.Chip
	Count string
	Href  string
	On    bool
}

// maxFindings is how many findings are asked for.
const maxFindings = 1000

// findings shows what was found: put together into stories or, where that or a
// query is asked for, one by one.
func (v Visit) findings() error {
	if v.At.Get("view") == "all" || v.At.Has("q") {
		return v.findingList()
	}
	return v.showStories(http.StatusOK, muteForm{})
}

// findingTabs leads from the stories to every finding and back, in the same
// window.
func (v Visit) findingTabs(all bool) []site.Choice {
	at := reading.AddressOf("/findings", nil).Change("from", v.At.Get("from"), "to", v.At.Get("to"))
	return []site.Choice{
		{Label: v.T("story.tab"), Href: at.String(), On: !all},
		{Label: v.T("story.tab.all"), Href: at.Change("view", "all").String(), On: all},
	}
}

// findingList shows the findings one by one, the newest first.
func (v Visit) findingList() error {
	p := v.PageOf("findings", v.T("nav.findings"))
	var err error
	if p.Drawer, err = v.Drawer(); err != nil {
		return err
	}
	if v.Fragment == "drawer" {
		return v.Show(http.StatusOK, "findings.html", "drawer", p)
	}
	w, err := v.Window()
	if err != nil {
		return err
	}
	view := findingsView{Page: p, Tabs: v.findingTabs(true), Query: v.At.Get("q"), Rules: v.Status.Rules, Open: "/findings?view=all"}
	view.From, view.To = v.Shown(w)
	list, err := v.Ops.Findings(v.R.Context(), v.Person.Name,
		control.Search{Query: view.Query, From: w.From, To: w.To, Zone: v.Zone, Limit: maxFindings})
	if wrong, ok := site.SyntaxOf(err); ok {
		view.Syntax = v.Pointed(wrong, view.Query)
		return v.Show(http.StatusBadRequest, "findings.html", "page", view)
	}
	if err != nil {
		return err
	}
	view.Total = int64(len(list))
	wanted := v.At.Get("level")
	view.Levels = v.levels(list, wanted)
	if wanted != "" {
		list = slices.DeleteFunc(slices.Clone(list), func(f control.Finding) bool { return evidence.Level(f.Level) != wanted })
	}
	view.Shown, view.Findings = int64(len(list)), v.FindingGroups(list)
	return v.Show(http.StatusOK, "findings.html", "page", view)
}

// levels counts the findings by level, the gravest first.
func (v Visit) levels(list []control.Finding, wanted string) []levelCount {
	words := evidence.Levels()
	counts := make([]int64, len(words))
	for i := range list {
		counts[slices.Index(words, evidence.Level(list[i].Level))]++
	}
	var out []levelCount
	for i, word := range words {
		if counts[i] == 0 && wanted != word {
			continue
		}
		l := levelCount{Chip: v.LevelChip(word), Count: reading.Grouped(counts[i]), Href: v.At.With("level", word), On: wanted == word}
		if l.On {
			l.Href = v.At.Without("level")
		}
		out = append(out, l)
	}
	return out
}
