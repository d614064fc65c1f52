package sigma

// expr is a rule's condition: a tree of predicates.
type expr struct {
	kind exprKind
	pred *predicate // of exprPredicate
	kids []*expr    // of exprAnd, exprOr (one or more) and exprNot (one)
}

type exprKind uint8

const (
	exprPredicate exprKind = iota
	exprAnd
	exprOr
	exprNot
)

func leaf(p *predicate) *expr { return &expr{kind: exprPredicate, pred: p} }

func not(e *expr) *expr {
	if e.kind == exprNot {
		return e.kids[0]
	}
	return &expr{kind: exprNot, kids: []*expr{e}}
}

// join makes an AND or OR, flattening nested ones of the same kind.
func join(kind exprKind, kids []*expr) *expr {
	if len(kids) == 1 {
		return kids[0]
	}
	flat := make([]*expr, 0, len(kids))
	for _, k := range kids {
		if k.kind == kind {
			flat = append(flat, k.kids...)
			continue
		}
		flat = append(flat, k)
	}
	return &expr{kind: kind, kids: flat}
}

// predicates calls yield for each predicate of the tree.
func (e *expr) predicates(yield func(*predicate)) {
	if e.kind == exprPredicate {
		yield(e.pred)
		return
	}
	for _, k := range e.kids {
		k.predicates(yield)
	}
}

// size counts the nodes of the tree.
func (e *expr) size() int {
	n := 1
	for _, k := range e.kids {
		n += k.size()
	}
	return n
}

// cost is the work of evaluating the tree, roughly.
func (e *expr) cost() int {
	if e.kind == exprPredicate {
		return e.pred.cost()
	}
	sum := 0
	for _, k := range e.kids {
		sum += k.cost()
	}
	return sum
}
