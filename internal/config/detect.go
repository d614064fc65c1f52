package config

import (
	"fmt"
	"path/filepath"
)

// Detect is what baselines and stories go by.
type Detect struct {
	// Baselines are thresholds that differ from their defaults, by baseline and
	// parameter: "baseline-dormant-account: {unused: 90d}". docs/baselines.md lists them.
	Baselines map[string]map[string]string `yaml:"baselines,omitempty"`
	// Geo is a MaxMind DB file (.mmdb) that tells countries, and better also
	// coordinates, of addresses. Default none: only what records state is known.
	Geo string `yaml:"geo,omitempty"`
	// Budget is how many stories of medium or above are shown a day; the gravest
	// come first and the rest is counted. Default 20.
	Budget int `yaml:"budget,omitempty"`
}

func (d Detect) check() error {
	if d.Budget < 0 || d.Budget > 1000 {
		return fmt.Errorf("detect: budget: %d is outside 1 to 1000", d.Budget)
	}
	if d.Geo != "" && !filepath.IsAbs(d.Geo) {
		return fmt.Errorf("detect: geo: %q is no absolute path", d.Geo)
	}
	return nil
}
