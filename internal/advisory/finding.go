package advisory

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
)

// The rules of findings about advisories.
const (
	RuleAffected = "advisory-affected" // something that is run is affected
	RuleUnread   = "advisory-unread"   // nobody has acknowledged that for too long
)

// Escalation says after what times, by the level of a finding, it is said again
// that nobody has acknowledged an advisory, and who should have.
type Escalation struct {
	Steps   map[string][]time.Duration
	Readers []string
}

// DefaultEscalation is that of an empty configuration.
func DefaultEscalation() Escalation {
	const hour = time.Hour
	return Escalation{Steps: map[string][]time.Duration{
		finding.LevelCritical: {4 * hour, 24 * hour}, finding.LevelHigh: {4 * hour, 24 * hour}, finding.LevelMedium: {7 * 24 * hour},
	}}
}

// Findings are those of a book up to an instant, in order of time.
func (b *Book) Findings(e Escalation, until time.Time) []finding.Finding {
	var out []finding.Finding
	for i := range b.Flaws {
		f := &b.Flaws[i]
		for j := range f.Hits {
			if !f.Hits[j].At.After(until) {
				out = append(out, f.affected(&f.Hits[j]))
			}
		}
		out = append(out, f.unread(e, until)...)
	}
	slices.SortStableFunc(out, func(x, y finding.Finding) int { return x.Time.Compare(y.Time) })
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(x finding.Finding) bool { // the earliest of what is the same
		again := seen[x.ID]
		seen[x.ID] = true
		return again
	})
}

// affected is the finding of a hit.
func (f *Flaw) affected(h *Hit) finding.Finding {
	x := finding.Finding{
		RuleID: RuleAffected, Title: "Software in use has a published flaw", TitleJA: "使用中のソフトウェアに公表済みの脆弱性がある", Level: h.Level, Kind: finding.KindAdvisory,
		Time: h.At, Until: h.At, Records: []uint64{h.Record}, Source: h.Source, Host: h.Host, Object: f.title(h.Advisory),
	}
	level, levelJA := h.Level, words(h.Level)
	if h.Exploited {
		level, levelJA = level+", attacks are known", levelJA+"、攻撃が確認されている"
	}
	x.Why = fmt.Sprintf("%s (%s) affects %s %s, which runs on %s; published %s.", x.Object, level, finding.Shown(h.Package), finding.Shown(h.Version), finding.Shown(h.Host), finding.Clock(f.published()))
	x.WhyJA = fmt.Sprintf("%s（%s）は %s で使用している %s %s に該当する。公表は %s。", x.Object, levelJA, finding.Shown(h.Host), finding.Shown(h.Package), finding.Shown(h.Version), finding.ClockJA(f.published()))
	x.ID = identity(x.RuleID, f.Key, strings.ToLower(h.Host), h.Package, h.Version, h.Level)
	return x
}

// title names a flaw by its key and, where it has another, its advisory's id.
func (f *Flaw) title(id string) string {
	names := f.Key
	for _, n := range append([]string{id}, f.Names()...) {
		if n != f.Key && !strings.Contains(names, n) && len(names) < 60 {
			names += " / " + n
		}
	}
	return finding.Shown(names)
}

// published is when the flaw was first published.
func (f *Flaw) published() time.Time {
	first := f.Editions[0].Issued()
	for i := range f.Editions {
		if t := f.Editions[i].Issued(); t.Before(first) {
			first = t
		}
	}
	return first
}

// unread are the findings that nobody acknowledged the advisory by a step of
// its escalation. Each level that was reached has its own steps: who has read
// of a flaw that was medium has not read that it is critical.
func (f *Flaw) unread(e Escalation, until time.Time) (out []finding.Finding) {
	hits := map[string][]Hit{}
	for _, h := range f.Hits {
		hits[h.Level] = append(hits[h.Level], h)
	}
	for _, level := range slices.Sorted(maps.Keys(hits)) {
		from := hits[level][0]
		for _, step := range e.Steps[level] {
			due := from.Told.Add(step)
			if due.After(until) || f.Withdrawn(due) || f.acknowledged(from.At, due) {
				break
			}
			if open := running(hits[level], due); len(open) > 0 {
				out = append(out, f.overdue(e, open, step, due))
			}
		}
	}
	return out
}

// acknowledged reports whether somebody acknowledged between two instants.
func (f *Flaw) acknowledged(from, to time.Time) bool {
	return slices.ContainsFunc(f.Acks, func(a Ack) bool { return !a.At.Before(from) && !a.At.After(to) })
}

// running are the hits of what still ran at an instant.
func running(hits []Hit, at time.Time) []Hit {
	return slices.DeleteFunc(slices.Clone(hits), func(h Hit) bool { return h.At.After(at) || !h.Holds(at) })
}

// overdue is the finding of one step.
func (f *Flaw) overdue(e Escalation, open []Hit, step time.Duration, due time.Time) finding.Finding {
	var hosts []string
	x := finding.Finding{
		RuleID: RuleUnread, Title: "Nobody has acknowledged an advisory that concerns us", TitleJA: "自社に該当する脆弱性情報を誰も確認していない", Level: open[0].Level, Kind: finding.KindAdvisory,
		Time: due.UTC(), Until: due.UTC(), Object: f.title(open[0].Advisory), Source: open[0].Source, Host: open[0].Host,
	}
	for _, h := range open {
		hosts = append(hosts, h.Host)
		x.Records = append(x.Records, h.Record)
	}
	slices.Sort(hosts)
	hosts = slices.Compact(hosts)
	slices.Sort(x.Records)
	x.Records = slices.Compact(x.Records)
	x.Records = x.Records[:min(len(x.Records), finding.MaxRecords)]
	who, whoJA := "nobody is named to read it", "担当者は決められていない"
	if len(e.Readers) > 0 {
		who, whoJA = "to be read by "+finding.List(e.Readers), "担当は "+finding.List(e.Readers)
	}
	x.Why = fmt.Sprintf("%s (%s) was not acknowledged within %s of %s; it concerns %s; %s.", x.Object, open[0].Level, span(step), finding.Clock(open[0].Told), finding.List(hosts), who)
	x.WhyJA = fmt.Sprintf("%s（%s）は %s から %s 以内に確認されなかった。該当は %s。%s。", x.Object, words(open[0].Level), finding.ClockJA(open[0].Told), finding.SpanJA(step), finding.List(hosts), whoJA)
	x.ID = identity(x.RuleID, f.Key, open[0].Level, step.String())
	return x
}

func span(d time.Duration) string {
	if d >= 48*time.Hour && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	if d%time.Hour == 0 {
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return finding.Span(d)
}

// words is a level in Japanese.
func words(level string) string {
	return map[string]string{"low": "低", "medium": "中", "high": "高", "critical": "重大"}[level]
}

// identity is what makes a finding one finding: neither the time at which it
// was computed nor the records that happened to say so first.
func identity(parts ...string) string {
	h := sha256.New()
	for _, s := range parts {
		h.Write(binary.AppendUvarint(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	return hex.EncodeToString(h.Sum(nil))
}
