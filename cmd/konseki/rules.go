package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/sigma"
	"github.com/konseki/konseki/rules"
)

// loadRules loads konseki's own rules, or those of the folders given. The
// values of placeholders are those of the data folder's configuration and, for
// the names it has, of the file given.
func (e *env) loadRules(dirs []string, placeholders string) (*sigma.Collection, error) {
	cfg, err := config.Load(filepath.Join(e.dir, "konseki.yaml"))
	if err != nil {
		return nil, err
	}
	o := sigma.Options{Placeholders: map[string][]string{}}
	maps.Copy(o.Placeholders, cfg.Placeholders)
	if placeholders != "" {
		more, err := config.LoadPlaceholders(placeholders)
		if err != nil {
			return nil, err
		}
		maps.Copy(o.Placeholders, more)
	}
	if len(dirs) == 0 {
		return sigma.Load(o, sigma.Tree{FS: rules.FS(), Root: "."}), nil
	}
	var trees []sigma.Tree
	for _, dir := range dirs {
		if st, err := os.Stat(dir); err != nil || !st.IsDir() {
			return nil, fmt.Errorf("rules: %s is not a folder", dir)
		}
		trees = append(trees, sigma.Tree{FS: os.DirFS(dir), Root: "."})
	}
	return sigma.Load(o, trees...), nil
}

func placeholdersFlag(fs *flag.FlagSet) *string {
	return fs.String("placeholders", "", "`file` with values for the rules' placeholders, one \"name: [values]\" each; default: those of konseki.yaml")
}

func rulesVerb() verb {
	return verb{
		name: "rules", args: "check [DIR...]", does: "say which Sigma rules load, which are refused and why",
		examples: []string{"konseki rules check ./sigma/rules/linux", "konseki rules check --json --placeholders ours.yml DIR"},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			placeholders := placeholdersFlag(fs)
			return func(_ context.Context, args []string) error {
				if len(args) == 0 || args[0] != "check" {
					return fmt.Errorf("%w: rules check [DIR...]", errUsage)
				}
				all, err := e.loadRules(args[1:], *placeholders)
				if err != nil {
					return err
				}
				if err := e.printRules(len(all.Rules)+len(all.Correlations)+len(all.Filters), all.Problems); err != nil {
					return err
				}
				if len(all.Problems) > 0 {
					return errPartial
				}
				return nil
			}
		},
	}
}

func (e *env) printRules(loaded int, problems []sigma.Problem) error {
	if problems == nil {
		problems = []sigma.Problem{}
	}
	if e.json {
		return e.writeJSON(struct {
			Loaded   int             `json:"loaded"`
			Refused  int             `json:"refused"`
			Problems []sigma.Problem `json:"problems"`
		}{loaded, len(problems), problems})
	}
	for _, p := range problems {
		fmt.Fprintln(e.stdout, plain(fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)))
	}
	fmt.Fprintf(e.stdout, e.say("読込 %d 件、拒否 %d 件\n", "%d loaded, %d refused\n"), loaded, len(problems))
	return nil
}
