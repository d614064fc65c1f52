package control

import (
	"context"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/retention"
)

// Keeping is what a person may ask about how long records are kept.
type Keeping interface {
	// Kept tells of every source how long it is kept, here and at its origin.
	Kept(ctx context.Context) ([]Kept, error)
	// Holds lists the legal holds, the released ones too, oldest first.
	Holds(ctx context.Context) ([]Hold, error)
	// StartHold holds what h.Sources, h.From and h.To name for h.Case. When it
	// returns, nothing of it is let go any more.
	StartHold(ctx context.Context, by string, h Hold) (*Hold, error)
	// ReleaseHold ends every hold of a case and returns them; it needs a reason.
	ReleaseHold(ctx context.Context, by, caseID, reason string) ([]Hold, error)
	// Race tells which source rolls off when, the most pressing first. With a
	// case, what the case needs counts; without one, what is written now.
	Race(ctx context.Context, caseID string) (*Race, error)
	// Expire lets go what is older than its retention and not held; a dry run
	// only tells what that would be.
	Expire(ctx context.Context, by string, dry bool) (*Expiry, error)
}

// Policy is how long records are kept.
type Policy = retention.Policy

// Kept tells how long one source is kept.
type Kept struct {
	Source    string       `json:"source"`
	Kind      string       `json:"kind,omitempty"`
	Name      event.Phrase `json:"name,omitzero"`
	Owner     string       `json:"owner,omitempty"`
	Retention event.Period `json:"retention"`       // here, from receipt
	Rule      event.Phrase `json:"rule"`            // what says so
	Origin    event.Period `json:"origin,omitzero"` // at its producer; nothing when nobody knows
	HeldBy    []string     `json:"held_by,omitempty"`
}

// Kept implements [Keeping].
func (s *Service) Kept(ctx context.Context) ([]Kept, error) {
	l, err := s.coverageLedger(ctx)
	if err != nil {
		return nil, err
	}
	holds := s.registry.activeHolds()
	out := []Kept{}
	for _, src := range l.Sources() {
		out = append(out, s.keptOf(src, holds))
	}
	return out, nil
}

func (s *Service) keptOf(src Source, holds []Hold) Kept {
	k := Kept{Source: src.ID, Kind: src.Kind, Name: src.Name, Owner: src.Owner, Origin: src.OriginRetention}
	k.Retention, k.Rule = s.Keep.Of(src.ID, src.Retention)
	for i := range holds {
		if holds[i].names(src.ID) {
			k.HeldBy = append(k.HeldBy, holds[i].ID)
		}
	}
	return k
}

// keepsEnough completes a source that is about to be registered by what was
// said of its retention before, and refuses less than the preset asks for.
func (s *Service) keepsEnough(src *Source) error {
	if old, ok := s.registry.source(src.ID); ok {
		*src = keptAs(*src, old)
	}
	if !src.Retention.IsZero() && src.Retention.Shorter(s.Keep.Least()) {
		return fmt.Errorf("%w: source %s: %s is less than the %s of preset %s", ErrInvalid, src.ID, src.Retention, s.Keep.Least(), s.Keep.Preset)
	}
	return nil
}

// keptAs gives a source the retention that it had, where it says none.
func keptAs(src, old Source) Source {
	if src.Retention.IsZero() {
		src.Retention = old.Retention
	}
	if src.OriginRetention.IsZero() {
		src.OriginRetention = old.OriginRetention
	}
	return src
}

// keeper decides over single records, all at one instant.
type keeper struct {
	registry *registry
	until    map[string]time.Time // by source; zero: keep
	limits   func(source string) time.Time
}

func (s *Service) keeper(now time.Time) *keeper {
	k := &keeper{registry: s.registry, until: map[string]time.Time{}}
	k.limits = func(id string) time.Time {
		src, _ := s.registry.source(id)
		src.ID = id
		period, _ := s.Keep.Of(src.ID, src.Retention)
		return period.Before(now)
	}
	return k
}

// limit is the instant before which records of a source are too old; zero
// when they never are.
func (k *keeper) limit(source string) time.Time {
	at, ok := k.until[source]
	if !ok {
		at = k.limits(source)
		k.until[source] = at
	}
	return at
}

// judge tells what becomes of a record: kept, too old, or too old and held by
// the hold that it returns.
func (k *keeper) judge(source string, received time.Time) (old bool, by *Hold) {
	limit := k.limit(source)
	if limit.IsZero() || !received.Before(limit) {
		return false, nil
	}
	return true, k.registry.holding(source, received)
}
