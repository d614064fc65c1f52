// Package advisory shows and acknowledges, on the command line, what is published about flaws of what the company runs: advisory.
package advisory

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/advisory"
	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/advised"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
	"github.com/konseki/konseki/internal/wire"
)

// env is the common one, with what this room says and prints.
type env struct{ *cli.Env }

// Verb is the verb advisory: published flaws of what the company runs.
func Verb() cli.Verb {
	return cli.Verb{
		Name: "advisory", Args: "list | show ID | ack ID", Does: "published flaws of what the company runs, and who has read of them",
		Examples: []string{
			"konseki advisory list --open", "konseki advisory show CVE-2026-10001",
			"konseki advisory ack CVE-2026-10001 --note 'both sites are updated tonight'",
			"konseki import osv.zip; konseki estate import software software.csv",
		},
		Verbs: []cli.Verb{listVerb(), showVerb(), ackVerb()},
	}
}

func listVerb() cli.Verb {
	return cli.Verb{
		Name: "list", Does: "the flaws that concern what is run, and how far that is known",
		Examples: []string{"konseki advisory list", "konseki advisory list --open --json"},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			open := fs.Bool("open", false, "only what still runs, was not taken back and nobody has acknowledged")
			return func(ctx context.Context, args []string) error {
				if len(args) > 0 {
					return fmt.Errorf("%w: advisory list takes no words", cli.ErrUsage)
				}
				return e.With(ctx, false, func(s *server.Server) error { return e.list(ctx, s, *open) })
			}
		},
	}
}

func showVerb() cli.Verb {
	return cli.Verb{
		Name: "show", Args: "ID", Does: "one flaw by any of its names: where it is run, its editions, who acknowledged, and what else names it",
		Examples: []string{"konseki advisory show CVE-2026-10001", "konseki advisory show GHSA-aaaa-bbbb-cccc --json"},
		Prepare: func(c *cli.Env, _ *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			return func(ctx context.Context, args []string) error {
				if len(args) != 1 {
					return fmt.Errorf("%w: advisory show ID", cli.ErrUsage)
				}
				return e.With(ctx, false, func(s *server.Server) error { return e.show(ctx, s, args[0]) })
			}
		},
	}
}

func ackVerb() cli.Verb {
	return cli.Verb{
		Name: "ack", Args: "ID", Does: "say that you have read an advisory; nobody is told of it again unless it grows graver",
		Examples: []string{"konseki advisory ack CVE-2026-10001 --note 'not reachable from outside; update on Friday'"},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			note := fs.String("note", "", "what is done about it (`text`)")
			return func(ctx context.Context, args []string) error {
				if len(args) != 1 {
					return fmt.Errorf("%w: advisory ack ID [--note TEXT]", cli.ErrUsage)
				}
				return e.With(ctx, false, func(s *server.Server) error {
					f, err := s.Acknowledge(ctx, e.Person(), args[0], strings.TrimSpace(*note))
					if err != nil {
						return err
					}
					return e.print(f, s)
				})
			}
		},
	}
}

// list prints the flaws and ends with the answer that they are.
func (e *env) list(ctx context.Context, s *server.Server, open bool) error {
	st, err := s.Standing(ctx, e.Person())
	if err != nil {
		return err
	}
	for i := range st.Flaws {
		f := &st.Flaws[i]
		if len(f.Hits) == 0 || open && !advised.Open(f, s.Now()) {
			continue
		}
		if err := e.print(f, s); err != nil {
			return err
		}
	}
	if e.JSON {
		return e.WriteJSON(wire.AnswerOf(st.Answer, s.Zone, e.Lang))
	}
	e.PrintAnswer(st.Answer, s.Zone)
	return nil
}

// maxMentions bounds the records that are shown to name a flaw.
const maxMentions = 20

