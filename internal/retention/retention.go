// Package retention says how long records are kept: by source, pattern and preset.
package retention

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// ErrPattern marks what is no pattern of names of sources.
var ErrPattern = errors.New("not a pattern of sources")

// maxName bounds the name of a source, bytes.
const maxName = 128

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
		if err := ValidPattern(pattern); err != nil {
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
		kept, _ := p.Of(id, event.Period{})
		if kept.Endless() {
			return last.AddDate(longest, 0, 0)
		}
		until = later(until, kept.After(last))
	}
	if until.IsZero() { // konseki's own records alone
		return last.AddDate(longest, 0, 0)
	}
	return until
}

// Least is the retention that nothing may undercut; nothing said without a preset.
func (p Policy) Least() event.Period { return presets()[p.Preset].least }

// Of finds the retention of a source, for which a person may have said one, and
// the rule that gives it.
func (p Policy) Of(source string, said event.Period) (event.Period, event.Phrase) {
	if event.IsOwn(source) {
		return event.Forever(), event.Phrase{JA: "konseki 自身の記録", EN: "konseki's own records"}
	}
	if !said.IsZero() {
		if said.Shorter(p.Least()) { // registered before the preset was named
			return p.Least(), presets()[p.Preset].name
		}
		return said, event.Phrase{JA: "ログ源の登録", EN: "as the source is registered"}
	}
	if pattern := mostSpecific(p.Sources, source); pattern != "" {
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
		if !Matches(pattern, id) {
			continue
		}
		literal := len(pattern) - strings.Count(pattern, "*") - strings.Count(pattern, "?")
		if literal > most || literal == most && patterns[best].Shorter(patterns[pattern]) {
			best, most = pattern, literal
		}
	}
	return best
}

// ValidPattern checks a pattern of names of sources.
func ValidPattern(pattern string) error {
	switch {
	case pattern == "" || len(pattern) > maxName:
		return fmt.Errorf("%w: a pattern of sources has 1 to %d bytes, such as vpn or web/*", ErrPattern, maxName)
	case event.IsOwn(pattern):
		return fmt.Errorf("%w: %q: konseki's own records are always kept", ErrPattern, pattern)
	case pattern != strings.ToLower(pattern) || strings.ContainsAny(pattern, " \t\r\n\"():;[]\\"):
		return fmt.Errorf("%w: %q: sources are named in lower case; * stands for any text and ? for one character", ErrPattern, pattern)
	}
	return nil
}

// Matches matches a name against a pattern in which * stands for any text
// and ? for one character.
func Matches(pattern, name string) bool {
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

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
