package running

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/investigate/script"
	"github.com/konseki/konseki/internal/replay"
	"github.com/konseki/konseki/internal/server"
)

// demoIncident is the incident that the demo opens on.
const demoIncident = "stolen-vpn-wipe"

// Demo is the verb demo: replay the first incident into a temporary vault and serve the pages on its case.
func Demo() cli.Verb {
	return cli.Verb{
		Name: "demo", Does: "replay the first incident into a temporary vault and serve the pages on its case",
		Examples: []string{"konseki demo", "konseki demo --keep ./demo --address 127.0.0.1:9000"},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			keep := fs.String("keep", "", "`folder` for the demo's data; default: a temporary one, deleted at the end")
			address := fs.String("address", "127.0.0.1:8743", "`address` of the pages")
			records := fs.Int("records", 320_000, "about how many records")
			return func(ctx context.Context, _ []string) (err error) {
				dir := *keep
				if dir == "" {
					if dir, err = os.MkdirTemp("", "konseki-demo-"); err != nil {
						return err
					}
					defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
				}
				return e.demo(ctx, dir, *address, *records)
			}
		},
	}
}

// demo writes the incident's raw logs, imports them like anybody's, does the
// investigators' work and serves.
func (e *env) demo(ctx context.Context, dir, address string, records int) error {
	logs := filepath.Join(dir, "logs")
	bar := e.Bar(e.Say("再現", "replay"))
	_, err := replay.Write(ctx, demoIncident, logs, replay.Options{Records: records, Progress: func(done, total int64) { bar.Show(done, total, "") }})
	bar.Clear()
	if err != nil {
		return err
	}
	e.Dir = filepath.Join(dir, "data")
	cfg := config.Default()
	cfg.Zone, cfg.Web, cfg.Language = "Asia/Tokyo", address, e.Lang
	s, err := server.Open(ctx, e.Dir, server.Options{Version: e.Version, Logger: e.Logger, Config: cfg, Create: true})
	if err != nil {
		return err
	}
	if err := e.fillDemo(ctx, s, logs); err != nil {
		return errors.Join(err, s.Close())
	}
	return e.serve(ctx, s, server.ServeOptions{AlwaysLink: true})
}

func (e *env) fillDemo(ctx context.Context, s *server.Server, logs string) error {
	bar := e.Bar(e.Say("取込", "import"))
	sum, err := s.Import(ctx, "demo", control.Import{Paths: []string{logs}, Progress: func(p collect.Progress) { bar.Show(p.Done, p.Total, p.Path) }})
	bar.Clear()
	if err != nil {
		return err
	}
	fmt.Fprintf(e.Stderr, e.Say("%d 件を封印、%d 件を検知\n", "%d records sealed, %d findings\n"), sum.Records, sum.Findings)
	f, err := os.Open(filepath.Join(logs, "konseki-case.yaml"))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	work, err := script.Read(f)
	if err != nil {
		return err
	}
	return s.ApplyCase(ctx, "demo", work)
}
