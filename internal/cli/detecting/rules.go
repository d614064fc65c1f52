package detecting

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/sigma"
	"github.com/konseki/konseki/rules"
)

// loadRules loads konseki's own rules, or those of the folders given. The
// values of placeholders are those of the data folder's configuration and, for
// the names it has, of the file given.
func (e *env) loadRules(dirs []string, placeholders string) (*sigma.Collection, error) {
	trees, err := ruleTrees(dirs)
	if err != nil {
		return nil, err
	}
	cfg, err := e.ruleConfig(placeholders)
	if err != nil {
		return nil, err
	}
	return sigma.Load(sigma.Options{Placeholders: cfg.Placeholders}, trees...), nil
}

// ruleTrees are konseki's own rules, or the folders given.
func ruleTrees(dirs []string) ([]sigma.Tree, error) {
	if len(dirs) == 0 {
		return []sigma.Tree{{FS: rules.FS(), Root: "."}}, nil
	}
	var trees []sigma.Tree
	for _, dir := range dirs {
		if st, err := os.Stat(dir); err != nil || !st.IsDir() {
			return nil, fmt.Errorf("rules: %s is not a folder", dir)
		}
		t := sigma.Tree{FS: os.DirFS(dir), Root: "."}
		if len(dirs) > 1 {
			t.Name = filepath.ToSlash(filepath.Clean(dir)) // else files of the same name could not be told apart
		}
		trees = append(trees, t)
	}
	return trees, nil
}

// ruleConfig is the configuration of the data folder with the placeholders of a file.
func (e *env) ruleConfig(placeholders string) (config.Config, error) {
	cfg, err := config.Load(filepath.Join(e.Dir, "konseki.yaml"))
	if err != nil || placeholders == "" {
		return cfg, err
	}
	more, err := config.LoadPlaceholders(e.Path(placeholders))
	if err != nil {
		return cfg, err
	}
	all := map[string][]string{}
	maps.Copy(all, cfg.Placeholders)
	maps.Copy(all, more)
	cfg.Placeholders = all
	return cfg, nil
}

func placeholdersFlag(fs *flag.FlagSet) *string {
	return fs.String("placeholders", "", "`file` with values for the rules' placeholders, one \"name: [values]\" each; default: those of konseki.yaml")
}

// ruleFlags are the flags of rules.
type ruleFlags struct {
	placeholders, navigator *string
	all                     *bool
	window                  cli.Window
}

// Rules is the verb rules: check, test, coverage and backtest of detection rules.
func Rules() cli.Verb {
	return cli.Verb{
		Name: "rules", Args: "check|test|coverage|backtest [DIR...]",
		Does: `work with detection rules; without DIR with konseki's own, coverage with all that the data folder loads

  check     which rules load, which are refused and why, which no event can reach
  test      run the examples that stand beside rules, docs/rules.md tells how
  coverage  which ATT&CK techniques the rules can see with the sources in the data folder
  backtest  what the rules would have found in what the vault holds, each with its coverage and verdict`,
		Examples: []string{
			"konseki rules check ./sigma/rules/linux", "konseki rules check --json --placeholders ours.yml DIR",
			"konseki rules test                # konseki's own", "konseki rules test ./ours          # ours/web.yml with ours/examples/web.match.json",
			"konseki rules coverage", "konseki rules coverage --navigator layer.json ./sigma/rules",
			"konseki rules backtest ./new-rules --from 2018-01-01 --to 2018-03-05",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			f := ruleFlags{placeholders: placeholdersFlag(fs)}
			f.navigator = fs.String("navigator", "", "coverage: also write a layer for the ATT&CK Navigator to `file`")
			f.window.Register(fs)
			f.all = fs.Bool("all", false, "coverage: list techniques without a rule too")
			return func(ctx context.Context, args []string) error {
				if len(args) == 0 {
					return fmt.Errorf("%w: rules check, test, coverage or backtest [DIR...]", cli.ErrUsage)
				}
				if args[0] != "coverage" && (*f.navigator != "" || *f.all) {
					return fmt.Errorf("%w: --navigator and --all are for rules coverage", cli.ErrUsage)
				}
				dirs := args[1:]
				for i := range dirs {
					dirs[i] = e.Path(dirs[i])
				}
				switch args[0] {
				case "check":
					return e.checkRules(dirs, f)
				case "test":
					return e.testRules(dirs, f)
				case "coverage":
					return e.coverRules(ctx, dirs, f)
				case "backtest":
					return e.backtest(ctx, dirs, f)
				}
				return fmt.Errorf("%w: rules check, test, coverage or backtest [DIR...]", cli.ErrUsage)
			}
		},
	}
}
