package evidence

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/web/site"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/web/reading"
)

// pageRows is how many events one page shows.
const pageRows = 100

// exploreView is the page on which events are searched.
type exploreView struct {
	Page    site.Page
	Query   string
	From    string
	To      string
	Ends    [2]string // the window answered for, shown where none was given
	Syntax  *site.SyntaxView
	Problem string // what a part of the page could not be had for
	Result  bool
	Answer  AnswerView
	Known   []meaningView // what names in the query were taken to mean
	Fields  []helpView    // that a query can name
	Names   []string      // whole queries to choose from: this one, with a name that the company knows
	Total   int64
	All     int64
	Took    string
	Rows    []eventRow
	Next    string
	Newest  string
	Chart   *chart
	Facets  []facetView
	All1    string // the same window without a query
	Open    string // the same query without a window
}

// eventRow is one line of the results.
type eventRow struct {
	Seq              string
	Href             string
	On               bool
	Clock            reading.Clock
	Doubt            string // why the time is not to be trusted wholly
	Colour           string
	Source, Host     Cell
	User, Address    Cell
	Text             string
	Unparsed, Sealed bool
	Outcome          Chip
}

// Cell is a value that can be pivoted on and, by its term, filtered by. Filter
// is set where the link itself filters, because there is nothing to pivot on.
type Cell struct {
	Text, Href  string
	Note        string // what stands behind the text, such as the ID of a source
	Term        string // escaped for the query of a URL
	Hit, Filter bool
}

// facetView is one column of the side bar.
type facetView struct {
	Label  string
	Values []facetValue
}

// facetValue is one value with its three links.
type facetValue struct {
	Label, Count, Include, Exclude, Just string
	Wide                                 string // share of the commonest, for the bar
	On                                   bool
}

// found is what the operations gave for one search; they are asked at once.
type found struct {
	result    *control.Result
	histogram *control.Histogram
	facets    []control.Facet
	errs      [3]error
}

// explore shows the search page, its body or its drawer.
func (v Visit) explore() error {
	if to, ok := v.refined(); ok {
		return v.Redirect(to)
	}
	p := v.PageOf("explore", v.T("nav.explore"))
	drawer, err := v.Drawer()
	if err != nil {
		return err
	}
	p.Drawer = drawer
	if v.Fragment == "drawer" {
		return v.Show(http.StatusOK, "explore.html", "drawer", p)
	}
	view := exploreView{Page: p, Query: v.At.Get("q"), From: v.At.Get("from"), To: v.At.Get("to"),
		All1: v.At.Change("q", "", "after", "").String(), Open: v.At.Change("from", "", "to", "", "after", "").String()}
	if len(view.Query) > site.MaxForm/16 {
		return site.Refusal(http.StatusRequestURITooLong, "error.toolarge", nil)
	}
	w, err := v.Window()
	if err != nil {
		return err
	}
	view.From, view.To = v.Shown(w)
	view.Fields, view.Names = v.queryFields(), v.queryNames(view.Query)
	status, err := v.search(w, &view)
	if err != nil {
		return err
	}
	root := "page"
	if v.Fragment == "body" {
		root = "body"
	}
	return v.Show(status, "explore.html", root, view)
}

// refined narrows the query by the terms of "and" and "not", so that a page of
// a thousand values need not write a thousand queries. The part that was asked
// for is asked for again.
func (v Visit) refined() (to string, ok bool) {
	query := v.At.Get("q")
	include, exclude := v.At.Get("and"), v.At.Get("not")
	if include == "" && exclude == "" {
		return "", false
	}
	if include != "" {
		query = reading.Narrowed(query, include)
	}
	if exclude != "" {
		query = reading.Narrowed(query, "NOT "+exclude)
	}
	at := v.At.Moved("/explore").Change("q", query, "and", "", "not", "", "after", "", "fragment", v.Fragment)
	return at.String(), true
}

// Shown writes a window for its input fields.
func (v Visit) Shown(w reading.Window) (from, to string) {
	if !w.From.IsZero() {
		from = v.Clock(w.From, event.PrecisionSecond).Text()
	}
	if !w.To.IsZero() {
		to = v.Clock(w.To, event.PrecisionSecond).Text()
	}
	return from, to
}

// search fills the view with what was found, or with what is wrong with the
// query. A part that cannot be had does not take the others with it.
func (v Visit) search(w reading.Window, view *exploreView) (status int, err error) {
	f := v.find(control.Search{
		Query: view.Query, From: w.From, To: w.To, Zone: v.Zone, Limit: pageRows, After: v.At.Get("after"),
	})
	if wrong, ok := site.SyntaxOf(f.errs[0]); ok {
		view.Syntax = v.Pointed(wrong, view.Query)
		return http.StatusBadRequest, nil
	}
	if f.errs[0] != nil {
		return 0, f.errs[0]
	}
	if err := errors.Join(f.errs[1:]...); err != nil {
		view.Problem = v.Said(err, 500)
	}
	colour := map[string]string{}
	if f.histogram != nil {
		marks, err := v.caseMarks()
		if err != nil {
			return 0, err
		}
		f.histogram.Marks = append(f.histogram.Marks, marks...)
		view.Chart = v.chartOf(f.histogram)
		colour = palette(f.histogram.Coverage)
	}
	view.Facets = v.facets(view.Query, f.facets)
	view.result(v, f.result, colour)
	return http.StatusOK, nil
}

