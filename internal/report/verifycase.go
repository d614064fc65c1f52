package report

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/jsonx"
)

// folded reads the case and what it cites.
func (v *verifier) folded() {
	content, err := v.bundle.small(fileCase)
	var c investigate.Case
	if err == nil {
		err = jsonx.Unmarshal(content, &c, bundleLimits())
	}
	if err != nil {
		v.problem("%s cannot be read: %v", fileCase, err)
		return
	}
	v.file, v.rep.Title = &c, c.Title
}

// cited checks that all that the case cites is here, and says of each sentence
// what it rests on.
func (v *verifier) cited() {
	c := v.file
	if c == nil {
		return
	}
	cites := c.Cited(false)
	v.rep.Cited = len(cites)
	for _, seq := range c.Cited(true) {
		if _, ok := v.have[seq]; !ok {
			v.problem("record %d is cited and not in the bundle, or is not proven", seq)
		}
	}
	for _, seq := range cites {
		if st := v.have[seq]; st.why != "" {
			v.rep.Unshown = append(v.rep.Unshown, v.unshown(seq, st))
		}
	}
	for _, s := range sentences(c) {
		v.rep.Proven = append(v.rep.Proven, v.stands(s))
	}
}

// sentences are the parts of a case that cite.
func sentences(c *investigate.Case) (out []Proven) {
	for _, r := range c.Timeline {
		out = append(out, Proven{Part: "timeline", ID: r.ID, Text: r.Text, Cites: r.Cites})
	}
	for _, s := range c.Statements {
		out = append(out, Proven{Part: "statements", ID: s.ID, Text: s.Text, Cites: s.Cites})
	}
	for _, q := range c.Questions {
		text := q.Conclusion
		if text.Empty() {
			text = q.Text
		}
		out = append(out, Proven{Part: "questions", ID: q.ID, Text: text, Cites: q.Cites})
	}
	return out
}

func (v *verifier) stands(s Proven) Proven {
	for _, seq := range s.Cites {
		switch st, ok := v.have[seq]; {
		case !ok:
			s.Broken = append(s.Broken, seq)
		case st.why != "":
			s.Unshown = append(s.Unshown, seq)
		}
	}
	switch {
	case len(s.Broken) > 0:
		s.State = StandsBroken
	case len(s.Cites) == 0:
		s.State, s.Cites = StandsUncited, []uint64{}
	case len(s.Unshown) == len(s.Cites):
		s.State = StandsUnshown
	case len(s.Unshown) > 0:
		s.State = StandsPartly
	default:
		s.State = StandsProven
	}
	return s
}

// unshown says why a record cannot be shown.
func (v *verifier) unshown(seq uint64, st standing) Unshown {
	u := Unshown{Record: seq, Why: st.why, Proven: !st.bare}
	for _, d := range v.gone {
		if d.first <= seq && seq <= d.last && st.why == event.Expired.String() {
			u.Declared = d.by
		}
	}
	u.Reason = map[string]event.Phrase{
		"expired":  {JA: "保存期間を過ぎ、手放された", EN: "its retention period had passed and it was let go"},
		"shredded": {JA: "これを読む鍵が破棄された", EN: "the key it was kept under was destroyed"},
		"locked":   {JA: "これを読む鍵が、束を作った時に手元になかった", EN: "the key it is kept under was not at hand when the bundle was made"},
		withheld:   {JA: "束の作成者が内容を伏せた", EN: "whoever made the bundle withholds its content"},
	}[st.why]
	return u
}

// refold checks that the case is what its sealed operations make it.
func (v *verifier) refold() {
	if v.file == nil {
		return
	}
	slices.SortStableFunc(v.ops, func(a, b event.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	desk := investigate.NewDesk()
	for _, op := range v.ops {
		if err := desk.Apply(op); err != nil {
			v.problem("operation %d: %v", op.Seq, err)
		}
	}
	again := desk.Case(v.file.ID)
	if again == nil {
		v.problem("the operations of case %s are not in the bundle", v.file.ID)
		return
	}
	want, err := json.Marshal(again, json.Deterministic(true))
	content, rerr := v.bundle.small(fileCase)
	if err != nil || rerr != nil || !bytes.Equal(want, content) {
		v.problem("%s is not what its sealed operations make it", fileCase)
	}
}
