package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/collect/pull"
	"github.com/konseki/konseki/internal/server"
)

func pullVerb() verb {
	return verb{
		name: "pull", args: "[NAME...]", does: "ask the services under pull in konseki.yaml for their records (serve does so by itself)",
		examples: []string{
			"konseki pull --once",
			"konseki pull --once okta",
			"konseki pull --once --json workspace/login | jq .new",
			"konseki pull   # goes on until it is interrupted",
		},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			once := fs.Bool("once", false, "pull to the present and end; NAME is a service, service/stream or source")
			return func(ctx context.Context, names []string) error {
				if len(names) > 0 && !*once {
					return fmt.Errorf("%w: NAME goes with --once", errUsage)
				}
				return e.with(ctx, true, func(s *server.Server) error { return e.pull(ctx, s, names, *once) })
			}
		},
	}
}

func (e *env) pull(ctx context.Context, s *server.Server, names []string, once bool) error {
	p, err := s.OpenPulls()
	if err != nil {
		return err
	}
	if p == nil {
		return fmt.Errorf("%w: nothing stands under pull in konseki.yaml (docs/pull.md)", errUsage)
	}
	if !once {
		fmt.Fprintln(e.stderr, e.say("取得を続ける。止めるには Ctrl-C", "pulling until interrupted"))
		return p.Run(ctx)
	}
	bar := e.bar(e.say("取得", "pull"))
	results, err := p.Once(ctx, names, func(g pull.Progress) {
		bar.Show(0, 0, fmt.Sprintf("%s %d %s %s", g.API, g.Records, e.say("件", "records"), stamp(g.Complete, s.Zone)))
	})
	bar.Clear()
	failed := false
	for _, r := range results {
		failed = failed || r.Err != nil
		if perr := e.printPull(r, s.Zone); perr != nil {
			return perr
		}
	}
	if errors.Is(err, pull.ErrSetting) {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if err == nil && failed {
		return errPartial
	}
	return err
}

// pullJSON is one stream as scripts read it.
type pullJSON struct {
	pull.Result `json:",embed"`
	Lag         string `json:"lag"`
}

func (e *env) printPull(r pull.Result, zone *time.Location) error {
	if e.json {
		return e.writeJSON(pullJSON{r, r.Lag.String()})
	}
	state := e.say("まだ最後まで読んでいない", "not yet read to the end")
	if !r.Proven.IsZero() {
		state = fmt.Sprintf(e.say("%s まで漏れなし", "complete up to %s"), stamp(r.Proven, zone))
	}
	fmt.Fprintf(e.stdout, e.say("%s → %s  新着 %d 件、%s\n", "%s → %s  %d new records, %s\n"), plain(r.API), plain(r.Source), r.New, state)
	if w := r.Wrong; w != nil {
		fmt.Fprintf(e.stdout, "  ! %s – %s  %s\n", stamp(w.From, zone), stamp(w.To, zone), plain(w.Reason.In(e.lang)))
	}
	if r.Err != nil {
		fmt.Fprintln(e.stdout, "  ! "+plain(r.Err.Error()))
	}
	return nil
}
