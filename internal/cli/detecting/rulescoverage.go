package detecting

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/attack"
	"github.com/konseki/konseki/internal/attack/sight"
	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/detect/baseline"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/sigma"
	"github.com/konseki/konseki/internal/terminal"
	"github.com/konseki/konseki/internal/vault"
)

// coverRules tells what the loaded rules can see with the events of the data folder.
func (e *env) coverRules(ctx context.Context, dirs []string, f ruleFlags) error {
	cfg, err := e.ruleConfig(*f.placeholders)
	if err != nil {
		return err
	}
	in := sight.Input{}
	if in.Rules, err = e.rulesToCover(dirs, cfg); err != nil {
		return err
	}
	if in.Watchers, err = watchers(cfg); err != nil {
		return err
	}
	zone := cfg.Location()
	err = e.With(ctx, false, func(s *server.Server) error {
		zone = s.Zone
		kinds, err := s.EventKinds(ctx, e.Person())
		if err != nil {
			return err
		}
		in.Known, in.Kinds = true, kindsOf(kinds)
		return e.finishCoverage(sight.Look(attack.New(), in), in.Rules, kinds, zone, f)
	})
	if errors.Is(err, vault.ErrNoVault) {
		return e.finishCoverage(sight.Look(attack.New(), in), in.Rules, nil, zone, f)
	}
	return err
}

// rulesToCover loads the folders given, or what the data folder's server would.
func (e *env) rulesToCover(dirs []string, cfg config.Config) (*sigma.Collection, error) {
	if len(dirs) == 0 {
		return server.LoadRules(e.Dir, cfg)
	}
	trees, err := ruleTrees(dirs)
	if err != nil {
		return nil, err
	}
	return sigma.Load(sigma.Options{Placeholders: cfg.Placeholders}, trees...), nil
}

// watchers are what fires beside rules.
func watchers(cfg config.Config) ([]sight.Watcher, error) {
	set, err := baseline.New(cfg.Detect.Baselines, nil)
	if err != nil {
		return nil, fmt.Errorf("konseki.yaml: %w", err)
	}
	out := []sight.Watcher{{
		Info: finding.Info{ID: "secret", Title: "Secrets in text", TitleJA: "文中の秘密情報", Tags: []string{"attack.credential-access", "attack.t1552"}},
		Kind: finding.KindSecret, Wants: func(*event.Event) bool { return true },
	}}
	for rules, wants := range set.Each {
		for _, info := range rules {
			out = append(out, sight.Watcher{Info: info, Kind: finding.KindBaseline, Wants: wants})
		}
	}
	return out, nil
}

func kindsOf(k *control.EventKinds) []sight.Kind {
	var out []sight.Kind
	for _, x := range k.Kinds {
		if len(x.Samples) > 0 {
			out = append(out, sight.Kind{Source: x.Source, Events: x.Events, First: x.First, Last: x.Last, Samples: x.Samples})
		}
	}
	return out
}

// finishCoverage adds what this data folder hides and writes all of it.
func (e *env) finishCoverage(r *sight.Report, rules *sigma.Collection, kinds *control.EventKinds, zone *time.Location, f ruleFlags) error {
	r.Unknown = append(r.Unknown, hidden(kinds)...)
	if n := len(rules.Problems); n > 0 {
		r.Unknown = append(r.Unknown, event.Phrase{
			JA: fmt.Sprintf("拒否されたルール：%d 件は読み込めず、数えていない（konseki rules check で理由が分かる）。", n),
			EN: fmt.Sprintf("Refused rules: %d could not be loaded and are not counted; konseki rules check tells why.", n),
		})
	}
	if *f.navigator != "" {
		data, err := r.Navigator(e.Lang)
		if err == nil {
			err = os.WriteFile(e.Path(*f.navigator), append(data, '\n'), 0o600)
		}
		if err != nil {
			return fmt.Errorf("rules: coverage: %w", err)
		}
	}
	if e.JSON {
		return e.coverageJSON(r, rules, zone)
	}
	e.printSight(r, zone, *f.all)
	return nil
}

