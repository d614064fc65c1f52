package control

import (
	"maps"
	"slices"
	"time"

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

// filesAbout reports whether files of a source were imported, and whether one
// that speaks about the window has records that no format could read.
func (r *registry) filesAbout(source string, from, to time.Time) (files, unread bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	files = r.fromFiles[source]
	for _, f := range r.imported {
		about := f.First == nil || f.First.AddDate(0, 0, -1).Before(to) && f.Last.AddDate(0, 0, 1).After(from) // whatever its zone
		unread = unread || f.Source == source && f.Unparsed > 0 && about
	}
	return files, unread
}
