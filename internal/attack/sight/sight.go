// Package sight tells which tactics and techniques detection can see with the events at hand.
//
// It knows what rules are tagged with and which events exist. It does not know
// whether a rule is any good, nor whether the events that it wants come when it
// matters: Report.Unknown says so with every answer.
package sight

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/attack"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
)

// A State says what a technique, or one detector, can do now.
type State string

// The states, the best first.
const (
	Able   State = "able"    // events that it reads are there
	Loaded State = "loaded"  // whether events that it reads are there is not known
	Blind  State = "blind"   // loaded, but no events that it reads
	NoRule State = "no_rule" // nothing is loaded that is tagged with it
)

// A Kind is events that are alike, with some of them.
type Kind struct {
	Source      string
	Events      int64
	First, Last time.Time
	Samples     []event.Event
}

// A Watcher is what may fire and is no rule.
type Watcher struct {
	finding.Info
	Kind string // of its findings: baseline or secret
	// Wants reports whether an event can mean something to it.
	Wants func(*event.Event) bool
}

// Input is what is compared.
type Input struct {
	Rules    *sigma.Collection
	Watchers []Watcher
	Kinds    []Kind
	// Known says that Kinds are all events there are; without it nothing is
	// able or blind.
	Known bool
}

// A Detector is what may fire.
type Detector struct {
	ID    string       `json:"id"`
	Title event.Phrase `json:"title"`
	Kind  string       `json:"kind"` // of its findings: sigma, correlation, baseline or secret
	State State        `json:"state"`
	// Missing are the logsources without events, when it is blind for that.
	Missing []string `json:"missing,omitempty"`

	tags []string
}

// A Technique is one of ATT&CK's with what watches for it. Rules of a
// sub-technique are not counted for its technique.
type Technique struct {
	attack.Technique
	State     State
	Detectors []Detector // those able first
}

// A Tactic counts its techniques by state.
type Tactic struct {
	attack.Tactic
	Techniques map[State]int
}

// A Logsource is one that rules ask for.
type Logsource struct {
	Name      string    `json:"logsource"` // product/category/service, * for any
	Rules     int       `json:"rules"`
	Events    int64     `json:"events"`
	Estimated bool      `json:"estimated"` // Events is reckoned from samples
	Sources   []string  `json:"sources"`
	First     time.Time `json:"first,omitzero"`
	Last      time.Time `json:"last,omitzero"`
	Why       string    `json:"why,omitempty"` // why no events that konseki derives belong to it
}

// A Report is what can be seen.
type Report struct {
	Known      bool        // which events there are
	Techniques []Technique // all of ATT&CK's, by number
	Tactics    []Tactic    // in the order of the kill chain
	Logsources []Logsource // most rules first
	Detectors  map[State]int
	Untagged   int            // detectors that name no technique
	Strange    map[string]int // tags in ATT&CK's namespace that mean nothing in its version, by how many have them
	Unknown    []event.Phrase // what the report cannot know
}

// Look compares what is loaded with the events there are.
func Look(m *attack.Matrix, in Input) *Report {
	r := &Report{Known: in.Known, Detectors: map[State]int{}, Strange: map[string]int{}}
	fed := r.logsources(in)
	byTechnique := make(map[string][]Detector)
	for _, d := range detectors(in, fed) {
		r.Detectors[d.State]++
		techniques := r.techniquesOf(m, d.tags)
		if len(techniques) == 0 {
			r.Untagged++
		}
		for _, id := range techniques {
			byTechnique[id] = append(byTechnique[id], d)
		}
	}
	r.matrix(m, byTechnique)
	r.Unknown = unknown(in)
	return r
}

