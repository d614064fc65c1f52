package server

import (
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control"
)

// PolicyOf is the retention that a configuration asks for; it may be one that
// cannot be had, which its Check tells.
func PolicyOf(c config.Config) control.Policy {
	return control.Policy{Preset: c.Keep.Preset, Default: c.Keep.Default, Sources: c.Keep.Sources}
}
