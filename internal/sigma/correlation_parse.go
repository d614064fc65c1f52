package sigma

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// maxTimespan is the longest window of a correlation.
const maxTimespan = 90 * 24 * time.Hour

// maxInputs bounds the inputs of one correlation, maxFields the fields it
// groups by or counts.
const (
	maxInputs = 1000
	maxFields = 16
)

// A draft is a correlation whose inputs are not found yet.
type draft struct {
	Correlation
	refs    []reference
	aliases []aliasDraft
	state   resolution
	chain   int          // how many correlations deep its inputs are
	made    *Correlation // once resolved
}

// An aliasDraft is one field of one input under an alias.
type aliasDraft struct {
	alias, field string
	input        reference
}

// correlation reads the section correlation; generate may also stand beside it.
func (w *walker) correlation(section, generate entry) (*draft, error) {
	if section.value.Kind != yaml.MappingNode {
		return nil, atf(section.at, "correlation must be a mapping")
	}
	list, err := w.entries(section.value)
	if err != nil {
		return nil, err
	}
	d := &draft{}
	var condition *yaml.Node
	for _, e := range list {
		switch e.key {
		case "condition":
			condition = e.value
		case "generate":
			if generate.value != nil {
				return nil, atf(e.at, "generate stands twice")
			}
			generate = e
		default:
			if err := w.correlationField(d, e); err != nil {
				return nil, at(e.at, err)
			}
		}
	}
	if generate.value != nil {
		if d.Generate = scalarIs(generate, "true"); !d.Generate && !scalarIs(generate, "false") {
			return nil, atf(generate.at, "generate is true or false")
		}
	}
	switch {
	case d.Type == "":
		return nil, atf(section.at, "correlation needs a type")
	case len(d.refs) == 0:
		return nil, atf(section.at, "correlation needs rules: a list of ids and names")
	case d.Timespan == 0:
		return nil, atf(section.at, "correlation needs a timespan, such as 15m")
	}
	if err := w.correlationCondition(d, section.at, condition); err != nil {
		return nil, at(section.at, err)
	}
	return d, nil
}

func (w *walker) correlationField(d *draft, e entry) (err error) {
	switch e.key {
	case "type":
		return d.setType(e.value.Value)
	case "rules":
		if d.refs, err = w.references(e.value); err != nil {
			return err
		}
		if len(d.refs) > maxInputs {
			return fmt.Errorf("more than %d rules", maxInputs)
		}
	case "group-by":
		d.GroupBy, err = w.names(e)
	case "timespan":
		d.Timespan, err = parseTimespan(e.value.Value)
	case "aliases":
		d.aliases, err = w.aliases(e.value)
	case "field":
		err = errors.New("field stands in the condition")
	default:
		err = fmt.Errorf("%q is not known in a correlation", e.key)
	}
	return err
}

// setType takes the types of the specification and three that are percentiles
// by another name.
func (d *draft) setType(text string) error {
	switch t := CorrelationType(text); t {
	case EventCount, ValueCount, Temporal, TemporalOrdered, ValueSum, ValueAvg, ValuePercentile:
		d.Type, d.Percentile = t, -1
	case "value_min":
		d.Type, d.Percentile = ValuePercentile, 0
	case "value_median":
		d.Type, d.Percentile = ValuePercentile, 50
	case "value_max":
		d.Type, d.Percentile = ValuePercentile, 100
	default:
		return fmt.Errorf("correlation type %q is not known", text)
	}
	return nil
}

// parseTimespan reads a whole number and one of s, m, h, d and w.
func parseTimespan(text string) (time.Duration, error) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	wrong := fmt.Errorf("timespan %q is not a whole number with s, m, h, d or w, from 1s to %dd", text, maxTimespan/(24*time.Hour))
	if len(text) < 2 {
		return 0, wrong
	}
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
	unit := units[text[len(text)-1]]
	if err != nil || unit == 0 || n == 0 || n > uint64(maxTimespan/unit) {
		return 0, wrong
	}
	return time.Duration(n) * unit, nil
}

// names reads one field name or a list of them.
func (w *walker) names(e entry) ([]string, error) {
	list, err := w.scalars(e.value)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, s := range list {
		if s.null || s.text == "" || slices.Contains(out, s.text) {
			return nil, fmt.Errorf("%s: %q is empty or stands twice", e.key, s.text)
		}
		out = append(out, s.text)
	}
	if len(out) > maxFields {
		return nil, fmt.Errorf("%s: more than %d names", e.key, maxFields)
	}
	return out, nil
}

// references reads one id or name, or a list of them.
func (w *walker) references(n *yaml.Node) ([]reference, error) {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	out := make([]reference, 0, len(nodes))
	seen := make(map[string]bool, len(nodes))
	for _, item := range nodes {
		item, err := w.resolve(item)
		if err != nil {
			return nil, err
		}
		if item.Kind != yaml.ScalarNode || item.Value == "" {
			return nil, atf(item, "rules are ids or names")
		}
		if seen[item.Value] {
			return nil, atf(item, "%q stands twice", item.Value)
		}
		seen[item.Value] = true
		out = append(out, reference{item.Value, item.Line})
	}
	return out, nil
}

// aliases reads {alias: {input: field}}.
func (w *walker) aliases(n *yaml.Node) ([]aliasDraft, error) {
	if n.Kind != yaml.MappingNode {
		return nil, atf(n, "aliases must be a mapping")
	}
	list, err := w.entries(n)
	if err != nil {
		return nil, err
	}
	var out []aliasDraft
	for _, alias := range list {
		if alias.value.Kind != yaml.MappingNode {
			return nil, atf(alias.at, "alias %q must map rules to fields", alias.key)
		}
		inputs, err := w.entries(alias.value)
		if err != nil {
			return nil, err
		}
		for _, in := range inputs {
			if in.value.Kind != yaml.ScalarNode || in.value.Value == "" {
				return nil, atf(in.at, "alias %q needs the name of a field", alias.key)
			}
			out = append(out, aliasDraft{alias.key, in.value.Value, reference{in.key, in.at.Line}})
		}
	}
	return out, nil
}
