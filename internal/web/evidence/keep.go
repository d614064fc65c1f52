package evidence

import "github.com/konseki/konseki/internal/web/reading"

// keptView is how long a source is kept, as the coverage page tells it.
type keptView struct{ Here, Rule, Origin, Held string }

// kept tells of every source how long it is kept.
func (v Visit) kept() (map[string]keptView, error) {
	list, err := v.Ops.Kept(v.R.Context())
	if err != nil {
		return nil, err
	}
	out := make(map[string]keptView, len(list))
	for _, k := range list {
		view := keptView{Here: v.Phrase(k.Retention.Words()), Rule: v.Phrase(k.Rule), Origin: v.T("kept.ask")}
		if !k.Origin.IsZero() {
			view.Origin = v.Phrase(k.Origin.Words())
		}
		for i, hold := range k.HeldBy {
			if i > 0 {
				view.Held += v.T("list.comma")
			}
			view.Held += reading.Visible(hold, 80)
		}
		out[k.Source] = view
	}
	return out, nil
}
