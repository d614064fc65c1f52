package report

import (
	"maps"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/mask"
)

// masked is a copy of cited records whose secrets are masked. It is the same for
// all documents of a bundle.
func masked(m *mask.Masker, records map[uint64]Cited) map[uint64]Cited {
	out := make(map[uint64]Cited, len(records))
	for seq, c := range records {
		ev, _ := m.Event(event.Event{Text: c.Text})
		c.Text = ""
		c = mask.Copy(m, c)
		c.Text = ev.Text
		out[seq] = c
	}
	return out
}

// shown is a copy of an input as a document shows it: secrets are masked, and
// public names stand for real ones unless real ones are asked for. A hash of a
// record would let guesses of what is hidden be checked, so it goes too.
func shown(in Input) Input {
	m := mask.New()
	return shownWith(m, in, masked(m, in.Records))
}

// shownWith is [shown] where the records are masked already.
func shownWith(m *mask.Masker, in Input, cited map[uint64]Cited) Input {
	records := in.Records
	in.Records = nil
	in = mask.Copy(m, in)
	in.Records = maps.Clone(cited)
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
