// Package replay writes incidents as raw logs in real formats, with everyday noise.
//
// A scenario is one of them, or weeks in which nothing happens; each is a room
// of its own and written with what room raw holds. What was lost in reality is
// not written.
package replay

import (
	"context"
	"errors"
	"fmt"

	"github.com/konseki/konseki/internal/replay/insider"
	"github.com/konseki/konseki/internal/replay/miner"
	"github.com/konseki/konseki/internal/replay/mistake"
	"github.com/konseki/konseki/internal/replay/ransomware"
	"github.com/konseki/konseki/internal/replay/raw"
	"github.com/konseki/konseki/internal/replay/stolen"
	"github.com/konseki/konseki/internal/replay/supply"
	"github.com/konseki/konseki/internal/replay/webshell"
	"github.com/konseki/konseki/internal/replay/week"
)

// Info describes a scenario.
type Info = raw.Info

// Options say how a scenario is written.
type Options = raw.Options

// Summary counts what was written.
type Summary = raw.Summary

// ErrUnknown marks the name of a scenario that there is not.
var ErrUnknown = errors.New("no such incident; konseki replay list names them")

// Scenarios lists the scenarios with all that they are made of.
func Scenarios() []raw.Scenario {
	return []raw.Scenario{
		stolen.Scenario(),
		miner.Scenario(),
		mistake.Scenario(),
		ransomware.Scenario(),
		webshell.Scenario(),
		supply.Scenario(),
		insider.Scenario(),
		week.Scenario(),
	}
}

// Names lists the scenarios.
func Names() []Info {
	var out []Info
	for _, s := range Scenarios() {
		out = append(out, s.Info)
	}
	return out
}

// Describe gives what is known of a scenario before it is written.
func Describe(name string) (Info, error) {
	s, err := find(name)
	return s.Info, err
}

// Write writes a scenario under dir, which must be absent or empty: one
// folder per source, konseki-sources.yaml for import and, for an incident,
// konseki-case.yaml with the investigator's work and konseki-assumptions.txt
// with what is assumed beyond the published facts. The same seed gives the
// same bytes.
func Write(ctx context.Context, name, dir string, o Options) (Summary, error) {
	s, err := find(name)
	if err != nil {
		return Summary{}, err
	}
	return s.Write(ctx, dir, o)
}

func find(name string) (raw.Scenario, error) {
	for _, s := range Scenarios() {
		if s.Info.Name == name {
			return s, nil
		}
	}
	return raw.Scenario{}, fmt.Errorf("replay: %q: %w", name, ErrUnknown)
}
