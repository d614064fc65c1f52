package casebook

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate/clock"
	"github.com/konseki/konseki/internal/investigate/duty"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

func clocksWord() cli.Verb {
	return word("clocks ID", "list the deadlines that follow from the facts of a case: by when, to whom, what has to be told, and how the deadline moved",
		[]string{
			"konseki case clocks 2018-001",
			"konseki case clocks 2018-001 --all --json | jq 'select(.state==\"possible\") | .because'",
			"konseki case clocks 2018-001 --ics deadlines.ics",
		},
		func(e *env, fs *flag.FlagSet) run {
			all := fs.Bool("all", false, "show those too that do not apply, and why")
			ics := fs.String("ics", "", "write them as a calendar (iCalendar) to the `file`")
			return e.on(1, 1, func(ctx context.Context, s *server.Server, args []string) error {
				if *ics != "" {
					to := output{file: *ics}
					return to.write(e, func(w io.Writer) error { return s.Calendar(ctx, args[0], e.Lang, w) })
				}
				list, err := s.Duties(ctx, args[0])
				if err != nil {
					return err
				}
				return e.printClocks(list, s.Now(), *all)
			})
		})
}

// clockJSON is one line of `case clocks --json`: a deadline, and how many seconds
// are left until it, less than 0 when it has passed.
type clockJSON struct {
	ID        string         `json:"id"`
	Regime    string         `json:"regime"`
	Name      event.Phrase   `json:"name"`
	Recipient event.Phrase   `json:"recipient"`
	State     clock.State    `json:"state"`
	Because   []event.Phrase `json:"because,omitempty"`
	Start     time.Time      `json:"start,omitzero"`
	StartedBy string         `json:"started_by,omitempty"`
	Due       clock.Due      `json:"due"`
	Left      *int64         `json:"left_seconds,omitempty"`
	Items     []itemJSON     `json:"items,omitempty"`
	Submitted *time.Time     `json:"submitted,omitempty"`
	Late      event.Phrase   `json:"late,omitzero"` // the reason
	Source    string         `json:"source"`
	Status    event.Phrase   `json:"status"`
	Verified  string         `json:"verified"`
	Counsel   event.Phrase   `json:"counsel"`
	History   []clock.Change `json:"history,omitempty"`
}

// itemJSON is one thing that has to be told; what says it is in fills, as
// "section summary".
type itemJSON struct {
	Text  event.Phrase `json:"text"`
	Fills []string     `json:"fills"`
}

func (e *env) clockJSON(d *duty.Duty, now time.Time) clockJSON {
	r := &d.Rule
	out := clockJSON{
		ID: r.ID, Regime: r.Regime, Name: r.Name, Recipient: r.Recipient, State: d.State, Because: d.Because,
		Start: cli.InZone(d.Start, e.zone), StartedBy: d.StartedBy, Due: d.Due,
		Source: r.Source, Status: d.Clock.Verified, Verified: r.Verified, Counsel: d.Counsel, History: d.History,
	}
	out.Due.Earliest, out.Due.Latest = cli.InZone(d.Due.Earliest, e.zone), cli.InZone(d.Due.Latest, e.zone)
	for i := range d.Items {
		it := itemJSON{Text: d.Items[i].Text, Fills: []string{}}
		for _, f := range d.Items[i].Fills {
			it.Fills = append(it.Fills, string(f.Kind)+" "+f.ID)
		}
		out.Items = append(out.Items, it)
	}
	if d.Submitted != nil {
		at := d.Submitted.At.In(e.zone)
		out.Submitted, out.Late = &at, d.Submitted.Late
	}
	if open(&d.Clock) {
		left := int64(d.Due.Latest.Sub(now) / time.Second)
		out.Left = &left
	}
	return out
}

func (e *env) printClocks(list []duty.Duty, now time.Time, all bool) error {
	hidden := 0
	for i := range list {
		c := &list[i]
		if c.State == clock.NotApplicable && !all {
			hidden++
			continue
		}
		if !e.JSON {
			e.printClock(c, now)
			continue
		}
		if err := e.WriteJSON(e.clockJSON(c, now)); err != nil {
			return err
		}
	}
	if hidden > 0 && !e.JSON {
		e.line(e.Say("ほかに該当しない期限が %d 件（--all で表示）", "%d more deadlines do not apply (--all shows them)"), hidden)
	}
	return nil
}

// open reports whether something is still to be handed in by a time that is known.
func open(c *clock.Clock) bool {
	return !c.Due.Latest.IsZero() && slices.Contains([]clock.State{clock.Running, clock.DueSoon, clock.Late, clock.Possible}, c.State)
}

