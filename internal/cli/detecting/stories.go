package detecting

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/detect/story"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

// Stories is the verb stories: what wants looking at: findings about the same actors, put together.
func Stories() cli.Verb {
	return cli.Verb{
		Name: "stories", Args: "[ID]", Does: "what wants looking at: findings about the same actors, put together",
		Examples: []string{
			"konseki stories", "konseki stories --level low --from 2018-03-01",
			"konseki stories --days     # how many a day, and how many beyond the budget",
			"konseki stories 3f2a90c1   # one of them, with its findings",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			var w cli.Window
			q := control.StoryQuery{}
			w.Register(fs)
			fs.StringVar(&q.Level, "level", "", "the lowest `level` shown: informational, low, medium, high or critical; default: medium, for one story any")
			fs.IntVar(&q.Budget, "budget", 0, "stories a day; the gravest come first, what is beyond is counted; -1 for all; default: the configured one, 20 (`number`)")
			days := fs.Bool("days", false, "only how many there were each day")
			return func(ctx context.Context, args []string) error {
				if len(args) > 1 {
					return fmt.Errorf("%w: stories [ID]", cli.ErrUsage)
				}
				return e.With(ctx, false, func(s *server.Server) error {
					var err error
					if q.From, q.To, q.Zone, err = w.Parse(s.Zone); err != nil {
						return err
					}
					if len(args) == 1 {
						return e.oneStory(ctx, s, q, args[0])
					}
					found, err := s.Stories(ctx, e.Person(), q)
					if err != nil {
						return err
					}
					return e.printStories(found, q.Zone, *days)
				})
			}
		},
	}
}

// oneStory prints a story with its findings.
func (e *env) oneStory(ctx context.Context, s *server.Server, q control.StoryQuery, id string) error {
	if q.Level == "" {
		q.Level = "informational"
	}
	q.Budget = -1
	found, err := s.Stories(ctx, e.Person(), q)
	if err != nil {
		return err
	}
	for i := range found.Stories {
		t := &found.Stories[i]
		if !strings.HasPrefix(t.ID, strings.TrimPrefix(id, "#")) || id == "" {
			continue
		}
		if e.JSON {
			return e.WriteJSON(e.told(t, q.Zone))
		}
		e.printStory(t, q.Zone)
		for j := range t.Findings {
			f := &t.Findings[j]
			fmt.Fprintln(e.Stdout, terminal.Plain(fmt.Sprintf("    %s  %-13s %s  #%d %s %s", f.Time.In(q.Zone).Format("2006-01-02 15:04:05"), f.Level,
				e.Say(f.WhyJA, f.Why), f.Record, e.Say("引用", "cites"), numbers(f.Records))))
		}
		return nil
	}
	return fmt.Errorf("story %s: %w; konseki stories lists them", id, control.ErrNotFound)
}

// numbers writes the first few record numbers.
func numbers(list []uint64) string {
	var out []string
	for _, n := range list[:min(len(list), 5)] {
		out = append(out, fmt.Sprintf("#%d", n))
	}
	if more := len(list) - len(out); more > 0 {
		out = append(out, fmt.Sprintf("(+%d)", more))
	}
	return strings.Join(out, " ")
}

func (e *env) printStories(found *control.Stories, zone *time.Location, days bool) error {
	if e.JSON {
		return e.storiesJSON(found, zone, days)
	}
	if !days {
		for i := range found.Stories {
			if t := &found.Stories[i]; !t.Over {
				e.printStory(t, zone)
			}
		}
	}
	n, most := 0, 0
	for _, d := range found.Days {
		n += d.Shown + d.Over
		most = max(most, d.Shown+d.Over)
		if days {
			fmt.Fprintf(e.Stdout, e.Say("%s  %s 件  予算超過 %d 件\n", "%s  %s, %d beyond the budget\n"), d.Date, e.Say(fmt.Sprint(d.Shown+d.Over), several(d.Shown+d.Over, "story", "stories")), d.Over)
		}
	}
	fmt.Fprintf(e.Stdout, e.Say("%d 件（%d 日間、一日あたり最多 %d 件）。これより低いもの %d 件、ミュートされた検知 %d 件、一日の予算を超えたもの %d 件\n",
		"stories: %d in %d days, at most %d a day; %d below this level; findings muted: %d; beyond a day's budget: %d\n"),
		n, len(found.Days), most, found.Below, found.Muted, found.Over)
	w := found.Watch
	if w.Late+w.Crowded+w.Evicted+w.Clipped > 0 {
		fmt.Fprintf(e.Stdout, e.Say("相関とベースライン：時刻順に見たイベント %d 件、遅着 %d 件、早すぎる判定 %d 件、記憶から落とした項目 %d 件、計算から除いた値 %d 件\n",
			"correlations and baselines: %d events in order of time, %d late, %d judged early, %d entries forgotten, %d values left out\n"),
			w.Observed, w.Late, w.Crowded, w.Evicted, w.Clipped)
	}
	return nil
}

