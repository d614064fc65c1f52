package running

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/replay"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/sigma"
	"github.com/konseki/konseki/internal/terminal"
)

// Reindex is the verb reindex: throw the index away and derive it again from the vault.
func Reindex() cli.Verb {
	return cli.Verb{
		Name: "reindex", Args: "", Does: "throw the index away and derive it again from the vault",
		Examples: []string{"konseki reindex"},
		Prepare: func(c *cli.Env, _ *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			return func(ctx context.Context, _ []string) error {
				s, err := e.OpenWith(ctx, server.Options{Reindex: true})
				if err != nil {
					return err
				}
				st, err := s.Status(ctx)
				if cerr := s.Close(); err == nil {
					err = cerr
				}
				if err == nil && e.JSON {
					return e.WriteJSON(struct {
						Records uint64 `json:"records"`
						Indexed uint64 `json:"indexed"`
					}{st.Records, st.Indexed})
				}
				if err == nil {
					fmt.Fprintf(e.Stdout, e.Say("%d 件を索引し直した\n", "%d records indexed again\n"), st.Indexed)
				}
				return err
			}
		},
	}
}

// Replay is the verb replay: write an incident, or an ordinary week, as raw
// logs into a folder, tell what is assumed in it, or list them.
func Replay() cli.Verb {
	return cli.Verb{
		Name: "replay", Args: "NAME [DIR]", Does: "write an incident, or an ordinary week, as raw logs into a folder, tell what is assumed in it, or list them",
		Examples: []string{"konseki replay list", "konseki replay stolen-vpn-wipe ./logs && konseki import ./logs", "konseki replay --weeks 3 benign-week ./logs"},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			opts := replay.Options{}
			fs.Uint64Var(&opts.Seed, "seed", 1, "seed of the everyday noise")
			fs.IntVar(&opts.Records, "records", 320_000, "about how many records")
			fs.IntVar(&opts.Weeks, "weeks", 2, "`weeks` of ordinary life written before an ordinary week, to learn from")
			return func(ctx context.Context, args []string) error {
				if len(args) == 1 && args[0] == "list" {
					return e.listReplays()
				}
				if len(args) == 0 || len(args) > 2 {
					return fmt.Errorf("%w: replay NAME [DIR], or replay list", cli.ErrUsage)
				}
				info, err := replay.Describe(args[0])
				if err != nil || len(args) == 1 {
					fmt.Fprint(e.Stdout, info.Told(e.Lang == "ja"))
					return err
				}
				bar := e.Bar("replay")
				opts.Progress = func(done, total int64) { bar.Show(done, total, args[0]) }
				sum, err := replay.Write(ctx, args[0], args[1], opts)
				bar.Clear()
				if err != nil {
					return err
				}
				if e.JSON {
					return e.WriteJSON(sum)
				}
				fmt.Fprintf(e.Stdout, "%d files, %d records, %d bytes\n", sum.Files, sum.Records, sum.Bytes)
				fmt.Fprint(e.Stderr, info.Told(e.Lang == "ja"))
				return nil
			}
		},
	}
}

func (e *env) listReplays() error {
	for _, i := range replay.Names() {
		if e.JSON {
			if err := e.WriteJSON(struct {
				Name  string `json:"name"`
				Title string `json:"title"`
			}{i.Name, e.Say(i.TitleJA, i.Title)}); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(e.Stdout, "%-18s %s\n", i.Name, e.Say(i.TitleJA, i.Title))
	}
	return nil
}

// Token is the verb token: manage the bearer tokens of senders.
func Token() cli.Verb {
	return cli.Verb{
		Name: "token", Args: "add NAME | list | revoke NAME", Does: "manage the bearer tokens of senders",
		Examples: []string{"konseki token add shop-app --source app,web"},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			sources := fs.String("source", "*", "`sources` the sender may write to, comma separated; * is any")
			return func(ctx context.Context, args []string) error {
				switch {
				case len(args) == 2 && args[0] == "add":
					return e.With(ctx, true, func(s *server.Server) error { return e.addToken(ctx, s, args[1], strings.Split(*sources, ",")) })
				case len(args) == 1 && args[0] == "list":
					return e.With(ctx, false, e.listTokens)
				case len(args) == 2 && args[0] == "revoke":
					return e.With(ctx, false, func(s *server.Server) error { return s.RevokeToken(ctx, e.Person(), args[1]) })
				}
				return fmt.Errorf("%w: token add NAME, token list or token revoke NAME", cli.ErrUsage)
			}
		},
	}
}

func (e *env) addToken(ctx context.Context, s *server.Server, name string, sources []string) error {
	token, err := s.AddToken(ctx, e.Person(), name, sources)
	if err != nil {
		return err
	}
	fmt.Fprintln(e.Stderr, e.Say("このトークンは一度だけ表示されます。", "This token is shown only once."))
	_, err = fmt.Fprintln(e.Stdout, token)
	return err
}

func (e *env) listTokens(s *server.Server) error {
	a, err := s.Accounts()
	if err != nil {
		return err
	}
	for _, t := range a.Tokens() {
		if e.JSON {
			err = e.WriteJSON(t)
		} else {
			_, err = fmt.Fprintf(e.Stdout, "%s  %s\n", terminal.Plain(t.Name), terminal.Plain(strings.Join(t.Sources, ",")))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Config is the verb config: check the configuration file, or print it with its defaults.
func Config() cli.Verb {
	return cli.Verb{
		Name: "config", Args: "check | print", Does: "check the configuration file, or print it with its defaults",
		Examples: []string{"konseki config check"},
		Prepare: func(c *cli.Env, _ *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			return func(_ context.Context, args []string) error {
				if len(args) != 1 || args[0] != "check" && args[0] != "print" {
					return fmt.Errorf("%w: config check or config print", cli.ErrUsage)
				}
				cfg, err := config.Load(filepath.Join(e.Dir, "konseki.yaml"))
				if err == nil {
					err = server.PolicyOf(cfg).Check()
				}
				if err == nil {
					_, err = server.NewPack(&sigma.Collection{}, cfg)
				}
				if err != nil {
					return err
				}
				if args[0] == "print" {
					return cfg.Write(e.Stdout)
				}
				fmt.Fprintln(e.Stdout, "ok")
				return nil
			}
		},
	}
}

// Version is the verb version: print the version.
func Version() cli.Verb {
	return cli.Verb{
		Name: "version", Does: "print the version",
		Prepare: func(c *cli.Env, _ *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			return func(context.Context, []string) error {
				_, err := fmt.Fprintln(e.Stdout, "konseki "+e.Version)
				return err
			}
		},
	}
}
