package story

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/detect/finding"
)

// names collects what findings name, each once.
type names struct{ accounts, addresses, hosts, sources, techniques, tactics map[string]bool }

func newNames() *names {
	n := &names{}
	for _, m := range n.maps() {
		*m = make(map[string]bool)
	}
	return n
}

func (n *names) maps() []*map[string]bool {
	return []*map[string]bool{&n.accounts, &n.addresses, &n.hosts, &n.sources, &n.techniques, &n.tactics}
}

func (n *names) add(it *Item) {
	n.accounts[it.ActorUser], n.addresses[it.SrcIP], n.hosts[it.Host], n.sources[it.Source] = true, true, true, true
	for _, tag := range it.Tags {
		word, ok := strings.CutPrefix(strings.ToLower(tag), "attack.")
		switch {
		case !ok:
		case len(word) > 1 && word[0] == 't' && word[1] >= '0' && word[1] <= '9':
			n.techniques[strings.ToUpper(word)] = true
		case len(word) > 1 && strings.ContainsRune("gs", rune(word[0])) && word[1] >= '0' && word[1] <= '9': // groups and software
		default:
			n.tactics[strings.ReplaceAll(word, "_", "-")] = true
		}
	}
}

func (n *names) fill(s *Story) {
	for i, to := range []*[]string{&s.Accounts, &s.Addresses, &s.Hosts, &s.Sources, &s.Techniques, &s.Tactics} {
		for name := range *n.maps()[i] {
			if name != "" {
				*to = append(*to, name)
			}
		}
		slices.Sort(*to)
	}
}

// say writes why now.
func (s *Story) say(top *Item) {
	rules := map[string]bool{}
	for i := range s.Findings {
		rules[s.Findings[i].RuleID] = true
	}
	s.Why, s.WhyJA = ended(top.Why, "."), ended(top.WhyJA, "。")
	if more := len(s.Findings) - 1; more > 0 {
		s.Why += fmt.Sprintf(" With %d more finding(s) of %d rule(s) since %s.", more, len(rules), finding.Clock(s.First))
		s.WhyJA += fmt.Sprintf("ほかに %s から %d 件の検知（ルール %d 種）がある。", finding.ClockJA(s.First), more, len(rules))
	}
	if s.Raised {
		s.Why += fmt.Sprintf(" Raised by one level: %s come together.", strings.Join(s.Tactics, ", "))
		s.WhyJA += fmt.Sprintf("複数の戦術（%s）が重なるため一段階上げた。", strings.Join(s.Tactics, "、"))
	}
}

// ended closes a sentence that nothing closes yet, so that another may follow.
func ended(sentence, stop string) string {
	last, _ := utf8.DecodeLastRuneInString(sentence)
	if sentence == "" || strings.ContainsRune(".!?…。！？．", last) {
		return sentence
	}
	return sentence + stop
}
