package report

import (
	"maps"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/mask"
)

// shown is a copy of an input as a document shows it: secrets are masked, and
// public names stand for real ones unless real ones are asked for. A hash of a
// record would let guesses of what is hidden be checked, so it goes too.
func shown(in Input) Input {
	records := in.Records
	m := mask.New()
	in = mask.Copy(m, in)
	in.Records = maps.Clone(in.Records)
	for seq, c := range in.Records {
		ev, _ := m.Event(event.Event{Text: records[seq].Text})
		c.Text = ev.Text
		in.Records[seq] = c
	}
	if !in.Real {
		publicly(&in)
	}
	for seq, c := range in.Records {
		if c.Text != records[seq].Text {
			c.SHA256 = ""
			in.Records[seq] = c
		}
	}
	return in
}
