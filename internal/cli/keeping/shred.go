package keeping

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
	"github.com/konseki/konseki/internal/vault"
)

// Shred is the verb shred: make a source, a person or a segment unreadable for ever, in every copy.
func Shred() cli.Verb {
	return cli.Verb{
		Name: "shred", Args: "", Does: "make a source, a person or a segment unreadable for ever, in every copy",
		Examples: []string{
			"konseki shred --source payroll --reason 'contract ended'",
			"konseki shred --subject shop=4711 --reason 'erasure asked for on 2026-11-02'",
			"konseki shred --segment 000000000001-000000065536.parquet.age --reason 'court order 12/2026'",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			var req vault.ShredRequest
			var yes bool
			fs.Func("source", "`name` of a source that is kept under its own key", func(s string) error {
				req.Keys = append(req.Keys, s)
				return nil
			})
			fs.Func("subject", "`SOURCE=VALUE`: a person or customer in a source that is kept by subject", func(s string) error {
				source, subject, ok := strings.Cut(s, "=")
				if !ok || source == "" || subject == "" {
					return fmt.Errorf("%q is not SOURCE=VALUE", s)
				}
				req.Keys = append(req.Keys, server.SubjectKey(source, subject))
				return nil
			})
			fs.Func("segment", "`file` name of an encrypted segment", func(s string) error {
				req.Segments = append(req.Segments, s)
				return nil
			})
			fs.StringVar(&req.Reason, "reason", "", "why (`text`); sealed with the names of the keys")
			fs.BoolVar(&yes, "yes", false, "do not ask")
			return func(ctx context.Context, args []string) error {
				if len(args) > 0 || len(req.Keys)+len(req.Segments) == 0 || req.Reason == "" {
					return fmt.Errorf("%w: shred --source, --subject or --segment, with --reason", cli.ErrUsage)
				}
				req.By = e.Person()
				return e.shred(ctx, req, yes)
			}
		},
	}
}

// sure asks, because there is no way back.
func (e *env) sure() bool {
	fmt.Fprint(e.Stderr, e.Say("元に戻せない。続けるなら「破棄」と入力：", "There is no way back. Type “shred” to go on: "))
	line, _ := bufio.NewReader(e.Stdin).ReadString('\n')
	line = strings.TrimSpace(line)
	return line == "shred" || line == "破棄"
}

func (e *env) shred(ctx context.Context, req vault.ShredRequest, yes bool) error {
	return e.With(ctx, false, func(s *server.Server) error {
		if !yes && !e.sure() {
			return fmt.Errorf("%w: nothing was shredded; give --yes where nobody can be asked", cli.ErrUsage)
		}
		rep, err := s.Shred(ctx, req)
		if err != nil {
			return err
		}
		if e.JSON {
			return e.WriteJSON(rep)
		}
		for _, k := range rep.Keys {
			fmt.Fprintf(e.Stdout, e.Say("鍵を破棄した：%s\n", "destroyed: %s\n"), terminal.Plain(k))
		}
		fmt.Fprint(e.Stderr, e.Say(
			"以前に書き出した復旧用ファイルにはまだ鍵が残っている：破棄して書き直すこと。\n",
			"Recovery files written before still hold the key: destroy them, and write a new one.\n"))
		return nil
	})
}
