package casebook

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/web/evidence"
	"github.com/konseki/konseki/internal/web/reading"
	"github.com/konseki/konseki/internal/web/site"
)

// timelineView is the timeline of a case (経緯), page by page.
type timelineView struct {
	frame
	Rows         []timelineRow
	Kinds        []site.Choice
	Count        string
	Paging       paging
	At, Row, Add string
	Unfound      bool // nothing happened on or after the day asked for
	Drop         []site.Choice
}

// timelineRow is a row of the chronology (経緯).
type timelineRow struct {
	ID             string
	Clock          reading.Clock
	Until          string
	About, Unknown bool
	Unordered      bool // it may have come before or after another row
	Kind, Source   string
	Text, By       string
	Signer         string
	Chip           evidence.Chip
	Cites          citations
	Href           string // of the first cited record
	Edit           string
	Cause          *site.Choice // the row that led to it
	On             bool
}

// showTimeline shows a page of the timeline: the one that the address names, or
// that holds the day or the row that it asks for.
func (v visit) showTimeline(c *control.Case, f frame, status int) error {
	view := timelineView{frame: f, At: reading.Visible(v.At.Get("at"), 60), Row: reading.Visible(v.At.Get("row"), 64), Add: v.creating(investigate.KindRow)}
	num := v.numbering(c)
	list, what := c.Timeline, v.At.Get("what")
	counts := map[string]int{}
	for i := range list {
		counts[list[i].What]++
	}
	view.kinds(v, counts, what)
	if what != "" {
		list = slices.DeleteFunc(slices.Clone(list), func(r control.Row) bool { return r.What != what })
	}
	pages := pagesOf(len(list))
	at, err := v.pageOf(list, pages, &view)
	if err != nil {
		return err
	}
	for i := range list[at*pageRows : min(len(list), (at+1)*pageRows)] {
		r := &list[at*pageRows+i]
		row := v.timelineRow(r, num)
		if k := causeOf(c.Timeline, r); k >= 0 {
			row.Cause = &site.Choice{Label: v.Clock(c.Timeline[k].At, 0).Minute(), Href: v.At.Change("page", "", "at", "", "what", "", "row", r.Cause, "edit", "", "new", "").String() + "#" + url.PathEscape(r.Cause)}
		}
		row.On = row.On || r.ID == v.At.Get("row")
		view.Rows = append(view.Rows, row)
	}
	view.Count = v.N(int64(len(list)), "timeline.count", reading.Grouped(int64(len(list))))
	view.Paging = v.paging(at, pages)
	return v.Show(status, "timeline.html", "page", view)
}

// causeOf is the place of the row that led to a row, -1 without one.
func causeOf(list []control.Row, r *control.Row) int {
	if r.Cause == "" {
		return -1
	}
	return slices.IndexFunc(list, func(x control.Row) bool { return x.ID == r.Cause })
}

// pageOf is the page to show, counted from 0.
func (v visit) pageOf(list []control.Row, pages int, view *timelineView) (int, error) {
	if id := v.At.Get("row"); id != "" {
		return max(0, slices.IndexFunc(list, func(r control.Row) bool { return r.ID == id })) / pageRows, nil
	}
	if text := v.At.Get("at"); text != "" {
		day, ok := reading.ParseTime(text, v.Zone)
		if !ok {
			return 0, site.Refusal(http.StatusBadRequest, "error.time", reading.Input(text))
		}
		i := slices.IndexFunc(list, func(r control.Row) bool { return r.Precision == investigate.UnknownTime || !r.At.Before(day) })
		if i < 0 {
			view.Unfound = true
			return pages - 1, nil
		}
		view.Row = list[i].ID
		return i / pageRows, nil
	}
	return v.page(pages), nil
}

// kinds filters the rows by what they tell of.
func (view *timelineView) kinds(v visit, counts map[string]int, what string) {
	base := v.At.Change("page", "", "row", "", "at", "", "edit", "", "new", "")
	for _, k := range rowKinds() {
		if counts[k] == 0 && what != k {
			continue
		}
		link := site.Choice{Label: v.T("kind."+k) + " " + reading.Grouped(int64(counts[k])), Href: base.Change("what", k).String(), On: k == what}
		if link.On {
			link.Href = base.Change("what", "").String()
		}
		view.Kinds = append(view.Kinds, link)
	}
}

// rowKinds lists what rows tell of.
func rowKinds() []string {
	return []string{"event", "action", "notice", "finding", "interview", "paper"}
}

func (v visit) timelineRow(row *control.Row, n numbers) timelineRow {
	view := timelineRow{ID: row.ID, Clock: v.Clock(row.At, precisionOf(row.Precision)), About: row.Precision == investigate.About, Unknown: row.Precision == investigate.UnknownTime,
		Unordered: row.OrderUncertain, Kind: row.What, Source: v.SourceName(row.Source), Text: v.Phrase(row.Text), By: reading.Visible(row.By, 60),
		Signer: reading.Visible(row.Signer, 80), Cites: v.cite(row.Cites, row.Total, n), Edit: v.editing(investigate.KindRow, row.ID), Chip: v.rowChip(row.What)}
	if !row.Until.IsZero() {
		view.Until = v.Clock(row.Until, precisionOf(row.Precision)).Minute()
	}
	if len(view.Cites.List) > 0 {
		view.Href = view.Cites.List[0].Href
		view.On = strconv.FormatUint(row.Cites[0], 10) == v.At.Get("record")
	}
	return view
}

// rowChip says what a row tells of.
func (v visit) rowChip(what string) evidence.Chip {
	class := map[string]string{"action": "note", "notice": "partial", "finding": "found", "interview": "plain", "paper": "plain"}[what]
	if class == "" {
		class, what = "plain", "event"
	}
	return evidence.NewChip(class, v.T("kind."+what))
}
