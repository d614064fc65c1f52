package event

import (
	"errors"
	"fmt"
)

// Refusal is why something that a person asked for cannot be done, and what to
// do instead, in both languages. As an error it tells the English sentence.
type Refusal struct {
	Phrase
	wraps []error
}

// Refuse makes a [Refusal] that wraps of, such as an error of a room's own that
// stands for what cannot be taken, and the errors among args. en and ja are
// formats for the same args; a [Phrase] among those, and what another refusal
// says, is told in the language of the sentence.
func Refuse(of error, en, ja string, args ...any) error {
	r := &Refusal{wraps: []error{of}}
	inEN, inJA := make([]any, len(args)), make([]any, len(args))
	for i, arg := range args {
		inEN[i], inJA[i] = arg, arg
		switch arg := arg.(type) {
		case Phrase:
			inEN[i], inJA[i] = arg.In("en"), arg.In("ja")
		case error:
			inEN[i], inJA[i] = Said(arg, "en"), Said(arg, "ja")
			r.wraps = append(r.wraps, arg)
		}
	}
	r.Phrase = Phrase{JA: fmt.Sprintf(ja, inJA...), EN: fmt.Sprintf(en, inEN...)}
	return r
}

// Error tells what was refused in English, after what it wraps.
func (r *Refusal) Error() string { return r.wraps[0].Error() + ": " + r.EN }

// Unwrap returns what the refusal wraps.
func (r *Refusal) Unwrap() []error { return r.wraps }

// Said is what an error tells people in the language "ja" or "en": the sentence
// of the first refusal that it wraps, or else all of it.
func Said(err error, lang string) string {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.In(lang)
	}
	return err.Error()
}
