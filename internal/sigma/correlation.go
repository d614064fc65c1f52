package sigma

import "time"

// A Correlation is a rule about the matches of other rules or correlations:
// how many there are, of which values, and in which order, within a timespan.
// Source: Sigma correlation rules specification 2.1.
type Correlation struct {
	Meta
	Type    CorrelationType
	Inputs  []Input  // in the order written, one or more
	GroupBy []string // fields or aliases; matches that differ in one of them are counted apart
	// Timespan is the length of the window, more than zero and at most 90 days.
	Timespan time.Duration
	// Bounds are the condition: all of them must hold of the count, sum, … of
	// the window. Temporal correlations count how many inputs were seen and may
	// have none, which means every input.
	Bounds []Bound
	// Fields are condition.field: what value_* looks at. One, but for
	// ValueCount, which counts distinct combinations.
	Fields []string
	// Percentile says which one ValuePercentile takes, from 0 to 100.
	Percentile float64
	// Generate says that the inputs are findings in their own right.
	Generate bool
	// Quiet says that only correlations without Generate use this one: what it
	// finds is not a finding.
	Quiet bool
	// Secret is konseki's own field secret, also set when an input is secret:
	// what the correlation finds must not be copied.
	Secret bool
}

// A CorrelationType is what a correlation asks of the matches in its window,
// in the words of the specification.
type CorrelationType string

// The correlation types.
const (
	EventCount      CorrelationType = "event_count"      // how many matches
	ValueCount      CorrelationType = "value_count"      // how many distinct values of Fields
	Temporal        CorrelationType = "temporal"         // matches of several inputs
	TemporalOrdered CorrelationType = "temporal_ordered" // the same, in the order of Inputs
	ValueSum        CorrelationType = "value_sum"        // the sum of a numeric field
	ValueAvg        CorrelationType = "value_avg"        // its mean
	ValuePercentile CorrelationType = "value_percentile" // its percentile
)

// An Input is a rule or another correlation; exactly one is set.
type Input struct {
	Rule        *Rule
	Correlation *Correlation
	// Aliases maps names in GroupBy and Fields to the field that they mean in
	// matches of this input. A name without an entry is the field's own.
	Aliases map[string]string
}

// A Bound is one comparison with a number.
type Bound struct {
	Op    CompareOp
	Value float64
}

// A CompareOp is a comparison, in the words of the specification.
type CompareOp string

// The comparisons.
const (
	Less         CompareOp = "lt"
	LessEqual    CompareOp = "lte"
	Greater      CompareOp = "gt"
	GreaterEqual CompareOp = "gte"
	Equal        CompareOp = "eq"
	NotEqual     CompareOp = "neq"
)

// Holds reports whether v stands in the bound's relation to its value.
func (b Bound) Holds(v float64) bool {
	switch b.Op {
	case Less:
		return v < b.Value
	case LessEqual:
		return v <= b.Value
	case Greater:
		return v > b.Value
	case GreaterEqual:
		return v >= b.Value
	case NotEqual:
		return v != b.Value
	}
	return v == b.Value
}
