package sigma

import "slices"

// maxNeeds bounds the fields of a rule that are named.
const maxNeeds = 16

// Needs lists the fields that a rule looks for, in its order and each once, at
// most 16; what it wants absent is not among them. Each is a rule that holds of
// every event of the same logsource that has the field, which is its Title.
func (r *Rule) Needs() (out []*Rule) {
	for _, field := range r.cond.needs(nil) {
		out = append(out, &Rule{Meta: Meta{ID: field, Title: field}, Logsource: r.Logsource, cond: leaf(&predicate{field: field, op: opExists, shown: "exists"})})
	}
	return out
}

func (e *expr) needs(list []string) []string {
	if e == nil || e.kind == exprNot {
		return list
	}
	if p := e.pred; e.kind == exprPredicate && p.field != keywordField && p.op != opNull && len(list) < maxNeeds && !slices.Contains(list, p.field) {
		list = append(list, p.field)
	}
	for _, k := range e.kids {
		list = k.needs(list)
	}
	return list
}
