package casebook

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/server"
)

func factWord() cli.Verb {
	return word("fact ID [KEY VALUE]", "record what deadlines follow from, or what became of it; without a key list the facts, each with what it was before",
		[]string{
			"konseki case fact 2018-001 aware 2018-03-01T12:40:00+09:00",
			"konseki case fact 2018-001 cause malicious --known 2018-03-02 --note-ja '外部からの不正アクセスと分かった'",
			"konseki case fact 2018-001",
		},
		func(e *env, fs *flag.FlagSet) run {
			f := newForm(fs, investigate.KindFact, texts("note", "how it is known"), []option{
				{"known", "known", "since when it has been known (`time`); default: now", ""}, citing(),
			})
			return e.on(1, 3, func(ctx context.Context, s *server.Server, args []string) error {
				c, err := s.Case(ctx, args[0])
				if err != nil {
					return err
				}
				switch len(args) {
				case 1:
					return e.listFacts(c.Facts)
				case 2:
					return fmt.Errorf("%w: what is %s? name its value too", cli.ErrUsage, args[1])
				}
				f.id = args[1]
				if old := c.Fact(f.id); old != nil {
					f.base = old.Recorded
				}
				// What was said of the value before is not said of this one.
				err = f.put(ctx, e, s, args[0], "known=", "note.ja=", "note.en=", "cites=", "value="+e.factValue(args[2]))
				if errors.Is(err, control.ErrInvalid) {
					return cli.Hinted(err, e.Say("事実の一覧: konseki case keys", "the facts that there are: konseki case keys"))
				}
				return err
			})
		})
}

// listFacts writes every version of every fact, in the order recorded.
func (e *env) listFacts(facts []investigate.Fact) error {
	for i := range facts {
		f := &facts[i]
		if e.JSON {
			if err := e.WriteJSON(f); err != nil {
				return err
			}
			continue
		}
		known := ""
		if !f.Known.IsZero() {
			known = e.Say("  判明 ", "  known since ") + cli.Stamp(f.Known, e.zone)
		}
		e.line("%s  %s = %s%s  %s", cli.Stamp(f.At, e.zone), f.ID, f.Value, known, strings.TrimSpace(f.Note.In(e.Lang)+" "+cited(f.Cites)))
	}
	return nil
}

// factValue is a value as it is recorded: a time of day without a zone is one of
// the zone that is worked in.
func (e *env) factValue(text string) string {
	t, err := cli.Instant("value", text, e.zone)
	if err != nil || len(text) <= len(time.DateOnly) {
		return text
	}
	return t.Format(time.RFC3339Nano)
}