// show prints one flaw and the records that name it: mails, messages, logs.
func (e *env) show(ctx context.Context, s *server.Server, id string) error {
	f, err := s.Flaw(ctx, id)
	if err != nil {
		return err
	}
	if err := s.Accessed(ctx, e.Person(), "advisories", id); err != nil {
		return err
	}
	if err := e.print(f, s); err != nil {
		return err
	}
	if !e.JSON {
		e.details(f, s.Zone)
	}
	var names []string
	for _, n := range f.Names() {
		if !strings.ContainsAny(n, `"\`) {
			names = append(names, `"`+n+`"`)
		}
	}
	r, err := s.Search(ctx, e.Person(), control.Search{Query: "(" + strings.Join(names, " OR ") + ") NOT class:vulnerability NOT class:finding", Limit: maxMentions, Oldest: true, Zone: s.Zone})
	if err != nil {
		return err
	}
	for i := range r.Events {
		if e.JSON {
			if err := e.WriteJSON(wire.EventOf(&r.Events[i], s.Zone, nil)); err != nil {
				return err
			}
			continue
		}
		e.PrintEvent(&r.Events[i], s.Zone, nil)
	}
	if e.JSON {
		return e.WriteJSON(wire.AnswerOf(r.Answer, s.Zone, e.Lang))
	}
	return nil
}

// flaw is a flaw as scripts read it.
type flaw struct {
	ID        string         `json:"id"`
	Names     []string       `json:"names"`
	Level     string         `json:"level"`
	Summary   string         `json:"summary"`
	Published time.Time      `json:"published"`
	Open      bool           `json:"open"`
	Withdrawn bool           `json:"withdrawn"`
	Exploited bool           `json:"exploited"`
	Hits      []hit          `json:"hits"`
	Unclear   []string       `json:"unclear,omitempty"` // hosts whose versions cannot be compared
	Acks      []advisory.Ack `json:"acks"`
	Records   []uint64       `json:"records"` // of the editions
}

// hit is where it is run.
type hit struct {
	Host      string    `json:"host"`
	Package   string    `json:"package"`
	Version   string    `json:"version"`
	Ecosystem string    `json:"ecosystem,omitempty"`
	Level     string    `json:"level"`
	At        time.Time `json:"at"`
	Running   bool      `json:"running"`
}

func flawOf(f *advisory.Flaw, now time.Time, zone *time.Location) flaw {
	out := flaw{
		ID: f.Key, Names: f.Names(), Summary: f.Last().Summary, Published: f.Editions[0].Issued().In(zone), Open: advised.Open(f, now), Withdrawn: f.Withdrawn(now),
		Hits: []hit{}, Unclear: f.Odd, Acks: append([]advisory.Ack{}, f.Acks...), Records: []uint64{},
	}
	for i := range f.Editions {
		out.Exploited = out.Exploited || f.Editions[i].Exploited
		out.Records = append(out.Records, f.Editions[i].Record)
	}
	for _, h := range f.Hits {
		out.Level = h.Level
		out.Hits = append(out.Hits, hit{h.Host, h.Package, h.Version, h.Ecosystem, h.Level, h.At.In(zone), h.Holds(now)})
	}
	return out
}

// print writes a flaw on one line, or as one object.
func (e *env) print(f *advisory.Flaw, s *server.Server) error {
	x := flawOf(f, s.Now(), s.Zone)
	if e.JSON {
		return e.WriteJSON(x)
	}
	var hosts []string
	for _, h := range x.Hits {
		if name := h.Host + " (" + h.Package + " " + h.Version + ")"; h.Running && !slices.Contains(hosts, name) {
			hosts = append(hosts, name)
		}
	}
	state := e.Say("確認済み", "acknowledged")
	switch {
	case x.Withdrawn:
		state = e.Say("取り下げ", "withdrawn")
	case len(hosts) == 0:
		state = e.Say("該当なし", "concerns nothing")
	case x.Open:
		state = e.Say("未確認", "open")
	}
	_, err := fmt.Fprintln(e.Stdout, terminal.Plain(fmt.Sprintf("%s  %-8s  %-12s  %s  %s  %s", x.Published.Format("2006-01-02 15:04 MST"), x.Level, state, x.ID, x.Summary, strings.Join(hosts, ", "))))
	return err
}

// details writes the names, the editions and the acknowledgements.
func (e *env) details(f *advisory.Flaw, zone *time.Location) {
	line := func(text string, args ...any) {
		fmt.Fprintln(e.Stdout, "  "+terminal.Plain(fmt.Sprintf(text, args...)))
	}
	line("%s %s", e.Say("名称", "names"), strings.Join(f.Names(), ", "))
	for i := range f.Editions {
		n := &f.Editions[i]
		line("%s %s  %s  %s  #%d", e.Say("版", "edition"), n.Modified.In(zone).Format("2006-01-02 15:04:05 MST"), n.ID, n.Severity, n.Record)
	}
	for _, h := range f.Hits {
		line("%s %s  %s %s  %s  #%d", e.Say("該当", "affects"), h.Host, h.Package, h.Version, h.At.In(zone).Format("2006-01-02 15:04:05 MST"), h.Record)
	}
	for _, host := range f.Odd {
		line("%s %s", e.Say("比較できないバージョン", "version cannot be compared"), host)
	}
	for _, a := range f.Acks {
		line("%s %s  %s  %s", e.Say("確認", "acknowledged"), a.At.In(zone).Format("2006-01-02 15:04:05 MST"), a.By, a.Note)
	}
}