// caseMarks puts what the open cases tell on the time axis: events with their
// citations, and the first response.
func (v Visit) caseMarks() ([]control.Mark, error) {
	list, err := v.Ops.Cases(v.R.Context())
	if err != nil {
		return nil, err
	}
	var marks []control.Mark
	for _, c := range list {
		if c.Status != "open" {
			continue
		}
		first, then := Turning(c)
		for i := range c.Timeline {
			row := &c.Timeline[i]
			switch {
			case i == then:
				marks = append(marks, control.Mark{At: row.At, Label: row.Text, Level: "low"})
			case row.What == "event" && len(row.Cites) > 0 && first >= 0 && !row.At.Before(c.Timeline[first].At):
				marks = append(marks, control.Mark{At: row.At, Label: row.Text, Level: "high"})
			}
		}
	}
	slices.SortStableFunc(marks, func(a, b control.Mark) int { return a.At.Compare(b.At) })
	return marks, nil
}

// find asks for events, histogram and facets at once.
func (v Visit) find(q control.Search) found {
	ctx, by := v.R.Context(), v.Person.Name
	var f found
	var wg sync.WaitGroup
	wide := q
	wide.After = ""
	wg.Go(func() { f.result, f.errs[0] = v.Ops.Search(ctx, by, q) })
	wg.Go(func() { f.histogram, f.errs[1] = v.Ops.Histogram(ctx, by, wide, buckets) })
	wg.Go(func() { f.facets, f.errs[2] = v.Ops.Facets(ctx, by, wide) })
	wg.Wait()
	return f
}

// result takes over what was found.
func (view *exploreView) result(v Visit, r *control.Result, colour map[string]string) {
	view.Result = true
	view.Answer = v.Answer(&r.Answer)
	view.Known = v.meanings(r.Known)
	view.Total, view.All = r.Total, max(r.All, r.Total) // konseki's own records count when they are found
	view.Took = v.Span(r.Took)
	view.Ends = [2]string{v.Clock(r.From, event.PrecisionSecond).Text(), v.Clock(r.To, event.PrecisionSecond).Text()}
	if r.Next != "" {
		view.Next = v.At.Change("after", r.Next, "record", "", "pivot", "", "gap", "").String()
	}
	if v.At.Get("after") != "" {
		view.Newest = v.At.Change("after", "").String()
	}
	links := v.RowLinks(view.Query)
	view.Rows = make([]eventRow, 0, len(r.Events))
	for i := range r.Events {
		view.Rows = append(view.Rows, v.eventRow(&r.Events[i], links, colour))
	}
}

// RowLinks is what the links of all rows begin with.
type RowLinks struct {
	query, record, pivot, narrow string
	on                           uint64
}

// RowLinks prepares the links of a page of rows.
func (v Visit) RowLinks(query string) RowLinks {
	on, _ := strconv.ParseUint(v.At.Get("record"), 10, 64)
	return RowLinks{query: query, on: on, record: v.At.UpTo("record", "pivot", "gap"), pivot: v.At.UpTo("record", "pivot", "gap") + "pivot=",
		narrow: v.searchPage().UpTo() + "and="}
}

// searchPage is the search that this page is, or stands for: a case or another
// page has none, so that a value found there begins a new one.
func (v Visit) searchPage() reading.Address {
	if v.At.Path() != "/explore" {
		return reading.AddressOf("/explore", nil)
	}
	return v.At.Change("after", "", "record", "", "pivot", "", "gap", "")
}

// Cell links a value of a column; kind is the pivot it opens.
func (l RowLinks) Cell(kind, column, value string) Cell {
	if value == "" {
		return Cell{}
	}
	c := Cell{Text: reading.Visible(value, 120), Term: url.QueryEscape(reading.Term(column, value)), Hit: l.query != "" && strings.Contains(l.query, value)}
	if kind != "" {
		c.Href = l.pivot + url.QueryEscape(kind+":"+value)
	} else {
		c.Href, c.Filter = l.narrow+c.Term, true
	}
	return c
}

// source links a source by its name.
func (l RowLinks) source(r reading.Reader, id string) Cell {
	c := l.Cell("", "source", id)
	c.Text, c.Note = r.SourceName(id), reading.Visible(id, 60)
	return c
}

