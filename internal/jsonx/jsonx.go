// Package jsonx decodes foreign JSON strictly.
//
// It is RFC 8259 as RFC 7493 (I-JSON) narrows it: an object with two members of
// the same name is refused, because two readers would take different ones. Size,
// depth and number of members are bounded, and every error tells the position.
package jsonx

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Errors of input that is JSON but more than the limits allow.
var (
	ErrTooLarge = errors.New("more bytes than allowed")
	ErrTooDeep  = errors.New("nested deeper than allowed")
	ErrTooMany  = errors.New("more members than allowed")
	ErrTrailing = errors.New("text after the value")
)

// Limits bounds what is accepted of one JSON text.
type Limits struct {
	Bytes   int // length of the text
	Depth   int // objects and arrays inside each other
	Members int // strings, numbers, booleans and nulls at the leaves
}

// DefaultLimits is ample for a log record: 16 MiB, 64 levels, 16,384 members.
func DefaultLimits() Limits { return Limits{Bytes: 16 << 20, Depth: 64, Members: 1 << 14} }

// Unmarshal decodes one JSON text into v as github.com/go-json-experiment/json
// does: names are matched exactly, duplicate names and trailing text are
// errors. Bytes that are not UTF-8 become U+FFFD. Limits.Members is not looked at.
func Unmarshal(raw []byte, v any, limits Limits) error {
	if len(raw) > limits.Bytes {
		return fmt.Errorf("jsonx: %w: %d > %d", ErrTooLarge, len(raw), limits.Bytes)
	}
	if at := deeperThan(raw, limits.Depth); at >= 0 {
		return fmt.Errorf("jsonx: %w: byte %d", ErrTooDeep, at)
	}
	if err := json.Unmarshal(raw, v, jsontext.AllowInvalidUTF8(true)); err != nil {
		return fmt.Errorf("jsonx: %w", err)
	}
	return nil
}

// deeperThan gives the offset of the first bracket beyond depth, or -1. It need
// not be right about texts that are not JSON: the decoder refuses those.
func deeperThan(raw []byte, depth int) int {
	open, quoted := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '{' || c == '[':
			if open++; open > depth {
				return i
			}
		case c == '}' || c == ']':
			open--
		}
	}
	return -1
}
