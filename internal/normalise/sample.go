package normalise

import (
	"bytes"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// maxSample is how many lines of a file's head tell what the file is.
const maxSample = 50

// sampleInput returns a line of a file's head as a Format sees a record.
func sampleInput(line []byte) *Input {
	rec := &event.Record{Raw: line, Received: time.Unix(0, 0).UTC()}
	raw, _ := decode(line, "")
	return &Input{Rec: rec, Raw: raw, Zone: time.UTC, ZoneFrom: event.ZoneAssumed, Reference: rec.Received}
}

// sample returns the first lines of a file that are not blank; the last line
// of the head only when it is complete or the only one.
func sample(head []byte) [][]byte {
	var lines [][]byte
	for len(head) > 0 && len(lines) < maxSample {
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
