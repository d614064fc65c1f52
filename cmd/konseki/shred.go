package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/vault"
)

func shredVerb() verb {
	return verb{
		name: "shred", args: "", does: "make a source, a person or a segment unreadable for ever, in every copy",
		examples: []string{
			"konseki shred --source payroll --reason 'contract ended'",
			"konseki shred --subject shop=4711 --reason 'erasure asked for on 2026-11-02'",
			"konseki shred --segment 000000000001-000000065536.parquet.age --reason 'court order 12/2026'",
		},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
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
					return fmt.Errorf("%w: shred --source, --subject or --segment, with --reason", errUsage)
				}
				if !yes && !e.sure() {
					return fmt.Errorf("%w: nothing was shredded; give --yes where nobody can be asked", errUsage)
				}
				req.By = person()
				return e.shred(ctx, req)
			}
		},
	}
}

// sure asks, because there is no way back.
func (e *env) sure() bool {
	fmt.Fprint(e.stderr, e.say("元に戻せない。続けるなら「破棄」と入力：", "There is no way back. Type “shred” to go on: "))
	line, _ := bufio.NewReader(e.stdin).ReadString('\n')
	line = strings.TrimSpace(line)
	return line == "shred" || line == "破棄"
}

func (e *env) shred(ctx context.Context, req vault.ShredRequest) error {
	return e.with(ctx, false, func(s *server.Server) error {
		rep, err := s.Shred(ctx, req)
		if err != nil {
			return err
		}
		if e.json {
			return e.writeJSON(rep)
		}
		for _, k := range rep.Keys {
			fmt.Fprintf(e.stdout, e.say("鍵を破棄した：%s\n", "destroyed: %s\n"), plain(k))
		}
		fmt.Fprint(e.stderr, e.say(
			"以前に書き出した復旧用ファイルにはまだ鍵が残っている：破棄して書き直すこと。\n",
			"Recovery files written before still hold the key: destroy them, and write a new one.\n"))
		return nil
	})
}