// techniquesOf reads tags, each technique once, and counts strange ones.
func (r *Report) techniquesOf(m *attack.Matrix, tags []string) []string {
	var out []string
	for _, tag := range tags {
		id, _, known := m.Tag(tag)
		if !known {
			r.Strange[tag]++
		}
		if id != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// matrix fills in techniques and tactics.
func (r *Report) matrix(m *attack.Matrix, by map[string][]Detector) {
	counts := make(map[string]map[State]int)
	for _, t := range m.Techniques() {
		list := by[t.ID]
		slices.SortStableFunc(list, func(a, b Detector) int { return cmp.Compare(rank(a.State), rank(b.State)) })
		x := Technique{Technique: t, State: NoRule, Detectors: list}
		if len(list) > 0 {
			x.State = list[0].State
		}
		r.Techniques = append(r.Techniques, x)
		for _, tactic := range t.Tactics {
			if counts[tactic] == nil {
				counts[tactic] = make(map[State]int)
			}
			counts[tactic][x.State]++
		}
	}
	for _, t := range m.Tactics() {
		r.Tactics = append(r.Tactics, Tactic{t, counts[t.ID]})
	}
}

func rank(s State) int { return slices.Index([]State{Able, Loaded, Blind, NoRule}, s) }

// detectors lists what may fire with its state.
func detectors(in Input, fed map[sigma.Logsource]*Logsource) []Detector {
	var out []Detector
	for _, x := range in.Rules.Rules {
		if !x.Quiet {
			out = append(out, in.judged(&x.Meta, finding.KindSigma, missingOf(x, fed)))
		}
	}
	for _, x := range in.Rules.Correlations {
		if !x.Quiet {
			out = append(out, in.judged(&x.Meta, finding.KindCorrelation, missingOfAll(x, fed)))
		}
	}
	for _, b := range in.Watchers {
		d := Detector{ID: b.ID, Title: event.Phrase{JA: b.TitleJA, EN: b.Title}, Kind: b.Kind, State: Loaded, tags: b.Tags}
		if in.Known {
			d.State = Blind
			if slices.ContainsFunc(in.Kinds, func(k Kind) bool {
				return slices.ContainsFunc(k.Samples, func(ev event.Event) bool { return b.Wants(&ev) })
			}) {
				d.State = Able
			}
		}
		out = append(out, d)
	}
	return out
}

func (in *Input) judged(m *sigma.Meta, kind string, missing []string) Detector {
	d := Detector{ID: m.ID, Title: event.Phrase{JA: m.TitleJA, EN: m.Title}, Kind: kind, State: Loaded, tags: m.Tags}
	switch {
	case !in.Known:
	case len(missing) == 0:
		d.State = Able
	default:
		d.State, d.Missing = Blind, missing
	}
	return d
}

func missingOf(r *sigma.Rule, fed map[sigma.Logsource]*Logsource) []string {
	if fed[r.Logsource].Events > 0 {
		return nil
	}
	return []string{r.Logsource.String()}
}

// missingOfAll gives the logsources that keep a correlation from firing: one
// that wants several inputs is kept by any that lacks, others only by all.
func missingOfAll(c *sigma.Correlation, fed map[sigma.Logsource]*Logsource) []string {
	every := (c.Type == sigma.Temporal || c.Type == sigma.TemporalOrdered) && len(c.Bounds) == 0
	var missing []string
	for _, input := range c.Inputs {
		var lacks []string
		if input.Rule != nil {
			lacks = missingOf(input.Rule, fed)
		} else {
			lacks = missingOfAll(input.Correlation, fed)
		}
		if len(lacks) == 0 && !every {
			return nil
		}
		missing = append(missing, lacks...)
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}

// logsources finds which events feed the logsources that rules ask for.
func (r *Report) logsources(in Input) map[sigma.Logsource]*Logsource {
	fed := make(map[sigma.Logsource]*Logsource)
	for _, x := range in.Rules.Rules {
		if fed[x.Logsource] == nil {
			fed[x.Logsource] = &Logsource{Name: x.Logsource.String(), Sources: []string{}}
		}
		fed[x.Logsource].Rules++
	}
	p := newProbes(slices.Collect(maps.Keys(fed)))
	for i := range in.Kinds {
		k := &in.Kinds[i]
		for source, hits := range p.count(k.Samples) {
			fed[source].take(k, hits)
		}
	}
	why := make(map[sigma.Logsource]string)
	for _, info := range sigma.Logsources() {
		why[info.Logsource] = info.Why
	}
	for _, source := range p.unrouted {
		fed[source].Why = cmp.Or(why[source], "konseki derives no events of it")
	}
	for _, l := range fed {
		slices.Sort(l.Sources)
		r.Logsources = append(r.Logsources, *l)
	}
	slices.SortFunc(r.Logsources, func(a, b Logsource) int { return cmp.Or(cmp.Compare(b.Rules, a.Rules), cmp.Compare(a.Name, b.Name)) })
	return fed
}

// take counts a kind of which so many samples belong.
func (l *Logsource) take(k *Kind, hits int) {
	n := int64(len(k.Samples))
	l.Estimated = l.Estimated || int64(hits) < n
	l.Events += max(1, k.Events/n*int64(hits)+k.Events%n*int64(hits)/n)
	if !slices.Contains(l.Sources, k.Source) {
		l.Sources = append(l.Sources, k.Source)
	}
	if l.First.IsZero() || k.First.Before(l.First) {
		l.First = k.First
	}
	if k.Last.After(l.Last) {
		l.Last = k.Last
	}
}

// unknown lists what no such report can know.
func unknown(in Input) []event.Phrase {
	out := []event.Phrase{
		{JA: "ルールの良し悪し：「検知可能」は、そのルールが読む種類のイベントがあるという意味で、攻撃を必ず見つけるという意味ではない。", EN: "How good a rule is: able means that events of the kind it reads are there, not that it finds every attack."},
		{JA: "タグの無いもの：手法の番号が書かれていないルールは、どの手法にも数えない。サブテクニックのルールは親の手法に数えない。", EN: "What is not tagged: rules that name no technique count for none; rules of a sub-technique do not count for its technique."},
	}
	if !in.Known {
		return append(out, event.Phrase{JA: "ログ源：データフォルダーが無いので、どのイベントが届いているか分からない。", EN: "Sources: there is no data folder, so nobody knows which events arrive."})
	}
	return append(out,
		event.Phrase{JA: "まれなイベント：種類ごとに少数の見本を調べている。見本に無かったログソースは「ログ源なし」になり得る。", EN: "Rare events: of each kind a few samples were looked at. A logsource that was in none of them can be told as without a source."},
		event.Phrase{JA: "項目の有無：イベントがあっても、ルールが見る項目が記録されていないことがある。", EN: "Fields: events can be there and lack the field that a rule looks at."},
		event.Phrase{JA: "時間：過去に届いたイベントも数えている。今も届いているかは konseki coverage が示す。", EN: "Time: events that came in the past count too; konseki coverage tells whether they still come."},
		event.Phrase{JA: "ベースライン：見るイベントがあるかだけを調べ、学習が済んだかは見ていない。", EN: "Baselines: that events they look at are there is known; whether they have learned enough is not looked at."},
	)
}
