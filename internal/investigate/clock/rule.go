package clock

import (
	"bytes"
	_ "embed" // the rules
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/konseki/konseki/internal/event"
)

//go:embed rules.yaml
var rulesFile []byte

// Rule says who has to be told what by when, and of which facts that follows.
type Rule struct {
	ID        string       `yaml:"id" json:"id"`
	Regime    string       `yaml:"regime" json:"regime"` // appi, gdpr, nis2, sec, card, tse, contract …
	Name      event.Phrase `yaml:"name" json:"name"`
	Recipient event.Phrase `yaml:"recipient" json:"recipient"`
	Starts    []string     `yaml:"starts" json:"starts,omitempty"` // instants: the first that is known starts the clock
	After     string       `yaml:"after" json:"after,omitempty"`   // or the rule whose submission does; before it, its deadline
	When      *Condition   `yaml:"when" json:"-"`                  // nil: always
	Deadlines []Deadline   `yaml:"deadlines" json:"-"`
	Items     []Item       `yaml:"items" json:"items,omitempty"`
	Zone      string       `yaml:"zone" json:"zone,omitempty"` // IANA name, where days are not those of the company
	Source    string       `yaml:"source" json:"source"`       // where the rule was read
	Status    string       `yaml:"status" json:"status"`       // how it was verified, see Verified
	Verified  string       `yaml:"verified" json:"verified"`   // when, as 2026-11
	Note      event.Phrase `yaml:"note" json:"note,omitzero"`
}

// Deadline is one way to count. Of a rule's deadlines the first whose condition
// holds counts; those that may hold make a range.
type Deadline struct {
	Within   Within     `yaml:"within"`
	DayOne   bool       `yaml:"day_one"`  // the day of the start is day 1
	Calendar string     `yaml:"calendar"` // of business days
	When     *Condition `yaml:"when"`
}

// Item is something that has to be told, and the parts of a case that fill it:
// section:summary, fact:persons, scope:persons, measure …
type Item struct {
	Text event.Phrase `yaml:"text" json:"text"`
	From []string     `yaml:"from" json:"from,omitempty"`
}

// Verified says in words how a rule with that status was verified.
func Verified(status string) event.Phrase {
	switch status {
	case "V1":
		return event.Phrase{JA: "条文、またはその機械可読の写しで確認", EN: "verified in the text of the rule or a machine-readable copy"}
	case "V2":
		return event.Phrase{JA: "二次資料で確認", EN: "verified on a secondary page"}
	case "S":
		return event.Phrase{JA: "公表された報告書から", EN: "taken from published incident reports"}
	case "D":
		return event.Phrase{JA: "ほかの規則から導いたもの", EN: "derived from other rules"}
	case "C":
		return event.Phrase{JA: "契約のとおりに記録されたもの", EN: "as recorded from the contract"}
	}
	return event.Phrase{JA: "一般的な知識であり未検証", EN: "general knowledge, not verified"}
}

// Counsel is shown beside every deadline.
func Counsel() event.Phrase {
	return event.Phrase{JA: "弁護士などの専門家に確認すること。", EN: "Have counsel confirm it."}
}

// Book is the rules, calendars and keys that deadlines are computed with. It does
// not change: Add and With return another.
type Book struct {
	rules     []Rule
	keys      map[string]Key
	calendars map[string]*Calendar
}

// The limits of files that users add.
const (
	maxFile  = 1 << 20
	maxRules = 500
)

// Open reads the rules that come with konseki.
func Open() (*Book, error) {
	list, err := Keys()
	if err != nil {
		return nil, err
	}
	b := &Book{keys: map[string]Key{}}
	for _, k := range list {
		b.keys[k.Key] = k
	}
	if b.calendars, err = calendars(); err != nil {
		return nil, err
	}
	return b.Add(bytes.NewReader(rulesFile))
}

// Rules lists the rules in their order.
func (b *Book) Rules() []Rule { return slices.Clone(b.rules) }

// Add reads a file of rules, at most 1 MiB of YAML, and adds them. What cannot be
// used wraps ErrInvalid.
func (b *Book) Add(r io.Reader) (*Book, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("clock: rules: %w", err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%w: a file of rules is at most 1 MiB; split it", ErrInvalid)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	var rules []Rule
	if err := d.Decode(&rules); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: rules: %w", ErrInvalid, err)
	}
	return b.With(rules...)
}

