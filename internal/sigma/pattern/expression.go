package pattern

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
)

// maxRegexp bounds the text of one expression.
const maxRegexp = 4096

// maxProgram bounds the instructions of one expression, about 100 bytes each.
const maxProgram = 20_000

// An Expression is a regular expression with what every value that it matches
// holds. It may be shared.
type Expression struct {
	re      *regexp.Regexp
	size    int
	need    need
	must    byte     // a byte that every folded value it matches holds, or 0
	stretch *stretch // what every value it matches holds, or nil
}

// NewExpression compiles the value of |re with its flags i, m and s. It is
// RE2: linear in time; look-around and back-references are refused.
func NewExpression(text, flags string) (*Expression, error) {
	if len(text) > maxRegexp {
		return nil, fmt.Errorf("regular expression longer than %d bytes", maxRegexp)
	}
	if flags != "" {
		text = "(?" + flags + ")" + text
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, regexpError(err)
	}
	size := programSize(tree)
	if size > maxProgram {
		return nil, errors.New("regular expression: its repetitions make it too large")
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("regular expression: %w", err)
	}
	f := factsOf(tree, 0)
	return &Expression{re: re, size: size, need: f.need(), must: f.rarest(), stretch: stretchOf(tree)}, nil
}

// Text gives the expression with its flags.
func (x *Expression) Text() string { return x.re.String() }

// Size is about how many instructions the expression has.
func (x *Expression) Size() int { return x.size }

// AnyOf gives folded texts of which every value that the expression matches
// holds one, as they stand in it; none when there are no such texts.
func (x *Expression) AnyOf() []string { return x.need.anyOf }

// Glance tells without running the expression whether it matches a value,
// where that can be told. The value is text, or raw where that is not nil, and
// folded is either without its case.
func (x *Expression) Glance(text string, raw, folded []byte) (matches, sure bool) {
	switch {
	case x.must != 0 && bytes.IndexByte(folded, x.must) < 0:
		return false, true
	case x.stretch == nil:
	case !x.stretch.in(text, raw):
		return false, true
	case x.stretch.whole:
		return true, true
	}
	return false, !x.need.holds(folded)
}

// Match runs the expression on text, or on raw where that is not nil.
func (x *Expression) Match(text string, raw []byte) bool {
	if raw != nil {
		return x.re.Match(raw)
	}
	return x.re.MatchString(text)
}

// regexpError says what is wrong in few words: the decoder's own error repeats
// the expression.
func regexpError(err error) error {
	known, ok := errors.AsType[*syntax.Error](err)
	if !ok {
		return fmt.Errorf("regular expression: %w", err)
	}
	switch known.Code {
	case syntax.ErrInvalidPerlOp, syntax.ErrInvalidEscape, syntax.ErrInvalidNamedCapture:
		return fmt.Errorf("regular expression: %q is not available: look-around and back-references need unbounded time", known.Expr)
	}
	return fmt.Errorf("regular expression: %s", known.Code)
}

// programSize estimates the instructions that an expression compiles to, from
// its tree and before they are made.
func programSize(re *syntax.Regexp) int {
	if re.Op == syntax.OpLiteral {
		return len(re.Rune)
	}
	sum := 2
	if re.Op == syntax.OpCharClass {
		sum += len(re.Rune) / 8
	}
	for _, sub := range re.Sub {
		if sum += programSize(sub); sum > maxProgram {
			return maxProgram + 1
		}
	}
	if re.Op == syntax.OpRepeat {
		sum *= max(re.Min+1, re.Max, 1)
	}
	return min(sum, maxProgram+1)
}
