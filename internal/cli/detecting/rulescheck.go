package detecting

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/sigma"
	"github.com/konseki/konseki/internal/terminal"
)

// rulesCheck is the object that rules check --json ends with.
type rulesCheck struct {
	Loaded       int             `json:"loaded"`
	Refused      int             `json:"refused"`
	Problems     []sigma.Problem `json:"problems"`
	Rules        int             `json:"rules"`
	Correlations int             `json:"correlations"`
	Filters      int             `json:"filters"`
	Unrouted     []unrouted      `json:"unrouted"`   // loaded, but no event reaches them
	Duplicates   []sigma.Problem `json:"duplicates"` // of another rule; those with its id are refused too
}

// unrouted is a rule that no event reaches.
type unrouted struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Title     string `json:"title"`
	Logsource string `json:"logsource"`
	Reason    string `json:"reason,omitempty"`
}

// checkRules says what loads and what does not.
func (e *env) checkRules(dirs []string, f ruleFlags) error {
	c, err := e.loadRules(dirs, *f.placeholders)
	if err != nil {
		return err
	}
	out := rulesCheck{
		Loaded: len(c.Rules) + len(c.Correlations) + len(c.Filters), Refused: len(c.Problems), Problems: append([]sigma.Problem{}, c.Problems...),
		Rules: len(c.Rules), Correlations: len(c.Correlations), Filters: len(c.Filters),
		Unrouted: unroutedRules(c.Rules), Duplicates: duplicates(c),
	}
	if err := e.printCheck(&out); err != nil {
		return err
	}
	if out.Refused > 0 {
		return cli.ErrPartial
	}
	return nil
}

func unroutedRules(rules []*sigma.Rule) []unrouted {
	why := make(map[sigma.Logsource]string)
	for _, info := range sigma.Logsources() {
		why[info.Logsource] = info.Why
	}
	out := []unrouted{}
	for _, r := range sigma.Compile(rules).Unrouted() {
		out = append(out, unrouted{r.File, r.Line, r.Title, r.Logsource.String(), why[r.Logsource]})
	}
	return out
}

// duplicates finds documents with an id that was taken, which are refused, and
// rules that say the same of the same logsource.
func duplicates(c *sigma.Collection) []sigma.Problem {
	out := []sigma.Problem{}
	for _, p := range c.Problems {
		if strings.HasPrefix(p.Reason, "id ") && strings.Contains(p.Reason, " is taken by ") {
			out = append(out, p)
		}
	}
	type same struct {
		title  string
		source sigma.Logsource
	}
	first := make(map[same]*sigma.Rule)
	for _, r := range c.Rules {
		key := same{strings.ToLower(r.Title), r.Logsource}
		if f, ok := first[key]; ok {
			out = append(out, sigma.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("has title and logsource of %s:%d", f.File, f.Line)})
		} else if r.Title != "" {
			first[key] = r
		}
	}
	return out
}

func (e *env) printCheck(c *rulesCheck) error {
	if e.JSON {
		return e.WriteJSON(c)
	}
	for _, p := range c.Problems {
		fmt.Fprintln(e.Stdout, terminal.Plain(fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)))
	}
	for _, u := range c.Unrouted {
		fmt.Fprintln(e.Stdout, terminal.Plain(fmt.Sprintf(e.Say("%s:%d: konseki にはまだログ源がない（%s）：%s", "%s:%d: no source in konseki yet (%s): %s"), u.File, u.Line,
			u.Logsource, cmp.Or(u.Reason, e.Say("このログソースのイベントを読む形式がない", "no format that konseki reads gives events of this logsource")))))
	}
	taken := map[sigma.Problem]bool{}
	for _, p := range c.Problems {
		taken[p] = true
	}
	for _, d := range c.Duplicates {
		if !taken[d] { // refused ones stand above
			fmt.Fprintln(e.Stdout, terminal.Plain(fmt.Sprintf("%s:%d: %s: %s", d.File, d.Line, e.Say("重複", "duplicate"), d.Reason)))
		}
	}
	fmt.Fprintf(e.Stdout, e.Say("ルール %d 件、相関 %d 件、フィルター %d 件。届くイベントのないルール %d 件、重複 %d 件\n",
		"rules: %d, correlations: %d, filters: %d; reached by no event: %d; duplicates: %d\n"), c.Rules, c.Correlations, c.Filters, len(c.Unrouted), len(c.Duplicates))
	fmt.Fprintf(e.Stdout, e.Say("読込 %d 件、拒否 %d 件\n", "%d loaded, %d refused\n"), c.Loaded, c.Refused)
	return nil
}
