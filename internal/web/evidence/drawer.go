package evidence

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/web/site"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/web/reading"
)

// Limits on what the drawer shows.
const (
	maxShown    = 64 << 10 // bytes of a raw record
	maxValue    = 4 << 10  // bytes of a field's value
	maxFields   = 400
	maxCrumbs   = 12
	maxRelated  = 12
	aroundEvent = 5 * time.Minute
)

// drawer is the side of a page that tells more of one thing without losing
// the page: a record, an entity or a stretch of missing coverage.
type drawer struct {
	Close  string
	Back   string // one step down the stack, "" at its bottom
	Crumbs []site.Choice
	Zone   string
	Record *recordView
	Pivot  *pivotView
	Gap    *gapView
}

// recordView is a raw record with what was derived from it.
type recordView struct {
	Seq                  string
	Number               uint64
	Received, Source     string
	Transport            string
	Text                 string
	Size, RawHref        string
	Cut, Revealed        bool
	Binary, Masked       bool
	Unmask               string // where the form without masks goes; "" for whom it is not
	Events               []derived
	Who                  []string // what the company knows of those in it, at that time
	Seal                 sealView
	ProofHref, VerifyRef string
	Around               string
	Add                  addRow
}

// derived is one event of a record, field by field.
type derived struct {
	Class, Format string
	Clock         reading.Clock
	UTC           string
	Original      string
	Doubt         string
	Trust         string // zone, unit, clock and receipt: how sure the time is
	Unparsed      bool
	Columns       []fieldView
	Native        []fieldView
}

// fieldView is a field with its value and, for an entity, its pivot.
type fieldView struct {
	Name string
	Cell Cell
}

// addRow is the form that adds the record to the timeline of a case.
type addRow struct {
	Cases   []caseChoice // the open ones, the newest first
	Cites   uint64
	At      string
	Text    string
	Lang    string
	From    string // source
	Back    string
	About   bool // the record says 頃 itself
	Finding bool // it is a finding
}

// caseChoice is an open case to add to.
type caseChoice struct{ ID, Title string }

// sealView is where a record is sealed.
type sealView struct {
	Sealed                bool
	At, Batch, Position   string
	Leaf, Root, ShortRoot string
}

// pivotView is all that is known of one entity.
type pivotView struct {
	Kind, Value string
	Inside      string
	Count       string
	First, Last reading.Clock
	Chips       []Chip
	Groups      []relatedGroup
	Findings    []FindingView
	Answer      AnswerView
	Search      string
	Include     string
	Owners      []ownerView
	Known       []meaningView
}

// relatedGroup lists one kind of related values.
type relatedGroup struct {
	Title string
	Rows  []relatedRow
	More  int
}

// relatedRow is a related value.
type relatedRow struct {
	Value, Href, Sources string
	Count, Failures      string
	First, Last          reading.Clock
}

// gapView explains one stretch of a source's coverage.
type gapView struct {
	Source, Name        string
	Chip                Chip
	Window, Span, Proof string
	Reason              string
	Events, Unparsed    string
	Missing             string
	Means, Do           string
	Narrow              string
	Absent              bool
	Lost                []lossView
}

// Drawer builds the drawer that the URL asks for, nil when it asks for none.
// The URL holds at most one record or gap and a stack of pivots on top of it.
func (v Visit) Drawer() (any, error) {
	pivots := v.At.All("pivot")
	record, gap := v.At.Get("record"), v.At.Get("gap")
	if len(pivots) == 0 && record == "" && gap == "" {
		return nil, nil
	}
	if len(pivots) > maxCrumbs {
		pivots = pivots[len(pivots)-maxCrumbs:]
	}
	d := &drawer{Close: v.At.Without("record", "pivot", "gap"), Zone: v.ZoneLabel}
	d.Crumbs = v.crumbs(record, gap, pivots)
	if n := len(d.Crumbs); n > 1 {
		d.Back = d.Crumbs[n-2].Href
	}
	var err error
	switch {
	case len(pivots) > 0:
		d.Pivot, err = v.pivot(pivots[len(pivots)-1])
	case record != "":
		d.Record, err = v.recordDrawer(record)
	default:
		d.Gap, err = v.gap(gap)
	}
	return d, err
}

// crumbs names the steps that led here, each a link back.
func (v Visit) crumbs(record, gap string, pivots []string) []site.Choice {
	var list []site.Choice
	base := v.At.UpTo("pivot")
	switch {
	case record != "":
		list = append(list, site.Choice{Label: "#" + reading.Visible(record, 24), Href: v.At.Without("pivot")})
	case gap != "":
		source, _, _ := gapSource(gap)
		list = append(list, site.Choice{Label: reading.Visible(source, 40), Href: v.At.Without("pivot")})
	}
	for i, p := range pivots {
		_, value, _ := strings.Cut(p, ":")
		list = append(list, site.Choice{Label: reading.Visible(value, 40), Href: base + url.Values{"pivot": pivots[:i+1]}.Encode()})
	}
	return list
}

