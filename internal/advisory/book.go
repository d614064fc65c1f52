// Package advisory matches published vulnerabilities to the inventory and escalates until someone acknowledges.
//
// What it finds is computed from records alone: from the editions of
// advisories, the imported inventories and the acknowledgements. The same
// records give the same findings, whichever came first.
package advisory

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/advisory/notice"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/estate"
)

// Ack is that somebody has read an advisory and answers for what follows.
type Ack struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Note string    `json:"note,omitempty"`
}

// Flaw is one published vulnerability, under whatever names it was published.
type Flaw struct {
	Key      string
	Editions []notice.Notice // in order of time
	Hits     []Hit           // in order of time, then host, package and version
	Odd      []string        // hosts with versions that cannot be compared
	Acks     []Ack           // in order of time
}

// Hit is that a host runs what a flaw affects, known from an instant on and at
// a level. A level that rose is another hit.
type Hit struct {
	estate.Software
	At        time.Time // the advisory said so and the host ran it
	Level     string    // of the finding
	Advisory  string    // id of the edition that says so
	Record    uint64    // of that edition
	Source    string    // of that record
	Exploited bool
	Told      time.Time // when it could be known here: At, or when the edition was received, if that was later
}

// Book is every flaw that concerns the inventory, or did.
type Book struct {
	Flaws []Flaw // by key
}

// Make matches editions of advisories with an inventory. Editions that do not
// concern it are left out; acknowledgements are by the names they were given for.
func Make(editions []notice.Notice, inventory *Inventory, acks map[string][]Ack) *Book {
	byKey := map[string][]notice.Notice{}
	for _, n := range editions {
		byKey[n.Key()] = append(byKey[n.Key()], n)
	}
	b := &Book{}
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		f := Flaw{Key: key, Editions: inOrder(byKey[key])}
		f.match(inventory)
		if len(f.Hits) == 0 && len(f.Odd) == 0 {
			continue
		}
		f.acknowledge(acks)
		b.Flaws = append(b.Flaws, f)
	}
	return b
}

// inOrder puts editions in order of time and leaves out what came twice.
func inOrder(list []notice.Notice) []notice.Notice {
	slices.SortFunc(list, func(a, b notice.Notice) int {
		return cmp.Or(a.Modified.Compare(b.Modified), strings.Compare(a.ID, b.ID), strings.Compare(a.Severity, b.Severity), cmp.Compare(a.Record, b.Record))
	})
	return slices.CompactFunc(list, func(a, b notice.Notice) bool {
		return a.ID == b.ID && a.Modified.Equal(b.Modified) && a.Severity == b.Severity && a.Exploited == b.Exploited && a.Withdrawn.Equal(b.Withdrawn)
	})
}

// Names are all names of a flaw, its key first, the others in order.
func (f *Flaw) Names() []string {
	known := map[string]bool{f.Key: true}
	var names []string
	for i := range f.Editions {
		for _, name := range f.Editions[i].Names() {
			if !known[name] && len(names) < notice.MaxAliases {
				known[name] = true
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return append([]string{f.Key}, names...)
}

// Has reports whether a flaw has a name, in any case of letters.
func (f *Flaw) Has(name string) bool {
	return slices.ContainsFunc(f.Names(), func(n string) bool { return strings.EqualFold(n, name) })
}

// Last is the newest edition.
func (f *Flaw) Last() *notice.Notice { return &f.Editions[len(f.Editions)-1] }

// Withdrawn reports whether everybody who published it took it back by an instant.
func (f *Flaw) Withdrawn(at time.Time) bool {
	current := f.current(at)
	return len(current) > 0 && !slices.ContainsFunc(current, func(n *notice.Notice) bool { return !gone(n, at) })
}

func gone(n *notice.Notice, at time.Time) bool {
	return !n.Withdrawn.IsZero() && !n.Withdrawn.After(at)
}

// begins is when the i-th edition began to hold: the first of an id when it was
// published, a later one when it was made.
func (f *Flaw) begins(i int) time.Time {
	n := &f.Editions[i]
	first := !slices.ContainsFunc(f.Editions[:i], func(o notice.Notice) bool { return series(&o) == series(n) })
	if first && n.Issued().Before(n.Modified) {
		return n.Issued()
	}
	return n.Modified
}

// current are the editions that hold at an instant, one for each id.
func (f *Flaw) current(at time.Time) []*notice.Notice {
	newest := map[string]*notice.Notice{}
	for i := range f.Editions {
		if !f.begins(i).After(at) {
			newest[series(&f.Editions[i])] = &f.Editions[i]
		}
	}
	out := make([]*notice.Notice, 0, len(newest))
	for _, name := range slices.Sorted(maps.Keys(newest)) {
		out = append(out, newest[name])
	}
	return out
}

// series is what an edition is an edition of: the catalogue of exploited flaws
// goes by CVE, as some advisories do.
func series(n *notice.Notice) string {
	if n.Exploited && len(n.Affected) == 0 {
		return n.ID + " exploited"
	}
	return n.ID
}

// match finds what each row of the inventory is affected by, from when and how gravely.
func (f *Flaw) match(v *Inventory) {
	rows := map[int]bool{}
	for i := range f.Editions {
		for j := range f.Editions[i].Affected {
			for _, row := range v.candidates(&f.Editions[i].Affected[j]) {
				rows[row] = true
			}
		}
	}
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		f.matchRow(v, v.rows[row])
	}
	slices.SortStableFunc(f.Hits, func(a, b Hit) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Host, b.Host), strings.Compare(a.Package, b.Package), strings.Compare(a.Version, b.Version))
	})
	slices.Sort(f.Odd)
	f.Odd = slices.Compact(f.Odd)
}

