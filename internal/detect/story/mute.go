package story

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
)

// A Mute leaves findings out of stories for a time. The findings stay records;
// a story says how many were left out. What a mute states must all hold.
type Mute struct {
	ID     string    `json:"id"`
	Owner  string    `json:"owner"`  // who answers for it
	Reason string    `json:"reason"` // why it is right
	From   time.Time `json:"from"`   // findings of an event before this are not muted; zero for none
	Until  time.Time `json:"until"`  // findings of an event from this on are not muted

	Rule    string `json:"rule,omitempty"` // id; * and ? stand for any text and any character
	Account string `json:"account,omitempty"`
	Address string `json:"address,omitempty"`
	Host    string `json:"host,omitempty"`
	Source  string `json:"source,omitempty"`
}

// LongestMute is how far ahead a mute may end: what is right for longer belongs
// into the rule.
const LongestMute = 366 * 24 * time.Hour

// Check says what is wrong with a mute made at an instant.
func (m *Mute) Check(now time.Time) error {
	switch {
	case strings.TrimSpace(m.Owner) == "":
		return errors.New("a mute needs an owner: who answers for it")
	case strings.TrimSpace(m.Reason) == "":
		return errors.New("a mute needs a reason")
	case m.Rule == "" && m.Account == "" && m.Address == "" && m.Host == "" && m.Source == "":
		return errors.New("a mute names at least a rule, an account, an address, a host or a source")
	case !m.Until.After(now):
		return errors.New("a mute ends in the future")
	case m.Until.Sub(now) > LongestMute:
		return fmt.Errorf("a mute lasts at most %d days: what is right for longer belongs into the rule", int(LongestMute.Hours()/24))
	}
	for _, pattern := range []string{m.Rule, m.Account, m.Address, m.Host, m.Source} {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("pattern %q: %w", pattern, err)
		}
	}
	return nil
}

// Holds reports whether the mute is about a finding.
func (m *Mute) Holds(it *Item) bool {
	return !it.Time.Before(m.From) && it.Time.Before(m.Until) &&
		like(m.Rule, it.RuleID) && like(m.Account, finding.Account(it.ActorUser)) && like(m.Address, it.SrcIP) &&
		like(m.Host, it.Host) && like(m.Source, it.Source)
}

func like(pattern, value string) bool {
	if pattern == "" {
		return true
	}
	// A slash means nothing here, but path.Match stops at it.
	flat := strings.NewReplacer("/", "\x01")
	ok, err := path.Match(flat.Replace(strings.ToLower(pattern)), flat.Replace(strings.ToLower(value)))
	return ok && err == nil
}

func muted(list []Mute, it *Item) bool {
	for i := range list {
		if list[i].Holds(it) {
			return true
		}
	}
	return false
}