// printClock writes a deadline: state and time first, then what it is, what has
// to be told, on what it rests and how it moved.
func (e *env) printClock(c *duty.Duty, now time.Time) {
	e.line("%s  %s%s", terminal.Pad(e.clockState(c.State), 18), e.due(c.Due), e.left(&c.Clock, now))
	e.line("    %s  %s → %s", c.Rule.ID, c.Rule.Name.In(e.Lang), c.Rule.Recipient.In(e.Lang))
	if !c.Start.IsZero() {
		e.line(e.Say("    起算 %s（%s）", "    runs from %s (%s)"), cli.Stamp(c.Start, e.zone), c.StartedBy)
	}
	for _, b := range c.Because {
		e.line("    - %s", b.In(e.Lang))
	}
	if s := c.Submitted; s != nil {
		e.line(e.Say("    提出 %s  %s", "    handed in %s  %s"), cli.Stamp(s.At, e.zone), s.Late.In(e.Lang))
	}
	for i := range c.Items {
		e.line("    %s", e.item(&c.Items[i]))
	}
	for i := range c.History {
		h := &c.History[i]
		e.line("    %s  %s  %s", cli.Stamp(h.At, e.zone), h.Text.In(e.Lang), e.due(h.Due))
	}
	if !c.Rule.Note.Empty() {
		e.line("    %s", c.Rule.Note.In(e.Lang))
	}
	e.line(e.Say("    根拠 %s（%s、%s）。%s", "    source %s (%s, %s). %s"), c.Rule.Source, c.Verified.In(e.Lang), c.Rule.Verified, c.Counsel.In(e.Lang))
	fmt.Fprintln(e.Stdout)
}

// item is one thing that has to be told, and where the case says it.
func (e *env) item(it *duty.Item) string {
	if len(it.Fills) == 0 {
		return e.Say("□ ", "[ ] ") + it.Text.In(e.Lang)
	}
	var parts []string
	for _, f := range it.Fills {
		parts = append(parts, e.kindWord(f.Kind)+" "+f.ID)
	}
	return e.Say("■ ", "[x] ") + it.Text.In(e.Lang) + e.Say(" ← ", " <- ") + strings.Join(parts, e.Say("、", ", "))
}

// due is by when, in the zone that times are shown in.
func (e *env) due(d clock.Due) string {
	const minute = "2006-01-02 15:04 MST"
	switch {
	case d.Promptly:
		return e.Say("速やかに", "without delay")
	case d.Latest.IsZero():
		return e.Say("期日なし", "no time yet")
	case d.Earliest.Equal(d.Latest):
		return d.Latest.In(e.zone).Format(minute)
	}
	return d.Earliest.In(e.zone).Format(minute) + e.Say("〜", " to ") + d.Latest.In(e.zone).Format(minute)
}

// left is how much time there is, where something is still to be handed in.
func (e *env) left(c *clock.Clock, now time.Time) string {
	if !open(c) {
		return ""
	}
	if d := c.Due.Latest.Sub(now); d < 0 {
		return fmt.Sprintf(e.Say("（%s超過）", " (%s late)"), e.Span(-d))
	}
	return fmt.Sprintf(e.Say("（残り %s）", " (%s left)"), e.Span(c.Due.Earliest.Sub(now)))
}

func (e *env) clockState(s clock.State) string {
	for _, known := range clock.States() {
		if known.State == s {
			return known.Label.In(e.Lang)
		}
	}
	return string(s)
}

func keysWord() cli.Verb {
	return word("keys", "list the facts that deadlines follow from: their keys, what they mean, and which values they take", []string{"konseki case keys"},
		func(e *env, _ *flag.FlagSet) run {
			return func(_ context.Context, args []string) error {
				if len(args) > 0 {
					return fmt.Errorf("%w: keys takes no arguments", cli.ErrUsage)
				}
				keys, err := clock.Keys()
				if err != nil {
					return err
				}
				for i := range keys {
					if err := e.printKey(&keys[i]); err != nil {
						return err
					}
				}
				return nil
			}
		})
}

func (e *env) printKey(k *clock.Key) error {
	if e.JSON {
		return e.WriteJSON(k)
	}
	values := k.Type
	for i, c := range k.Choices {
		if i == 0 {
			values = c.Value
			continue
		}
		values += " | " + c.Value
	}
	e.line("%s  %s  [%s]", terminal.Pad(k.Key, 20), k.Label.In(e.Lang), values)
	e.line("    %s", k.Help.In(e.Lang))
	return nil
}
