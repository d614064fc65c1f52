package detect

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/konseki/konseki/internal/detect/baseline"
	"github.com/konseki/konseki/internal/detect/note"
	"github.com/konseki/konseki/internal/sigma"
)

// A Pack is everything that detection goes by, compiled. It is immutable and
// may be shared.
type Pack struct {
	Engine       *sigma.Engine
	Correlations []*sigma.Correlation // inputs stand before those that use them
	Baselines    baseline.Settings
}

// NewPack compiles a collection. Settings of baselines are checked by NewWatch.
func NewPack(c *sigma.Collection, settings baseline.Settings) *Pack {
	return &Pack{Engine: sigma.Compile(c.Rules), Correlations: c.Correlations, Baselines: settings}
}

// NotesVersion names what the Notes of events depend on. Derived files of
// another version are derived again.
func (p *Pack) NotesVersion() string {
	if len(p.Correlations) == 0 {
		return note.Version
	}
	h := sha256.New()
	return note.Version + "." + hex.EncodeToString(h.Sum(nil)[:4])
}
