// Package overlooked finds what an empty answer may have passed over: records that were not understood, accounts written otherwise, events whose time may lie in the window.
package overlooked

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/query"
)

// Index is what is asked of an index.
type Index interface {
	Search(ctx context.Context, req index.Request) (index.Page, error)
	Count(ctx context.Context, req index.Request) (int64, error)
	Facet(ctx context.Context, req index.Request, column string, n int) ([]index.Value, error)
}

// Asked is a question that nothing answers in [From, To).
type Asked struct {
	Plan     *query.Plan
	From, To time.Time
	Zone     *time.Location
	Ledger   *coverage.Ledger
	// About reports whether files of a source were imported, and whether one that
	// speaks about the window has records that no format could read: what states no
	// time has that of its receipt, and may be of any.
	About func(source string, from, to time.Time) (files, unread bool)
	// Beside is what was seen where the answer was worked out without the index
	// and Plan does not tell what it is of; nil where the index was asked.
	Beside *Beside

	sources       []string // that could hold the answer
	files, unread []string // those of them that About is about
	reach         time.Duration
}

// Look says what stands in the way of an answer that would else be "not found,
// and covered"; nothing where nothing does.
func Look(ctx context.Context, x Index, q Asked, a coverage.Answer) ([]event.Phrase, error) {
	q.restOn(a)
	var out []event.Phrase
	looks := []func(context.Context, Index, Asked) (event.Phrase, error){unread, unexplained, otherwise, near, untimed, nowhere}
	if q.Beside != nil {
		out, looks = q.Beside.words(q.Zone), looks[:1]
	}
	for _, look := range looks {
		p, err := look(ctx, x, q)
		if err != nil {
			return nil, fmt.Errorf("overlooked: %w", err)
		}
		if !p.Empty() {
			out = append(out, p)
		}
	}
	return out, nil
}

// restOn notes the sources that an answer rests on.
func (q *Asked) restOn(a coverage.Answer) {
	var clocks time.Duration
	for _, c := range a.Coverage {
		clocks = max(clocks, c.Clock.Doubt(0).Widest())
		if slices.Contains(q.sources, c.Source) {
			continue
		}
		q.sources = append(q.sources, c.Source)
		files, unread := q.About(c.Source, q.From, q.To)
		if files {
			q.files = append(q.files, c.Source)
		}
		if unread {
			q.unread = append(q.unread, c.Source)
		}
	}
	q.reach = zones + clocks
}

// request selects, of the sources in the window, what all of some nodes select.
func (q Asked) request(nodes ...query.Node) index.Request {
	nodes = append([]query.Node{of(q.sources)}, nodes...)
	return index.Request{Plan: &query.Plan{Root: query.And{Nodes: nodes}}, From: q.From, To: q.To}
}

// of selects the records of some sources.
func of(sources []string) query.Node {
	out := query.Or{}
	for _, id := range sources {
		out.Nodes = append(out.Nodes, query.Match{Field: "source", Value: query.Fold(id)})
	}
	return out
}

// onItsWay is how much later a record that states no time may have arrived.
const onItsWay = time.Hour

// received is a request for records that may state no time, and then have that of
// their receipt: those of the window and of files, whenever they were imported.
func (q Asked) received(nodes ...query.Node) index.Request {
	req := q.request(nodes...)
	within := query.And{Nodes: []query.Node{
		query.Match{Field: "time", Op: query.GreaterEq, Time: q.From}, query.Match{Field: "time", Op: query.Less, Time: q.To.Add(onItsWay)}}}
	when := query.Or{Nodes: []query.Node{within}}
	if len(q.unread) > 0 {
		late := query.Match{Field: "time_quality", Op: query.Like, Value: "zone=received*"}
		when.Nodes = append(when.Nodes, query.And{Nodes: []query.Node{of(q.unread), late}})
	}
	root := req.Plan.Root.(query.And)
	root.Nodes = append(root.Nodes, when)
	return index.Request{Plan: &query.Plan{Root: root}}
}

// nobodyRead selects the records that no format could read.
func nobodyRead() query.Node { return query.Match{Field: "format", Value: event.Unparsed} }

