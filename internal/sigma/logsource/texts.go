package logsource

import (
	"strconv"

	"github.com/konseki/konseki/internal/event"
)

// Texts keeps the texts of numbers and of values put together, so that looking
// at one does not allocate each time. It is for one goroutine at a time.
type Texts struct {
	numbers map[int64]string
	joined  map[parts]string
}

// maxTexts bounds the texts kept of each kind, maxJoined the bytes of one that
// was put together: what is longer is made anew each time.
const (
	maxTexts  = 1 << 14
	maxJoined = 512
)

// NewTexts returns Texts that keep nothing yet.
func NewTexts() *Texts {
	return &Texts{numbers: make(map[int64]string), joined: make(map[parts]string)}
}

// Of gives the text that a column has of an event.
func (t *Texts) Of(c *Column, ev *event.Event) string {
	switch {
	case c.number != nil:
		return t.number(c.number(ev))
	case c.parts != nil:
		return t.join(c.parts(ev))
	}
	return c.text(ev)
}

func (t *Texts) number(n int64) string {
	if n == 0 {
		return ""
	}
	s, ok := t.numbers[n]
	if !ok {
		s = strconv.FormatInt(n, 10)
		if len(t.numbers) < maxTexts {
			t.numbers[n] = s
		}
	}
	return s
}

func (t *Texts) join(p parts) string {
	if p == (parts{}) {
		return ""
	}
	s, ok := t.joined[p]
	if !ok {
		s = p.join()
		if len(t.joined) < maxTexts && len(s) <= maxJoined {
			t.joined[p.clone()] = s
		}
	}
	return s
}