// deeper is the start of links that put one more pivot on the stack.
func (v Visit) deeper() string { return v.At.UpTo() + "pivot=" }

// recordDrawer shows one record.
func (v Visit) recordDrawer(number string) (*recordView, error) {
	seq, err := strconv.ParseUint(number, 10, 64)
	if err != nil || seq == 0 {
		return nil, site.Refusal(404, "error.norecord", reading.Input(number))
	}
	rec, err := v.Ops.Record(v.R.Context(), v.Person.Name, seq)
	if err != nil {
		return nil, err
	}
	number = strconv.FormatUint(seq, 10)
	view := &recordView{
		Seq: reading.Grouped(int64(seq)), Number: seq, Received: v.Clock(rec.Record.Received, 0).Text(),
		Source: v.SourceName(rec.Record.Source), Transport: reading.Visible(rec.Record.Transport, 500), Binary: rec.Binary,
		Size: reading.Bytes(int64(len(rec.Record.Raw))), RawHref: "/record/" + number + "/raw", Cut: len(rec.Text) > maxShown,
		Seal: v.seal(rec.Seal), ProofHref: "/verify?record=" + number + "&fragment=proof", VerifyRef: "/verify?record=" + number,
	}
	view.Text, view.Revealed = reading.VisibleLines(rec.Text, maxShown)
	if view.Masked = rec.Masked; rec.Masked && v.Person.Role != "viewer" {
		view.Unmask = "/record/" + number + "/unmask"
	}
	links := v.RowLinks(v.At.Get("q"))
	links.pivot = v.deeper()
	for i := range rec.Events {
		view.Events = append(view.Events, v.derived(&rec.Events[i], links))
		view.Events[i].Trust = v.trust(&rec.Events[i], rec)
		for _, who := range v.Estate().Who(&rec.Events[i], v.Zone) {
			view.Who = append(view.Who, v.Phrase(who))
		}
	}
	at := rec.Record.Received
	text := rec.Text
	if len(rec.Events) > 0 {
		at, text = rec.Events[0].Time, content(&rec.Events[0])
	}
	view.Around = reading.AddressOf("/explore", url.Values{"from": {reading.Instant(at.Add(-aroundEvent))}, "to": {reading.Instant(at.Add(aroundEvent))}, "record": {number}}).String()
	view.Add, err = v.addForm(seq, at, text, rec.Record.Source)
	view.Add.About = len(rec.Events) > 0 && rec.Events[0].Quality.About
	return view, err
}

// addForm prepares the form that adds a record to an open case.
func (v Visit) addForm(seq uint64, at time.Time, text, source string) (addRow, error) {
	form := addRow{Cites: seq, Lang: v.Lang, Finding: source == event.SourceFinding, At: reading.Instant(at), Text: reading.Visible(text, 300), From: reading.Visible(source, 120), Back: v.At.String()}
	if v.Person.Role == "viewer" {
		return form, nil
	}
	list, err := v.Ops.Cases(v.R.Context())
	if err != nil {
		return form, err
	}
	list = slices.DeleteFunc(slices.Clone(list), func(c *control.Case) bool { return c.Status != "open" })
	slices.SortFunc(list, func(a, b *control.Case) int { return b.Opened.Compare(a.Opened) })
	for _, c := range list {
		form.Cases = append(form.Cases, caseChoice{reading.Visible(c.ID, 64), reading.Visible(c.ID, 40) + "　" + reading.Visible(c.Title.In(v.Lang), 60)})
	}
	return form, nil
}

// derived sets one event field by field.
func (v Visit) derived(ev *event.Event, l RowLinks) derived {
	d := derived{
		Class: event.ClassName(ev.ClassUID), Format: reading.Visible(ev.Format, 60), Clock: v.Clock(ev.Time, ev.Quality.Precision),
		UTC: ev.Time.UTC().Format("2006-01-02 15:04:05Z"), Original: reading.Visible(ev.Quality.Original, 80),
		Doubt: v.doubt(ev.Quality), Unparsed: ev.Format == event.Unparsed,
	}
	for _, c := range promoted(ev) {
		if c.value != "" {
			f := fieldView{c.name, l.Cell(c.kind, c.name, c.value)}
			f.Cell.Text = reading.Visible(c.value, maxValue)
			d.Columns = append(d.Columns, f)
		}
	}
	for i, f := range ev.Fields {
		if i == maxFields {
			break
		}
		d.Native = append(d.Native, fieldView{reading.Visible(f.Name, 120), Cell{Text: reading.Visible(f.Value, maxValue)}})
	}
	return d
}

