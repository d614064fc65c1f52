package secret

import (
	"fmt"
	"math"
	"slices"
	"strings"

	ahocorasick "github.com/BobuSumisu/aho-corasick"
	"github.com/pelletier/go-toml/v2"
	"github.com/zricethezav/gitleaks/v8/config"
)

// tokenRules are the default rules of gitleaks for tokens and keys of known
// services. Only its rules are used: its detector keeps what it found and
// writes it to its log.
type tokenRules struct {
	rules    []config.Rule // by id
	allowed  []*config.Allowlist
	keywords *ahocorasick.Trie
	byWord   map[string][]int // keyword → rules
}

// maxTokenRules bounds the rules tried on one text: each is a regular
// expression, and a text may name every service there is.
const maxTokenRules = 32

func newTokenRules() (*tokenRules, error) {
	var decoded config.ViperConfig
	if err := toml.Unmarshal([]byte(config.DefaultConfig), &decoded); err != nil {
		return nil, fmt.Errorf("secret: token rules: %w", err)
	}
	cfg, err := decoded.Translate()
	if err != nil {
		return nil, fmt.Errorf("secret: token rules: %w", err)
	}
	t := &tokenRules{allowed: cfg.Allowlists, byWord: map[string][]int{}}
	for _, r := range cfg.Rules {
		if r.Regex != nil && r.Path == nil && len(r.Keywords) > 0 && !r.SkipReport {
			t.rules = append(t.rules, r)
		}
	}
	slices.SortFunc(t.rules, func(a, b config.Rule) int { return strings.Compare(a.RuleID, b.RuleID) })
	var words []string
	for i := range t.rules {
		for _, w := range t.rules[i].Keywords {
			w = strings.ToLower(w)
			if len(t.byWord[w]) == 0 {
				words = append(words, w)
			}
			t.byWord[w] = append(t.byWord[w], i)
		}
	}
	slices.Sort(words)
	t.keywords = ahocorasick.NewTrieBuilder().AddStrings(words).Build()
	return t, nil
}

// find runs the rules whose keywords are in the text; lower is the text in
// lower case.
func (t *tokenRules) find(text, lower string, taken *spans, add func(Hit)) {
	for _, i := range t.candidates(lower) {
		r := &t.rules[i]
		if r.RuleID == genericKey && !assigns(lower) {
			continue
		}
		for _, m := range r.Regex.FindAllStringSubmatchIndex(text, -1) {
			from, to := secretOf(m, r.SecretGroup)
			value := text[from:to]
			if value == "" || taken.overlaps(from, to) || r.Entropy > 0 && entropy(value) <= r.Entropy {
				continue
			}
			match := text[m[0]:m[1]]
			if allowed(t.allowed, value, match, lineOf(text, m)) || allowed(r.Allowlists, value, match, lineOf(text, m)) || isReference(value) {
				continue
			}
			taken.add(from, to)
			add(tokenHit(r.RuleID, value))
		}
	}
}

// candidates gives the rules that a text has a keyword of, in the order of
// their ids, the one for keys of no known service last.
func (t *tokenRules) candidates(lower string) []int {
	var out []int
	for _, m := range t.keywords.MatchString(lower) {
		for _, i := range t.byWord[m.MatchString()] {
			if !slices.Contains(out, i) {
				out = append(out, i)
			}
		}
		if len(out) >= maxTokenRules {
			break
		}
	}
	slices.SortFunc(out, func(a, b int) int {
		if x, y := t.rules[a].RuleID == genericKey, t.rules[b].RuleID == genericKey; x != y {
			if x {
				return 1
			}
			return -1
		}
		return a - b
	})
	return out
}

// genericKey is the rule for anything assigned to a name such as "api_key".
const genericKey = "generic-api-key"

// assigns reports whether a text, in lower case, gives something long to a name
// that generic-api-key looks for. Its expression needs that (at most 23
// characters between name and sign, 5 between sign and value, 10 of value) and is
// far too slow for every line that says "auth" or "key".
func assigns(lower string) bool {
	const signs, between, value = "=:>,|", " \t\n\r'\"`=:>|", 10
	for at := 0; ; at++ {
		i := strings.IndexAny(lower[at:], signs)
		if i < 0 {
			return false
		}
		at += i
		rest := lower[at+1 : min(len(lower), at+1+64)]
		from := len(rest) - len(strings.TrimLeft(rest, between))
		for from > 0 && rest[from-1] == '=' { // may be of the value
			from--
		}
		if tokenLength(rest[from:]) >= value && named(lower[max(0, at-64):at]) {
			return true
		}
	}
}

// tokenLength is how long the token is that a text begins with.
func tokenLength(s string) int {
	for i := range len(s) {
		if c := s[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("_.=+/-", c) >= 0) {
			return i
		}
	}
	return len(s)
}

// named reports whether a text has a name of a secret.
func named(s string) bool {
	for _, word := range [...]string{"access", "auth", "api", "credential", "creds", "key", "passw", "secret", "token"} {
		if strings.Contains(s, word) {
			return true
		}
	}
	return false
}

func tokenHit(id, value string) Hit {
	h := Hit{
		RuleID: "secret.token." + id, Kind: KindToken, Level: "high", Masked: lengthClass(value),
		Title: "Token or key in clear text: " + id, TitleJA: "トークン・鍵の平文記載：" + id,
	}
	if id == genericKey {
		h.Level = "medium"
	}
	return h
}

// secretOf gives where the secret stands in a match: the group the rule names,
// else the first that took part, else all of it.
func secretOf(m []int, group int) (from, to int) {
	if group > 0 && 2*group+1 < len(m) && m[2*group] >= 0 {
		return m[2*group], m[2*group+1]
	}
	for i := 2; i+1 < len(m); i += 2 {
		if m[i] >= 0 && m[i+1] > m[i] {
			return m[i], m[i+1]
		}
	}
	return m[0], m[1]
}

func lineOf(text string, m []int) string {
	from := strings.LastIndexByte(text[:m[0]], '\n') + 1
	if to := strings.IndexByte(text[m[1]:], '\n'); to >= 0 {
		return text[from : m[1]+to]
	}
	return text[from:]
}

// allowed reports whether one of the lists says that a match is harmless.
func allowed(lists []*config.Allowlist, value, match, line string) bool {
	for _, a := range lists {
		target := value
		switch a.RegexTarget {
		case "match":
			target = match
		case "line":
			target = line
		}
		stop, _ := a.ContainsStopWord(value)
		named := a.RegexAllowed(target)
		if a.MatchCondition == config.AllowlistMatchAnd {
			// Lists bound to a path or commit do not speak of log text.
			if len(a.Paths) == 0 && len(a.Commits) == 0 && (named || len(a.Regexes) == 0) && (stop || len(a.StopWords) == 0) {
				return true
			}
		} else if stop || named {
			return true
		}
	}
	return false
}

// entropy is Shannon's, in bits for each character.
func entropy(s string) float64 {
	var counts [256]int
	for i := range len(s) {
		counts[s[i]]++
	}
	sum, n := 0.0, float64(len(s))
	for _, c := range counts {
		if c > 0 {
			p := float64(c) / n
			sum -= p * math.Log2(p)
		}
	}
	return sum
}

// overlaps reports whether any of [from,to) was judged before.
func (s *spans) overlaps(from, to int) bool {
	for _, list := range [...][][2]int{s.list, s.refused} {
		for _, p := range list {
			if from < p[1] && p[0] < to {
				return true
			}
		}
	}
	return false
}
