package tail

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// place is a regular file that is there now and may hold what is followed.
type place struct {
	found
	stamp  stamp
	named  bool // a pattern names it
	held   *file
	packed bool
	spoken bool // for what may go on there
}

// origin is where the files of a family are rotated from.
type origin struct {
	set  *Set
	path string
}

// family is a path with everything beside it that rotation may have made of it.
type family struct {
	origin
	places []*place
	files  []*file
	fresh  bool // it was never followed before
}

// survey is what one look finds.
type survey struct {
	at       map[identity]*place
	families map[origin]*family
	order    []*family
}

// duplicate is a file that holds nothing but what another of its family holds.
type duplicate struct {
	stamp stamp
	whole bool   // all of it was compared
	round uint64 // when it was last there
}

// folder remembers which names of a folder belong to which family, until either
// the names or the paths that are known change.
type folder struct {
	names, known []string
	family       map[string]string // by name, the path that it was rotated from
}

// survey lists what is there, by family.
func (t *Tailer) survey(matches []matched) *survey {
	s := &survey{at: map[identity]*place{}, families: map[origin]*family{}}
	known := map[origin][]string{} // names, by set and folder
	know := func(set *Set, path string) {
		key := origin{set, filepath.Dir(path)}
		known[key] = append(known[key], filepath.Base(path))
	}
	named := make(map[string]matched, len(matches))
	for _, m := range matches {
		know(m.set, m.path)
		named[m.path] = m
	}
	for _, f := range t.files {
		if m, ok := named[f.Path]; !ok || m.set != f.set {
			know(f.set, f.Path)
		}
	}
	folders := make(map[origin]*folder, len(known))
	for key, list := range known {
		folders[key] = t.folders[key].with(t.rotation, key.path, names(key.path), list)
	}
	t.folders = folders
	for _, m := range matches {
		s.add(folders, &place{found: m.found, stamp: stampOf(m.info), named: true}, m.set)
	}
	for key, list := range folders {
		s.addRest(key, list, named)
	}
	for _, f := range t.files {
		fam := s.family(origin{f.set, folders[origin{f.set, filepath.Dir(f.Path)}].origin(f.Path)})
		f.from, fam.files = fam.path, append(fam.files, f)
	}
	s.sort(t)
	return s
}

// add takes in a file at its path.
func (s *survey) add(folders map[origin]*folder, p *place, set *Set) {
	id := identityOf(p.info)
	if s.at[id] != nil {
		return
	}
	s.at[id] = p
	fam := s.family(origin{set, folders[origin{set, filepath.Dir(p.path)}].origin(p.path)})
	fam.places = append(fam.places, p)
}

// addRest takes in the files of a folder that no pattern names.
func (s *survey) addRest(key origin, list *folder, named map[string]matched) {
	for _, name := range list.names {
		path := filepath.Join(key.path, name)
		if _, known := named[path]; known || list.family[name] == "" {
			continue
		}
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
			s.add(map[origin]*folder{key: list}, &place{found: found{path, info}, stamp: stampOf(info)}, key.set)
		}
	}
}

func (s *survey) family(o origin) *family {
	if s.families[o] == nil {
		s.families[o] = &family{origin: o}
	}
	return s.families[o]
}

// sort puts all in an order that is the same each time: the path itself first,
// what is packed last, for what is packed was made of what is not.
func (s *survey) sort(t *Tailer) {
	for o, fam := range s.families {
		fam.fresh = len(fam.files) == 0 && !t.known[o]
		if len(t.known) >= maxFiles {
			clear(t.known)
		}
		t.known[o] = true
		s.order = append(s.order, fam)
		rank := func(p *place) int {
			switch {
			case p.path == fam.path:
				return 0
			case bare(p.path) != p.path:
				return 2
			}
			return 1
		}
		if len(fam.places) > 1 {
			slices.SortFunc(fam.places, func(a, b *place) int {
				return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a.path, b.path))
			})
		}
	}
	slices.SortFunc(s.order, func(a, b *family) int {
		return cmp.Or(strings.Compare(a.path, b.path), strings.Compare(a.set.Source, b.set.Source))
	})
}

// with is the folder as it is now.
func (d *folder) with(r rotation, dir string, names, known []string) *folder {
	slices.SortFunc(known, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) })
	known = slices.Compact(known)
	if d != nil && slices.Equal(d.names, names) && slices.Equal(d.known, known) {
		return d
	}
	d = &folder{names: names, known: known, family: map[string]string{}}
	for _, base := range known { // the shortest first: app.log.1 is of the family of app.log
		from := cmp.Or(d.family[base], filepath.Join(dir, base))
		d.family[base] = from
		stem := strings.TrimSuffix(base, filepath.Ext(base))
		at, _ := slices.BinarySearch(names, stem)
		for ; at < len(names) && strings.HasPrefix(names[at], stem); at++ {
			if d.family[names[at]] == "" && r.of(base, names[at]) {
				d.family[names[at]] = from
			}
		}
	}
	return d
}

// origin is the path that a known path was rotated from, or that path.
func (d *folder) origin(path string) string {
	return cmp.Or(d.family[filepath.Base(path)], path)
}
