package detecting

import (
	"context"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
	"github.com/konseki/konseki/internal/wire"
)

// backtest runs rules over what the vault holds and prints, of each, what it
// found and what that is worth.
func (e *env) backtest(ctx context.Context, dirs []string, f ruleFlags) error {
	all, err := e.loadRules(dirs, *f.placeholders)
	if err != nil {
		return err
	}
	return e.With(ctx, false, func(s *server.Server) error {
		for _, p := range all.Problems {
			fmt.Fprintln(e.Stderr, terminal.Plain(fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)))
		}
		if n := len(all.Correlations); n > 0 {
			fmt.Fprintf(e.Stderr, e.Say("相関ルール %d 件は実行しない\n", "%d correlations are not run\n"), n)
		}
		from, to, loc, err := f.window.Parse(s.Zone)
		if err != nil {
			return err
		}
		bar := e.Bar(e.Say("再検証", "back-test"))
		found, err := s.Backtest(ctx, e.Person(), all, from, to, func(done, total uint64) { bar.Show(int64(done), int64(total), "") })
		bar.Clear()
		if err != nil {
			return err
		}
		for i := range found {
			if err := e.printBacktested(&found[i], loc, len(found) == 1); err != nil {
				return err
			}
		}
		return nil
	})
}

// backtestJSON is one rule of a back-test as scripts read it.
type backtestJSON struct {
	RuleID  string    `json:"rule_id"`
	Title   string    `json:"title"`
	Level   string    `json:"level"`
	Matches int64     `json:"matches"`
	First   time.Time `json:"first,omitzero"`
	Last    time.Time `json:"last,omitzero"`
	Records []uint64  `json:"records"`
	wire.Answer
}

func (e *env) printBacktested(b *server.Backtested, loc *time.Location, whole bool) error {
	if e.JSON {
		return e.WriteJSON(backtestJSON{b.RuleID, b.Title, b.Level, b.Matches, cli.InZone(b.First, loc), cli.InZone(b.Last, loc), append([]uint64{}, b.Records...), wire.AnswerOf(b.Answer, loc, e.Lang)})
	}
	fmt.Fprintf(e.Stdout, "%-13s %7d  %s  [%s]\n", b.Level, b.Matches, terminal.Plain(b.Title), e.VerdictWord(b.Answer.Verdict))
	if b.Matches > 0 {
		fmt.Fprintf(e.Stdout, "    %s – %s  %v\n", cli.Stamp(b.First, loc), cli.Stamp(b.Last, loc), b.Records)
	}
	if whole {
		e.PrintAnswer(b.Answer, loc)
		return nil
	}
	e.printControl(b.Answer)
	return nil
}

// printControl writes what a rule could have read.
func (e *env) printControl(a control.Answer) {
	for _, c := range a.Coverage {
		if c.Control != nil && c.Control.Events > 0 {
			fmt.Fprintf(e.Stdout, e.Say("    %s：読めたイベント %d 件\n", "    %s: could read %d events\n"), terminal.Plain(c.Source), c.Control.Events)
		}
	}
}
