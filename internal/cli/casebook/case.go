package casebook

import (
	"context"
	"flag"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/server"
)

// Case is the verb case: everything that people do on a case, a word for each.
func Case() cli.Verb {
	return cli.Verb{
		Name: "case", Does: "work on a case: its timeline, statements, questions, people, deadlines, promises and checks",
		Examples: []string{
			"konseki case open 2018-001 --title-ja 'VPN からの侵入' --title-en 'Intrusion by VPN'",
			"konseki case row 2018-001 --at 2018-01-07T09:58:00 --text-ja '初見の接続元からログイン' --query 'source:chat user:F ip:203.0.113.77'",
			"konseki case ask 2018-001 --text-ja '3月1日に VPN は使われたか' --source vpn --from 2018-03-01 --to 2018-03-02",
			"konseki case show 2018-001",
		},
		Verbs: []cli.Verb{
			openWord(), closeWord(), reopenWord(), listWord(), showWord(), historyWord(),
			rowWord(), stateWord(), askWord(), putWord(), fieldsWord(), partWord(), withdrawWord(), applyWord(),
			factWord(), keysWord(), clocksWord(), entitiesWord(), scopeWord(), handoverWord(), toldWord(), submitWord(), measureWord(), measuresWord(), lintWord(), checkWord(), signWord(), overrideWord(),
		},
	}
}

func openWord() cli.Verb {
	return word("open ID", "open a case",
		[]string{"konseki case open 2018-001 --title-ja 'VPN からの侵入' --title-en 'Intrusion by VPN'"},
		func(e *env, fs *flag.FlagSet) run {
			var title phrase
			title.register(fs, "title", "what the case is called")
			e.create = true // on the first day there may be no evidence yet
			return e.on(1, 1, func(ctx context.Context, s *server.Server, args []string) error {
				c, err := s.OpenCase(ctx, e.person(), args[0], title.in(e.Lang))
				if err != nil {
					return err
				}
				return e.printCase(c)
			})
		})
}

func closeWord() cli.Verb {
	return word("close ID", "close a case; it can be read, reported and reopened",
		[]string{"konseki case close 2018-001 --reason '再発防止策の確認を終えた'"},
		func(e *env, fs *flag.FlagSet) run {
			var reason phrase
			reason.register(fs, "reason", "why it is closed")
			return e.on(1, 1, func(ctx context.Context, s *server.Server, args []string) error {
				return s.CloseCase(ctx, e.person(), args[0], reason.in(e.Lang))
			})
		})
}

func reopenWord() cli.Verb {
	return word("reopen ID", "open a closed case again", []string{"konseki case reopen 2018-001"},
		func(e *env, _ *flag.FlagSet) run {
			return e.on(1, 1, func(ctx context.Context, s *server.Server, args []string) error {
				return s.ReopenCase(ctx, e.person(), args[0])
			})
		})
}

func listWord() cli.Verb {
	return word("list", "list the cases, the newest first", []string{"konseki case list --json"},
		func(e *env, _ *flag.FlagSet) run {
			return e.on(0, 0, func(ctx context.Context, s *server.Server, _ []string) error {
				cases, err := s.Cases(ctx)
				if err != nil {
					return err
				}
				for _, c := range cases {
					if err := e.printCase(c); err != nil {
						return err
					}
				}
				return nil
			})
		})
}

// printCase writes a case as a line.
func (e *env) printCase(c *investigate.Case) error {
	if !e.JSON {
		e.line("%s  %s  %s  %s", c.ID, c.Status, cli.Stamp(c.Opened, e.zone), c.Title.In(e.Lang))
		return nil
	}
	return e.WriteJSON(struct {
		ID     string       `json:"id"`
		Title  event.Phrase `json:"title"`
		Status string       `json:"status"`
		Opened time.Time    `json:"opened"`
		By     string       `json:"opened_by"`
	}{c.ID, c.Title, c.Status, c.Opened.In(e.zone), c.OpenedBy})
}

func showWord() cli.Verb {
	return word("show ID", "show a case with all its parts; the verdicts of its questions are those of now",
		[]string{"konseki case show 2018-001", "konseki case show 2018-001 --json | jq '.questions[].answer.verdict'"},
		func(e *env, fs *flag.FlagSet) run {
			names := fs.Bool("real", false, "with --json: the real names of entities too")
			return e.on(1, 1, func(ctx context.Context, s *server.Server, args []string) error {
				c, err := s.Case(ctx, args[0])
				if err != nil {
					return err
				}
				if !*names {
					c = withoutNames(c)
				}
				if e.JSON {
					return e.WriteJSON(c)
				}
				e.show(c)
				return nil
			})
		})
}

func historyWord() cli.Verb {
	return word("history ID", "every operation on a case, oldest first: who did what when, with its record",
		[]string{"konseki case history 2018-001"},
		func(e *env, _ *flag.FlagSet) run {
			return e.on(1, 1, func(ctx context.Context, s *server.Server, args []string) error {
				c, err := s.Case(ctx, args[0])
				if err != nil {
					return err
				}
				return e.history(c.History)
			})
		})
}

func (e *env) history(list []investigate.Entry) error {
	for _, h := range list {
		if e.JSON {
			if err := e.WriteJSON(h); err != nil {
				return err
			}
			continue
		}
		e.line("%s  %-12s %-11s %-8s #%d", cli.Stamp(h.At, e.zone), h.By, h.Op, h.Target, h.Record)
	}
	return nil
}
