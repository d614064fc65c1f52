package cli

import (
	"errors"
	"strings"

	"golang.org/x/text/width"

	"github.com/konseki/konseki/internal/query"
	"github.com/konseki/konseki/internal/terminal"
)

// pointedError is a syntax error with the query it was made in.
type pointedError struct {
	error
	query  string
	column int // in characters, from 1
}

// Unwrap gives the syntax error.
func (e *pointedError) Unwrap() error { return e.error }

// pointer is the query with a mark under the place of the error. Blanks before
// the mark are as wide as the characters above them.
func (e *pointedError) pointer() string {
	var blank strings.Builder
	for i, r := range []rune(e.query) {
		if i == e.column-1 {
			break
		}
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			blank.WriteRune('\u3000')
		default:
			blank.WriteByte(' ')
		}
	}
	return "  " + terminal.Plain(e.query) + "\n  " + blank.String() + "^"
}

// Pointed adds the query to a syntax error, so that its place can be shown.
func Pointed(err error, text string) error {
	if syntax, ok := errors.AsType[*query.SyntaxError](err); ok {
		return &pointedError{err, text, syntax.Pos}
	}
	return err
}

// Pointed is [Pointed] in the language of whoever asked, where the error has it.
func (e *Env) Pointed(err error, text string) error {
	if syntax, ok := errors.AsType[*query.SyntaxError](err); ok {
		return &pointedError{e.Worded(err), text, syntax.Pos}
	}
	return err
}

// Worded gives an error of a query that nobody wrote, or one that is pointed at,
// in the language of whoever asked.
func (e *Env) Worded(err error) error {
	syntax, ok := errors.AsType[*query.SyntaxError](err)
	if !ok || syntax.MsgJA == "" {
		return err
	}
	msg, hint := syntax.In(e.Lang)
	return &wordedError{err, msg + e.Say("。", "; ") + hint}
}

// wordedError is an error in other words.
type wordedError struct {
	error
	words string
}

// Error gives the words.
func (e *wordedError) Error() string { return e.words }

// Unwrap gives the error.
func (e *wordedError) Unwrap() error { return e.error }