// promotedValue is a promoted column's value; kind is the pivot it opens.
type promotedValue struct{ name, kind, value string }

// promoted lists the promoted columns that tell who did what where.
func promoted(ev *event.Event) []promotedValue {
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	return []promotedValue{
		{"actor_user", "user", ev.ActorUser}, {"target_user", "user", ev.TargetUser},
		{"src_ip", "ip", ev.SrcIP}, {"src_port", "", number(int64(ev.SrcPort))},
		{"dst_ip", "ip", ev.DstIP}, {"dst_port", "", number(int64(ev.DstPort))},
		{"host", "host", ev.Host}, {"event_code", "", ev.EventCode}, {"session_uid", "", ev.SessionUID},
		{"process_path", "", ev.ProcessPath}, {"cmd_line", "", ev.CmdLine}, {"object", "", ev.Object},
		{"statement", "", ev.Statement}, {"client_app", "", ev.ClientApp}, {"bytes_out", "", number(ev.BytesOut)},
		{"seq", "", ev.NativeSeq},
	}
}

// seal sets a seal.
func (v Visit) seal(s control.Seal) sealView {
	view := sealView{Sealed: s.Sealed, Leaf: s.Leaf, Root: s.Root, ShortRoot: s.Root}
	if s.Sealed {
		view.At = v.Clock(s.SealedAt, 0).Text()
		view.Batch, view.Position = reading.Grouped(int64(s.Batch)), reading.Grouped(int64(s.Position))
	}
	if len(s.Root) > 12 {
		view.ShortRoot = s.Root[:4] + "…" + s.Root[len(s.Root)-4:]
	}
	return view
}

// pivot shows one entity, "ip:203.0.113.77".
func (v Visit) pivot(text string) (*pivotView, error) {
	kind, value, _ := strings.Cut(text, ":")
	if kind != "ip" && kind != "user" && kind != "host" && kind != "person" && kind != "device" || value == "" || len(value) > 1000 {
		return nil, site.Refusal(400, "error.pivot", reading.Input(text))
	}
	w, err := v.Window()
	if err != nil {
		return nil, err
	}
	p, err := v.Ops.Pivot(v.R.Context(), v.Person.Name, kind, value, w.From, w.To)
	if err != nil {
		return nil, err
	}
	view := &pivotView{
		Kind: v.T("pivot." + kind), Value: reading.Visible(value, 200), Count: reading.Grouped(p.Count), First: v.Clock(p.First, event.PrecisionSecond),
		Last: v.Clock(p.Last, event.PrecisionSecond), Answer: v.Answer(&p.Answer),
		Search:  v.At.Moved("/explore").Change("q", reading.Term(kind, value), "after", "", "record", "", "pivot", "", "gap", "").String(),
		Include: v.At.Moved("/explore").Change("q", reading.Narrowed(v.At.Get("q"), reading.Term(kind, value)), "after", "", "record", "", "pivot", "", "gap", "").String(),
	}
	if kind == "ip" {
		view.Inside = v.T("pivot.outside")
		if p.Inside {
			view.Inside = v.T("pivot.inside")
		}
	}
	if who := v.Estate().About(kind, value, p.Last, v.Zone); who.EN != "" {
		view.Inside = v.Phrase(who)
	}
	view.Owners, view.Known = v.owners(kind, value, p.Last), v.meanings(p.Known)
	view.Groups = v.related(p)
	view.Chips = v.pivotChips(p)
	for i := range p.Findings {
		if i == maxRelated {
			break
		}
		view.Findings = append(view.Findings, v.Finding(&p.Findings[i]))
	}
	return view, nil
}

// pivotChips says in a few words what stands out.
func (v Visit) pivotChips(p *control.Pivot) []Chip {
	var list []Chip
	add := func(class, key string, n int) {
		if n > 1 || n == 1 && class == "found" {
			list = append(list, Chip{class, v.N(int64(n), key, n)})
		}
	}
	add("found", "pivot.findings", len(p.Findings))
	add("plain", "pivot.users", len(p.Users))
	add("plain", "pivot.addresses", len(p.Addresses))
	add("plain", "pivot.hosts", len(p.Hosts))
	add("plain", "pivot.sources", len(p.Sources))
	return list
}

// sourceNames names sources in one line.
func (v Visit) sourceNames(ids []string) string {
	names := make([]string, 0, len(ids))
	for _, id := range ids {
		names = append(names, v.SourceName(id))
	}
	return strings.Join(names, " · ")
}

