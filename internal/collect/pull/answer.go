package pull

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/jsonx"
)

var errOther = errors.New("something else stands there")

// lookup gives the text that stands in an object under a name, or under names
// inside each other; "" where there is none. What else the object holds is
// passed over.
func lookup(body []byte, names ...string) (string, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(body[:len(body):len(body)]), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	for {
		if d.PeekKind() != '{' {
			return "", nil
		}
		if _, err := d.ReadToken(); err != nil {
			return "", fmt.Errorf("%w: %w", ErrPage, err)
		}
		found, err := reach(d, names[0])
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrPage, err)
		}
		if names = names[1:]; !found || len(names) == 0 {
			if !found || d.PeekKind() != '"' {
				return "", nil
			}
			t, err := d.ReadToken()
			if err != nil {
				return "", fmt.Errorf("%w: %w", ErrPage, err)
			}
			return t.String(), nil
		}
	}
}

// reach reads an object up to the value of a name.
func reach(d *jsontext.Decoder, name string) (bool, error) {
	for d.PeekKind() != '}' {
		t, err := d.ReadToken()
		if err != nil {
			return false, err
		}
		if t.String() == name {
			return true, nil
		}
		if err := d.SkipValue(); err != nil {
			return false, err
		}
	}
	return false, nil
}

// decode reads a small answer of a service, which holds no events.
func decode(body []byte, v any) error {
	if err := jsonx.Unmarshal(bytes.TrimSpace(body), v, jsonx.DefaultLimits()); err != nil {
		return fmt.Errorf("%w: %w", ErrPage, err)
	}
	return nil
}

// textOf reads one text of an event; "" where it has none.
func textOf(raw []byte, names ...string) string {
	s, err := lookup(raw, names...)
	if err != nil {
		return ""
	}
	return s
}