func (e *env) storiesJSON(found *control.Stories, zone *time.Location, days bool) error {
	if !days {
		for i := range found.Stories {
			if err := e.WriteJSON(e.told(&found.Stories[i], zone)); err != nil {
				return err
			}
		}
	}
	end := *found
	end.Stories = nil
	return e.WriteJSON(struct {
		Count int             `json:"count"`
		Days  []story.Day     `json:"days"`
		Below int             `json:"below"`
		Muted int             `json:"muted"`
		Over  int             `json:"over"`
		Watch control.Watched `json:"watch,omitzero"`
	}{len(found.Stories), append([]story.Day{}, end.Days...), end.Below, end.Muted, end.Over, end.Watch})
}

func (e *env) printStory(t *story.Story, zone *time.Location) {
	when := t.First.In(zone).Format("2006-01-02 15:04")
	if last := t.Last.In(zone).Format("2006-01-02 15:04"); last != when {
		when += " – " + strings.TrimPrefix(last, when[:11])
	}
	fmt.Fprintln(e.Stdout, terminal.Plain(fmt.Sprintf("%-13s %s  %s  [%s]  %s", t.Level, when, e.Say(t.TitleJA, t.Title), t.ID[:min(8, len(t.ID))],
		e.Say(fmt.Sprintf("検知 %d 件", len(t.Findings)), several(len(t.Findings), "finding", "findings")))))
	fmt.Fprintln(e.Stdout, terminal.Plain("    "+e.Say(t.WhyJA, t.Why)))
	var who []string
	for _, list := range [][]string{e.whose("user", t.Accounts, t.Last, zone), e.whose("ip", t.Addresses, t.Last, zone), t.Hosts, t.Techniques} {
		if len(list) > 0 {
			who = append(who, some(list))
		}
	}
	if len(who) > 0 {
		fmt.Fprintln(e.Stdout, terminal.Plain("    "+strings.Join(who, " · ")))
	}
}

// whose adds to accounts or addresses whose they were when the story was last
// added to, where the company knows.
func (e *env) whose(kind string, values []string, at time.Time, zone *time.Location) []string {
	out := make([]string, len(values))
	for i, value := range values {
		out[i] = value
		if whose := e.Estate.Actor(kind, value, at, zone); !whose.Empty() {
			out[i] += " [" + whose.In(e.Lang) + "]"
		}
	}
	return out
}

// toldStory is a story with whose its accounts and addresses were.
type toldStory struct {
	*story.Story
	Who map[string]string `json:"who,omitempty"`
}

// told adds whose the accounts and addresses of a story were.
func (e *env) told(t *story.Story, zone *time.Location) toldStory {
	out := toldStory{t, map[string]string{}}
	for _, of := range []struct {
		kind   string
		values []string
	}{{"user", t.Accounts}, {"ip", t.Addresses}} {
		for _, value := range of.values {
			if whose := e.Estate.Actor(of.kind, value, t.Last, zone); !whose.Empty() {
				out.Who[value] = whose.In(e.Lang)
			}
		}
	}
	return out
}

// some writes the first few names.
func some(list []string) string {
	text := strings.Join(list[:min(len(list), 4)], ", ")
	if more := len(list) - 4; more > 0 {
		text += fmt.Sprintf(" (+%d)", more)
	}
	return text
}

// several writes a number with its noun.
func several(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