// With adds rules, of contracts for example; see [Contract].
func (b *Book) With(rules ...Rule) (*Book, error) {
	out := &Book{slices.Clone(b.rules), b.keys, b.calendars}
	known := map[string]*Rule{}
	for i := range out.rules {
		known[out.rules[i].ID] = &out.rules[i]
	}
	for i := range rules {
		if err := out.validate(&rules[i], known); err != nil {
			return nil, fmt.Errorf("rule %q: %w", rules[i].ID, err)
		}
		known[rules[i].ID] = &rules[i]
	}
	out.rules = append(out.rules, rules...)
	if len(out.rules) > maxRules {
		return nil, fmt.Errorf("%w: %d rules; at most %d", ErrInvalid, len(out.rules), maxRules)
	}
	return out, nil
}

func (b *Book) validate(r *Rule, known map[string]*Rule) error {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`).MatchString(r.ID) {
		return fmt.Errorf("%w: an id is 1 to 64 letters, digits, dots, dashes or underscores", ErrInvalid)
	}
	if known[r.ID] != nil {
		return fmt.Errorf("%w: there are two rules of this name", ErrInvalid)
	}
	if r.Name.Empty() || r.Recipient.Empty() {
		return fmt.Errorf("%w: a rule needs a name and a recipient", ErrInvalid)
	}
	if err := b.validateStart(r, known); err != nil {
		return err
	}
	if r.When != nil {
		if err := r.When.validate(b.keys, 1); err != nil {
			return err
		}
	}
	if _, err := r.location(time.UTC); err != nil {
		return err
	}
	for _, it := range r.Items {
		if it.Text.Empty() {
			return fmt.Errorf("%w: an item needs a text", ErrInvalid)
		}
	}
	return b.validateDeadlines(r)
}

// validateStart sees to it that what starts a clock is there and never itself.
func (b *Book) validateStart(r *Rule, known map[string]*Rule) error {
	if (len(r.Starts) == 0) == (r.After == "") {
		return fmt.Errorf("%w: a rule starts with facts or after another rule", ErrInvalid)
	}
	for _, key := range r.Starts {
		if k, ok := b.keys[key]; ok && k.Type != Instant {
			return fmt.Errorf("%w: a clock cannot start with %s, which is no time", ErrInvalid, key)
		}
		if _, ok := b.keys[key]; !ok && r.Regime != contract {
			return fmt.Errorf("%w: there is no fact %q", ErrInvalid, key)
		}
	}
	if other := known[r.After]; r.After != "" && (other == nil || other.After != "") {
		return fmt.Errorf("%w: a rule follows one that stands before it and starts with facts, not %q", ErrInvalid, r.After)
	}
	return nil
}

func (b *Book) validateDeadlines(r *Rule) error {
	if len(r.Deadlines) == 0 || len(r.Deadlines) > maxTerms {
		return fmt.Errorf("%w: a rule needs 1 to %d deadlines", ErrInvalid, maxTerms)
	}
	for i := range r.Deadlines {
		d := &r.Deadlines[i]
		last := i == len(r.Deadlines)-1
		if d.Within.Unit == "" || last != (d.When == nil) {
			return fmt.Errorf("%w: each deadline says within which time; each but the last says when it counts", ErrInvalid)
		}
		if d.When != nil {
			if err := d.When.validate(b.keys, 1); err != nil {
				return err
			}
		}
		if d.Within.Unit == BusinessDays && b.calendars[d.Calendar] == nil {
			return fmt.Errorf("%w: business days need a calendar: %s", ErrInvalid, strings.Join(slices.Sorted(maps.Keys(b.calendars)), ", "))
		}
	}
	return nil
}

// location is the zone in which days are counted.
func (r *Rule) location(company *time.Location) (*time.Location, error) {
	if r.Zone == "" {
		return company, nil
	}
	zone, err := time.LoadLocation(r.Zone)
	if err != nil || r.Zone == "Local" {
		return nil, fmt.Errorf("%w: unknown zone %q; write its IANA name, as Asia/Tokyo", ErrInvalid, r.Zone)
	}
	return zone, nil
}

const contract = "contract"

// Contract makes a rule of a deadline that people recorded: it runs from the fact
// start, which may be any time they recorded, within 72h, 30d, 4bd … An empty
// calendar is jp. What cannot be used wraps ErrInvalid.
func Contract(id string, name, recipient event.Phrase, start, within, calendar string, items []event.Phrase, basis event.Phrase) (Rule, error) {
	if calendar == "" {
		calendar = "jp"
	}
	r := Rule{ID: id, Regime: contract, Name: name, Recipient: recipient, Starts: []string{start}, Note: basis, Status: "C", Source: basis.In("en")}
	d := Deadline{Calendar: calendar}
	if err := d.Within.UnmarshalText([]byte(within)); err != nil {
		return r, err
	}
	r.Deadlines = []Deadline{d}
	for _, text := range items {
		r.Items = append(r.Items, Item{Text: text})
	}
	return r, nil
}
