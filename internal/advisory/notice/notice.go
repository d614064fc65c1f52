// Package notice is an advisory as its event carries it: its names, what it affects and how grave it is.
package notice

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// The native fields of an advisory's event. All formats of advisories write
// these, so that whoever matches them reads one form.
const (
	FieldID        = "id"
	FieldAlias     = "alias" // once for each
	FieldAffected  = "affected"
	FieldSeverity  = "severity" // low, medium, high or critical
	FieldExploited = "exploited"
	FieldPublished = "published"
	FieldModified  = "modified"
	FieldWithdrawn = "withdrawn"
	FieldSummary   = "summary"
	FieldLeftOut   = "affected_left_out" // counts what of the record is in no field
)

// Bounds of one advisory.
const (
	MaxAffected = 500   // packages
	MaxMarks    = 5_000 // versions of one package
	MaxAliases  = 100
	MaxText     = 300 // bytes of an id, name or version
)

// A Notice is one edition of an advisory.
type Notice struct {
	ID        string
	Aliases   []string
	Affected  []Affected
	Severity  string // "" when none is stated
	Exploited bool   // attacks with it are known
	Published time.Time
	Modified  time.Time
	Withdrawn time.Time // zero unless its publisher took it back
	Summary   string
	LeftOut   int // packages and versions beyond the bounds, or that cannot be read

	Record   uint64    // of the edition
	Source   string    // of the record
	Received time.Time // of the record; zero where it was imported, long after the event as a rule
}

// Affected is a package and which of its versions are affected.
type Affected struct {
	Ecosystem string // as OSV names it: "Maven", "Debian:12"
	Package   string
	Ranges    [][]Mark
	Versions  []string // said one by one
}

// A Mark is one event of an OSV range.
type Mark struct {
	Kind    string // introduced, fixed, last_affected or limit
	Version string
}

// Key names what an advisory is about, whoever published it: its CVE where it
// has exactly one, else its own id.
func (n *Notice) Key() string {
	cve := ""
	for _, name := range n.Names() {
		if !strings.HasPrefix(name, "CVE-") || name == cve {
			continue
		}
		if cve != "" {
			return n.ID
		}
		cve = name
	}
	if cve == "" {
		return n.ID
	}
	return cve
}

// Names are the id and the aliases.
func (n *Notice) Names() []string { return append([]string{n.ID}, n.Aliases...) }

// Issued is when the advisory was published, or, where it does not say so,
// when this edition was made.
func (n *Notice) Issued() time.Time {
	if n.Published.IsZero() {
		return n.Modified
	}
	return n.Published
}

// Fill writes a notice into the native fields of its event.
func (n *Notice) Fill(ev *event.Event) {
	ev.Add(FieldID, n.ID)
	for _, a := range n.Aliases {
		ev.Add(FieldAlias, a)
	}
	ev.Add(FieldSeverity, n.Severity)
	if n.Exploited {
		ev.Add(FieldExploited, "true")
	}
	for name, t := range n.times() {
		ev.Add(name, t)
	}
	ev.Add(FieldSummary, n.Summary)
	for i := range n.Affected {
		ev.Add(FieldAffected, n.Affected[i].text())
	}
	if n.LeftOut > 0 {
		ev.Add(FieldLeftOut, strconv.Itoa(n.LeftOut))
	}
}

// times gives the instants that are known by the names of their fields, in order.
func (n *Notice) times() func(yield func(name, text string) bool) {
	return func(yield func(name, text string) bool) {
		for _, t := range []struct {
			name string
			at   time.Time
		}{{FieldPublished, n.Published}, {FieldModified, n.Modified}, {FieldWithdrawn, n.Withdrawn}} {
			if !t.at.IsZero() && !yield(t.name, t.at.UTC().Format(time.RFC3339Nano)) {
				return
			}
		}
	}
}

// Of reads the notice that an event carries; false when it is no advisory.
func Of(ev *event.Event) (Notice, bool) {
	n := Notice{Record: ev.Record, Source: ev.Source, Received: ev.TimeRx}
	if ev.ClassUID != event.ClassVulnerability {
		return n, false
	}
	for i := range ev.Fields {
		switch f := &ev.Fields[i]; f.Name {
		case FieldID:
			n.ID = f.Value
		case FieldAlias:
			n.Aliases = append(n.Aliases, f.Value)
		case FieldSeverity:
			n.Severity = f.Value
		case FieldExploited:
			n.Exploited = f.Value == "true"
		case FieldPublished:
			n.Published = instant(f.Value)
		case FieldModified:
			n.Modified = instant(f.Value)
		case FieldWithdrawn:
			n.Withdrawn = instant(f.Value)
		case FieldSummary:
			n.Summary = f.Value
		case FieldLeftOut:
			n.LeftOut, _ = strconv.Atoi(f.Value)
		case FieldAffected:
			n.Affected = append(n.Affected, affectedOf(f.Value))
		}
	}
	if n.Modified.IsZero() {
		n.Modified = ev.Time
	}
	return n, n.ID != ""
}

func instant(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// part and item separate what stands in the text of an Affected.
const (
	part = " | "
	item = ", "
)

// text writes "Maven | org.example:web | introduced 2.0, fixed 2.4 | version 1.9".
func (a *Affected) text() string {
	parts := []string{a.Ecosystem, a.Package}
	for _, r := range a.Ranges {
		var marks []string
		for _, m := range r {
			marks = append(marks, m.Kind+" "+m.Version)
		}
		parts = append(parts, strings.Join(marks, item))
	}
	if len(a.Versions) > 0 {
		parts = append(parts, "version "+strings.Join(a.Versions, item+"version "))
	}
	return strings.Join(parts, part)
}

func affectedOf(text string) (a Affected) {
	parts := strings.Split(text, part)
	a.Ecosystem = parts[0]
	if len(parts) > 1 {
		a.Package = parts[1]
	}
	for _, p := range parts[min(2, len(parts)):] {
		var marks []Mark
		for one := range strings.SplitSeq(p, item) {
			kind, version, _ := strings.Cut(one, " ")
			if kind == "version" {
				a.Versions = append(a.Versions, version)
			} else {
				marks = append(marks, Mark{kind, version})
			}
		}
		if len(marks) > 0 {
			a.Ranges = append(a.Ranges, marks)
		}
	}
	return a
}

// Rank orders severities: 1 for low to 4 for critical, 0 for what is none.
func Rank(severity string) int {
	return slices.Index([]string{"low", "medium", "high", "critical"}, severity) + 1
}

// Add takes a name if it may be one, once.
func (n *Notice) Add(alias string) {
	if Sound(alias) && alias != n.ID && !slices.Contains(n.Aliases, alias) && len(n.Aliases) < MaxAliases {
		n.Aliases = append(n.Aliases, alias)
	}
}

// Sound reports whether a text may be an id, a name or a version: printable,
// not too long, and without what separates the parts of a field.
func Sound(text string) bool {
	return text != "" && len(text) <= MaxText && text == strings.TrimSpace(text) && !strings.Contains(text, part) && !strings.Contains(text, item) &&
		!strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) })
}
