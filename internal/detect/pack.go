package detect

import (
	"fmt"
	"strings"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/baseline"
	"github.com/konseki/konseki/internal/detect/correlation"
	"github.com/konseki/konseki/internal/detect/note"
	"github.com/konseki/konseki/internal/detect/place"
	"github.com/konseki/konseki/internal/detect/secret"
	"github.com/konseki/konseki/internal/sigma"
)

// A Pack is everything that detection goes by, compiled. It is immutable and
// may be shared.
type Pack struct {
	Engine       *sigma.Engine
	Correlations []*sigma.Correlation // inputs stand before those that use them

	settings Settings
	plan     *correlation.Plan
	secrets  *secret.Scanner
}

// Settings are what an installation decides.
type Settings struct {
	Baselines learn.Settings
	Places    *place.Places // nil: only what events state themselves is known
}

// NewPack compiles a collection. Settings that name no baseline or parameter
// are an error.
func NewPack(c *sigma.Collection, s Settings) (*Pack, error) {
	secrets, err := secret.New()
	if err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	if _, err := baseline.New(s.Baselines, s.Places); err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	return &Pack{
		Engine: sigma.Compile(c.Rules), Correlations: c.Correlations, settings: s,
		plan: correlation.NewPlan(c.Correlations), secrets: secrets,
	}, nil
}

// NotesVersion names what the Notes of events depend on. Derived files of
// another version are derived again.
func (p *Pack) NotesVersion() string {
	return strings.TrimSuffix(note.Version+"."+p.plan.Digest(), ".")
}
