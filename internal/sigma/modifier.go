package sigma

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/sigma/pattern"
)

// maxSteps bounds the steps of one field, maxForms the patterns they make of
// one value.
const (
	maxSteps = 6
	maxForms = 100
)

// A modifiers is what stands behind a field name: "|contains|all".
// Source: Sigma modifiers specification 2.1.
type modifiers struct {
	all, cased, neq, expand bool
	exists, cidr, fieldref  bool
	how                     op // opEqual, opPrefix, opSuffix, opContains, opRegexp or a comparison
	part                    timePart
	flags                   string
	steps                   []pattern.Step // in the order written
}

// parseModifiers reads the words after the field name.
func parseModifiers(words []string) (modifiers, error) {
	m := modifiers{how: opEqual}
	for _, w := range words {
		if err := m.add(w); err != nil {
			return m, err
		}
	}
	return m, m.check()
}

func (m *modifiers) add(word string) error {
	switch word {
	case "all":
		m.all = true
	case "cased":
		m.cased = true
	case "neq":
		m.neq = true
	case "exists":
		m.exists = true
	case "cidr":
		m.cidr = true
	case "fieldref":
		m.fieldref = true
	case "i", "m", "s":
		if !strings.Contains(m.flags, word) {
			m.flags += word
		}
	case "expand":
		if len(m.steps) > 0 {
			return errors.New("expand must stand before the modifiers that change text")
		}
		m.expand = true
	case "contains", "startswith", "endswith", "re", "lt", "lte", "gt", "gte":
		if m.how != opEqual {
			return fmt.Errorf("modifier %q beside another comparison", word)
		}
		m.how = comparison(word)
	case "minute", "hour", "day", "week", "month", "year":
		if m.part != noPart {
			return fmt.Errorf("modifier %q beside another part of a time", word)
		}
		m.part = timePartOf(word)
	default:
		return m.addStep(word)
	}
	return nil
}

// addStep takes a modifier that changes the text to look for. Modifiers are
// applied in the order written, and a text with wildcards has no encoding.
func (m *modifiers) addStep(word string) error {
	s, ok := pattern.StepFor(word)
	switch {
	case !ok:
		return fmt.Errorf("modifier %q is not known", word)
	case word != "windash" && m.how != opEqual:
		return fmt.Errorf("modifier %q must stand before contains, startswith and endswith", word)
	case len(m.steps) == maxSteps:
		return fmt.Errorf("more than %d modifiers that change text", maxSteps)
	}
	m.steps = append(m.steps, s)
	return nil
}

func comparison(word string) op {
	switch word {
	case "contains":
		return opContains
	case "startswith":
		return opPrefix
	case "endswith":
		return opSuffix
	case "re":
		return opRegexp
	case "lt":
		return opLess
	case "lte":
		return opLessEqual
	case "gt":
		return opGreater
	}
	return opGreaterEqual
}

func isOrder(how op) bool { return how >= opLess && how <= opGreaterEqual }

// check refuses modifiers of which one would have no effect.
func (m *modifiers) check() error {
	if m.flags != "" && m.how != opRegexp {
		return errors.New("modifiers i, m and s go with re only")
	}
	changed := m.cased || len(m.steps) > 0
	switch {
	case m.exists && (m.cidr || m.fieldref || m.part != noPart || m.how != opEqual || changed || m.neq || m.expand):
		return errors.New("exists cannot be combined with other modifiers")
	case m.cidr && (m.fieldref || m.part != noPart || m.how != opEqual || changed):
		return errors.New("cidr goes with all, neq and expand only")
	case m.fieldref && (m.part != noPart || m.how > opContains || len(m.steps) > 0):
		return errors.New("fieldref goes with startswith, endswith, contains, cased, neq, all and expand only")
	case m.part != noPart && (m.how != opEqual && !isOrder(m.how) || changed):
		return errors.New("a part of a time goes with lt, lte, gt, gte, neq, all and expand only")
	case m.how == opRegexp && changed:
		return errors.New("re cannot be combined with modifiers that change text")
	case isOrder(m.how) && changed:
		return errors.New("lt, lte, gt and gte cannot be combined with modifiers that change text")
	}
	return nil
}

