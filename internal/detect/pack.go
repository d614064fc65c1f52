package detect

import (
	"strings"

	"github.com/konseki/konseki/internal/detect/baseline"
	"github.com/konseki/konseki/internal/detect/correlation"
	"github.com/konseki/konseki/internal/detect/note"
	"github.com/konseki/konseki/internal/sigma"
)

// A Pack is everything that detection goes by, compiled. It is immutable and
// may be shared.
type Pack struct {
	Engine       *sigma.Engine
	Correlations []*sigma.Correlation // inputs stand before those that use them
	Baselines    baseline.Settings

	plan *correlation.Plan
}

// NewPack compiles a collection. Settings of baselines are checked by NewWatch.
func NewPack(c *sigma.Collection, settings baseline.Settings) *Pack {
	return &Pack{
		Engine: sigma.Compile(c.Rules), Correlations: c.Correlations, Baselines: settings,
		plan: correlation.NewPlan(c.Correlations),
	}
}

// NotesVersion names what the Notes of events depend on. Derived files of
// another version are derived again.
func (p *Pack) NotesVersion() string {
	return strings.TrimSuffix(note.Version+"."+p.plan.Digest(), ".")
}
