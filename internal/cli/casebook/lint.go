package casebook

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate/lint"
	"github.com/konseki/konseki/internal/server"
)

func lintWord() cli.Verb {
	return word("lint ID", "find where a case contradicts itself, its records or an earlier report; exits 4 when it finds something",
		[]string{"konseki case lint 2018-001", "konseki case lint 2018-001 --json | jq -r 'select(.severity==\"error\").text.ja'"},
		func(e *env, _ *flag.FlagSet) run {
			return e.on(1, 1, func(ctx context.Context, s *server.Server, args []string) error {
				found, err := s.Lint(ctx, e.person(), args[0])
				if err != nil {
					return err
				}
				return e.printProblems(found)
			})
		})
}

func (e *env) printProblems(list []lint.Problem) error {
	counts := map[lint.Severity]int{}
	for i := range list {
		p := &list[i]
		counts[p.Severity]++
		if !e.JSON {
			e.printProblem(p)
		} else if err := e.WriteJSON(p); err != nil {
			return err
		}
	}
	if !e.JSON {
		e.line(e.Say("誤り %d、警告 %d、注意 %d", "%d errors, %d warnings, %d notes"), counts[lint.Error], counts[lint.Warning], counts[lint.Note])
	}
	if len(list) > 0 {
		return cli.ErrPartial
	}
	return nil
}

// printProblem writes what does not agree, where, and what could be done.
func (e *env) printProblem(p *lint.Problem) {
	where := make([]string, len(p.Where))
	for i, at := range p.Where {
		where[i] = e.kindWord(at.Kind) + " " + at.ID
	}
	e.line("%s  %s  %s", e.severity(p.Severity), p.Code, strings.Join(where, e.Say("、", ", ")))
	e.line("    %s", p.Text.In(e.Lang))
	if !p.Hint.Empty() {
		e.line("    → %s", p.Hint.In(e.Lang))
	}
	if len(p.Records) > 0 {
		e.line("    %s", cited(p.Records))
	}
	fmt.Fprintln(e.Stdout)
}

func (e *env) severity(s lint.Severity) string {
	return map[lint.Severity]event.Phrase{
		lint.Error: {JA: "誤り", EN: "error"}, lint.Warning: {JA: "警告", EN: "warning"}, lint.Note: {JA: "注意", EN: "note"},
	}[s].In(e.Lang)
}
