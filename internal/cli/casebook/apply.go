package casebook

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/script"
	"github.com/konseki/konseki/internal/server"
)

func applyWord() cli.Verb {
	return word("apply [ID] FILE", "put all parts of a case that a YAML file holds; what says the same already is left alone, so applying twice adds nothing",
		[]string{"konseki case apply 2018-001 case.yaml", "konseki case apply case.yaml --json | jq .changed"},
		func(e *env, _ *flag.FlagSet) run {
			return e.on(1, 2, func(ctx context.Context, s *server.Server, args []string) error {
				caseID := ""
				if len(args) > 1 {
					caseID = args[0]
				}
				f, err := e.readCase(args[len(args)-1], caseID)
				if err != nil {
					return err
				}
				return e.apply(ctx, s, f)
			})
		})
}

// readCase reads a case file, which must be for the case where both are named.
func (e *env) readCase(name, caseID string) (*script.Script, error) {
	in, err := os.Open(e.Path(name))
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	f, err := script.Read(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if f.ID != "" && caseID != "" && f.ID != caseID {
		return nil, fmt.Errorf("%s is for the case %s, not %s", name, f.ID, caseID)
	}
	if f.ID = cmp.Or(f.ID, caseID); f.ID == "" {
		return nil, fmt.Errorf("%w: %s does not say which case it is for; name it: konseki case apply ID %s", cli.ErrUsage, name, name)
	}
	return f, nil
}

// apply does the work of a case file and says which parts it put.
func (e *env) apply(ctx context.Context, s *server.Server, f *script.Script) error {
	before := uint64(0)
	if c, err := s.Case(ctx, f.ID); err == nil {
		before = c.History[len(c.History)-1].Record
	}
	n, err := s.ApplyFile(ctx, e.person(), f)
	if err != nil {
		return e.explained(err, nil)
	}
	c, err := s.Case(ctx, f.ID)
	if err != nil {
		return err
	}
	var done []investigate.Entry
	for _, h := range c.History {
		if h.Record > before {
			done = append(done, h)
		}
	}
	if e.JSON {
		return e.WriteJSON(struct {
			Case      string              `json:"case"`
			Added     int                 `json:"added"`
			Changed   int                 `json:"changed"`
			Unchanged int                 `json:"unchanged"`
			Done      []investigate.Entry `json:"done,omitempty"`
		}{f.ID, n.Added, n.Changed, n.Unchanged, done})
	}
	if err := e.history(done); err != nil {
		return err
	}
	e.line(e.Say("追加 %d、変更 %d、変更なし %d", "%d added, %d changed, %d unchanged"), n.Added, n.Changed, n.Unchanged)
	return nil
}
