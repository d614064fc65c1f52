package format

import (
	"bytes"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// MaxSample is how many lines of a file's head tell what the file is.
const MaxSample = 50

// SampleInput returns a line of a file's head as a Format sees a record.
func SampleInput(line []byte) *Input {
	rec := &event.Record{Raw: line, Received: time.Unix(0, 0).UTC()}
	raw, _ := Decode(line, "")
	return &Input{Rec: rec, Raw: raw, Zone: time.UTC, ZoneFrom: event.ZoneAssumed, Reference: rec.Received}
}

// SampleLines returns the first lines of a file that are not blank; the last line
// of the head only when it is complete or the only one.
func SampleLines(head []byte) [][]byte {
	var lines [][]byte
	for len(head) > 0 && len(lines) < MaxSample {
		line, rest, whole := bytes.Cut(head, []byte("\n"))
		if !whole && len(lines) > 0 {
			break
		}
		head = rest
		if line = bytes.TrimSpace(bytes.Trim(line, "\x00")); len(line) > 0 {
			lines = append(lines, line)
		}
	}
	return lines
}
