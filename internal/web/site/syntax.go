package site

import (
	"errors"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/web/reading"
)

// SyntaxOf finds the syntax error in err, if there is one.
func SyntaxOf(err error) (*control.SyntaxError, bool) {
	return errors.AsType[*control.SyntaxError](err)
}

// SyntaxView is a query with the place where it could not be read.
type SyntaxView struct {
	Where, Before, At, After, Message, Hint string
}

// Pointed parts a query at the place where it could not be read.
func (v *Visit) Pointed(e *control.SyntaxError, query string) *SyntaxView {
	msg, hint := e.In(v.Lang)
	view := &SyntaxView{Where: v.F("syntax.column", e.Pos), Message: reading.Visible(msg, 300), Hint: reading.Visible(hint, 300)}
	at := 0
	for n := 1; n < e.Pos && at < len(query); n++ {
		_, size := utf8.DecodeRuneInString(query[at:])
		at += size
	}
	view.Before = reading.Visible(query[:at], 4000)
	if at == len(query) {
		view.At = "\u3000" // a place to point at, behind the end
		return view
	}
	_, size := utf8.DecodeRuneInString(query[at:])
	view.At, view.After = reading.Visible(query[at:at+size], 40), reading.Visible(query[at+size:], 4000)
	return view
}
