// Package sigma parses and compiles Sigma rules, correlations and filters; knows no storage.
//
// It implements the Sigma specification 2.1 (https://github.com/SigmaHQ/sigma-specification):
// Load reads folders of rules, correlations and filters into a Collection, whose
// rules are compiled into one immutable Engine and matched by Matchers, one per
// goroutine; correlations are for whoever sees the matches. What cannot be
// honoured is refused with file, line and reason, never ignored.
package sigma

import (
	"fmt"

	"github.com/konseki/konseki/internal/sigma/logsource"
)

// Meta is what the author of a rule or correlation wrote about it.
type Meta struct {
	ID             string // as written, or the file's base name when it states none
	Name           string // what correlations and filters may call it, may be empty
	Title          string
	TitleJA        string // konseki's own field title_ja, may be empty
	Description    string
	DescriptionJA  string // konseki's own field description_ja, may be empty
	Author         string
	Level          string // informational, low, medium, high, critical; medium when not stated
	Status         string // stable, test, experimental, deprecated, unsupported or empty
	License        string
	File           string // as given to Parse; with Load, the tree's name and the path in it
	Line           int    // line of the rule's document, from 1
	Tags           []string
	References     []string
	FalsePositives []string
}

// Rule is one Sigma rule: what its author wrote about it and its condition.
type Rule struct {
	Meta
	Logsource Logsource
	// Secret is konseki's own field secret: what the rule finds must not be
	// copied, so its reasons name fields and patterns without values.
	Secret bool
	// Quiet says that only correlations without generate ask for the rule: its
	// matches are no findings.
	Quiet bool
	// Filters are the ids of the filters applied, in the order they were read.
	Filters []string

	cond *expr
}

// Logsource says which events a rule is meant for.
type Logsource = logsource.Logsource

// Logsources lists every logsource that konseki has decided on.
func Logsources() []logsource.Info { return logsource.List() }

// Problem says why a file, or one rule of it, was not loaded.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// ParseError is a rule that could not be read: where and why.
type ParseError struct {
	File string
	Line int // from 1; 0 when the whole file is meant
	Err  error
}

// Error gives "file:line: reason".
func (e *ParseError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

// Unwrap returns the reason.
func (e *ParseError) Unwrap() error { return e.Err }
