package report

import "testing"

// SmallCase is a report's input with one of everything, for the tests of forms.
func SmallCase() Input { return smallCase() }

// WithHostile puts a text wherever a report shows text from outside.
func WithHostile(s string) Input { return withHostile(s) }

// Hostile is text that would be markup, another cell or another direction of reading.
func Hostile() []string { return hostile() }

// Structure is a document without its sentences.
func Structure(d *Document) string { return structure(d) }

// Golden compares a text with its file.
func Golden(t *testing.T, name, got string) { t.Helper(); golden(t, name, got) }

// FullCase is a report's input with parts of every kind.
func FullCase() Input { return fullCase() }
