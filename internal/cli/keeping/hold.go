package keeping

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

// Hold is the verb hold: keep what a case needs from being let go, and see what rolls off when.
func Hold() cli.Verb {
	return cli.Verb{
		Name: "hold", Args: "start CASE | list | release CASE | race [CASE]", Does: "keep what a case needs from being let go, and see what rolls off when",
		Examples: []string{
			"konseki hold start 2026-001 --reason 'suspected intrusion by VPN'",
			"konseki hold start 2026-001 --source 'vpn*' --source auth --from 2026-01-01 --to 2026-03-01",
			"konseki hold race 2026-001",
			"konseki hold release 2026-001 --reason 'case closed, report handed in'",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			var w cli.Window
			var h control.Hold
			w.Register(fs)
			fs.Func("source", "`pattern` of the sources held, such as 'vpn*'; may be repeated; default: every source", func(s string) error {
				h.Sources = append(h.Sources, s)
				return nil
			})
			fs.StringVar(&h.Reason, "reason", "", "why (`text`)")
			return func(ctx context.Context, args []string) error {
				if len(args) == 0 {
					return fmt.Errorf("%w: hold start CASE, hold list, hold release CASE or hold race [CASE]", cli.ErrUsage)
				}
				if len(args) == 2 {
					h.Case = args[1]
				}
				return e.hold(ctx, args, w, h)
			}
		},
	}
}

func (e *env) hold(ctx context.Context, args []string, w cli.Window, h control.Hold) error {
	switch op := args[0]; {
	case op == "list" && len(args) == 1:
		return e.With(ctx, false, func(s *server.Server) error { return e.listHolds(ctx, s, w) })
	case op == "race" && len(args) <= 2:
		return e.With(ctx, false, func(s *server.Server) error { return e.race(ctx, s, h.Case, w) })
	case op == "start" && len(args) == 2:
		return e.With(ctx, false, func(s *server.Server) error {
			var err error
			if h.From, h.To, _, err = w.Parse(s.Zone); err != nil {
				return err
			}
			started, err := s.StartHold(ctx, e.Person(), h)
			if err != nil {
				return err
			}
			fmt.Fprintf(e.Stderr, e.Say("保全を開始した：%s\n", "held: %s\n"), terminal.Plain(started.ID))
			return e.race(ctx, s, h.Case, w)
		})
	case op == "release" && len(args) == 2:
		return e.With(ctx, false, func(s *server.Server) error {
			released, err := s.ReleaseHold(ctx, e.Person(), h.Case, h.Reason)
			if err != nil {
				return err
			}
			return e.printHolds(released, s.Zone)
		})
	}
	return fmt.Errorf("%w: hold start CASE, hold list, hold release CASE or hold race [CASE]", cli.ErrUsage)
}

func (e *env) listHolds(ctx context.Context, s *server.Server, w cli.Window) error {
	_, _, loc, err := w.Parse(s.Zone)
	if err != nil {
		return err
	}
	holds, err := s.Holds(ctx)
	if err != nil {
		return err
	}
	if len(holds) == 0 && !e.JSON {
		fmt.Fprintln(e.Stderr, e.Say("保全はない。konseki hold start 事案 で始める。", "nothing is held; konseki hold start CASE begins a hold"))
	}
	return e.printHolds(holds, loc)
}

func (e *env) printHolds(holds []control.Hold, loc *time.Location) error {
	for i := range holds {
		h := &holds[i]
		if e.JSON {
			if err := e.WriteJSON(h); err != nil {
				return err
			}
			continue
		}
		what := e.Say("全ログ源", "every source")
		if len(h.Sources) > 0 {
			what = strings.Join(h.Sources, " ")
		}
		window := ""
		if !h.From.IsZero() || !h.To.IsZero() {
			window = "  " + orOpen(h.From, loc) + " – " + orOpen(h.To, loc)
		}
		state := e.Say("保全中", "held")
		if h.Released != nil {
			state = e.Say("解除", "released") + " " + cli.Stamp(h.Released.At, loc) + " " + h.Released.By + ": " + h.Released.Reason
		}
		fmt.Fprintln(e.Stdout, terminal.Plain(fmt.Sprintf("%-12s %s %s  %s%s  %s  %s", h.ID, cli.Stamp(h.At, loc), h.By, what, window, h.Reason, state)))
	}
	return nil
}

func orOpen(t time.Time, loc *time.Location) string {
	if t.IsZero() {
		return "…"
	}
	return cli.Stamp(t, loc)
}

// race prints which source rolls off when, the most pressing first.
func (e *env) race(ctx context.Context, s *server.Server, caseID string, w cli.Window) error {
	_, _, loc, err := w.Parse(s.Zone)
	if err != nil {
		return err
	}
	r, err := s.Race(ctx, caseID)
	if err != nil {
		return err
	}
	if e.JSON {
		for i := range r.Lines {
			if err := e.WriteJSON(e.heatJSON(r, &r.Lines[i])); err != nil {
				return err
			}
		}
		return nil
	}
	why := map[string]string{"hold": e.Say("保全の始まり", "where the hold begins"), "timeline": e.Say("経緯の最初の行", "first row of the timeline"), "now": e.Say("いま書かれる記録", "what is written now")}[r.Why]
	fmt.Fprintf(e.Stdout, "%s: %s (%s)\n", e.Say("必要な最古の記録", "oldest record needed"), cli.Stamp(r.Needed, loc), why)
	for i := range r.Lines {
		e.printHeat(r, &r.Lines[i], loc)
	}
	return nil
}

