package casebook

import (
	"maps"
	"slices"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/measure"
)

// presetsView is the catalogue of measures that a case can begin with.
type presetsView struct {
	Checked string // when the numbers of the controls were last checked
	Frames  []frameworkView
	List    []presetView
}

// frameworkView is a catalogue of controls, with how its numbers were checked.
type frameworkView struct{ ID, Name, Note string }

// presetView is a measure of the catalogue.
type presetView struct {
	Text, How  string
	Term, Area string
	Controls   []string
	Add        string // its form; "" for whoever only reads
	Href       string // where it stands in the case; "" when it is not in it
}

// presets shows the catalogue, and what of it the case holds.
func (v visit) presets(c *control.Case) (presetsView, error) {
	all, err := measure.Presets()
	if err != nil {
		return presetsView{}, err
	}
	view := presetsView{Checked: all.Checked}
	for _, id := range slices.Sorted(maps.Keys(all.Frames)) {
		view.Frames = append(view.Frames, frameworkView{id, all.Frames[id].Name, v.Phrase(all.Frames[id].Note)})
	}
	for i := range all.Measures {
		m := &all.Measures[i]
		one := presetView{Text: v.Phrase(m.Text), How: v.how(m.Check), Term: v.labelled("term.", m.Term), Area: v.labelled("area.", m.Area), Controls: m.Controls}
		switch {
		case slices.ContainsFunc(c.Measures, func(in investigate.Measure) bool { return in.ID == m.ID }):
			one.Href = "#" + m.ID
		case v.Writer():
			one.Add = v.creating(investigate.KindMeasure, "preset", m.ID)
		}
		view.List = append(view.List, one)
	}
	return view, nil
}

// blank is what a new part begins with: nothing, or a measure of the catalogue
// that the address of the page names.
func (v visit) blank(k investigate.Kind) (investigate.Part, error) {
	id := v.At.Get("preset")
	if k != investigate.KindMeasure || id == "" {
		return investigate.NewPart(k)
	}
	all, err := measure.Presets()
	if err != nil {
		return nil, err
	}
	m, err := all.Preset(id)
	if err != nil {
		return nil, err
	}
	if m.Check.By == "coverage" || m.Check.By == "findings" {
		m.Check.Sources, err = v.registered()
	}
	return m, err
}

// registered names every source that somebody registered: a check that says
// nothing else is about all of them.
func (v visit) registered() (ids []string, err error) {
	list, err := v.Ops.Sources(v.R.Context())
	if err != nil {
		return nil, err
	}
	for _, src := range list {
		if !event.IsOwn(src.ID) {
			ids = append(ids, src.ID)
		}
	}
	return ids, nil
}
