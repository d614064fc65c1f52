package report

import (
	"maps"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/mask"
)

// withMasks masks the secrets in all that a document shows. A hash of a record
// would let guesses of what is masked be checked, so it goes too.
func withMasks(in Input) Input {
	records := in.Records
	m := mask.New()
	in = mask.Copy(m, in)
	in.Records = maps.Clone(in.Records)
	for seq, c := range in.Records {
		ev, _ := m.Event(event.Event{Text: records[seq].Text})
		c.Text = ev.Text
		if c.Text != records[seq].Text {
			c.SHA256 = ""
			in.Records[seq] = c
		}
	}
	return in
}
