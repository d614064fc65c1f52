package evidence

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/web/site"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/web/reading"
)

// coverageView shows the coverage of every source.
type coverageView struct {
	Page     site.Page
	From, To string
	Ends     [2]string
	Chart    *chart
	Answer   AnswerView
	Sources  []sourceView
	Never    []sourceView
	Open     string
	Lost     []lossView // of no known source
	Form     sourceForm // of a source that is new
}

// sourceView is one source with its intervals.
type sourceView struct {
	ID, Name, Kind, Owner, Zone, Ack string
	Chip                             Chip
	Critical, Seen                   bool // Seen: it sends without being registered
	Events                           string
	Lost                             string // sums of what was lost, in words
	Intervals                        []intervalView
	More                             int
	Kept                             keptView
	Search                           string
	On, HeldBy, Quiet                string // machine, who else holds its records, heartbeat or rhythm
	Clock, Advice                    string
	Requests                         []string
	HostsLabel, HostsRef             string
	Hosts                            []hostView
	MoreHosts                        int
	Proofs                           string     // kinds of proof with how long each holds
	Pulled                           []factView // how far it is asked, where it is pulled
	Failing                          bool       // and does not answer
	Twice                            bool       // it stands further down as well
	Form                             sourceForm
}

// hostView is one host of a source in a row.
type hostView struct {
	Name, Events, Clock string
	Chip                Chip
	Parts               []gapLine
}

// intervalView is one interval in the table.
type intervalView struct {
	Chip                            Chip
	Window, Span, Proof, Reason     string
	Events, Unparsed, Href, Explore string
	Missing                         string
	Lost                            []lossView
}

// lossView is one loss: how many and why, and where.
type lossView struct{ Text, Where string }

// losses sets losses for people, at most maxLosses of them.
func (v Visit) losses(list []control.Loss) []lossView {
	out := make([]lossView, 0, min(len(list), maxLosses))
	for i, l := range list {
		if i == maxLosses {
			return append(out, lossView{Text: "… +" + strconv.Itoa(len(list)-i)})
		}
		where := reading.Visible(l.Door, 40)
		for _, more := range []string{l.Host, l.Path} {
			if more != "" {
				where += " " + reading.Visible(more, 80)
			}
		}
		out = append(out, lossView{reading.Visible(v.Phrase(l.Words()), 300), where})
	}
	return out
}

// lost says in one line what was lost of a source.
func (v Visit) lost(row control.SourceCoverage) string {
	var parts []string
	for _, kind := range event.LossKinds() {
		if n := row.Lost.Of(kind); n > 0 {
			parts = append(parts, v.Phrase(kind.Label())+" "+reading.Grouped(n))
		}
	}
	return strings.Join(parts, " · ")
}

// maxLosses is how many losses of an interval the table shows.
const maxLosses = 8

// maxIntervals is how many intervals of a source the table shows.
const maxIntervals = 60

// coverage shows the coverage page or its drawer.
func (v Visit) coverage() error {
	p := v.PageOf("coverage", v.T("nav.coverage"))
	var err error
	if p.Drawer, err = v.Drawer(); err != nil {
		return err
	}
	if v.Fragment == "drawer" {
		return v.Show(http.StatusOK, "coverage.html", "drawer", p)
	}
	w, err := v.Window()
	if err != nil {
		return err
	}
	rows, err := v.Ops.Coverage(v.R.Context(), v.Person.Name, w.From, w.To)
	if err != nil {
		return err
	}
	registered, err := v.Ops.Sources(v.R.Context())
	if err != nil {
		return err
	}
	nobody, err := v.Ops.Losses(v.R.Context(), v.Person.Name, "", w.From, w.To)
	if err != nil {
		return err
	}
	view := coverageView{Page: p, Open: "/coverage", Lost: v.losses(nobody), Answer: v.Answer(&control.Answer{Coverage: rows})}
	view.From, view.To = v.Shown(w)
	ax := spanOf(rows, w)
	view.Ends = [2]string{v.Clock(ax.from, event.PrecisionSecond).Text(), v.Clock(ax.to, event.PrecisionSecond).Text()}
	view.Chart = &chart{From: ax.from.UnixMilli(), To: ax.to.UnixMilli(), Ticks: v.Ticks(ax), Ribbon: v.ribbon(ax, rows), Zoom: v.zoom(ax)}
	view.Form = v.formOf(control.Source{})
	pulls, err := v.pulls()
	if err != nil {
		return err
	}
	view.Sources, view.Never = v.sources(rows, registered, pulls)
	kept, err := v.kept()
	if err != nil {
		return err
	}
	for i, row := range rows {
		view.Sources[i].Kept = kept[row.Source]
		if err := v.hosts(&view.Sources[i], row, w); err != nil {
			return err
		}
	}
	return v.Show(http.StatusOK, "coverage.html", "page", view)
}

