package keeping

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
	"github.com/konseki/konseki/internal/vault/copies"
)

// Copies is the verb copies: how far the copies out of reach are; needs no running server.
func Copies() cli.Verb {
	return cli.Verb{
		Name: "copies", Does: "how far the copies out of reach are; needs no running server",
		Examples: []string{"konseki copies", "konseki copies --json | jq .behind"},
		Prepare: func(c *cli.Env, _ *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			return func(_ context.Context, args []string) error {
				if len(args) > 0 {
					return fmt.Errorf("%w: copies takes no arguments; the places stand in konseki.yaml", cli.ErrUsage)
				}
				return e.copies()
			}
		},
	}
}

func (e *env) copies() error {
	cfg, err := config.Load(filepath.Join(e.Dir, "konseki.yaml"))
	if err != nil {
		return err
	}
	if len(cfg.Copies) == 0 && !e.JSON {
		fmt.Fprintln(e.Stderr, e.Say("複製先はない：この機械とともに証拠も失われる。konseki.yaml の copies に書く（docs/copies.md）",
			"there are no copies: the evidence is lost with this machine; name places under copies in konseki.yaml (docs/copies.md)"))
	}
	for _, c := range cfg.Copies {
		st, err := copies.ReadStatus(server.CopyJournal(e.Dir, c))
		if errors.Is(err, fs.ErrNotExist) {
			st, err = copies.Status{Store: c.To, Trouble: e.Say("まだ一度も送っていない", "nothing was shipped yet: start konseki serve")}, nil
		}
		if err != nil {
			return err
		}
		if e.JSON {
			err = e.WriteJSON(st)
		} else {
			e.printCopy(st, cfg)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *env) printCopy(st copies.Status, cfg config.Config) {
	last := "-"
	if !st.LastPut.IsZero() {
		last = cli.Stamp(st.LastPut, cfg.Location())
	}
	fmt.Fprintln(e.Stdout, terminal.Plain(st.Store))
	fmt.Fprintf(e.Stdout, e.Say("  記録 %d 件中 %d 件まで（遅れ %d 件）、封印 %d 批、物件 %d、%d バイト、最終受領 %s\n",
		"  %[2]d of %[1]d records (%[3]d behind), %[4]d sealed batches, %[5]d objects, %[6]d bytes, last acknowledged %[7]s\n"),
		st.Size, st.Copied, st.Behind, st.Batches, st.Objects, st.Bytes, last)
	if st.Trouble != "" {
		fmt.Fprintln(e.Stdout, "  ! "+terminal.Plain(st.Trouble))
	}
}
