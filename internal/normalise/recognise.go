package normalise

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// Recognise tells from a file's first bytes (64 KiB are enough) what it is and
// how to cut it into records. Its name only decides between formats that read
// the same lines. A text that no format reads is FrameLines with no Format;
// what is not text is FrameBinary.
func Recognise(name string, head []byte) event.Shape {
	n := New()
	if shape, ok := n.shapedBytes(head); ok {
		return shape
	}
	encoding := format.EncodingOf(head)
	text, _ := format.ToUTF8(head, encoding)
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	binary := bytes.IndexByte(text, 0) >= 0
	if !binary {
		if shape, ok := n.shaped(text); ok {
			if shape.Encoding == "" {
				shape.Encoding = encoding
			}
			return shape
		}
	}
	// A log with a block of zeros, left by a crash, is still a log.
	name = n.vote(name, format.SampleLines(text))
	if binary && name == "" {
		return event.Shape{Framing: event.FrameBinary}
	}
	return event.Shape{Format: name, Framing: event.FrameLines, Encoding: encoding}
}

// shapedBytes asks the formats whose files are no text.
func (n *Normaliser) shapedBytes(head []byte) (event.Shape, bool) { return n.shapedBy(head, true) }

// shaped asks the formats that know how their files are cut.
func (n *Normaliser) shaped(head []byte) (event.Shape, bool) { return n.shapedBy(head, false) }

func (n *Normaliser) shapedBy(head []byte, binary bool) (event.Shape, bool) {
	for _, f := range n.formats {
		s, ok := f.(format.Shaper)
		if !ok || isBinary(f) != binary {
			continue
		}
		if shape, ok := s.Shape(head); ok {
			return shape, true
		}
	}
	return event.Shape{}, false
}

// vote names the format that reads most of the lines, or "" when none reads
// more than half of them.
func (n *Normaliser) vote(name string, lines [][]byte) string {
	votes := make([]int, len(n.formats))
	for _, line := range lines {
		in := format.SampleInput(line)
		if _, reader := n.read(in, -1, nil); reader >= 0 {
			votes[reader]++
		}
	}
	best := 0
	for i := range votes {
		if votes[i] > votes[best] {
			best = i
		}
	}
	if len(votes) == 0 || 2*votes[best] <= len(lines) {
		return ""
	}
	return n.named(name, lines, votes[best], n.formats[best].Name())
}

// named prefers a format that the file is named after to the winner of the
// vote when it reads as many of the lines.
func (n *Normaliser) named(name string, lines [][]byte, votes int, winner string) string {
	name = strings.ReplaceAll(strings.ToLower(name), "httpd", "apache")
	for _, f := range n.formats {
		if f.Name() == winner || !strings.Contains(name, f.Name()) {
			continue
		}
		count := 0
		for _, line := range lines {
			if _, ok := f.Normalise(format.SampleInput(line), nil); ok {
				count++
			}
		}
		if count >= votes {
			return f.Name()
		}
	}
	return winner
}
