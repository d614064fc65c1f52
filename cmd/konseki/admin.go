package main

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/replay"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/sigma"
)

func reindexVerb() verb {
	return verb{
		name: "reindex", args: "", does: "throw the index away and derive it again from the vault",
		examples: []string{"konseki reindex"},
		prepare: func(e *env, _ *flag.FlagSet) func(context.Context, []string) error {
			return func(ctx context.Context, _ []string) error {
				s, err := e.openWith(ctx, server.Options{Reindex: true})
				if err != nil {
					return err
				}
				st, err := s.Status(ctx)
				if cerr := s.Close(); err == nil {
					err = cerr
				}
				if err == nil && e.json {
					return e.writeJSON(struct {
						Records uint64 `json:"records"`
						Indexed uint64 `json:"indexed"`
					}{st.Records, st.Indexed})
				}
				if err == nil {
					fmt.Fprintf(e.stdout, e.say("%d 件を索引し直した\n", "%d records indexed again\n"), st.Indexed)
				}
				return err
			}
		},
	}
}

func replayVerb() verb {
	return verb{
		name: "replay", args: "NAME DIR", does: "write an incident, or an ordinary week, as raw logs into a folder, or list them",
		examples: []string{"konseki replay list", "konseki replay stolen-vpn-wipe ./logs && konseki import ./logs", "konseki replay --weeks 3 benign-week ./logs"},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			opts := replay.Options{}
			fs.Uint64Var(&opts.Seed, "seed", 1, "seed of the everyday noise")
			fs.IntVar(&opts.Records, "records", 320_000, "about how many records")
			fs.IntVar(&opts.Weeks, "weeks", 2, "`weeks` of ordinary life written before an ordinary week, to learn from")
			return func(ctx context.Context, args []string) error {
				if len(args) == 1 && args[0] == "list" {
					return e.listReplays()
				}
				if len(args) != 2 {
					return fmt.Errorf("%w: replay NAME DIR, or replay list", errUsage)
				}
				bar := e.bar("replay")
				opts.Progress = func(done, total int64) { bar.Show(done, total, args[0]) }
				sum, err := replay.Write(ctx, args[0], args[1], opts)
				bar.Clear()
				if err != nil {
					return err
				}
				if e.json {
					return e.writeJSON(struct {
						Files   int   `json:"files"`
						Records int64 `json:"records"`
						Bytes   int64 `json:"bytes"`
					}{sum.Files, sum.Records, sum.Bytes})
				}
				fmt.Fprintf(e.stdout, "%d files, %d records, %d bytes\n", sum.Files, sum.Records, sum.Bytes)
				return nil
			}
		},
	}
}

func (e *env) listReplays() error {
	for _, i := range replay.Names() {
		if e.json {
			if err := e.writeJSON(struct {
				Name  string `json:"name"`
				Title string `json:"title"`
			}{i.Name, e.say(i.TitleJA, i.Title)}); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(e.stdout, "%-18s %s\n", i.Name, e.say(i.TitleJA, i.Title))
	}
	return nil
}

func tokenVerb() verb {
	return verb{
		name: "token", args: "add NAME | list | revoke NAME", does: "manage the bearer tokens of senders",
		examples: []string{"konseki token add shop-app --source app,web"},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			sources := fs.String("source", "*", "`sources` the sender may write to, comma separated; * is any")
			return func(_ context.Context, args []string) error {
				e.logger.Debug("token", "args", len(args))
				a, err := auth.Open(filepath.Join(e.dir, "auth"), auth.Options{Logger: e.logger})
				if err != nil {
					return err
				}
				switch {
				case len(args) == 2 && args[0] == "add":
					token, err := a.NewToken(args[1], strings.Split(*sources, ","))
					if err == nil {
						fmt.Fprintln(e.stderr, e.say("この印は一度だけ表示される。", "This token is shown only once."))
						fmt.Fprintln(e.stdout, token)
					}
					return err
				case len(args) == 1 && args[0] == "list":
					for _, t := range a.Tokens() {
						fmt.Fprintf(e.stdout, "%s  %s\n", plain(t.Name), plain(strings.Join(t.Sources, ",")))
					}
					return nil
				case len(args) == 2 && args[0] == "revoke":
					return a.RevokeToken(args[1])
				}
				return fmt.Errorf("%w: token add NAME, token list or token revoke NAME", errUsage)
			}
		},
	}
}

func configVerb() verb {
	return verb{
		name: "config", args: "check | print", does: "check the configuration file, or print it with its defaults",
		examples: []string{"konseki config check"},
		prepare: func(e *env, _ *flag.FlagSet) func(context.Context, []string) error {
			return func(_ context.Context, args []string) error {
				if len(args) != 1 || args[0] != "check" && args[0] != "print" {
					return fmt.Errorf("%w: config check or config print", errUsage)
				}
				cfg, err := config.Load(filepath.Join(e.dir, "konseki.yaml"))
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
					return cfg.Write(e.stdout)
				}
				fmt.Fprintln(e.stdout, "ok")
				return nil
			}
		},
	}
}

func versionVerb() verb {
	return verb{
		name: "version", does: "print the version",
		prepare: func(e *env, _ *flag.FlagSet) func(context.Context, []string) error {
			return func(context.Context, []string) error {
				_, err := fmt.Fprintln(e.stdout, "konseki "+version)
				return err
			}
		},
	}
}
