package control

import (
	"maps"
	"slices"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

// shutFiles knows which files imports could not take whole and have not taken
// whole since, by path. Records are folded in any order.
type shutFiles struct {
	refused map[string]refusal
	whole   map[string]uint64 // Seq of the last import that took it whole
}

type refusal struct {
	seq  uint64
	loss coverage.Loss
}

// maxShut bounds the files remembered one by one; what is refused beyond that is
// remembered under no path, and is never taken as read.
const maxShut = 20_000

func newShutFiles() shutFiles {
	return shutFiles{refused: map[string]refusal{}, whole: map[string]uint64{}}
}

// refuse notes a loss if it is of a file that holds something.
func (f shutFiles) refuse(seq uint64, l coverage.Loss) {
	if l.Door != "file" || l.Kind != event.LossRejected || l.Reason == event.WhyNotRegular {
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

// took notes that an import took a file whole.
func (f shutFiles) took(seq uint64, path string) {
	if _, asked := f.refused[path]; asked || len(f.whole) < maxShut {
		f.whole[path] = max(seq, f.whole[path])
	}
}

// all lists what was refused and not taken since, by path.
func (f shutFiles) all() []coverage.Loss {
	var out []coverage.Loss
	for _, path := range slices.Sorted(maps.Keys(f.refused)) {
		if r := f.refused[path]; path == "" || f.whole[path] < r.seq {
			out = append(out, r.loss)
		}
	}
	return out
}
