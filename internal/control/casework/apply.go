package casework

import (
	"context"
	"fmt"

	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/script"
)

// Applied counts what applying a case file did.
type Applied struct{ Added, Changed, Unchanged int }

// ApplyFile does the work of a case file through the ordinary operations, as the
// person by. A case that does not exist is opened; parts that say already what
// the file says are left alone, so that applying a file twice changes nothing.
func (s *Service) ApplyFile(ctx context.Context, by string, f *script.Script) (n Applied, err error) {
	if s.Desk().Case(f.ID) == nil {
		if _, err := s.OpenCase(ctx, by, f.ID, f.Title); err != nil {
			return n, fmt.Errorf("case %s: %w", f.ID, err)
		}
	}
	for i, p := range f.Parts() {
		old := s.Desk().Like(f.ID, p)
		if old != nil && investigate.Covers(old, p) {
			n.Unchanged++
			continue
		}
		base := uint64(0)
		if old != nil {
			base, p.Common().ID = old.Common().Recorded, old.Common().ID
		}
		if _, err := s.Put(ctx, by, f.ID, p, base); err != nil {
			return n, fmt.Errorf("case %s: %s %s (part %d of the file): %w", f.ID, p.Kind(), p.Common().ID, i+1, err)
		}
		if old == nil {
			n.Added++
		} else {
			n.Changed++
		}
	}
	return n, nil
}
