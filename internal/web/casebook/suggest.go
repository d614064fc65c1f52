package casebook

import (
	"slices"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/clock"
	"github.com/konseki/konseki/internal/web/reading"
)

// Limits of what a field offers.
const (
	maxOffers    = 200
	maxOfferText = 80
)

// suggest gives the fields of a form that name another part what there is to
// choose from. They may be typed all the same: a case has more rows than anybody
// looks through.
func (v visit) suggest(c *control.Case, form *formView) error {
	offers := map[string][]option{"about": abouts(c)}
	switch investigate.Kind(form.Kind) {
	case investigate.KindRow:
		offers["cause"] = v.causes(c, form)
	case investigate.KindTold:
		offers["version"] = v.reports(c)
	case investigate.KindSubmission:
		offers["version"] = v.reports(c)
		list, err := v.Ops.Duties(v.R.Context(), c.ID)
		if err != nil {
			return err
		}
		for i := range list {
			offers["clock"] = append(offers["clock"], option{Value: list[i].Rule.ID, Label: v.Phrase(list[i].Rule.Name)})
		}
	case investigate.KindClock:
		keys, err := clock.Keys()
		if err != nil {
			return err
		}
		for i := range keys {
			offers["start"] = append(offers["start"], option{Value: keys[i].Key, Label: v.Phrase(keys[i].Label)})
		}
	}
	for _, rows := range [][]fieldRow{form.Rows, form.Rest} {
		for i := range rows {
			for k := range rows[i].Fields {
				f := &rows[i].Fields[k]
				f.Offers = offers[f.Name]
			}
		}
	}
	return nil
}

// causes are the rows that may have led to a row: those that are not later than
// it, the nearest first.
func (v visit) causes(c *control.Case, form *formView) []option {
	var until time.Time
	for _, r := range form.Rows {
		for _, f := range r.Fields {
			if f.Name == "at" {
				until, _ = reading.ParseTime(f.Value, v.Zone)
			}
		}
	}
	var out []option
	for i, r := range slices.Backward(c.Timeline) {
		if r.ID == form.ID || !until.IsZero() && r.At.After(until) {
			continue
		}
		label := v.T("precision.unknown")
		if r.Precision != investigate.UnknownTime {
			label = v.Clock(r.At, 0).Minute()
		}
		out = append(out, option{Value: reading.Visible(r.ID, 64), Label: label + " " + reading.Visible(c.Timeline[i].Text.In(v.Lang), maxOfferText)})
		if len(out) == maxOffers {
			break
		}
	}
	return out
}

// reports are those that were issued, the newest first.
func (v visit) reports(c *control.Case) []option {
	var out []option
	for _, r := range slices.Backward(c.Versions) {
		out = append(out, option{Value: reading.Visible(r.ID, 64), Label: v.T("report.kind."+r.Report) + " " + v.Clock(r.At, 0).Minute()})
	}
	return out[:min(len(out), maxOffers)]
}

// abouts are the names that rows and statements have for what they tell of.
func abouts(c *control.Case) []option {
	var names []string
	for i := range c.Timeline {
		names = append(names, c.Timeline[i].About)
	}
	for i := range c.Statements {
		names = append(names, c.Statements[i].About)
	}
	slices.Sort(names)
	var out []option
	for _, name := range slices.Compact(names) {
		if name != "" && len(out) < maxOffers {
			out = append(out, option{Value: reading.Visible(name, 300)})
		}
	}
	return out
}