// hidden is what the data folder's events do not show.
func hidden(kinds *control.EventKinds) []event.Phrase {
	var out []event.Phrase
	if kinds == nil {
		return nil
	}
	if kinds.Cut {
		out = append(out, event.Phrase{
			JA: fmt.Sprintf("イベントの種類：多すぎるため、件数の多い %d 種類だけを見た。", len(kinds.Kinds)),
			EN: fmt.Sprintf("Kinds of events: there are more than the %d most frequent ones, which were looked at.", len(kinds.Kinds)),
		})
	}
	if kinds.Unread > 0 {
		out = append(out, event.Phrase{
			JA: fmt.Sprintf("消えた原記録：見本 %d 件は原記録がもう無く、調べていない。", kinds.Unread),
			EN: fmt.Sprintf("Records let go: %d samples could not be looked at because their records are not here any more.", kinds.Unread),
		})
	}
	if kinds.Behind > 0 {
		out = append(out, event.Phrase{
			JA: fmt.Sprintf("索引の遅れ：%d 件の原記録はまだ索引に無い。", kinds.Behind),
			EN: fmt.Sprintf("Index: %d records are not in it yet.", kinds.Behind),
		})
	}
	return out
}

// techniqueJSON is one technique as rules coverage --json writes it.
type techniqueJSON struct {
	ID        string           `json:"technique"`
	Name      string           `json:"name"`
	Tactics   []string         `json:"tactics"`
	State     sight.State      `json:"state"`
	URL       string           `json:"url"`
	Detectors []sight.Detector `json:"detectors"`
}

// coverageSummary is the object that rules coverage --json ends with.
type coverageSummary struct {
	Loaded     int                            `json:"loaded"`
	Refused    int                            `json:"refused"`
	Detectors  map[sight.State]int            `json:"detectors"`
	Techniques map[sight.State]int            `json:"techniques"`
	Tactics    map[string]map[sight.State]int `json:"tactics"`
	Logsources []sight.Logsource              `json:"logsources"`
	Untagged   int                            `json:"untagged"`
	Strange    map[string]int                 `json:"unknown_tags"`
	Attack     string                         `json:"attack"`
	Unknown    []string                       `json:"cannot_know"`
}

func (e *env) coverageJSON(r *sight.Report, rules *sigma.Collection, zone *time.Location) error {
	sum := coverageSummary{
		Loaded: len(rules.Rules) + len(rules.Correlations) + len(rules.Filters), Refused: len(rules.Problems), Detectors: r.Detectors,
		Techniques: map[sight.State]int{}, Tactics: map[string]map[sight.State]int{}, Logsources: r.Logsources, Untagged: r.Untagged, Strange: r.Strange, Attack: attack.Version,
	}
	for i := range r.Techniques {
		t := &r.Techniques[i]
		sum.Techniques[t.State]++
		if err := e.WriteJSON(techniqueJSON{t.ID, t.Name, t.Tactics, t.State, attack.URL(t.ID), append([]sight.Detector{}, t.Detectors...)}); err != nil {
			return err
		}
	}
	for _, t := range r.Tactics {
		sum.Tactics[t.ID] = t.Techniques
	}
	for i := range sum.Logsources {
		l := &sum.Logsources[i]
		if !l.Last.IsZero() {
			l.First, l.Last = l.First.In(zone), l.Last.In(zone)
		}
	}
	for _, p := range r.Unknown {
		sum.Unknown = append(sum.Unknown, p.In(e.Lang))
	}
	return e.WriteJSON(sum)
}

