// Package finding is what detection reports: the Finding (検知), its identity and its sentence.
package finding

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
)

// The kinds of finding.
const (
	KindSigma       = "sigma"
	KindCorrelation = "correlation"
	KindBaseline    = "baseline"
	KindSecret      = "secret"
	KindCheck       = "check"    // of what people did on a case
	KindAdvisory    = "advisory" // a published flaw of what is run
)

// The levels of a finding, as in Sigma.
const (
	LevelInformational = "informational"
	LevelLow           = "low"
	LevelMedium        = "medium"
	LevelHigh          = "high"
	LevelCritical      = "critical"
)

// MaxRecords bounds the citations of one finding.
const MaxRecords = 50

// A Finding (検知) is a rule or baseline that fired, with what it cites. Field
// values are text as logged and therefore hostile.
type Finding struct {
	// ID is the hexadecimal SHA-256 of what makes it one finding: the same
	// replay gives the same ID. For a baseline that is rule, time, key and
	// cited records. For a rule it is rule, source, host, account, address and
	// UTC day: the first match of the day is the finding, and ten thousand
	// more are not ten thousand findings; a search for the same shows them.
	ID      string `json:"id"`
	RuleID  string `json:"rule_id"`
	Title   string `json:"title"`
	TitleJA string `json:"title_ja"`
	Level   string `json:"level"` // informational, low, medium, high or critical
	Kind    string `json:"kind"`  // one of the kinds above

	Time    time.Time `json:"time"`    // of the event that made it fire, UTC
	Until   time.Time `json:"until"`   // end of what it covers; Time for an instant
	Records []uint64  `json:"records"` // citations in order, at most MaxRecords

	Source    string         `json:"source"`
	Host      string         `json:"host"`
	ActorUser string         `json:"actor_user"`
	SrcIP     string         `json:"src_ip"`
	Object    string         `json:"object"`
	Because   []sigma.Reason `json:"because"`
	Tags      []string       `json:"tags"`

	Why   string `json:"why"`    // one plain sentence: why now, with the values
	WhyJA string `json:"why_ja"` // the same in Japanese
}

// FromMatch makes the finding of a rule that holds of an event.
func FromMatch(m sigma.Match, ev *event.Event) Finding {
	f := Finding{
		RuleID: m.Rule.ID, Title: m.Rule.Title, TitleJA: m.Rule.TitleJA, Level: m.Rule.Level, Kind: KindSigma,
		Time: ev.Time.UTC(), Until: ev.Time.UTC(), Source: ev.Source, Host: ev.Host,
		ActorUser: ev.ActorUser, SrcIP: ev.SrcIP, Object: ev.Object,
		Because: m.Because, Tags: slices.Clone(m.Rule.Tags),
	}
	if f.TitleJA == "" {
		f.TitleJA = f.Title
	}
	if m.Rule.Secret && slices.ContainsFunc(m.Because, func(r sigma.Reason) bool { return r.Field == "object" }) {
		f.Object = sigma.Withheld
	}
	if ev.Record != 0 {
		f.Records = []uint64{ev.Record}
	}
	f.Why, f.WhyJA = sentence(f.Title, m.Because), sentenceJA(f.TitleJA, m.Because)
	f.sealDaily()
	return f
}

// sealDaily computes the ID of a rule's finding.
func (f *Finding) sealDaily() { f.identify(f.Source, f.Host, f.ActorUser, f.SrcIP) }

// SealDaily completes a finding that is made at most once a day of what has the
// same keys.
func (f *Finding) SealDaily(keys ...string) {
	f.order()
	f.identify(keys...)
}

func (f *Finding) identify(keys ...string) {
	h := sha256.New()
	for _, s := range slices.Concat([]string{f.RuleID}, keys, []string{f.Time.Format(time.DateOnly)}) {
		h.Write(binary.AppendUvarint(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	f.ID = hex.EncodeToString(h.Sum(nil))
}

// Seal completes a finding of a baseline or correlation: its citations are put
// in order, the last MaxRecords of them kept, and its ID computed from rule,
// source, host, keys, time and citations.
func (f *Finding) Seal(keys ...string) {
	f.order()
	f.seal(keys...)
}

// order puts the citations in order and bounds them.
func (f *Finding) order() {
	if f.Until.IsZero() {
		f.Until = f.Time
	}
	slices.Sort(f.Records)
	f.Records = slices.Compact(f.Records)
	if len(f.Records) > 0 && f.Records[0] == 0 {
		f.Records = f.Records[1:]
	}
	if n := len(f.Records); n > MaxRecords {
		f.Records = f.Records[n-MaxRecords:]
	}
}

// Rank orders levels: 0 for informational (and what is none) to 4 for critical.
func Rank(level string) int {
	return max(slices.Index(levels(), level), 0)
}

// seal computes the ID of a baseline's or correlation's finding.
func (f *Finding) seal(keys ...string) {
	h := sha256.New()
	b := make([]byte, 0, 512)
	for _, s := range append([]string{f.RuleID, f.Source, f.Host}, keys...) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(f.Time.Unix()))
	b = binary.BigEndian.AppendUint32(b, uint32(f.Time.Nanosecond()))
	for _, r := range f.Records {
		b = binary.BigEndian.AppendUint64(b, r)
	}
	h.Write(b)
	f.ID = hex.EncodeToString(h.Sum(nil))
}

func sentence(title string, because []sigma.Reason) string {
	var b strings.Builder
	b.WriteString(title)
	for i, r := range because[:min(len(because), 3)] {
		b.WriteString([]string{": ", ", ", ", "}[i])
		if r.Value == "" {
			b.WriteString(r.Field + " is missing")
			continue
		}
		b.WriteString(r.Field + " is \"" + Shown(r.Value) + "\"")
	}
	b.WriteString(".")
	return b.String()
}

func sentenceJA(title string, because []sigma.Reason) string {
	var b strings.Builder
	b.WriteString(title)
	for i, r := range because[:min(len(because), 3)] {
		b.WriteString([]string{"：", "、", "、"}[i])
		if r.Value == "" {
			b.WriteString(r.Field + " がない")
			continue
		}
		b.WriteString(r.Field + " が「" + Shown(r.Value) + "」")
	}
	b.WriteString("。")
	return b.String()
}

// LevelAbove is the next level above one; critical stays.
func LevelAbove(level string) string {
	list := levels()
	return list[min(Rank(level)+1, len(list)-1)]
}

// levels are all levels, the lowest first.
func levels() []string {
	return []string{LevelInformational, LevelLow, LevelMedium, LevelHigh, LevelCritical}
}