// proof names what a coverage state rests on.
func (v Visit) proof(kind string) string {
	if text := v.T("rests." + kind); text != "" {
		return text
	}
	return reading.Visible(kind, 120)
}

// related sets the related values of all kinds.
func (v Visit) related(p *control.Pivot) []relatedGroup {
	var out []relatedGroup
	for _, g := range []struct {
		key, kind string
		list      []control.Related
	}{{"pivot.byuser", "user", p.Users}, {"pivot.byaddress", "ip", p.Addresses}, {"pivot.byhost", "host", p.Hosts}, {"pivot.bysource", "", p.Sources}} {
		if len(g.list) == 0 {
			continue
		}
		list := slices.Clone(g.list)
		slices.SortStableFunc(list, func(a, b control.Related) int { return cmp.Or(a.First.Compare(b.First), cmp.Compare(b.Count, a.Count)) })
		group := relatedGroup{Title: v.T(g.key), More: max(0, len(list)-maxRelated)}
		for _, rel := range list[:len(list)-group.More] {
			row := relatedRow{Value: reading.Visible(rel.Value, 120), Count: reading.Grouped(rel.Count), Sources: v.sourceNames(rel.Sources),
				First: v.Clock(rel.First, event.PrecisionSecond), Last: v.Clock(rel.Last, event.PrecisionSecond)}
			if g.kind == "" {
				row.Value, row.Sources = v.SourceName(rel.Value), "" // it is the value itself
			} else {
				row.Href = v.deeper() + url.QueryEscape(g.kind+":"+rel.Value)
			}
			if rel.Failures > 0 {
				row.Failures = v.F("pivot.failures", reading.Grouped(rel.Failures))
			}
			group.Rows = append(group.Rows, row)
		}
		out = append(out, group)
	}
	return out
}

// gap explains the interval of a source that the URL names.
func (v Visit) gap(text string) (*gapView, error) {
	source, at, ok := gapSource(text)
	if !ok {
		return nil, site.Refusal(400, "error.gap", reading.Input(text))
	}
	w, err := v.Window()
	if err != nil {
		return nil, err
	}
	rows, err := v.Ops.Coverage(v.R.Context(), v.Person.Name, w.From, w.To)
	if err != nil {
		return nil, err
	}
	if view := v.gapAt(rows, source, at); view != nil {
		return view, nil
	}
	// A chart begins with a whole column, which may be before the first record.
	if !at.Before(w.To) {
		w.To = time.Time{}
	}
	if rows, err = v.Ops.Coverage(v.R.Context(), v.Person.Name, at, w.To); err != nil {
		return nil, err
	}
	if view := v.gapAt(rows, source, at); view != nil {
		return view, nil
	}
	return nil, site.Refusal(404, "error.gap", reading.Input(text))
}

// gapAt shows the interval of a source that holds an instant, nil where none
// does.
func (v Visit) gapAt(rows []control.SourceCoverage, source string, at time.Time) *gapView {
	for _, row := range rows {
		if row.Source != source {
			continue
		}
		for _, iv := range row.Intervals {
			if !at.Before(iv.From) && at.Before(iv.To) {
				return v.gapView(row, iv)
			}
		}
	}
	return nil
}

// gapView sets one interval.
func (v Visit) gapView(row control.SourceCoverage, iv control.Interval) *gapView {
	word := StateWord(string(iv.State))
	view := &gapView{
		Source: reading.Visible(row.Source, 60), Name: v.Phrase(row.Name), Chip: v.stateChip(word),
		Window: v.Prose(iv.From) + " → " + v.Prose(iv.To), Span: v.Span(iv.To.Sub(iv.From)),
		Proof: v.proof(iv.Proof), Reason: v.Phrase(iv.Reason), Events: reading.Grouped(iv.Events),
		Means: v.T("means." + word), Do: v.T("do." + word), Absent: iv.Events == 0,
		Lost:   v.losses(iv.Losses),
		Narrow: reading.AddressOf("/explore", url.Values{"q": {reading.Term("source", row.Source)}, "from": {reading.Instant(iv.From)}, "to": {reading.Instant(iv.To)}}).String(),
	}
	if iv.Missing > 0 {
		view.Missing = reading.Grouped(iv.Missing)
	}
	if iv.Unparsed > 0 {
		view.Unparsed = reading.Grouped(iv.Unparsed)
	}
	return view
}

// stateChip gives a coverage state in words and colour.
func (v Visit) stateChip(word string) Chip {
	class, _ := StateLook(word)
	return Chip{map[string]string{"ok": "covered", "part": "partial", "lost": "unknown", "gone": "found"}[class], v.T("state." + word)}
}