// matchRow follows one row through all instants at which something changed.
func (f *Flaw) matchRow(v *Inventory, row estate.Software) {
	instants := []time.Time{row.From}
	for i := range f.Editions {
		instants = append(instants, f.begins(i))
	}
	slices.SortFunc(instants, time.Time.Compare)
	reached := -1
	for _, at := range instants {
		if at.Before(row.From) || !row.To.IsZero() && !at.Before(row.To) || at.IsZero() {
			continue
		}
		h, affected := f.hit(v, row, at)
		if affected && finding.Rank(h.Level) > reached {
			reached = finding.Rank(h.Level)
			f.Hits = append(f.Hits, h)
		}
	}
}

// hit tells whether a row is affected at an instant, and at which level.
func (f *Flaw) hit(v *Inventory, row estate.Software, at time.Time) (h Hit, affected bool) {
	severity, exploited := "", false
	h = Hit{Software: row, At: at.UTC()}
	for _, n := range f.current(at) {
		if gone(n, at) {
			continue
		}
		exploited = exploited || n.Exploited
		if notice.Rank(n.Severity) > notice.Rank(severity) {
			severity = n.Severity
		}
		is, err := v.affects(n, &row)
		if err != nil {
			f.Odd = append(f.Odd, row.Host)
		}
		if is && !affected {
			affected, h.Advisory, h.Record, h.Source, h.Told = true, n.ID, n.Record, n.Source, later(at, n.Received)
		}
	}
	h.Level, h.Exploited = levelOf(severity, exploited), exploited
	return h, affected
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b.UTC()
	}
	return a.UTC()
}

// affects reports whether an edition says that a row is affected.
func (v *Inventory) affects(n *notice.Notice, row *estate.Software) (bool, error) {
	var odd error
	for i := range n.Affected {
		a := &n.Affected[i]
		if !slices.Contains(namesOf(a), plainName(row.Package)) || !sameEcosystem(row.Ecosystem, a.Ecosystem) {
			continue
		}
		is, err := within(a, row.Version)
		if is {
			return true, nil
		}
		odd = cmp.Or(odd, err)
	}
	return false, odd
}

// levelOf is the level of a finding: the severity that is stated, medium where
// none is, and one more where attacks are known.
func levelOf(severity string, exploited bool) string {
	level := cmp.Or(severity, finding.LevelMedium)
	if exploited {
		level = finding.LevelAbove(level)
	}
	return level
}

// About is the flaw that editions tell of, whether or not it concerns anything
// that is run.
func About(editions []notice.Notice, acks map[string][]Ack) *Flaw {
	f := &Flaw{Key: editions[0].Key(), Editions: inOrder(editions)}
	f.acknowledge(acks)
	return f
}

// acknowledge takes the acknowledgements that were given for any of the names.
func (f *Flaw) acknowledge(acks map[string][]Ack) {
	for _, name := range f.Names() {
		f.Acks = append(f.Acks, acks[strings.ToUpper(name)]...)
	}
	slices.SortFunc(f.Acks, func(a, b Ack) int { return a.At.Compare(b.At) })
}