// pulls are the services that konseki asks for their records, by source.
func (v Visit) pulls() (map[string]coverage.Pull, error) {
	st, err := v.Ops.Status(v.R.Context())
	if err != nil {
		return nil, err
	}
	out := make(map[string]coverage.Pull, len(st.Pulls))
	for _, p := range st.Pulls {
		out[p.Source] = p
	}
	return out, nil
}

// spanOf is the window asked for, or what the intervals span.
func spanOf(rows []control.SourceCoverage, w reading.Window) Axis {
	ax := Axis{w.From, w.To}
	for _, row := range rows {
		for _, iv := range row.Intervals {
			if w.From.IsZero() && (ax.from.IsZero() || iv.From.Before(ax.from)) {
				ax.from = iv.From
			}
			if w.To.IsZero() && iv.To.After(ax.to) {
				ax.to = iv.To
			}
		}
	}
	return ax
}

// sources joins what is registered with what is covered; never are those that
// were expected and sent nothing.
func (v Visit) sources(rows []control.SourceCoverage, registered []control.Source, pulls map[string]coverage.Pull) (seen, never []sourceView) {
	byID := make(map[string]control.Source, len(registered))
	for _, src := range registered {
		byID[src.ID] = src
	}
	for _, row := range rows {
		src, ok := byID[row.Source]
		if !ok {
			src = control.Source{ID: row.Source, Kind: row.Kind, Name: row.Name}
		}
		delete(byID, row.Source)
		view := v.source(src)
		view.Chip, view.Events = v.mostly(row), reading.Grouped(row.Events)
		view.Intervals, view.More = v.intervals(row)
		view.Lost, view.Proofs = v.lost(row), v.proofs(row)
		if p, ok := pulls[row.Source]; ok {
			view.Pulled, view.Failing = v.pulled(p), p.Error != ""
		}
		view.Clock, view.Advice = v.Phrase(row.Clock.Words()), v.Phrase(row.Advice)
		if row.Events == 0 && src.Expected {
			view.Twice = true
			never = append(never, view)
			view.Twice = false
		}
		seen = append(seen, view)
	}
	for _, src := range registered {
		if _, left := byID[src.ID]; left {
			view := v.source(src)
			view.Chip, view.Events = v.stateChip("unknown"), "0"
			if p, ok := pulls[src.ID]; ok {
				view.Pulled, view.Failing = v.pulled(p), p.Error != ""
			}
			never = append(never, view)
		}
	}
	return seen, never
}

// mostly gives the state that a source was in for most of the window, with its
// share: a worst state of some minutes would hide what is known.
func (v Visit) mostly(row control.SourceCoverage) Chip {
	var whole, best time.Duration
	lengths, word := map[string]time.Duration{}, StateWord(string(row.State))
	for _, iv := range row.Intervals {
		d := max(0, iv.To.Sub(iv.From))
		whole += d
		state := StateWord(string(iv.State))
		lengths[state] += d
		if lengths[state] > best {
			best, word = lengths[state], state
		}
	}
	c := v.stateChip(word)
	if whole > 0 && best < whole {
		c.Label += " " + strconv.Itoa(int(100*best.Seconds()/whole.Seconds())) + " %"
	}
	return c
}

