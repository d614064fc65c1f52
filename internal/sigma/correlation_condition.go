package sigma

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// correlationCondition reads the bounds and what they are bounds of.
func (w *walker) correlationCondition(d *draft, section, n *yaml.Node) error {
	temporal := d.Type == Temporal || d.Type == TemporalOrdered
	switch {
	case n == nil && temporal:
		return nil
	case n == nil:
		return atf(section, "correlation needs a condition, such as gte: 10")
	case n.Kind == yaml.ScalarNode && temporal:
		return at(n, d.expression(n.Value))
	case n.Kind != yaml.MappingNode:
		return atf(n, "the condition must be a mapping, such as gte: 10")
	}
	list, err := w.entries(n)
	if err != nil {
		return err
	}
	for _, e := range list {
		if err := w.criterion(d, e); err != nil {
			return at(e.at, err)
		}
	}
	return at(n, d.checkCondition())
}

func (w *walker) criterion(d *draft, e entry) (err error) {
	switch op := CompareOp(e.key); op {
	case Less, LessEqual, Greater, GreaterEqual, Equal, NotEqual:
		v, err := finite(e)
		if err != nil {
			return err
		}
		d.Bounds = append(d.Bounds, Bound{op, v})
		return nil
	}
	switch e.key {
	case "field":
		d.Fields, err = w.names(e)
	case "percentile":
		if d.Type != ValuePercentile || d.Percentile >= 0 {
			return errors.New("percentile has no meaning here")
		}
		if d.Percentile, err = finite(e); err == nil && (d.Percentile < 0 || d.Percentile > 100) {
			err = errors.New("percentile is from 0 to 100")
		}
	default:
		err = fmt.Errorf("%q is not known in a correlation's condition", e.key)
	}
	return err
}

func finite(e entry) (float64, error) {
	v, err := strconv.ParseFloat(e.value.Value, 64)
	if err != nil || e.value.Kind != yaml.ScalarNode || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%s takes a number, not %q", e.key, e.value.Value)
	}
	return v, nil
}

// checkCondition refuses conditions that lack something or can never hold.
func (d *draft) checkCondition() error {
	fields := map[CorrelationType]int{ValueCount: maxFields, ValueSum: 1, ValueAvg: 1, ValuePercentile: 1}[d.Type]
	switch {
	case len(d.Bounds) == 0:
		return errors.New("the condition needs one of gt, gte, lt, lte, eq and neq")
	case fields == 0 && len(d.Fields) > 0:
		return fmt.Errorf("%s looks at no field", d.Type)
	case fields > 0 && len(d.Fields) == 0:
		return fmt.Errorf("%s needs a field in its condition", d.Type)
	case len(d.Fields) > fields:
		return fmt.Errorf("%s takes one field", d.Type)
	case d.Type == ValuePercentile && d.Percentile < 0:
		return errors.New("value_percentile needs a percentile in its condition, from 0 to 100")
	}
	greatest := math.Inf(1)
	switch d.Type {
	case Temporal, TemporalOrdered:
		greatest = float64(len(d.refs))
	case EventCount, ValueCount:
	default:
		return nil // any number can be a sum or a mean
	}
	for _, b := range d.Bounds {
		if b.Value < 0 || b.Value != math.Trunc(b.Value) {
			return fmt.Errorf("a count is a whole number, not %v", b.Value)
		}
	}
	if !d.possible(greatest) {
		return errors.New("the condition can never hold")
	}
	return nil
}

// possible reports whether some count from 1 to greatest satisfies the bounds:
// where one does, one stands beside a bound's value.
func (d *draft) possible(greatest float64) bool {
	holds := func(v float64) bool {
		return v >= 1 && v <= greatest && !slices.ContainsFunc(d.Bounds, func(b Bound) bool { return !b.Holds(v) })
	}
	if holds(1) {
		return true
	}
	return slices.ContainsFunc(d.Bounds, func(b Bound) bool { return holds(b.Value-1) || holds(b.Value) || holds(b.Value+1) })
}

// expression reads a condition in words over the names of the inputs: all of
// them joined by and, or, for an unordered correlation, by or. What mixes both
// or negates is refused: a correlation among the inputs says it.
func (d *draft) expression(text string) error {
	words := strings.Fields(text)
	op := ""
	named := make(map[string]bool)
	for i, word := range words {
		if i%2 == 0 {
			named[word] = true
			continue
		}
		word = strings.ToLower(word)
		if word != "and" && word != "or" || op != "" && op != word {
			return errors.New("a condition in words joins the rules all by and or all by or; for more, take another correlation as input")
		}
		op = word
	}
	for _, ref := range d.refs {
		if !named[ref.text] {
			return fmt.Errorf("the condition does not name %q", ref.text)
		}
	}
	if len(words)%2 == 0 || len(named) > len(d.refs) {
		return errors.New("the condition names what is not among the rules")
	}
	if op == "or" {
		if d.Type == TemporalOrdered {
			return errors.New("an ordered correlation joins its rules by and")
		}
		d.Bounds = []Bound{{GreaterEqual, 1}}
	}
	return nil
}
