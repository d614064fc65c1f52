package control

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
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

// Policy is how long records are kept, from the instant they were received. A
// source registered with a retention of its own goes by that; then the most
// specific pattern of Sources counts, then Default, then the preset. Where
// nothing says anything records are kept for ever, and so are konseki's own.
type Policy struct {
	Preset  string
	Default event.Period
	Sources map[string]event.Period // by pattern: * is any text, ? one character
}

// preset is a retention by the name of the rule that asks for it.
type preset struct {
	least event.Period
	name  event.Phrase
}

// presets are the rules that can be named. PCI DSS 4.0.1, 10.5.1 asks for twelve
// months of audit log history, the last three of them immediately available;
// konseki keeps all twelve online.
func presets() map[string]preset {
	return map[string]preset{
		"pci": {event.Months(12), event.Phrase{JA: "PCI DSS 4.0.1 10.5.1（12 か月、すべてオンライン）", EN: "PCI DSS 4.0.1 10.5.1 (12 months, all of them online)"}},
	}
}

// maxPatterns bounds Policy.Sources.
const maxPatterns = 1000

// Check reports what is wrong with the policy, by the names that the
// configuration file uses.
func (p Policy) Check() error {
	pre, known := presets()[p.Preset]
	if p.Preset != "" && !known {
		return fmt.Errorf("keep.preset: %q is none; there is %s", p.Preset, strings.Join(slices.Sorted(maps.Keys(presets())), ", "))
	}
	if len(p.Sources) > maxPatterns {
		return fmt.Errorf("keep.sources: %d patterns; at most %d", len(p.Sources), maxPatterns)
	}
	if !p.Default.IsZero() && p.Default.Shorter(pre.least) {
		return fmt.Errorf("keep.default: %s is less than the %s of preset %s", p.Default, pre.least, p.Preset)
	}
	for _, pattern := range slices.Sorted(maps.Keys(p.Sources)) {
		kept := p.Sources[pattern]
		if err := validPattern(pattern); err != nil {
			return fmt.Errorf("keep.sources: %w", err)
		}
		if kept.IsZero() {
			return fmt.Errorf("keep.sources: %q: how long? write a period such as 400d, 12mo, 2y or forever", pattern)
		}
		if kept.Shorter(pre.least) {
			return fmt.Errorf("keep.sources: %q: %s is less than the %s of preset %s", pattern, kept, pre.least, p.Preset)
		}
	}
	return nil
}

// longest stands for "for ever" where an end must be named.
const longest = 10 // years

// Until says until when a file must be kept that holds records of the sources,
// the last of them received at last: as long as the source kept longest. nil
// stands for sources that are not known.
func (p Policy) Until(sources []string, last time.Time) (until time.Time) {
	if sources == nil {
		sources = append(slices.Collect(maps.Keys(p.Sources)), "")
	}
	for _, id := range sources {
		if event.IsOwn(id) {
			continue // of the same file, and of no use without the rest of it
		}
		kept, _ := p.of(Source{ID: id})
		if kept.Endless() {
			return last.AddDate(longest, 0, 0)
		}
		until = latest(until, kept.After(last))
	}
	if until.IsZero() { // konseki's own records alone
		return last.AddDate(longest, 0, 0)
	}
	return until
}

// least is the retention that nothing may undercut; nothing said without a preset.
func (p Policy) least() event.Period { return presets()[p.Preset].least }

// of finds the retention of a source and the rule that gives it.
func (p Policy) of(src Source) (event.Period, event.Phrase) {
	if event.IsOwn(src.ID) {
		return event.Forever(), event.Phrase{JA: "konseki 自身の記録", EN: "konseki's own records"}
	}
	if !src.Retention.IsZero() {
		if src.Retention.Shorter(p.least()) { // registered before the preset was named
			return p.least(), presets()[p.Preset].name
		}
		return src.Retention, event.Phrase{JA: "ログ源の登録", EN: "as the source is registered"}
	}
	if pattern := mostSpecific(p.Sources, src.ID); pattern != "" {
		return p.Sources[pattern], event.Phrase{JA: "konseki.yaml keep.sources " + pattern, EN: "konseki.yaml keep.sources " + pattern}
	}
	if !p.Default.IsZero() {
		return p.Default, event.Phrase{JA: "konseki.yaml keep.default", EN: "konseki.yaml keep.default"}
	}
	if pre, ok := presets()[p.Preset]; ok {
		return pre.least, pre.name
	}
	return event.Forever(), event.Phrase{JA: "期限を決めていない", EN: "no retention is set"}
}

// mostSpecific is the matching pattern with the most characters that are not
// wildcards; of two such, the one that keeps longer, and then the first by name.
func mostSpecific(patterns map[string]event.Period, id string) string {
	best, most := "", -1
	for _, pattern := range slices.Sorted(maps.Keys(patterns)) {
		if !matchPattern(pattern, id) {
			continue
		}
		literal := len(pattern) - strings.Count(pattern, "*") - strings.Count(pattern, "?")
		if literal > most || literal == most && patterns[best].Shorter(patterns[pattern]) {
			best, most = pattern, literal
		}
	}
	return best
}

// validPattern checks a pattern of names of sources.
func validPattern(pattern string) error {
	switch {
	case pattern == "" || len(pattern) > maxID:
		return fmt.Errorf("%w: a pattern of sources has 1 to %d bytes, such as vpn or web/*", ErrInvalid, maxID)
	case event.IsOwn(pattern):
		return fmt.Errorf("%w: %q: konseki's own records are always kept", ErrInvalid, pattern)
	case pattern != strings.ToLower(pattern) || strings.ContainsAny(pattern, " \t\r\n\"():;[]\\"):
		return fmt.Errorf("%w: %q: sources are named in lower case; * stands for any text and ? for one character", ErrInvalid, pattern)
	}
	return nil
}

// matchPattern matches a name against a pattern in which * stands for any text
// and ? for one character.
func matchPattern(pattern, name string) bool {
	p, n := []rune(pattern), []rune(name)
	i, j, star, from := 0, 0, -1, 0
	for j < len(n) {
		switch {
		case i < len(p) && p[i] == '*':
			star, from = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == n[j]):
			i++
			j++
		case star >= 0: // let the last * take one more
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

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
	k.Retention, k.Rule = s.Keep.of(src)
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
	if !src.Retention.IsZero() && src.Retention.Shorter(s.Keep.least()) {
		return fmt.Errorf("%w: source %s: %s is less than the %s of preset %s", ErrInvalid, src.ID, src.Retention, s.Keep.least(), s.Keep.Preset)
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
		period, _ := s.Keep.of(src)
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
