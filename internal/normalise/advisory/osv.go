package advisory

import (
	"bytes"
	"cmp"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/advisory/notice"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
)

// osv reads advisories in the Open Source Vulnerability format, one object a
// record. Source: ossf.github.io/osv-schema, version 1.7.
type osv struct{}

// NewOSV returns the format "osv".
func NewOSV() format.Format { return osv{} }

func (osv) Name() string { return "osv" }

func (osv) Matches(raw []byte) bool {
	if !format.IsJSONObject(raw) || !bytes.Contains(raw, []byte(`"id"`)) || !bytes.Contains(raw, []byte(`"modified"`)) {
		return false
	}
	return bytes.Contains(raw, []byte(`"affected"`)) || bytes.Contains(raw, []byte(`"schema_version"`)) || bytes.Contains(raw, []byte(`"withdrawn"`))
}

// Shape takes files of one advisory, of one a line, and of one array.
func (o osv) Shape(head []byte) (event.Shape, bool) {
	first, framing, ok := format.FirstJSON(head)
	if !ok || !o.Matches(first) {
		return event.Shape{}, false
	}
	return event.Shape{Format: o.Name(), Framing: framing}, true
}

// osvRecord is what is read of an advisory.
type osvRecord struct {
	ID        string        `json:"id"`
	Modified  string        `json:"modified"`
	Published string        `json:"published"`
	Withdrawn string        `json:"withdrawn"`
	Aliases   []string      `json:"aliases"`
	Upstream  []string      `json:"upstream"`
	Summary   string        `json:"summary"`
	Details   string        `json:"details"`
	Severity  []osvSeverity `json:"severity"`
	Affected  []osvAffected `json:"affected"`
	Specific  struct {
		Severity jsontext.Value `json:"severity"` // a word in GitHub's
	} `json:"database_specific"`
}

type osvSeverity struct {
	Type  string `json:"type"`
	Score string `json:"score"`
}

type osvAffected struct {
	Package struct {
		Ecosystem string `json:"ecosystem"`
		Name      string `json:"name"`
	} `json:"package"`
	Severity []osvSeverity `json:"severity"`
	Ranges   []osvRange    `json:"ranges"`
	Versions []string      `json:"versions"`
}

type osvRange struct {
	Type   string              `json:"type"`
	Events []map[string]string `json:"events"`
}

func (o osv) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	var r osvRecord
	if !o.Matches(in.Raw) || jsonx.Unmarshal(in.Raw, &r, jsonx.DefaultLimits()) != nil {
		return dst, false
	}
	modified, ok := format.ParseTime(r.Modified)
	if !ok || !notice.Sound(r.ID) {
		return dst, false
	}
	ev := in.New(o.Name(), event.ClassVulnerability)
	modified.Set(in, &ev)
	n := r.notice(ev.Time)
	finish(&ev, &n)
	return append(dst, ev), true
}

// notice is what the record says, modified at an instant.
func (r *osvRecord) notice(modified time.Time) notice.Notice {
	n := notice.Notice{
		ID: r.ID, Modified: modified, Published: instant(r.Published), Withdrawn: instant(r.Withdrawn),
		Summary: format.Message(cmp.Or(r.Summary, r.Details)), Severity: r.severity(),
	}
	for _, a := range append(r.Aliases, r.Upstream...) {
		n.Add(a)
	}
	for i := range r.Affected {
		a, left := r.Affected[i].read()
		n.LeftOut += left
		switch {
		case a.Package == "":
		case len(n.Affected) >= notice.MaxAffected:
			n.LeftOut++
		default:
			n.Affected = append(n.Affected, a)
		}
	}
	return n
}

// read gives the package and its versions, and how many of them cannot be kept.
// Ranges of commits say nothing about releases. Versions said one by one are
// those of the ranges again, where there are ranges.
func (p *osvAffected) read() (a notice.Affected, left int) {
	if !notice.Sound(p.Package.Ecosystem) || !notice.Sound(p.Package.Name) {
		return a, 1
	}
	a.Ecosystem, a.Package = p.Package.Ecosystem, p.Package.Name
	marks := 0
	for _, r := range p.Ranges {
		if r.Type != "ECOSYSTEM" && r.Type != "SEMVER" {
			continue
		}
		var list []notice.Mark
		for _, e := range r.Events {
			for _, kind := range []string{"introduced", "fixed", "last_affected", "limit"} {
				v, ok := e[kind]
				if !ok || kind == "limit" && v == "*" {
					continue
				}
				if marks++; !notice.Sound(v) || marks > notice.MaxMarks {
					left++
					continue
				}
				list = append(list, notice.Mark{Kind: kind, Version: v})
			}
		}
		if len(list) > 0 {
			a.Ranges = append(a.Ranges, list)
		}
	}
	if len(a.Ranges) > 0 {
		return a, left
	}
	for _, v := range p.Versions {
		if !notice.Sound(v) || len(a.Versions) >= notice.MaxMarks {
			left++
			continue
		}
		a.Versions = append(a.Versions, v)
	}
	return a, left
}

// severity is the gravest that is stated: in words, or by a CVSS vector.
func (r *osvRecord) severity() string {
	best := level(strings.Trim(string(r.Specific.Severity), `"`))
	lists := [][]osvSeverity{r.Severity}
	for i := range r.Affected {
		lists = append(lists, r.Affected[i].Severity)
	}
	for _, list := range lists {
		for _, s := range list {
			if l := cmp.Or(vectorLevel(s.Score), level(s.Score)); notice.Rank(l) > notice.Rank(best) {
				best = l
			}
		}
	}
	return best
}

// level is one of our levels for a publisher's word, "" for none.
func level(word string) string {
	switch strings.ToLower(word) {
	case "low", "negligible", "minor", "unimportant":
		return "low"
	case "medium", "moderate":
		return "medium"
	case "high", "important":
		return "high"
	case "critical":
		return "critical"
	}
	return ""
}
