// Command replaytable imports each incident into a vault of its own and prints
// what was noticed when, how much was cried before, whether what cannot be known
// is said to be unknown, and how long the draft of the report took. make
// replay-table runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/detect/story"
	"github.com/konseki/konseki/internal/investigate/script"
	"github.com/konseki/konseki/internal/replay"
	"github.com/konseki/konseki/internal/replay/raw"
	"github.com/konseki/konseki/internal/server"
)

func main() {
	if err := table(); err != nil {
		fmt.Fprintln(os.Stderr, "replaytable:", err)
		os.Exit(1)
	}
}

func table() error {
	records := flag.Int("records", 0, "about how many `records` each incident has; 0 for its own default")
	talk := flag.Bool("v", false, "list contradictions and the stories before the first true one, on stderr")
	seed := flag.Uint64("seed", 1, "`seed` of the everyday noise")
	flag.Parse()
	out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(out, "incident\trecords\tnoticed in reality (JST)\tnoticed by konseki (JST)\tearlier by\tby rule\tfalse before (worst day)\tunknowns said\tcontradictions\tlast record → draft")
	var errs []error
	for _, s := range replay.Scenarios() {
		if s.Info.First.IsZero() || flag.NArg() > 0 && !slices.Contains(flag.Args(), s.Info.Name) {
			continue
		}
		t := trial{Scenario: s, out: out, talk: io.Discard}
		if *talk {
			t.talk = os.Stderr
		}
		if err := t.run(context.Background(), raw.Options{Seed: *seed, Records: *records}); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.Info.Name, err))
		}
	}
	return errors.Join(append(errs, out.Flush())...)
}

// trial is one incident being tried.
type trial struct {
	raw.Scenario
	out, talk io.Writer
}

func (s *trial) run(ctx context.Context, o raw.Options) (err error) {
	dir, err := os.MkdirTemp("", "replaytable-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	logs := filepath.Join(dir, "logs")
	written, err := s.Write(ctx, logs, o)
	if err != nil {
		return err
	}
	c := config.Default()
	c.Zone = "Asia/Tokyo"
	srv, err := server.Open(ctx, filepath.Join(dir, "data"), server.Options{Version: "replay-table", Logger: slog.New(slog.DiscardHandler), Config: c, Create: true})
	if err != nil {
		return err
	}
	defer func() {
		if e := srv.Close(); err == nil {
			err = e
		}
	}()
	if err := estate(ctx, srv, logs); err != nil {
		return err
	}
	if _, err := srv.Import(ctx, "sato", control.Import{Paths: []string{logs}}); err != nil {
		return err
	}
	imported := time.Now()
	all, err := srv.Stories(ctx, "sato", control.StoryQuery{Budget: -1})
	if err != nil {
		return err
	}
	unknown, problems, err := s.draft(ctx, srv, logs)
	if err != nil {
		return err
	}
	took := time.Since(imported)
	first, rule, before, worst := s.noticed(all.Stories)
	when, earlier := "never", "-"
	if !first.IsZero() {
		when, earlier = first.In(raw.JST()).Format(time.DateTime), span(s.Info.Noticed.Sub(first))
	}
	_, err = fmt.Fprintf(s.out, "%s\t%d\t%s\t%s\t%s\t%s\t%d (%d)\t%s\t%s\t%s\n", s.Info.Name, written.Records, s.Info.Noticed.In(raw.JST()).Format(time.DateTime),
		when, earlier, rule, before, worst, unknown, problems, took.Round(100*time.Millisecond))
	return err
}

// estate imports what the company knows of itself, where the incident has it.
func estate(ctx context.Context, srv *server.Server, logs string) error {
	for _, kind := range []string{"people", "networks", "devices", "items", "software"} {
		text, err := os.ReadFile(filepath.Join(logs, "konseki-estate", kind+".csv"))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return err
		}
		if _, err := srv.ImportEstate(ctx, "sato", kind, kind+".csv", text); err != nil {
			return err
		}
	}
	return nil
}

// draft does the work of the case file and writes the final report: its drafts in
// Japanese and English. It tells how many of the questions that cannot be answered
// are said to be unknown.
func (s *trial) draft(ctx context.Context, srv *server.Server, logs string) (unknown, problems string, err error) {
	f, err := os.Open(filepath.Join(logs, "konseki-case.yaml"))
	if err != nil {
		return "", "", err
	}
	defer func() { _ = f.Close() }()
	work, err := script.Read(f)
	if err != nil {
		return "", "", err
	}
	if err := srv.ApplyCase(ctx, "sato", work); err != nil {
		return "", "", err
	}
	for _, lang := range []string{"ja", "en"} {
		for _, format := range casework.Formats() {
			if err := srv.Report(ctx, "sato", work.ID, casework.Document{Kind: "final", Lang: lang, Format: format}, io.Discard); err != nil {
				return "", "", err
			}
		}
	}
	c, err := srv.Case(ctx, work.ID)
	if err != nil {
		return "", "", err
	}
	said := 0
	for i := range c.Questions {
		if q := &c.Questions[i]; slices.Contains(s.Unknown, q.ID) && q.Answer.Verdict == coverage.VerdictUnknown && len(q.Answer.Because) > 0 {
			said++
		}
	}
	list, err := srv.Lint(ctx, "sato", work.ID)
	for i := range list {
		fmt.Fprintf(s.talk, "  %s %s %v: %s\n", list[i].Severity, list[i].Code, list[i].Where, list[i].Text.EN)
	}
	return fmt.Sprintf("%d of %d", said, len(s.Unknown)), fmt.Sprint(len(list)), err
}

// noticed finds the first story that tells of the incident, and how many were
// shown before it that do not: in all, and on the worst day.
func (s *trial) noticed(list []story.Story) (at time.Time, rule string, before, worst int) {
	list = slices.SortedStableFunc(slices.Values(list), func(a, b story.Story) int { return a.Shown.Compare(b.Shown) })
	days := map[string]int{}
	for i := range list {
		st := &list[i]
		if !st.Shown.Before(s.Info.First) && tells(st, s.Traces) {
			return st.Shown, because(st), before, worst
		}
		if tells(st, s.Warned) {
			fmt.Fprintf(s.talk, "  warned: %s %s %s\n", st.Shown.In(raw.JST()).Format(time.DateTime), because(st), st.Why)
			continue
		}
		before++
		fmt.Fprintf(s.talk, "  false: %s %s %s\n", st.Shown.In(raw.JST()).Format(time.DateTime), because(st), st.Why)
		day := st.Shown.In(raw.JST()).Format(time.DateOnly)
		days[day]++
		worst = max(worst, days[day])
	}
	return time.Time{}, "-", before, worst
}

// because is the rule that made a story be shown.
func because(st *story.Story) string {
	for i := range st.Findings {
		if f := &st.Findings[i]; f.Time.Equal(st.Shown) && f.Level != "low" && f.Level != "informational" {
			return f.RuleID
		}
	}
	return st.Findings[0].RuleID
}

// tells reports whether a story has one of the traces of the incident in it.
func tells(st *story.Story, traces []string) bool {
	for i := range st.Findings {
		f := &st.Findings[i]
		text := strings.Join([]string{f.Why, f.ActorUser, f.SrcIP, f.Host, f.Object}, "\n")
		if slices.ContainsFunc(traces, func(t string) bool { return strings.Contains(text, t) }) {
			return true
		}
	}
	return false
}

// span writes a duration in days, hours and minutes.
func span(d time.Duration) string {
	if d < 0 {
		return "-" + span(-d)
	}
	return fmt.Sprintf("%dd %02dh %02dm", int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60)
}
