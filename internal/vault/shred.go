package vault

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/vault/ondisk"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault/keyring"
)

// ErrNotProtected says that what was to be shredded was never kept under a key
// of its own, so that there is none to destroy.
var ErrNotProtected = errors.New("not kept under a key of its own")

// ShredRequest says what is to be made unreadable for ever, in every copy.
type ShredRequest struct {
	Keys     []string // as given by Options.Protect
	Segments []string // names of encrypted segments
	Reason   string
	By       string
	// Lost says what is lost by it, for coverage; it is sealed with the names.
	Lost []ShredLoss
}

// ShredLoss says what becomes unreadable of one source: so many records, with
// events from From to To, To not included.
type ShredLoss struct {
	Source  string    `json:"source"`
	Records uint64    `json:"records"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
}

// ShredReport says what became unreadable.
type ShredReport struct {
	Keys []string    `json:"keys"` // as the keyring names them
	Lost []ShredLoss `json:"lost"`
}

type shredRecord struct {
	At     time.Time   `json:"at"`
	By     string      `json:"by"`
	Op     string      `json:"op"` // shred
	Reason string      `json:"reason"`
	Keys   []string    `json:"keys"`
	Lost   []ShredLoss `json:"lost"`
}

// Shred seals a konseki.shred record that names the keys and destroys them.
// The tree over what they protected stays valid, and Verify shows that nothing
// else was lost. A recovery file of the keyring made before still has the keys:
// destroy it too. Errors: ErrNotProtected.
func (v *Vault) Shred(ctx context.Context, req ShredRequest) (ShredReport, error) {
	var rep ShredReport
	for _, k := range req.Keys {
		rep.Keys = append(rep.Keys, ondisk.ClassPrefix+k)
	}
	for _, name := range req.Segments {
		key, err := v.shreddable(ctx, name)
		if err != nil {
			return rep, fmt.Errorf("vault: shred %s: %w", name, err)
		}
		rep.Keys = append(rep.Keys, key)
	}
	for _, k := range rep.Keys {
		if _, err := v.ring.Get(k); errors.Is(err, keyring.ErrNoKey) {
			return rep, fmt.Errorf("vault: shred %s: %w: protect it before its first record arrives", strings.TrimPrefix(k, ondisk.ClassPrefix), ErrNotProtected)
		}
	}
	slices.Sort(rep.Keys)
	rep.Lost = req.Lost
	rec := shredRecord{At: v.opts.Now().UTC(), By: req.By, Op: "shred", Reason: req.Reason, Keys: rep.Keys, Lost: req.Lost}
	if err := v.declare(ctx, event.SourceShred, rec); err != nil {
		return rep, fmt.Errorf("vault: shred: %w", err)
	}
	if err := v.ring.Destroy(rep.Keys...); err != nil {
		return rep, fmt.Errorf("vault: shred: %w", err)
	}
	v.mu.Lock()
	list := slices.Clone(v.segments)
	for i := range list {
		if s := &list[i]; slices.Contains(req.Segments, s.Name) {
			s.Dropped, s.Shredded = []ondisk.Span{{First: s.First, Last: s.Last}}, true
		}
	}
	v.segments = list
	v.mu.Unlock()
	v.opened.clear()
	v.proofs.forget()
	return rep, nil
}

// Shreddable gives the records that req would make unreadable.
func (v *Vault) Shreddable(ctx context.Context, req ShredRequest) iter.Seq2[event.Record, error] {
	return func(yield func(event.Record, error) bool) {
		names := make(ondisk.Intern)
		for next, last := uint64(1), v.Size(); next <= last; {
			v.mu.Lock()
			seg, inSegment := v.segmentOfLocked(next)
			v.mu.Unlock()
			if inSegment && !Touches(seg, req) {
				next = seg.Last + 1
				continue
			}
			whole := inSegment && slices.Contains(req.Segments, seg.Name)
			reached, err := v.readFrom(ctx, next, last, func(p *ondisk.Payload) error {
				if !whole && !(p.Form == ondisk.FormKeyed && slices.Contains(req.Keys, strings.TrimPrefix(p.Key, ondisk.ClassPrefix))) {
					return nil
				}
				rec, err := v.recordOf(p, names)
				if err == nil && !yield(rec, nil) {
					err = ondisk.ErrEnough
				}
				return err
			})
			if err != nil {
				if !errors.Is(err, ondisk.ErrEnough) {
					yield(event.Record{}, fmt.Errorf("vault: shreddable: %w", err))
				}
				return
			}
			next = reached
		}
	}
}

// Touches says whether a segment may hold some of what req names.
func Touches(s ondisk.Segment, req ShredRequest) bool {
	if slices.Contains(req.Segments, s.Name) || s.Sources == nil {
		return true
	}
	return slices.ContainsFunc(req.Keys, func(key string) bool {
		return slices.ContainsFunc(s.Sources, func(source string) bool {
			return key == source || strings.HasPrefix(key, source+"/")
		})
	})
}

// shreddable gives the key of an encrypted segment, and refuses one that holds
// records without which the vault could not explain itself.
func (v *Vault) shreddable(ctx context.Context, name string) (string, error) {
	segs := v.Segments()
	i := slices.IndexFunc(segs, func(s ondisk.Segment) bool { return s.Name == name })
	if i < 0 {
		return "", fmt.Errorf("%w: there is no such segment", ondisk.ErrNotFound)
	}
	if !segs[i].Encrypted {
		return "", fmt.Errorf("%w: the segment is in the clear", ErrNotProtected)
	}
	keep := ""
	r, err := ondisk.OpenSegment(v.disk, segs[i], v.ring)
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Close() }()
	err = r.Heads(func(p *ondisk.Payload) bool {
		switch string(p.Source) {
		case event.SourceCase, event.SourceReport, event.SourceExpiry, event.SourceShred, event.SourceRegistry:
			keep = string(p.Source)
		}
		return keep == "" && ctx.Err() == nil
	})
	if err == nil {
		err = ctx.Err()
	}
	if keep != "" {
		return "", fmt.Errorf("it also holds a record of %s, which must stay: shred a source or a subject instead", keep)
	}
	return ondisk.FileKey(segs[i].First, segs[i].Generation), err
}

// Keyring is the vault's keyring.
func (v *Vault) Keyring() *keyring.Ring { return v.ring }

// Unlock says how the keyring was opened, for whoever verifies beside.
func (v *Vault) Unlock() keyring.Unlock { return v.opts.Unlock }

// Dir is the vault's folder.
func (v *Vault) Dir() string { return v.dir }

func (v *Vault) path(name string) string { return filepath.Join(v.dir, name) }
