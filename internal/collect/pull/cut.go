package pull

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// maxEvents bounds the events of one page; the largest documented pages have
// ten thousand.
const maxEvents = 1 << 20

// cut gives the elements of the array that stands under name in the object that
// body is, or of the array that body is when name is "". The elements are parts
// of body, byte for byte. Where the name is missing there are none. The body
// must be whole: one that was cut off, or that has the name twice, is ErrPage.
func cut(body []byte, name string) ([][]byte, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(body[:len(body):len(body)]), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	var out [][]byte
	var err error
	if name == "" {
		out, err = elements(d, body)
	} else {
		out, err = member(d, body, name)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPage, err)
	}
	if rest := bytes.TrimSpace(body[d.InputOffset():]); len(rest) > 0 {
		return nil, fmt.Errorf("%w: text after the value at byte %d", ErrPage, d.InputOffset())
	}
	return out, nil
}

// member looks for the array in an object.
func member(d *jsontext.Decoder, body []byte, name string) (out [][]byte, err error) {
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, fmt.Errorf("no object: %w", orNothing(err))
	}
	found := false
	for d.PeekKind() != '}' {
		t, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		if t.String() != name {
			if err := d.SkipValue(); err != nil {
				return nil, err
			}
			continue
		}
		if found {
			return nil, fmt.Errorf("%q stands twice", name)
		}
		found = true
		if d.PeekKind() == 'n' {
			if err := d.SkipValue(); err != nil {
				return nil, err
			}
			continue
		}
		if out, err = elements(d, body); err != nil {
			return nil, err
		}
	}
	_, err = d.ReadToken()
	return out, err
}

// elements cuts an array.
func elements(d *jsontext.Decoder, body []byte) (out [][]byte, err error) {
	if t, err := d.ReadToken(); err != nil || t.Kind() != '[' {
		return nil, fmt.Errorf("no array: %w", orNothing(err))
	}
	for d.PeekKind() != ']' {
		v, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		if len(out) == maxEvents {
			return nil, fmt.Errorf("more than %d events in one page", maxEvents)
		}
		end := d.InputOffset()
		out = append(out, body[end-int64(len(v)):end:end])
	}
	_, err = d.ReadToken()
	return out, err
}

func orNothing(err error) error {
	if err == nil {
		return errOther
	}
	return err
}
