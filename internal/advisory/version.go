package advisory

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/osv-scalibr/semantic"

	"github.com/konseki/konseki/internal/advisory/notice"
)

// errVersion marks versions of which nobody can say which is older.
var errVersion = errors.New("versions cannot be compared")

// within reports whether a version is among those of a package that are
// affected, by the ecosystem's own order. Source: OSV schema, "Evaluation".
func within(a *notice.Affected, version string) (bool, error) {
	if slices.Contains(a.Versions, version) {
		return true, nil
	}
	if len(a.Ranges) == 0 {
		return false, nil
	}
	if !strings.ContainsAny(version, "0123456789") {
		return false, fmt.Errorf("%w: %q is no version", errVersion, version)
	}
	for _, r := range a.Ranges {
		in, err := inRange(r, a.Ecosystem, version)
		if in || err != nil {
			return in, err
		}
	}
	return false, nil
}

// inRange looks at one range: of its marks, in the order of their versions, the
// last one that the version has reached decides.
func inRange(r []notice.Mark, ecosystem, version string) (bool, error) {
	decides := -1
	for i, m := range r {
		order, err := compare(ecosystem, m.Version, version)
		if err != nil {
			return false, err
		}
		reached := order <= 0
		if m.Kind == "last_affected" {
			reached = order < 0
		}
		if !reached {
			continue
		}
		if decides >= 0 {
			later, err := compare(ecosystem, r[decides].Version, m.Version)
			if err != nil {
				return false, err
			}
			if later > 0 || later == 0 && m.Kind != "introduced" {
				continue
			}
		}
		decides = i
	}
	return decides >= 0 && r[decides].Kind == "introduced", nil
}

// compare orders two versions; "0" as an advisory writes it comes before all.
func compare(ecosystem, a, b string) (int, error) {
	if a == "0" || b == "0" {
		switch {
		case a == b:
			return 0, nil
		case a == "0":
			return -1, nil
		}
		return 1, nil
	}
	family, _, _ := strings.Cut(ecosystem, ":")
	v, err := semantic.Parse(a, family)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errVersion, err)
	}
	order, err := v.CompareStr(b)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errVersion, err)
	}
	return order, nil
}
