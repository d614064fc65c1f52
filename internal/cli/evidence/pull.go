package evidence

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/collect/pull"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

// Pull is the verb pull: ask the services under pull in konseki.yaml for their records (serve does so by itself).
func Pull() cli.Verb {
	return cli.Verb{
		Name: "pull", Args: "[NAME...]", Does: "ask the services under pull in konseki.yaml for their records (serve does so by itself)",
		Examples: []string{
			"konseki pull --once",
			"konseki pull --once okta",
			"konseki pull --once --json workspace/login | jq .new",
			"konseki pull   # goes on until it is interrupted",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			once := fs.Bool("once", false, "pull to the present and end; NAME is a service, service/stream or source")
			return func(ctx context.Context, names []string) error {
				if len(names) > 0 && !*once {
					return fmt.Errorf("%w: NAME goes with --once", cli.ErrUsage)
				}
				return e.With(ctx, true, func(s *server.Server) error { return e.pull(ctx, s, names, *once) })
			}
		},
	}
}

func (e *env) pull(ctx context.Context, s *server.Server, names []string, once bool) error {
	if len(s.Pulls()) > 0 {
		return cli.Hinted(errors.New("the running server asks these services already; two would take each other's place in their pages"),
			e.Say("取得の状況: konseki source list とログ源のページ", "how far it has come: konseki source list, and the page of sources"))
	}
	p, err := s.OpenPulls()
	if err != nil {
		return err
	}
	if p == nil {
		return fmt.Errorf("%w: nothing stands under pull in konseki.yaml (docs/pull.md)", cli.ErrUsage)
	}
	if !once {
		fmt.Fprintln(e.Stderr, e.Say("取得を続ける。止めるには Ctrl-C", "pulling until interrupted"))
		return p.Run(ctx)
	}
	bar := e.Bar(e.Say("取得", "pull"))
	results, err := p.Once(ctx, names, func(g pull.Progress) {
		bar.Show(0, 0, fmt.Sprintf("%s %d %s %s", g.API, g.Records, e.Say("件", "records"), cli.Stamp(g.Complete, s.Zone)))
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
		return fmt.Errorf("%w: %w", cli.ErrUsage, err)
	}
	if err == nil && failed {
		return cli.ErrPartial
	}
	return err
}

// pullJSON is one stream as scripts read it.
type pullJSON struct {
	pull.Result `json:",embed"`
	Lag         string `json:"lag"`
}

func (e *env) printPull(r pull.Result, zone *time.Location) error {
	if e.JSON {
		return e.WriteJSON(pullJSON{r, r.Lag.String()})
	}
	state := e.Say("まだ最後まで読んでいない", "not yet read to the end")
	if !r.Proven.IsZero() {
		state = fmt.Sprintf(e.Say("%s まで漏れなし", "complete up to %s"), cli.Stamp(r.Proven, zone))
	}
	fmt.Fprintf(e.Stdout, e.Say("%s → %s  新着 %d 件、%s\n", "%s → %s  %d new records, %s\n"), terminal.Plain(r.API), terminal.Plain(r.Source), r.New, state)
	if w := r.Wrong; w != nil {
		fmt.Fprintf(e.Stdout, "  ! %s – %s  %s\n", cli.Stamp(w.From, zone), cli.Stamp(w.To, zone), terminal.Plain(w.Reason.In(e.Lang)))
	}
	if r.Err != nil {
		fmt.Fprintln(e.Stdout, "  ! "+terminal.Plain(r.Err.Error()))
	}
	return nil
}
