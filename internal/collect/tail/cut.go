package tail

import (
	"bytes"
	"regexp"
	"strconv"
	"time"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/event"
)

// headBytes is what a shape is told from.
const headBytes = 64 << 10

// ending says how the end of what was read is to be taken.
type ending uint8

const (
	endMore  ending = iota // the file goes on
	endNow                 // the file ends here, for the moment
	endQuiet               // nothing was written for a while
	endFinal               // nothing will be written any more
)

// cutting is how a file's bytes become records.
type cutting struct {
	shape  event.Shape
	limits collect.Limits
	part   int
	replay [][]byte // records that the vault has already, in order
	// replayed is the part of the last of them.
	replayed int
}

// cut takes the records at the start of data: each is given to take with its
// part. It returns how many bytes are dealt with; same is false where what the
// vault has from before a kill does not stand there. Zeros before a record are no
// part of it: a crash, or a writer that goes on at its old place in a truncated
// file, leaves them.
func (c *cutting) cut(data []byte, end ending, room int, take func(raw []byte, part int)) (done, taken int, same bool) {
	done, same = c.known(data, end == endMore)
	if !same || len(c.replay) > 0 {
		return done, 0, same
	}
	framer := collect.NewFramer(c.shape, c.limits, c.part)
	limit := len(data)
	eof := end == endFinal
	for done < limit && taken < room {
		if z := c.zeros(data[done:], end); z != 0 {
			if z < 0 {
				break
			}
			done += z
			continue
		}
		p := framer.Next(data[done:limit], eof)
		if p.Size == 0 {
			whole := c.complete(data[done:], end)
			if eof || whole == 0 {
				break
			}
			limit, eof = done+whole, true
			continue
		}
		done += p.Size
		if len(p.Raw) > 0 {
			take(p.Raw, p.Part)
			taken++
		}
	}
	c.part = framer.Part()
	return done, taken, true
}

// complete is how many of the bytes left over may be taken as if the file ended
// after them: whole lines. A record of one line ends with it; one that may go on
// is waited for until the file is quiet.
func (c *cutting) complete(rest []byte, end ending) int {
	simple := c.shape.Framing != event.FrameCSV && c.shape.Framing != event.FrameJSON && c.shape.Continues == nil
	if end == endMore || end == endNow && !simple || c.shape.Framing == event.FrameJSON && end != endFinal {
		return 0
	}
	return c.lastLine(rest)
}

// lastLine is where the last whole line ends.
func (c *cutting) lastLine(b []byte) int {
	for n := len(b); ; n-- {
		n = bytes.LastIndexByte(b[:n], '\n') + 1
		switch {
		case n == 0:
			return 0
		case c.width() == 1:
			return n
		case c.shape.Encoding == "utf-16le" && n%2 == 1 && n < len(b) && b[n] == 0:
			return n + 1
		case c.shape.Encoding == "utf-16be" && n%2 == 0 && b[n-2] == 0:
			return n
		}
	}
}

func (c *cutting) width() int {
	if c.shape.Encoding == "utf-16le" || c.shape.Encoding == "utf-16be" {
		return 2
	}
	return 1
}

// zeros counts the zeros at the start of a record, -1 where it must be waited
// for what comes after them: over a network, what was written may be seen late.
func (c *cutting) zeros(b []byte, end ending) int {
	if c.part > 0 {
		return 0
	}
	n := 0
	for n < len(b) && b[n] == 0 {
		n++
	}
	if c.width() == 2 {
		if n < 4 { // the first half of a character may be zero
			return 0
		}
		n &^= 1
		if n < len(b) && c.shape.Encoding == "utf-16be" {
			n -= 2 * (n % 2)
		}
	}
	if n == len(b) && n > 0 && (end == endNow || end == endQuiet) {
		return -1
	}
	return n
}

// known passes over the records that the vault has from before konseki was
// killed. Between two of them are only bytes that no record holds. same is false
// where they do not stand there.
func (c *cutting) known(data []byte, more bool) (done int, same bool) {
	for len(c.replay) > 0 {
		raw := c.replay[0]
		at := done
		for at < len(data) && !bytes.HasPrefix(data[at:], raw) && between(data[at]) {
			at++
		}
		if !bytes.HasPrefix(data[at:], raw) {
			return done, more && len(data)-at < len(raw)
		}
		done = at + len(raw)
		c.replay = c.replay[1:]
		if c.part = 0; len(c.replay) == 0 && (done == len(data) || data[done] != '\n') {
			c.part = c.replayed
		}
	}
	return done, true
}

func between(b byte) bool {
	switch b {
	case 0, ' ', '\t', '\r', '\n', 0x1e, 0xef, 0xbb, 0xbf:
		return true
	}
	return false
}

// shapeOf tells how a file is cut from its first bytes and what is configured.
func (s *Set) shapeOf(recognise func(string, []byte) event.Shape, name string, head []byte) event.Shape {
	shape := event.Shape{}
	if recognise != nil && len(head) > 0 {
		shape = recognise(name, head)
	}
	if s.Format != "" && shape.Format != s.Format {
		shape = event.Shape{Format: s.Format, Encoding: shape.Encoding}
	}
	if s.Begins != nil {
		shape.Framing, shape.Continues = event.FrameLines, continues(s.Begins)
	}
	switch shape.Framing {
	case event.FrameLines, event.FrameCSV, event.FrameJSON:
	default:
		shape.Framing = event.FrameLines
	}
	return shape
}

func continues(begins *regexp.Regexp) func(first, line []byte) bool {
	return func(_, line []byte) bool { return !begins.Match(line) }
}

// transport writes how the records of a file came in. A file that was last
// written long before it is read tells the year of times without one.
func (f *file) transport(now time.Time) string {
	reference := ""
	if now.Sub(f.Changed) > referenceAge {
		reference = f.Changed.UTC().Format(time.RFC3339)
	}
	columns := ""
	if len(f.shape.Columns) > 0 {
		columns = event.JoinColumns(f.shape.Columns)
	}
	return event.Transport{Kind: "tail"}.
		With("id", f.ID).With("path", f.Path).With("format", f.shape.Format).
		With("columns", columns).With("enc", f.shape.Encoding).
		With("tz", f.set.Zone).With("tzfrom", f.set.ZoneFrom).
		With("ref", reference).With("host", f.set.Host).String()
}

// referenceAge is how old a file must be to be one that nobody writes to.
const referenceAge = time.Hour

func withPart(transport string, part int) string {
	if part == 0 {
		return transport
	}
	return transport + ";part=" + strconv.Itoa(part)
}
