package advisory

import (
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/advisory/notice"
	"github.com/konseki/konseki/internal/estate"
)

// Inventory is what the company says it runs, found by the names of packages.
type Inventory struct {
	rows   []estate.Software
	byName map[string][]int
}

// NewInventory makes an inventory of what was imported.
func NewInventory(rows []estate.Software) *Inventory {
	v := &Inventory{rows: rows, byName: map[string][]int{}}
	for i := range rows {
		key := plainName(rows[i].Package)
		v.byName[key] = append(v.byName[key], i)
	}
	return v
}

// Names reports whether any package that an advisory affects is, or was, run here.
func (v *Inventory) Names(n *notice.Notice) bool {
	return slices.ContainsFunc(n.Affected, func(a notice.Affected) bool { return len(v.candidates(&a)) > 0 })
}

// candidates are the rows of a package, whatever their versions.
func (v *Inventory) candidates(a *notice.Affected) []int {
	var out []int
	for _, name := range namesOf(a) {
		for _, i := range v.byName[name] {
			if sameEcosystem(v.rows[i].Ecosystem, a.Ecosystem) {
				out = append(out, i)
			}
		}
	}
	return out
}

// namesOf are the names under which a package of an advisory may stand in an
// inventory: its own and, for Maven, the artifact without its group.
func namesOf(a *notice.Affected) []string {
	names := []string{plainName(a.Package)}
	if _, artifact, ok := strings.Cut(a.Package, ":"); ok && family(a.Ecosystem) == "maven" {
		names = append(names, plainName(artifact))
	}
	return names
}

// plainName is a name without what writers of inventories write differently:
// case, and the separators that PyPI takes for the same (PEP 503).
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '.' {
			return '-'
		}
		return r
	}, strings.ToLower(name))
}

func family(ecosystem string) string {
	name, _, _ := strings.Cut(ecosystem, ":")
	return strings.ToLower(name)
}

// sameEcosystem reports whether a row of an inventory may be of an advisory's
// ecosystem. What nobody said may be any: an ecosystem, or its release.
func sameEcosystem(row, advisory string) bool {
	if row == "" {
		return true
	}
	if family(row) != family(advisory) {
		return false
	}
	_, release, said := strings.Cut(row, ":")
	_, of, named := strings.Cut(advisory, ":")
	return !said || !named || strings.EqualFold(release, of)
}
