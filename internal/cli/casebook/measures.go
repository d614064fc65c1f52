package casebook

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/measure"
	"github.com/konseki/konseki/internal/server"
)

func measureWord() cli.Verb {
	return word("measure ID PRESET [FIELD=VALUE...]", "promise a measure of the catalogue that konseki case measures lists, with its check and the controls that ask for it",
		[]string{
			"konseki case measures",
			"konseki case measure 2018-001 central-logs owner=b.sato due=2018-04-01 check.sources=vpn,web",
		},
		func(e *env, fs *flag.FlagSet) run {
			var ed edit
			fs.StringVar(&ed.id, "id", "", "`name` of the measure; default: that of the preset")
			fs.BoolVar(&ed.dry, "dry-run", false, "show what would be recorded, and record nothing")
			return e.on(2, -1, func(ctx context.Context, s *server.Server, args []string) error {
				all, err := measure.Presets()
				if err != nil {
					return err
				}
				if ed.preset, err = all.Preset(args[1]); err != nil {
					return fmt.Errorf("%w: %w", cli.ErrUsage, err)
				}
				ed.fields = args[2:]
				return e.put(ctx, s, args[0], investigate.KindMeasure, &ed)
			})
		})
}

func measuresWord() cli.Verb {
	return word("measures", "list the measures that reports promise most often: what checks them, and the controls of four frameworks that ask for them", []string{"konseki case measures --lang ja"},
		func(e *env, _ *flag.FlagSet) run {
			return func(_ context.Context, args []string) error {
				if len(args) > 0 {
					return fmt.Errorf("%w: measures takes no arguments", cli.ErrUsage)
				}
				all, err := measure.Presets()
				if err != nil {
					return err
				}
				return e.printPresets(all)
			}
		})
}

func (e *env) printPresets(all *measure.Catalogue) error {
	for i := range all.Measures {
		m := &all.Measures[i]
		if e.JSON {
			if err := e.WriteJSON(m); err != nil {
				return err
			}
			continue
		}
		e.line("%s  %s", m.ID, m.Text.In(e.Lang))
		e.line("    %s  %s", m.Check.By, strings.Join(m.Controls, ", "))
	}
	if e.JSON {
		return nil
	}
	fmt.Fprintln(e.Stdout)
	for _, id := range slices.Sorted(maps.Keys(all.Frames)) {
		e.line("%s  %s  %s", id, all.Frames[id].Name, all.Frames[id].Note.In(e.Lang))
	}
	e.line(e.Say("番号の最終確認 %s", "the numbers were last checked on %s"), all.Checked)
	return nil
}