// unread tells of records that no format could read and that name something of
// what was asked for, or may be anything where nothing was named.
func unread(ctx context.Context, x Index, q Asked) (event.Phrase, error) {
	named, any := naming(timeless(q.Plan.Root), some)
	nodes := []query.Node{nobodyRead()}
	if any {
		nodes = append(nodes, named)
	}
	req := q.received(nodes...)
	n, err := x.Count(ctx, req)
	if err != nil || n == 0 {
		return event.Phrase{}, err
	}
	ja, en, err := firstRecord(ctx, x, req)
	if any {
		return event.Phrase{
			JA: fmt.Sprintf("どの形式でも解析できない記録 %d 件に、尋ねた文字列がある%s", n, ja),
			EN: event.Many(n, "1 record that no format could read holds what was asked for", "%d records that no format could read hold what was asked for") + en}, err
	}
	return event.Phrase{
		JA: fmt.Sprintf("どの形式でも解析できない記録が %d 件あり、答えを含みうる%s", n, ja),
		EN: event.Many(n, "1 record that no format could read may be the answer", "%d records that no format could read may be the answer") + en}, err
}

// unexplained tells of records that were read without knowing what they mean,
// and that hold all that was asked for.
func unexplained(ctx context.Context, x Index, q Asked) (event.Phrase, error) {
	named, any := naming(timeless(q.Plan.Root), every)
	if !any || !literal(q.Plan.Root) {
		return event.Phrase{}, nil
	}
	nodes := []query.Node{query.Match{Field: "class_uid", Number: int64(event.ClassBase)}, query.Not{Node: nobodyRead()}, named}
	if names, ok := namesOnly(q.Plan.Root); ok && q.Plan.Classes() == nil {
		nodes = append(nodes, query.Not{Node: names}) // who is in it was read, and it is not the answer for another reason
	}
	req := q.received(nodes...)
	n, err := x.Count(ctx, req)
	if err != nil || n == 0 {
		return event.Phrase{}, err
	}
	ja, en, err := firstRecord(ctx, x, req)
	return event.Phrase{
		JA: fmt.Sprintf("意味の分からない記録 %d 件に、尋ねた文字列がある%s", n, ja),
		EN: event.Many(n, "1 record whose meaning no format knows holds what was asked for", "%d records whose meaning no format knows hold what was asked for") + en}, err
}

// firstRecord names the first record that a request selects, for whoever wants
// to look.
func firstRecord(ctx context.Context, x Index, req index.Request) (ja, en string, err error) {
	req.Limit, req.Oldest = 1, true
	page, err := x.Search(ctx, req)
	if err != nil || len(page.Events) == 0 {
		return "", "", err
	}
	ev := &page.Events[0]
	return fmt.Sprintf("（最初は %s の原記録 %d）", ev.Source, ev.Record), fmt.Sprintf(" (the first is record %d of %s)", ev.Record, ev.Source), nil
}

// maxNamed bounds the accounts that a phrase names.
const maxNamed = 3

// otherwise tells of events that would be the answer if accounts that differ in
// their domain only were one.
func otherwise(ctx context.Context, x Index, q Asked) (event.Phrase, error) {
	root, changed := widened(q.Plan.Root)
	if !changed {
		return event.Phrase{}, nil
	}
	req := q.request(root)
	n, err := x.Count(ctx, req)
	if err != nil || n == 0 {
		return event.Phrase{}, err
	}
	values, err := x.Facet(ctx, req, "actor_user", maxNamed)
	if err != nil {
		return event.Phrase{}, err
	}
	var names []string
	for _, v := range values {
		if v.Value != "" {
			names = append(names, v.Value)
		}
	}
	ja, en := "", ""
	if len(names) > 0 {
		ja, en = "（"+strings.Join(names, "、")+"）", " ("+strings.Join(names, ", ")+")"
	}
	return event.Phrase{
		JA: fmt.Sprintf("同じ人かもしれない別表記のアカウントのイベントが %d 件ある%s", n, ja),
		EN: event.Many(n, "1 event is of an account that may be the same, written otherwise", "%d events are of accounts that may be the same, written otherwise") + en}, nil
}