func (v Visit) source(src control.Source) sourceView {
	view := sourceView{ID: reading.Visible(src.ID, 60), Name: v.Phrase(src.Name), Kind: reading.Visible(src.Kind, 40), Owner: reading.Visible(src.Owner, 80),
		Zone: reading.Visible(src.Zone, 40), Critical: src.Critical, Seen: !src.Expected,
		Search: reading.AddressOf("/explore", url.Values{"q": {reading.Term("source", src.ID)}}).String()}
	if slices.Contains([]string{"file", "acknowledged", "stream", "datagram", "cursor"}, src.Ack) {
		view.Ack = v.T("ack." + src.Ack)
	}
	view.Form = v.formOf(src)
	view.On, view.HeldBy = reading.Visible(src.Host, 80), reading.Visible(src.HeldBy, 120)
	switch {
	case src.Heartbeat > 0:
		view.Quiet = v.T("cov.heartbeat") + " " + v.Span(time.Duration(src.Heartbeat))
	case src.Rhythm > 0:
		view.Quiet = v.T("cov.rhythm") + " " + v.Span(time.Duration(src.Rhythm))
	}
	for _, r := range src.Requests {
		parts := []string{v.Clock(r.At, event.PrecisionSecond).Text(), reading.Visible(r.Of, 120), v.Phrase(r.Label()), reading.Visible(r.By, 60), v.Phrase(r.Note)}
		view.Requests = append(view.Requests, strings.TrimSpace(strings.Join(parts, "  ")))
	}
	return view
}

// maxHosts is how many hosts of a source are shown.
const maxHosts = 200

// hosts adds to a source the coverage of each of its hosts, where the URL asks
// for them, and otherwise how to ask.
func (v Visit) hosts(view *sourceView, row control.SourceCoverage, w reading.Window) error {
	if row.Hosts == 0 {
		return nil
	}
	view.HostsLabel, view.HostsRef = v.F("cov.hosts", row.Hosts), v.At.UpTo("hosts", "gap", "record", "pivot")+"hosts="+url.QueryEscape(row.Source)
	if v.At.Get("hosts") != row.Source {
		return nil
	}
	view.HostsLabel, view.HostsRef = v.T("cov.hostsless"), v.At.Without("hosts", "gap", "record", "pivot")
	rows, err := v.Ops.HostCoverage(v.R.Context(), v.Person.Name, row.Source, w.From, w.To)
	if err != nil {
		return err
	}
	for i, host := range rows {
		if i == maxHosts {
			view.MoreHosts = len(rows) - i
			break
		}
		gaps, _ := v.gaps([]control.SourceCoverage{host})
		view.Hosts = append(view.Hosts, hostView{Name: reading.Visible(host.Host, 80), Events: reading.Grouped(host.Events), Chip: v.mostly(host), Parts: gaps[:min(len(gaps), 3)], Clock: v.Phrase(host.Clock.Words())})
	}
	return nil
}

// intervals lists a source's intervals; the complete ones too, for they are
// what a negative answer rests on.
func (v Visit) intervals(row control.SourceCoverage) (list []intervalView, more int) {
	link := v.At.UpTo("gap", "record", "pivot") + "gap="
	for i, iv := range row.Intervals {
		if i == maxIntervals {
			return list, len(row.Intervals) - i
		}
		view := intervalView{Chip: v.stateChip(StateWord(string(iv.State))), Window: v.Between(iv.From, iv.To), Span: v.Span(iv.To.Sub(iv.From).Round(time.Second)),
			Proof: v.proof(iv.Proof), Reason: v.Phrase(iv.Reason), Events: reading.Grouped(iv.Events),
			Href: link + url.QueryEscape(row.Source+"@"+reading.Instant(iv.From))}
		view.Lost = v.losses(iv.Losses)
		if iv.Missing > 0 {
			view.Missing = v.F("cov.missing", reading.Grouped(iv.Missing))
		}
		if iv.Unparsed > 0 {
			view.Unparsed = reading.Grouped(iv.Unparsed)
		}
		list = append(list, view)
	}
	return list, 0
}