func (e *env) printHeat(r *control.Race, h *control.Heat, loc *time.Location) {
	name := h.Source
	if named := h.Name.In(e.Lang); named != "" {
		name = named + " (" + h.Source + ")"
	}
	origin := e.Say("元で：不明 – 要確認", "at the origin: unknown – ask")
	left, known := h.OriginLeft(r.At)
	switch {
	case known && left > 0:
		origin = fmt.Sprintf(e.Say("元で：あと %s（%s 保存、必要な最古 %s）", "at the origin: %s left (keeps %s, oldest needed %s)"), e.Span(left), h.Origin.Words().In(e.Lang), cli.Stamp(r.Needed, loc))
	case known:
		origin = fmt.Sprintf(e.Say("元で：%s前に消えた（%s 保存）", "at the origin: rolled off %s ago (keeps %s)"), e.Span(-left), h.Origin.Words().In(e.Lang))
	case h.Origin.Endless() && !h.Origin.IsZero():
		origin = e.Say("元で：期限なし", "at the origin: kept for ever")
	}
	here := e.Say("ここで：期限なし", "here: kept for ever")
	hereLeft, ends := h.HereLeft(r.At)
	switch {
	case ends && hereLeft > 0:
		here = fmt.Sprintf(e.Say("ここで：あと %s（%s 保存）", "here: %s left (kept %s)"), e.Span(hereLeft), h.Retention.Words().In(e.Lang))
	case ends:
		here = e.Say("ここで：次の期限処理で手放す", "here: let go at the next expiry")
	case !h.Retention.Endless():
		here = fmt.Sprintf(e.Say("ここで：%s 保存", "here: kept %s"), h.Retention.Words().In(e.Lang))
	}
	if len(h.HeldBy) > 0 {
		here += e.Say("、保全中 ", ", held by ") + strings.Join(h.HeldBy, " ")
	}
	fmt.Fprintf(e.Stdout, "%s%s\n  %s  %s\n", e.gauge(h, r.At), terminal.Plain(name), terminal.Plain(origin), terminal.Plain(here))
	for _, x := range h.Lost {
		fmt.Fprintf(e.Stdout, "  %s %s – %s (%s)\n", e.Say("元でも失われた：", "lost at the origin too:"), cli.Stamp(x.From, loc), cli.Stamp(x.To, loc), coverage.StateLabel(x.State).In(e.Lang))
	}
	for _, x := range h.Only {
		fmt.Fprintf(e.Stdout, "  %s %s – %s (%s)\n", e.Say("元にしか無い：", "only at the origin:"), cli.Stamp(x.From, loc), cli.Stamp(x.To, loc), coverage.StateLabel(x.State).In(e.Lang))
	}
	fmt.Fprintf(e.Stdout, "  → %s\n", terminal.Plain(h.Do.In(e.Lang)))
}

// gauge is, where people watch, a bar of the time left at the origin.
func (e *env) gauge(h *control.Heat, now time.Time) string {
	if !terminal.IsTerminal(e.Stdout) {
		return ""
	}
	const width = 10
	left, known := h.OriginLeft(now)
	full, colour := 0, "31"
	switch {
	case h.Origin.IsZero():
	case !known:
		full, colour = width, "32"
	case left > 0:
		whole := h.OriginUntil.Sub(h.Origin.Before(h.OriginUntil))
		full, colour = min(width, 1+int(float64(left)/float64(whole)*(width-1))), "33"
	}
	bar := strings.Repeat("█", full) + strings.Repeat("·", width-full) + " "
	if os.Getenv("NO_COLOR") != "" {
		return bar
	}
	return "\x1b[" + colour + "m" + bar + "\x1b[0m"
}

// heatJSON is one source of the race as scripts read it; times left are in
// seconds, negative when they are over, and absent when nothing ends.
type heatJSON struct {
	control.Heat
	Needed     time.Time `json:"needed"`
	OriginLeft *int64    `json:"origin_left,omitempty"`
	HereLeft   *int64    `json:"here_left,omitempty"`
	Hint       string    `json:"hint"`
}

func (e *env) heatJSON(r *control.Race, h *control.Heat) heatJSON {
	out := heatJSON{Heat: *h, Needed: r.Needed, Hint: h.Do.In(e.Lang)}
	if left, known := h.OriginLeft(r.At); known {
		out.OriginLeft = new(int64(left / time.Second))
	}
	if left, ends := h.HereLeft(r.At); ends {
		out.HereLeft = new(int64(left / time.Second))
	}
	return out
}
