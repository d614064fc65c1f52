package wire

import (
	"time"

	"github.com/konseki/konseki/internal/control"
)

// Finding is a finding as scripts read it.
type Finding struct {
	Record  uint64    `json:"record"`
	ID      string    `json:"id"`
	RuleID  string    `json:"rule_id"`
	Title   string    `json:"title"`
	Why     string    `json:"why,omitempty"`
	Level   string    `json:"level"`
	Kind    string    `json:"kind"`
	Time    time.Time `json:"time"`
	Source  string    `json:"source,omitempty"`
	Host    string    `json:"host,omitempty"`
	User    string    `json:"actor_user,omitempty"`
	Address string    `json:"src_ip,omitempty"`
	Object  string    `json:"object,omitempty"`
	Records []uint64  `json:"records"`
	Because []Reason  `json:"because"`
	Tags    []string  `json:"tags,omitempty"`
}

// Reason is one field and value that made a rule true.
type Reason struct {
	Field   string `json:"field"`
	Value   string `json:"value"`
	Pattern string `json:"pattern,omitempty"`
}

// FindingOf sets a finding in a language.
func FindingOf(f *control.Finding, loc *time.Location, lang string) Finding {
	out := Finding{
		Record: f.Record, ID: f.ID, RuleID: f.RuleID, Title: f.Title.In(lang), Why: f.Why.In(lang), Level: f.Level, Kind: f.Kind,
		Time: f.Time.In(loc), Source: f.Source, Host: f.Host, User: f.User, Address: f.Address, Object: f.Object,
		Records: f.Cites, Because: []Reason{}, Tags: f.Tags,
	}
	for _, b := range f.Because {
		out.Because = append(out.Because, Reason(b))
	}
	return out
}

// Related is a value seen together with the pivot's.
type Related struct {
	Value    string    `json:"value"`
	Count    int64     `json:"count"`
	Failures int64     `json:"failures,omitzero"`
	First    time.Time `json:"first_seen"`
	Last     time.Time `json:"last_seen"`
	Sources  []string  `json:"sources,omitempty"`
}

// Pivot is all that is known of an address, account or host.
type Pivot struct {
	Kind      string    `json:"kind"`
	Value     string    `json:"value"`
	Who       string    `json:"who,omitzero"` // what the company knows of it
	Count     int64     `json:"count"`
	First     time.Time `json:"first_seen,omitzero"`
	Last      time.Time `json:"last_seen,omitzero"`
	Sources   []Related `json:"sources"`
	Users     []Related `json:"users"`
	Addresses []Related `json:"addresses"`
	Hosts     []Related `json:"hosts"`
	Findings  []Finding `json:"findings"`
}

// RelatedOf sets related values.
func RelatedOf(list []control.Related, loc *time.Location) []Related {
	out := make([]Related, len(list))
	for i, r := range list {
		out[i] = Related{r.Value, r.Count, r.Failures, r.First.In(loc), r.Last.In(loc), r.Sources}
	}
	return out
}
