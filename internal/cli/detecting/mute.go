package detecting

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/detect/story"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

// Mute is the verb mute: leave findings out of stories for a time, with an owner and a reason.
func Mute() cli.Verb {
	return cli.Verb{
		Name: "mute", Args: "add | list | end ID", Does: "leave findings out of stories for a time, with an owner and a reason",
		Examples: []string{
			"konseki mute add --rule 'web-scanner-*' --address 198.51.100.7 --until 2026-12-31 --owner 'Sato (security)' --reason 'authorised yearly scan'",
			"konseki mute list", "konseki mute end m1203 --reason 'scan is over'",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			var m story.Mute
			var from, until, tz string
			fs.StringVar(&m.Rule, "rule", "", "rule id, * stands for any text (`pattern`)")
			fs.StringVar(&m.Account, "account", "", "account, without domain (`pattern`)")
			fs.StringVar(&m.Address, "address", "", "address (`pattern`)")
			fs.StringVar(&m.Host, "host", "", "host (`pattern`)")
			fs.StringVar(&m.Source, "source", "", "log source (`pattern`)")
			fs.StringVar(&m.Owner, "owner", "", "who answers for it (`name`)")
			fs.StringVar(&m.Reason, "reason", "", "why it is right, or why it ends (`text`)")
			fs.StringVar(&from, "from", "", "findings of events before this are not muted; default: none (`time`)")
			fs.StringVar(&until, "until", "", "when it ends, at most 366 days ahead (`time`)")
			fs.StringVar(&tz, "tz", "", "IANA `zone` for times given and shown; default: the configured one")
			return func(ctx context.Context, args []string) error {
				return e.With(ctx, false, func(s *server.Server) error {
					loc, err := cli.Zone(tz, s.Zone)
					if err != nil {
						return err
					}
					if m.From, err = cli.Instant("from", from, loc); err != nil {
						return err
					}
					if m.Until, err = cli.Instant("until", until, loc); err != nil {
						return err
					}
					return e.mute(ctx, s, args, m, loc)
				})
			}
		},
	}
}

func (e *env) mute(ctx context.Context, s *server.Server, args []string, m story.Mute, loc *time.Location) error {
	switch {
	case len(args) == 1 && args[0] == "add":
		made, err := s.AddMute(ctx, e.Person(), m)
		if err != nil {
			return err
		}
		return e.printMutes([]control.Mute{*made}, loc)
	case len(args) == 1 && args[0] == "list":
		list, err := s.Mutes(ctx)
		if err != nil {
			return err
		}
		if len(list) == 0 && !e.JSON {
			fmt.Fprintln(e.Stderr, e.Say("ミュートはない。konseki mute add --help で書き方を示す。", "nothing is muted; konseki mute add --help shows how"))
		}
		return e.printMutes(list, loc)
	case len(args) == 2 && args[0] == "end":
		ended, err := s.EndMute(ctx, e.Person(), args[1], m.Reason)
		if err != nil {
			return err
		}
		return e.printMutes([]control.Mute{*ended}, loc)
	}
	return fmt.Errorf("%w: mute add, mute list or mute end ID", cli.ErrUsage)
}

func (e *env) printMutes(list []control.Mute, loc *time.Location) error {
	for i := range list {
		m := &list[i]
		if e.JSON {
			if err := e.WriteJSON(m); err != nil {
				return err
			}
			continue
		}
		what := ""
		for _, part := range []struct{ name, value string }{
			{"rule", m.Rule}, {"account", m.Account}, {"address", m.Address}, {"host", m.Host}, {"source", m.Source},
		} {
			if part.value != "" {
				what += " " + part.name + "=" + part.value
			}
		}
		text := fmt.Sprintf("%s %s%s  %s %s  %s: %s", m.ID, e.Say("ミュート", "mutes"), what, e.Say("期限", "until"), m.Until.In(loc).Format("2006-01-02 15:04 MST"), m.Owner, m.Reason)
		if m.Ended != nil {
			text += fmt.Sprintf("  (%s %s: %s)", e.Say("終了", "ended"), m.Ended.At.In(loc).Format("2006-01-02 15:04"), m.Ended.Reason)
		}
		fmt.Fprintln(e.Stdout, terminal.Plain(text))
	}
	return nil
}
