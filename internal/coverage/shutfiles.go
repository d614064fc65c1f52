package coverage

import (
	"maps"
	"slices"

	"github.com/konseki/konseki/internal/event"
)

// ShutFiles knows which files imports could not take whole and have not taken
// whole since, by path. Records are folded in any order.
type ShutFiles struct {
	refused map[string]refusal
	whole   map[string]uint64 // Seq of the last import that took it whole
}

type refusal struct {
	seq  uint64
	loss Loss
}

// maxShut bounds the files remembered one by one; what is refused beyond that is
// remembered under no path, and is never taken as read.
const maxShut = 20_000

// NewShutFiles knows of none.
func NewShutFiles() ShutFiles {
	return ShutFiles{refused: map[string]refusal{}, whole: map[string]uint64{}}
}

// Refuse notes a loss if it is of a file that holds something.
func (f ShutFiles) Refuse(seq uint64, l Loss) {
	if l.Door != fileDoor || l.Kind != event.LossRejected || l.Reason == event.WhyNotRegular {
		return
	}
	old, known := f.refused[l.Path]
	if !known && len(f.refused) >= maxShut {
		l.Path = ""
		old = f.refused[""]
	}
	if l.Path == "" {
		l.Records += old.loss.Records
	}
	f.refused[l.Path] = refusal{max(seq, old.seq), l}
}

// Took notes that an import took a file whole.
func (f ShutFiles) Took(seq uint64, path string) {
	if _, asked := f.refused[path]; asked || len(f.whole) < maxShut {
		f.whole[path] = max(seq, f.whole[path])
	}
}

// All lists what was refused and not taken since, by path.
func (f ShutFiles) All() []Loss {
	var out []Loss
	for _, path := range slices.Sorted(maps.Keys(f.refused)) {
		if r := f.refused[path]; path == "" || f.whole[path] < r.seq {
			out = append(out, r.loss)
		}
	}
	return out
}
