package clock

import (
	"bytes"
	_ "embed" // the table of facts
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/konseki/konseki/internal/event"
)

//go:embed facts.yaml
var factsFile []byte

// ErrInvalid marks facts, rules and calendars that cannot be used; the message
// says what to change.
var ErrInvalid = errors.New("not valid")

// Fact is one version of a fact of a case. Versions of one key follow each other
// in the order of At, then of Record.
type Fact struct {
	Key    string
	Value  string    // as the key's Type says
	At     time.Time // when it was recorded
	Known  time.Time // since when people have known it; zero: since At
	By     string
	Record uint64
}

// The types of facts.
const (
	Instant = "instant" // RFC 3339 with zone, or a day as 2006-01-02 in the company's zone
	YesNo   = "yes_no"  // yes, no or unknown
	Range   = "range"   // 12, 10-20, 10-, -20 or unknown
	Choice  = "choice"  // one of Choices
)

// Key is one row of the table of facts: what a fact is called and may be.
type Key struct {
	Key     string       `yaml:"key" json:"key"`
	Type    string       `yaml:"type" json:"type"`
	Label   event.Phrase `yaml:"label" json:"label"`
	Help    event.Phrase `yaml:"help" json:"help"`
	Choices []Named      `yaml:"choices" json:"choices,omitempty"`
}

// Named is a value and what it is called.
type Named struct {
	Value string       `yaml:"value" json:"value"`
	Label event.Phrase `yaml:"label" json:"label"`
}

// Keys lists the facts that the rules ask for, in the order people are asked.
// The slice is the caller's.
func Keys() ([]Key, error) {
	d := yaml.NewDecoder(bytes.NewReader(factsFile))
	d.KnownFields(true)
	var keys []Key
	if err := d.Decode(&keys); err != nil {
		return nil, fmt.Errorf("clock: table of facts: %w", err)
	}
	for i := range keys {
		if keys[i].Type == YesNo {
			keys[i].Choices = []Named{
				{"yes", event.Phrase{JA: "はい", EN: "yes"}},
				{"no", event.Phrase{JA: "いいえ", EN: "no"}},
				{"unknown", event.Phrase{JA: "未確定", EN: "not known yet"}}}
		}
	}
	return keys, nil
}

// Check reports, wrapping ErrInvalid, that a value is not one of its key. A key
// that is not in the table may only name an instant, which a contract's deadline
// can run from.
func (b *Book) Check(key, value string) error {
	k, ok := b.keys[key]
	if !ok {
		k = Key{Key: key, Type: Instant}
	}
	switch k.Type {
	case Instant:
		if _, ok := instant(value, time.UTC); ok || value == "unknown" {
			return nil
		}
		if !ok {
			return event.Refuse(ErrInvalid, "%q is not a fact that a rule asks for; such a fact has to be a time, as 2026-11-22T14:00:00+09:00 or 2026-11-22", "%q はどの規則も使わない事実です。そのような事実は 2026-11-22T14:00:00+09:00 や 2026-11-22 のような日時に限ります", key)
		}
		return event.Refuse(ErrInvalid, "%s is a time with its zone, as 2026-11-22T14:00:00+09:00, or a day, as 2026-11-22; not %q", "%s は 2026-11-22T14:00:00+09:00 のような時差付きの日時か、2026-11-22 のような日です（%q ではありません）", key, value)
	case Range:
		if _, _, ok := span(value); ok || value == "unknown" {
			return nil
		}
		return event.Refuse(ErrInvalid, "%s is a number or a range, as 1200, 100-1200, 100- or -1200, or unknown; not %q", "%s は 1200、100-1200、100-、-1200 のような数か範囲、または unknown です（%q ではありません）", key, value)
	}
	var all []string
	for _, c := range k.Choices {
		if c.Value == value {
			return nil
		}
		all = append(all, c.Value)
	}
	return event.Refuse(ErrInvalid, "%s is one of %s, not %q", "%s は %s のいずれかです（%q ではありません）", key, strings.Join(all, ", "), value)
}

// instant reads a time; a day is its beginning in the zone, so that what is
// counted from it in hours is never too late.
func instant(value string, zone *time.Location) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04Z07:00", value) // people leave the seconds out
	}
	if err == nil {
		return t, t.Year() >= minYear && t.Year() <= maxYear
	}
	t, err = time.ParseInLocation(time.DateOnly, value, zone)
	return t, err == nil && t.Year() >= minYear && t.Year() <= maxYear
}

// The years that a fact can lie in: dates stay within four digits whatever is
// added to them.
const (
	minYear = 1900
	maxYear = 9000
)

// span reads a range; max is -1 where it is open.
func span(value string) (low, high int64, ok bool) {
	a, b, ranged := strings.Cut(value, "-")
	if !ranged {
		n, ok := number(a)
		return n, n, ok
	}
	low, high = 0, -1
	if a == "" && b == "" {
		return 0, 0, false
	}
	if a != "" {
		if low, ok = number(a); !ok {
			return 0, 0, false
		}
	}
	if b != "" {
		if high, ok = number(b); !ok || high < low {
			return 0, 0, false
		}
	}
	return low, high, true
}

func number(s string) (int64, bool) {
	n, err := strconv.ParseUint(s, 10, 62)
	return int64(n), err == nil
}
