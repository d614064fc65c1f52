package coverage

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Span is a length of time, written as Go writes one, with d for days: "20m",
// "2d", "1d12h".
type Span time.Duration

var errSpan = errors.New("write a length of time such as 20m, 6h or 2d")

// ParseSpan reads a length of time of at most a year.
func ParseSpan(s string) (Span, error) {
	text := strings.TrimSpace(s)
	if text == "" {
		return 0, nil
	}
	var days time.Duration
	if d, rest, ok := strings.Cut(text, "d"); ok {
		var n int
		if _, err := fmt.Sscanf(d+" ", "%d ", &n); err != nil || n < 0 || n > 366 {
			return 0, fmt.Errorf("%q: %w", s, errSpan)
		}
		days, text = time.Duration(n)*24*time.Hour, rest
	}
	var rest time.Duration
	if text != "" {
		var err error
		if rest, err = time.ParseDuration(text); err != nil {
			return 0, fmt.Errorf("%q: %w", s, errSpan)
		}
	}
	if total := days + rest; total >= 0 && total <= 366*24*time.Hour {
		return Span(total), nil
	}
	return 0, fmt.Errorf("%q: %w", s, errSpan)
}

// String writes it so that ParseSpan reads it.
func (s Span) String() string {
	d := time.Duration(s)
	if d == 0 {
		return ""
	}
	if days := d / (24 * time.Hour); days > 0 {
		if d %= 24 * time.Hour; d == 0 {
			return fmt.Sprintf("%dd", days)
		}
		return fmt.Sprintf("%dd%s", days, d)
	}
	return d.String()
}

// MarshalText implements encoding.TextMarshaler.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Span) UnmarshalText(b []byte) error {
	v, err := ParseSpan(string(b))
	*s = v
	return err
}