// printSight writes the techniques by tactic, the logsources, and what is not known.
func (e *env) printSight(r *sight.Report, zone *time.Location, all bool) {
	for _, t := range r.Tactics {
		fmt.Fprintf(e.Stdout, "%s %s  %s\n", t.ID, t.Name.In(e.Lang), e.counts(t.Techniques))
		for i := range r.Techniques {
			if x := &r.Techniques[i]; slices.Contains(x.Tactics, t.ID) && (all || x.State != sight.NoRule) {
				e.printTechnique(x)
			}
		}
	}
	fmt.Fprintf(e.Stdout, "\n%s\n", e.Say("ログソース", "logsources"))
	for _, l := range r.Logsources {
		e.printLogsource(&l, zone, r.Known)
	}
	total := map[sight.State]int{}
	for i := range r.Techniques {
		total[r.Techniques[i].State]++
	}
	fmt.Fprintf(e.Stdout, e.Say("\nATT&CK %s の手法：%s。検知ルール：%s。手法の書かれていないもの %d 件\n", "\ntechniques of ATT&CK %s: %s. Detection: %s; %d name no technique\n"),
		attack.Version, e.counts(total), e.counts(r.Detectors), r.Untagged)
	if len(r.Strange) > 0 {
		tags := slices.Sorted(maps.Keys(r.Strange))
		fmt.Fprintln(e.Stdout, terminal.Plain(fmt.Sprintf(e.Say("この版の ATT&CK に無いタグ：%s", "tags that this version of ATT&CK does not have: %s"), strings.Join(tags, ", "))))
	}
	fmt.Fprintln(e.Stdout, e.Say("\n分からないこと", "\nwhat this cannot know"))
	for _, p := range r.Unknown {
		fmt.Fprintln(e.Stdout, "  - "+p.In(e.Lang))
	}
}

// counts writes how many there are of each state.
func (e *env) counts(n map[sight.State]int) string {
	var out []string
	for _, s := range []sight.State{sight.Able, sight.Loaded, sight.Blind, sight.NoRule} {
		if n[s] > 0 {
			out = append(out, fmt.Sprintf("%s %d", s.Words(e.Lang), n[s]))
		}
	}
	return strings.Join(out, e.Say("、", ", "))
}

func (e *env) printTechnique(t *sight.Technique) {
	n := map[sight.State]int{}
	var missing []string
	for _, d := range t.Detectors {
		n[d.State]++
		missing = append(missing, d.Missing...)
	}
	text := fmt.Sprintf("  %-10s %s  %s", t.ID, t.State.Words(e.Lang), t.Name)
	if len(t.Detectors) > 0 {
		text += fmt.Sprintf(e.Say("（%s）", " (%s)"), e.counts(n))
	}
	slices.Sort(missing)
	if missing = slices.Compact(missing); t.State == sight.Blind && len(missing) > 0 {
		text += e.Say("  足りないログソース：", "  missing: ") + strings.Join(missing[:min(len(missing), 4)], ", ")
		if more := len(missing) - 4; more > 0 {
			text += fmt.Sprintf(e.Say(" ほか %d", " and %d more"), more)
		}
	}
	fmt.Fprintln(e.Stdout, terminal.Plain(text))
}

func (e *env) printLogsource(l *sight.Logsource, zone *time.Location, known bool) {
	text := fmt.Sprintf("  %-40s %s", l.Name, fmt.Sprintf(e.Say("ルール %d 件", "rules: %d"), l.Rules))
	switch {
	case l.Events > 0:
		about := ""
		if l.Estimated {
			about = e.Say("約 ", "about ")
		}
		text += fmt.Sprintf(e.Say("  イベント %s%d 件  %s  最終 %s", "  events: %s%d from %s, last %s"), about, l.Events, strings.Join(l.Sources, ", "), cli.Stamp(l.Last, zone))
	case l.Why != "":
		text += "  " + e.Say("ログ源なし：", "no source: ") + l.Why
	case known:
		text += "  " + e.Say("ログ源なし", "no source")
	}
	fmt.Fprintln(e.Stdout, terminal.Plain(text))
}
