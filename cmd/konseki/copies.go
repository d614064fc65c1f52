package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/vault/copies"
)

func copiesVerb() verb {
	return verb{
		name: "copies", does: "how far the copies out of reach are; needs no running server",
		examples: []string{"konseki copies", "konseki copies --json | jq .behind"},
		prepare: func(e *env, _ *flag.FlagSet) func(context.Context, []string) error {
			return func(_ context.Context, args []string) error {
				if len(args) > 0 {
					return fmt.Errorf("%w: copies takes no arguments; the places stand in konseki.yaml", errUsage)
				}
				return e.copies()
			}
		},
	}
}

func (e *env) copies() error {
	cfg, err := config.Load(filepath.Join(e.dir, "konseki.yaml"))
	if err != nil {
		return err
	}
	if len(cfg.Copies) == 0 && !e.json {
		fmt.Fprintln(e.stderr, e.say("複製先はない：この機械とともに証拠も失われる。konseki.yaml の copies に書く（docs/copies.md）",
			"there are no copies: the evidence is lost with this machine; name places under copies in konseki.yaml (docs/copies.md)"))
	}
	for _, c := range cfg.Copies {
		st, err := copies.ReadStatus(server.CopyJournal(e.dir, c))
		if errors.Is(err, fs.ErrNotExist) {
			st, err = copies.Status{Store: c.To, Trouble: e.say("まだ一度も送っていない", "nothing was shipped yet: start konseki serve")}, nil
		}
		if err != nil {
			return err
		}
		if e.json {
			err = e.writeJSON(st)
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
		last = stamp(st.LastPut, cfg.Location())
	}
	fmt.Fprintln(e.stdout, plain(st.Store))
	fmt.Fprintf(e.stdout, e.say("  記録 %d 件中 %d 件まで（遅れ %d 件）、封印 %d 批、物件 %d、%d バイト、最終受領 %s\n",
		"  %[2]d of %[1]d records (%[3]d behind), %[4]d sealed batches, %[5]d objects, %[6]d bytes, last acknowledged %[7]s\n"),
		st.Size, st.Copied, st.Behind, st.Batches, st.Objects, st.Bytes, last)
	if st.Trouble != "" {
		fmt.Fprintln(e.stdout, "  ! "+plain(st.Trouble))
	}
}
