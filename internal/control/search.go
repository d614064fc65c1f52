package control

import (
	"context"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/control/overlooked"
	"github.com/konseki/konseki/internal/control/positive"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/query"
)

// maxRows bounds one page of a search.
const maxRows = 10_000

// prepared is a search ready for the index.
type prepared struct {
	plan     *query.Plan
	req      index.Request
	from, to time.Time // the window answered for; set even when none was asked
	ledger   *coverage.Ledger
	zone     *time.Location
	known    []query.Meaning // of the query's names, within the window
}

func (s *Service) prepare(ctx context.Context, q Search) (*prepared, error) {
	p := &prepared{zone: q.Zone}
	if p.zone == nil {
		p.zone = s.Zone
	}
	var err error
	if p.plan, err = s.parse(q); err != nil {
		return nil, err
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return nil, event.Refuse(ErrInvalid, "the window ends before it begins", "期間の終わりが始まりより前です")
	}
	if err := s.sync(ctx); err != nil {
		return nil, fmt.Errorf("control: search: %w", err)
	}
	if p.ledger, err = s.coverageLedger(ctx); err != nil {
		return nil, err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	p.req = index.Request{Plan: p.plan, From: q.From, To: q.To, Limit: min(limit, maxRows), Oldest: q.Oldest, After: index.Cursor(q.After), Own: asksForOwn(p.plan)}
	p.from, p.to = window(p.plan, q, p.ledger)
	if p.req.Own && latest(q.To, p.plan.To).IsZero() {
		p.to = latest(p.to, s.Now()) // konseki goes on when the evidence has ended
	}
	for _, m := range p.plan.Known {
		p.known = append(p.known, m.Within(p.from, p.to))
	}
	return p, nil
}

// parse reads a query as it holds in the window of a search: what the company
// knows of itself is put in the place of its names.
func (s *Service) parse(q Search) (*query.Plan, error) {
	opts := query.Options{Zone: q.Zone, Now: s.Now()}
	if opts.Zone == nil {
		opts.Zone = s.Zone
	}
	if s.Known != nil {
		opts.Known = func(term query.Known, from, to time.Time) (query.Node, query.Meaning, error) {
			return s.Known(term, latest(q.From, from), earliest(q.To, to))
		}
	}
	return query.Parse(q.Query, opts)
}

// asksForOwn reports whether a query names one of konseki's own sources.
func asksForOwn(plan *query.Plan) bool {
	for _, id := range plan.Sources() {
		if event.IsOwn(id) {
			return true
		}
	}
	return false
}

// window is what the answer speaks about: what was asked, or from the first to
// the last event of all.
func window(plan *query.Plan, q Search, l *coverage.Ledger) (from, to time.Time) {
	from, to = latest(q.From, plan.From), earliest(q.To, plan.To)
	first, last := l.Bounds()
	if from.IsZero() {
		from = first
	}
	if to.IsZero() && !last.IsZero() {
		to = last.Add(1)
	}
	if !from.Before(to) {
		to = from.Add(1)
	}
	return from, to
}

func latest(a, b time.Time) time.Time {
	if a.IsZero() || b.After(a) {
		return b
	}
	return a
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Search implements [Operations].
func (s *Service) Search(ctx context.Context, by string, q Search) (*Result, error) {
	return s.search(ctx, by, "search", q, nil, nil)
}

// search runs a search; sources and classes, where given, say who could hold
// the answer, else the query does.
func (s *Service) search(ctx context.Context, by, op string, q Search, sources []string, classes []int32) (*Result, error) {
	began := time.Now()
	p, err := s.prepare(ctx, q)
	if err != nil {
		return nil, err
	}
	page, err := s.Index.Search(ctx, p.req)
	if err != nil {
		return nil, fmt.Errorf("control: search: %w", err)
	}
	counted := p.req
	counted.After = ""
	total, err := s.Index.Count(ctx, counted)
	if err != nil {
		return nil, fmt.Errorf("control: search: %w", err)
	}
	r := &Result{Events: page.Events, Total: total, Next: string(page.Next), From: p.from, To: p.to, Query: p.plan.String(), Known: p.known}
	for _, c := range p.ledger.All(p.from, p.to) {
		r.All += c.Events
	}
	if r.Answer, err = s.qualify(ctx, p, total, sources, classes); err != nil {
		return nil, err
	}
	err = s.record(ctx, access{By: by, Op: op, Query: r.Query, From: q.From, To: q.To, Found: total, Known: p.known})
	r.Took = time.Since(began)
	return r, err
}

// qualify says what an answer of so many events is worth: by the sources and
// classes given, else by those that the query is about.
func (s *Service) qualify(ctx context.Context, p *prepared, found int64, sources []string, classes []int32) (coverage.Answer, error) {
	if sources == nil {
		sources = p.plan.Sources()
	}
	if classes == nil {
		classes = p.plan.Classes()
	}
	q := coverage.Question{
		From: p.from, To: p.to, Sources: sources, Classes: classes, Hosts: p.plan.Hosts(),
		Found: found, Behind: s.behind(), Zone: p.zone, Open: query.Open(p.known, p.zone),
	}
	if ownOnly(sources) {
		return answer(p.ledger, q), nil
	}
	var err error
	if q.Held, err = s.held(ctx, classes); err == nil {
		err = s.controls(ctx, &q)
	}
	if err != nil {
		return coverage.Answer{}, fmt.Errorf("control: %w", err)
	}
	return s.answered(ctx, p, q, nil)
}

// answered is an answer of which nothing was overlooked, or else what was. beside
// is what was seen beside the window where the index was not asked.
func (s *Service) answered(ctx context.Context, p *prepared, q coverage.Question, beside *overlooked.Beside) (coverage.Answer, error) {
	a := answer(p.ledger, q)
	if a.Verdict != coverage.NotFoundCovered {
		return a, nil
	}
	look := overlooked.Asked{Plan: p.plan, From: p.from, To: p.to, Zone: p.zone, Ledger: p.ledger, About: s.registry.filesAbout, Beside: beside}
	open, err := overlooked.Look(ctx, s.Index, look, a)
	if q.Open = open; len(open) > 0 {
		a = answer(p.ledger, q)
	}
	return a, err
}

// maxFaceted bounds the sources that a facet counts.
const maxFaceted = 10_000

// controls counts what each source and each host asked about holds in the window
// of the classes asked for. Where something was found, and no class was asked
// for, the ledger's own counts are enough.
func (s *Service) controls(ctx context.Context, q *coverage.Question) error {
	if q.Found > 0 && len(q.Classes) == 0 {
		return nil
	}
	asked := positive.Asked{From: q.From, To: q.To, Classes: q.Classes, Hosts: q.Hosts}
	var err error
	if q.Controls, err = positive.Controls(ctx, s.Index, asked); err == nil {
		q.HostControls, err = positive.OfHosts(ctx, s.Index, asked)
	}
	return err
}

// held tells which sources ever had an event of some classes: a firewall may
// carry the logons of a VPN. It is found once for each ledger.
func (s *Service) held(ctx context.Context, classes []int32) (map[string]bool, error) {
	if len(classes) == 0 {
		return nil, nil
	}
	key := fmt.Sprint(classes)
	c := &s.ledger
	c.mu.Lock()
	known := c.held[key]
	c.mu.Unlock()
	if known != nil {
		return known, nil
	}
	known, err := positive.Held(ctx, s.Index, classes)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil {
		c.held = map[string]map[string]bool{}
	}
	c.held[key] = known
	return known, nil
}

// answer qualifies a question: about konseki's own records by these, else by what
// the ledger knows of the other sources.
func answer(l *coverage.Ledger, q coverage.Question) coverage.Answer {
	if ownOnly(q.Sources) {
		return coverage.AnswerOwn(q)
	}
	q.Sources = outside(q.Sources)
	return l.Answer(q)
}

func ownOnly(ids []string) bool { return len(ids) > 0 && len(outside(ids)) == 0 }

// outside leaves konseki's own sources out: coverage is not asked of them.
func outside(ids []string) []string {
	var out []string
	for _, id := range ids {
		if !event.IsOwn(id) {
			out = append(out, id)
		}
	}
	return out
}

// Histogram implements [Operations].
func (s *Service) Histogram(ctx context.Context, by string, q Search, buckets int) (*Histogram, error) {
	p, err := s.prepare(ctx, q)
	if err != nil {
		return nil, err
	}
	buckets = min(max(buckets, 2), 1000) // one bucket could be wider than a duration can tell
	h := &Histogram{Width: index.NiceWidth(p.to.Sub(p.from), buckets)}
	h.From = p.from.Truncate(h.Width)
	h.To = h.From.Add(h.Width)
	for h.To.Before(p.to) {
		h.To = h.To.Add(h.Width)
	}
	counted, err := s.Index.Histogram(ctx, p.req, h.Width)
	if err != nil {
		return nil, fmt.Errorf("control: histogram: %w", err)
	}
	h.fill(counted)
	h.Coverage = answer(p.ledger, coverage.Question{From: h.From, To: h.To, Sources: p.plan.Sources(), Classes: p.plan.Classes()}).Coverage
	err = s.record(ctx, access{By: by, Op: "search", Query: p.plan.String(), From: q.From, To: q.To, Known: p.known})
	return h, err
}

// fill turns counts per source and bucket into columns, the source with most
// events first.
func (h *Histogram) fill(counted []index.Bucket) {
	totals := map[string]int64{}
	for _, b := range counted {
		if totals[b.Source] == 0 {
			h.Sources = append(h.Sources, b.Source)
		}
		totals[b.Source] += b.Count
	}
	sortBy(h.Sources, func(a, b string) bool { return totals[a] > totals[b] || totals[a] == totals[b] && a < b })
	place := map[string]int{}
	for i, src := range h.Sources {
		place[src] = i
	}
	n := int(h.To.Sub(h.From) / h.Width)
	for i := range n {
		h.Buckets = append(h.Buckets, Bucket{Start: h.From.Add(time.Duration(i) * h.Width), Counts: make([]int64, len(h.Sources))})
	}
	for _, b := range counted {
		i := int(b.Start.Sub(h.From) / h.Width)
		if i >= 0 && i < n {
			h.Buckets[i].Counts[place[b.Source]] += b.Count
		}
	}
}

// Facets implements [Operations].
func (s *Service) Facets(ctx context.Context, by string, q Search) ([]Facet, error) {
	p, err := s.prepare(ctx, q)
	if err != nil {
		return nil, err
	}
	var out []Facet
	for _, f := range facets() {
		values, err := s.Index.Facet(ctx, p.req, f.Column, 8)
		if err != nil {
			return nil, fmt.Errorf("control: facets: %w", err)
		}
		for _, v := range values {
			if v.Value != "" {
				f.Values = append(f.Values, facetValue(f.Column, v))
			}
		}
		f.Column = queryName(f.Column)
		out = append(out, f)
	}
	return out, s.record(ctx, access{By: by, Op: "search", Query: p.plan.String(), From: q.From, To: q.To, Known: p.known})
}

// facets are the columns shown beside every search, entities first.
func facets() []Facet {
	return []Facet{
		{Column: "actor_user", Label: event.Phrase{JA: "アカウント", EN: "Account"}},
		{Column: "src_ip", Label: event.Phrase{JA: "接続元", EN: "Address"}},
		{Column: "host", Label: event.Phrase{JA: "機器", EN: "Host"}},
		{Column: "source", Label: event.Phrase{JA: "ログ源", EN: "Source"}},
		{Column: "status_id", Label: event.Phrase{JA: "結果", EN: "Outcome"}},
		{Column: "class_uid", Label: event.Phrase{JA: "分類", EN: "Class"}},
	}
}

func queryName(column string) string {
	switch column {
	case "status_id":
		return "status"
	case "class_uid":
		return "class"
	}
	return column
}

func facetValue(column string, v index.Value) FacetValue {
	out := FacetValue{Value: v.Value, Count: v.Count}
	switch column {
	case "status_id":
		out.Value, out.Label = statusName(v.Value)
	case "class_uid":
		for _, c := range event.Classes() {
			if fmt.Sprint(c.UID) == v.Value {
				out.Value, out.Label = c.Name, className(c)
			}
		}
	}
	return out
}

func statusName(id string) (string, event.Phrase) {
	switch id {
	case "1":
		return "success", event.Phrase{JA: "成功", EN: "success"}
	case "2":
		return "failure", event.Phrase{JA: "失敗", EN: "failure"}
	}
	return "unknown", event.Phrase{JA: "不明", EN: "unknown"}
}

// className is the class in words.
func className(c event.Class) event.Phrase {
	ja := map[int32]string{
		event.ClassBase: "その他", event.ClassFileSystem: "ファイル", event.ClassKernel: "カーネル", event.ClassScheduledJob: "定期実行",
		event.ClassProcess: "プロセス", event.ClassEventLog: "ログ", event.ClassScript: "スクリプト", event.ClassPeripheral: "周辺機器",
		event.ClassFinding: "検知", event.ClassAccountChange: "アカウント変更", event.ClassAuthentication: "認証",
		event.ClassGroup: "グループ", event.ClassNetwork: "通信", event.ClassHTTP: "HTTP", event.ClassSSH: "SSH", event.ClassTunnel: "トンネル",
		event.ClassWebResources: "画面・投稿", event.ClassAppLifecycle: "アプリ", event.ClassAPI: "API", event.ClassDatastore: "データベース",
		event.ClassFileHosting: "ファイル閲覧", event.ClassApplicationError: "アプリ例外",
	}
	return event.Phrase{JA: ja[c.UID], EN: c.Name}
}

// Scope is what an answer that was worked out elsewhere is about: events of the
// classes in [From, To), of which Found are the answer and Held, by source, are
// those that could have been.
type Scope struct {
	From, To time.Time
	Classes  []int32
	Found    int64
	Held     map[string]int64
	Zone     *time.Location
	// Beside is what was seen that may be the answer after all.
	Beside overlooked.Beside
}

// QualifyFor says what an answer that was worked out elsewhere is worth, and
// records that it was asked for. Nothing that could have been read is no answer.
func (s *Service) QualifyFor(ctx context.Context, by, what string, q Scope) (Answer, error) {
	p, err := s.prepare(ctx, Search{From: q.From, To: q.To, Zone: q.Zone})
	if err != nil {
		return Answer{}, err
	}
	question := coverage.Question{From: p.from, To: p.to, Classes: q.Classes, Found: q.Found, Controls: map[string]coverage.Control{}, Behind: s.behind(), Zone: p.zone}
	for source, n := range q.Held {
		question.Controls[source] = coverage.Control{Events: n}
	}
	if len(q.Held) == 0 {
		question.Classes = []int32{noClass}
	}
	a, err := s.answered(ctx, p, question, &q.Beside)
	if err != nil {
		return Answer{}, fmt.Errorf("control: %s: %w", what, err)
	}
	return a, s.record(ctx, access{By: by, Op: "backtest", Query: what, From: q.From, To: q.To, Found: q.Found})
}

// noClass is a class that no kind of source has.
const noClass = -1
