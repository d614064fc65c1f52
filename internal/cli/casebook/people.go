package casebook

import (
	"fmt"
	"strings"

	"github.com/konseki/konseki/internal/investigate"
)

func (e *env) listTold(c *investigate.Case) error {
	for i := range c.Told {
		if !e.JSON {
			e.line("%s", e.toldLine(&c.Told[i]))
		} else if err := e.WriteJSON(&c.Told[i]); err != nil {
			return err
		}
	}
	return nil
}

// toldLine says who was told what.
func (e *env) toldLine(t *investigate.Told) string {
	at := e.rowTime(&investigate.Row{At: t.At, Precision: t.Precision})
	return fmt.Sprintf("%-6s %s  %s (%s)  %s", t.ID, at, t.Recipient.In(e.Lang),
		strings.Join(strings.Fields(t.Group+" "+t.Channel+" "+t.Version), " "), t.Text.In(e.Lang))
}

func (e *env) listScopes(c *investigate.Case) error {
	for i := range c.Scopes {
		if !e.JSON {
			e.line("%-6s %s", c.Scopes[i].ID, c.Scopes[i].Text.In(e.Lang))
			e.printScope(&c.Scopes[i])
		} else if err := e.WriteJSON(&c.Scopes[i]); err != nil {
			return err
		}
	}
	return nil
}

// shownRows is how many values a scope shows on a terminal; --json has them all.
const shownRows = 20

// printScope tells a number, what it rests on, and the values that changed most.
func (e *env) printScope(s *investigate.Scope) {
	e.line("  %s", e.number(s.Number))
	if s.Number != nil && !s.Number.Basis.Empty() {
		e.line("  %s", s.Number.Basis.In(e.Lang))
	}
	for _, r := range s.Rows[:min(len(s.Rows), shownRows)] {
		before := make([]string, len(r.Before))
		for i, n := range r.Before {
			before[i] = fmt.Sprintf("%g", n)
		}
		e.line(e.Say("    %s  %d（前の週から順に %s）", "    %s  %d (the weeks before: %s)"), r.Value, r.Count, strings.Join(before, " "))
	}
	if more := len(s.Rows) - shownRows; more > 0 {
		e.line(e.Say("    … ほかに %d", "    … and %d more"), more)
	}
	if s.Answer != nil {
		e.PrintAnswer(*s.Answer, e.zone)
	}
}