// apply makes the condition of one scalar value under the modifiers.
func (m *modifiers) apply(field string, v scalar) (*expr, error) {
	e, err := m.positive(field, v)
	if err == nil && m.neq {
		e = not(e)
	}
	return e, err
}

func (m *modifiers) positive(field string, v scalar) (*expr, error) {
	switch {
	case m.exists:
		return existence(field, v)
	case v.null:
		if field == keywordField || m.how != opEqual || m.fieldref || m.cidr || m.part != noPart || len(m.steps) > 0 {
			return nil, errors.New("null cannot be combined with this modifier")
		}
		return leaf(&predicate{field: field, op: opNull, shown: "null"}), nil
	case m.fieldref:
		return m.reference(field, v)
	case m.cidr:
		return network(field, v)
	case m.part != noPart:
		return timeOf(field, m.part, m.how, v)
	case m.how == opRegexp:
		p, err := regexpPredicate(field, v.text, m.flags)
		if err != nil {
			return nil, err
		}
		return leaf(p), nil
	case isOrder(m.how):
		return number(field, m.how, v)
	}
	return m.textual(field, v)
}

func existence(field string, v scalar) (*expr, error) {
	yes, err := strconv.ParseBool(v.text)
	if err != nil || field == keywordField {
		return nil, errors.New("exists takes true or false and a field")
	}
	e := leaf(&predicate{field: field, op: opExists, shown: "exists"})
	if !yes {
		e = not(e)
	}
	return e, nil
}

func (m *modifiers) reference(field string, v scalar) (*expr, error) {
	name, ok := v.pattern().Literal()
	if field == keywordField || !ok || name == "" {
		return nil, errors.New("fieldref takes a field and the name of another, without wildcards")
	}
	return leaf(&predicate{
		field: field, op: opFieldRef, how: m.how, cased: m.cased, other: name, shown: "field " + name,
	}), nil
}

func network(field string, v scalar) (*expr, error) {
	if field == keywordField {
		return nil, errors.New("cidr needs a field")
	}
	text := v.text
	if !strings.Contains(text, "/") {
		if a, err := netip.ParseAddr(text); err == nil {
			text = netip.PrefixFrom(a, a.BitLen()).String()
		}
	}
	n, err := netip.ParsePrefix(text)
	if err != nil {
		return nil, fmt.Errorf("cidr: %w", err)
	}
	if a := n.Addr(); a.Is4In6() && n.Bits() >= 96 { // values are looked at as IPv4
		n = netip.PrefixFrom(a.Unmap(), n.Bits()-96)
	}
	return leaf(&predicate{field: field, op: opCIDR, net: n.Masked(), shown: v.text}), nil
}

func number(field string, how op, v scalar) (*expr, error) {
	n, err := strconv.ParseFloat(v.text, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) || field == keywordField {
		return nil, fmt.Errorf("a comparison takes a field and a number, not %q", v.text)
	}
	return leaf(&predicate{field: field, op: how, num: n, shown: v.text}), nil
}

// textual makes the condition of a string: encoded and dashed, then anchored.
func (m *modifiers) textual(field string, v scalar) (*expr, error) {
	patterns := []pattern.Pattern{v.pattern()}
	for _, s := range m.steps {
		var next []pattern.Pattern
		for _, p := range patterns {
			out, err := s(p)
			if err != nil {
				return nil, err
			}
			next = append(next, out...)
		}
		if patterns = next; len(patterns) > maxForms {
			return nil, fmt.Errorf("the modifiers make more than %d texts of one value", maxForms)
		}
	}
	kids := make([]*expr, 0, len(patterns))
	for _, p := range patterns {
		p = p.Unanchored(m.how == opContains || m.how == opSuffix, m.how == opContains || m.how == opPrefix)
		kids = append(kids, leaf(textPredicate(field, p, m.cased, v.text)))
	}
	return join(exprOr, kids), nil
}
