package config

import (
	"errors"
	"fmt"
	"time"
)

// Advisory is what is done about published flaws of what the company runs
// (docs/advisories.md).
type Advisory struct {
	// Escalate says, by level, after what times it is said again that nobody has
	// acknowledged an advisory: "high: [4h, 24h]". An empty list says it never.
	// Default: critical and high after 4h and 24h, medium after 168h, low never.
	Escalate map[string][]time.Duration `yaml:"escalate,omitempty"`
	// Readers are who should read advisories; their names stand in what is said.
	Readers []string `yaml:"readers,omitempty"`
}

func (a Advisory) check() error {
	if len(a.Readers) > 100 {
		return errors.New("readers: at most 100")
	}
	for level, steps := range a.Escalate {
		switch level {
		case "low", "medium", "high", "critical":
		default:
			return fmt.Errorf("escalate: %q is none of low, medium, high, critical", level)
		}
		last := time.Duration(0)
		for _, d := range steps {
			if d < time.Minute || d > 365*24*time.Hour || d <= last || len(steps) > 10 {
				return fmt.Errorf("escalate: %s: at most ten times, each longer than the one before, from 1m to 8760h", level)
			}
			last = d
		}
	}
	return nil
}
