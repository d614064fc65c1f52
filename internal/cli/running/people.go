package running

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

// User is the verb user: who may open the pages, and as what.
func User() cli.Verb {
	return cli.Verb{
		Name: "user", Args: "invite ROLE | list | remove NAME", Does: "who may open the pages, and as what: administrators, analysts who write, viewers who read",
		Examples: []string{"konseki user invite analyst", "konseki user invite viewer --at https://konseki.example", "konseki user list", "konseki user remove t.abe"},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			at := fs.String("at", "", "`address` at which the person reaches the pages; default: where they are served")
			return func(ctx context.Context, args []string) error {
				switch {
				case len(args) == 2 && args[0] == "invite":
					return e.With(ctx, true, func(s *server.Server) error { return e.invite(ctx, s, args[1], strings.TrimRight(*at, "/")) })
				case len(args) == 1 && args[0] == "list":
					return e.With(ctx, false, e.listUsers)
				case len(args) == 2 && args[0] == "remove":
					return e.With(ctx, false, func(s *server.Server) error { return e.remove(ctx, s, args[1]) })
				}
				return fmt.Errorf("%w: user invite ROLE, user list or user remove NAME", cli.ErrUsage)
			}
		},
	}
}

func (e *env) invite(ctx context.Context, s *server.Server, role, at string) error {
	link, err := s.Invite(ctx, e.Person(), role, at)
	if errors.Is(err, auth.ErrRole) {
		return fmt.Errorf("%w: %w", cli.ErrUsage, err)
	}
	if err != nil {
		return err
	}
	if e.JSON {
		return e.WriteJSON(struct {
			Link string `json:"link"`
			Role string `json:"role"`
		}{link, role})
	}
	fmt.Fprintln(e.Stderr, e.Say("このリンクは 24 時間以内に一度だけ使えます。渡された人が名前とパスワードを決めます。", "The link works once, within 24 hours; whoever opens it chooses a name and a password."))
	_, err = fmt.Fprintln(e.Stdout, link)
	return err
}

func (e *env) listUsers(s *server.Server) error {
	a, err := s.Accounts()
	if err != nil {
		return err
	}
	for _, u := range a.Users() {
		if e.JSON {
			err = e.WriteJSON(u)
		} else {
			_, err = fmt.Fprintf(e.Stdout, "%-20s  %-8s  %s\n", terminal.Plain(u.Name), u.Role, u.Created.In(s.Zone).Format(time.DateOnly))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *env) remove(ctx context.Context, s *server.Server, name string) error {
	if err := s.Remove(ctx, e.Person(), name); err != nil {
		return err
	}
	_, err := fmt.Fprintln(e.Stderr, e.Say("アカウントを消しました。開いていた画面は使えなくなり、書いたものは名前と共に残ります。", "The account is gone. Its sessions have ended; what the person wrote stays under the name."))
	return err
}