// eventRow sets one event as a line.
func (v Visit) eventRow(ev *event.Event, l RowLinks, colour map[string]string) eventRow {
	account, column := ev.ActorUser, "actor_user"
	if account == "" {
		account, column = ev.TargetUser, "target_user"
	}
	address, ipColumn := ev.SrcIP, "src_ip"
	if address == "" {
		address, ipColumn = ev.DstIP, "dst_ip"
	}
	return eventRow{
		Seq: reading.Grouped(int64(ev.Record)), Href: l.record + "record=" + strconv.FormatUint(ev.Record, 10), On: ev.Record == l.on,
		Clock: v.Clock(ev.Time, ev.Quality.Precision), Doubt: v.doubt(ev.Quality), Colour: colourOf(colour, ev.Source),
		Source: l.source(v.Reader, ev.Source), Host: l.Cell("host", "host", ev.Host),
		User: l.Cell("user", column, account), Address: l.Cell("ip", ipColumn, address),
		Text: reading.Visible(content(ev), 300), Unparsed: ev.Format == event.Unparsed,
		Outcome: v.outcome(ev.StatusID), Sealed: ev.Record <= v.Status.Sealed,
	}
}

// content chooses the sentence that tells what happened.
func content(ev *event.Event) string {
	for _, text := range []string{ev.Message, ev.Statement, ev.CmdLine, ev.Object, ev.EventCode} {
		if text != "" {
			return text
		}
	}
	return event.ClassName(ev.ClassUID)
}

// outcome gives the chip of a status.
func (v Visit) outcome(status int32) Chip {
	switch status {
	case event.StatusSuccess:
		return Chip{"covered", v.T("outcome.success")}
	case event.StatusFailure:
		return Chip{"found", v.T("outcome.failure")}
	}
	return Chip{}
}

// doubt says what about an event's time was not stated by its record.
func (v Visit) doubt(q event.Quality) string {
	var list []string
	switch q.Zone {
	case event.ZoneReceived:
		list = append(list, v.T("time.received"))
	case event.ZoneAssumed:
		list = append(list, v.T("time.assumed"))
	}
	if q.YearInferred {
		list = append(list, v.T("time.year"))
	}
	if name := q.Fold.String(); name != "" {
		list = append(list, v.T("time."+name))
	}
	if q.Leap {
		list = append(list, v.T("time.leap"))
	}
	if q.About {
		list = append(list, v.T("about"))
	}
	return strings.Join(list, v.T("list.comma"))
}

// trust says in one line how sure an event's time is: where its zone comes from,
// how far it can be off, its producer's clock and its receipt.
func (v Visit) trust(ev *event.Event, rec *control.Record) string {
	var list []string
	if q := ev.Quality; q.Zone == event.ZoneStated || q.Zone == event.ZoneConfigured {
		list = append(list, v.T("time."+q.Zone.String()))
	}
	if doubt := v.doubt(ev.Quality); doubt != "" {
		list = append(list, doubt)
	}
	if ev.Quality.Zone != event.ZoneReceived {
		list = append(list, v.F("time.width", v.Span(rec.Clock.Doubt(ev.Quality.Within()).Widest())))
	}
	if rec.Clock != nil {
		list = append(list, v.F("time.clock", v.Span(-time.Duration(rec.Clock.OffsetMS)*time.Millisecond)))
	}
	return strings.Join(append(list, v.F("time.rx", v.Clock(ev.TimeRx, 0).Text())), v.T("list.comma"))
}

// facets sets the side bar; a value that the query asks for already takes the
// term out again.
func (v Visit) facets(query string, list []control.Facet) []facetView {
	link := v.At.UpTo("q", "after", "record", "pivot", "gap") + "q="
	var out []facetView
	for _, f := range list {
		if len(f.Values) == 0 {
			continue
		}
		view := facetView{Label: v.Phrase(f.Label)}
		if view.Label == "" {
			view.Label = reading.Visible(f.Column, 60)
		}
		most := int64(1)
		for _, value := range f.Values {
			most = max(most, value.Count)
		}
		for _, value := range f.Values {
			one := reading.Term(f.Column, value.Value)
			rest, on := reading.Widened(query, one)
			if !on {
				rest = reading.Narrowed(query, one)
			}
			label := v.Phrase(value.Label)
			if f.Column == "source" {
				label = v.SourceName(value.Value)
			}
			if label == "" {
				label = reading.Visible(value.Value, 120)
			}
			view.Values = append(view.Values, facetValue{
				Label: label, Count: reading.Grouped(value.Count), On: on, Wide: Percent(100 * float64(value.Count) / float64(most)),
				Include: link + url.QueryEscape(rest), Exclude: link + url.QueryEscape(reading.Narrowed(query, "NOT "+one)), Just: link + url.QueryEscape(one),
			})
		}
		out = append(out, view)
	}
	return out
}
