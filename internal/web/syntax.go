package web

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// syntaxError is what a query that cannot be read tells: the column, counted
// in characters from 1, what is wrong there and what to write instead.
type syntaxError struct {
	column        int
	message, hint string
}

// syntaxOf finds the syntax error in err, if there is one. The type belongs to
// a room below control, so the place is read from the sentence that it gives,
// "query: column 8: what is wrong; what to write".
func syntaxOf(err error) (syntaxError, bool) {
	if err == nil {
		return syntaxError{}, false
	}
	_, place, ok := strings.Cut(err.Error(), "query: column ")
	if !ok {
		return syntaxError{}, false
	}
	number, text, _ := strings.Cut(place, ": ")
	column, err := strconv.Atoi(number)
	if err != nil || column < 1 {
		return syntaxError{}, false
	}
	message, hint, _ := strings.Cut(text, "; ")
	return syntaxError{column, message, hint}, true
}

// syntaxView is a query with the place where it could not be read.
type syntaxView struct {
	Where, Before, At, After, Message, Hint string
}

// pointed parts a query at the place where it could not be read.
func (v *visit) pointed(e syntaxError, query string) *syntaxView {
	view := &syntaxView{Where: v.f("syntax.column", e.column), Message: visible(e.message, 300), Hint: visible(e.hint, 300)}
	at := 0
	for n := 1; n < e.column && at < len(query); n++ {
		_, size := utf8.DecodeRuneInString(query[at:])
		at += size
	}
	view.Before = visible(query[:at], 4000)
	if at == len(query) {
		view.At = "\u3000" // a place to point at, behind the end
		return view
	}
	_, size := utf8.DecodeRuneInString(query[at:])
	view.At, view.After = visible(query[at:at+size], 40), visible(query[at+size:], 4000)
	return view
}
