// Package baseline learns what is ordinary and reports what is not; one baseline per file.
package baseline

import (
	"slices"

	"github.com/konseki/konseki/internal/detect/baseline/learn"
	"github.com/konseki/konseki/internal/detect/baseline/liveness"
	"github.com/konseki/konseki/internal/detect/baseline/machine"
	"github.com/konseki/konseki/internal/detect/baseline/people"
	"github.com/konseki/konseki/internal/detect/place"
)

// New returns all baselines, having learned nothing yet. Settings that name no
// baseline or parameter, or do not parse, are an error. places may be nil.
func New(settings learn.Settings, places *place.Places) (*learn.Set, error) {
	return learn.NewSet(settings, slices.Concat(liveness.Builders(), people.Builders(places), machine.Builders())...)
}
