package detecting

import (
	"bufio"
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/detect"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/sigma"
	"github.com/konseki/konseki/internal/terminal"
)

// Detect is the verb detect: run rules, correlations and baselines over files without a vault, one finding per line.
func Detect() cli.Verb {
	return cli.Verb{
		Name: "detect", Args: "FILE...", Does: "run rules, correlations and baselines over files without a vault, one finding per line",
		Examples: []string{
			"konseki detect --rules ./sigma/rules/linux /var/log/auth.log", "konseki detect --json audit.log",
			"konseki detect --explain --level medium Security.evtx",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			var dirs stringList
			fs.Var(&dirs, "rules", "`folder` of Sigma rules, may be given several times; default: konseki's own")
			placeholders := placeholdersFlag(fs)
			tz := fs.String("tz", "", "IANA `zone` of times that state none; default: this machine's, marked assumed")
			m := &matching{env: e}
			fs.BoolVar(&m.explain, "explain", false, "say which fields and values made each finding true")
			fs.BoolVar(&m.single, "single", false, "only what one event shows: no correlations, no baselines")
			level := fs.String("level", "informational", "the lowest `level` shown")
			return func(ctx context.Context, args []string) error {
				if len(args) == 0 {
					return fmt.Errorf("%w: detect in what? name files or folders", cli.ErrUsage)
				}
				m.least = finding.Rank(*level)
				if m.least == 0 && *level != finding.LevelInformational {
					return fmt.Errorf("%w: level %q is none of informational, low, medium, high, critical", cli.ErrUsage, *level)
				}
				all, err := e.loadRules(dirs, *placeholders)
				if err != nil {
					return err
				}
				for _, p := range all.Problems {
					fmt.Fprintln(e.Stderr, terminal.Plain(fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)))
				}
				if _, err := cli.Zone(*tz, time.UTC); err != nil {
					return err
				}
				cfg, err := config.Load(filepath.Join(e.Dir, "konseki.yaml"))
				if err != nil {
					return err
				}
				pack, err := server.NewPack(all, cfg)
				if err != nil {
					return err
				}
				return m.run(ctx, pack, args, *tz)
			}
		},
	}
}

// stringList is a flag that may be given several times.
type stringList []string

// String implements flag.Value.
func (l *stringList) String() string { return fmt.Sprint(*l) }

// Set implements flag.Value.
func (l *stringList) Set(s string) error { *l = append(*l, s); return nil }

// matching is where records of detect go instead of a vault.
type matching struct {
	env             *env
	explain, single bool
	least           int // rank of the lowest level shown

	out                    *bufio.Writer
	normaliser             *normalise.Normaliser
	detector               *detect.Detector
	watch                  *detect.Watch
	seq                    uint64
	records, events, found int
	evs                    []event.Event
	findings               []finding.Finding
	waiting                []event.Event // for correlations and baselines
	unseen                 int           // events there was no room for in waiting
}

// maxWaiting bounds the events that correlations and baselines see.
const maxWaiting = 1_000_000

// run frames and normalises the files as an import would and looks at every
// event; nothing is stored.
func (m *matching) run(ctx context.Context, pack *detect.Pack, paths []string, tz string) error {
	from := "configured"
	if tz == "" {
		tz, from = config.Default().Location().String(), "assumed"
	}
	var err error
	if m.watch, err = detect.NewWatch(pack); err != nil {
		return err
	}
	m.out, m.normaliser, m.detector = bufio.NewWriter(m.env.Stdout), normalise.New(), detect.NewDetector(pack)
	files, err := collect.Import(ctx, m, paths, collect.ImportOptions{
		Recognise: normalise.Recognise,
		Place: func(path string, shape event.Shape) collect.Place {
			return collect.Place{Source: "file", Zone: tz, ZoneFrom: from}
		},
	}, nil)
	if err == nil {
		err = m.correlate(files)
	}
	if ferr := m.out.Flush(); err == nil {
		err = ferr
	}
	if err != nil {
		return err
	}
	return m.sum(files)
}

// sum tells what was looked at.
func (m *matching) sum(files []collect.File) error {
	bad := 0
	for _, f := range files {
		if f.Error != "" {
			bad++
			fmt.Fprintln(m.env.Stderr, terminal.Plain(f.Path+": "+f.Error))
		}
	}
	fmt.Fprintf(m.env.Stderr, "%d records, %d events, %d findings\n", m.records, m.events, m.found)
	if m.unseen > 0 {
		fmt.Fprintf(m.env.Stderr, m.env.Say("相関とベースラインが見たのは最初の %d 件で、%d 件は見ていない。全部を見るには konseki import で取り込む。\n",
			"correlations and baselines saw the first %d events and not %d more; konseki import sees all\n"), maxWaiting, m.unseen)
	}
	if bad > 0 {
		return cli.ErrPartial
	}
	return nil
}

// Append implements collect.Appender.
func (m *matching) Append(ctx context.Context, recs []event.Record) error {
	for i := range recs {
		m.seq++
		recs[i].Seq = m.seq
		if recs[i].Received.IsZero() {
			recs[i].Received = time.Now()
		}
		m.records++
		m.evs = m.normaliser.Events(m.evs[:0], &recs[i])
		file := event.ParseTransport(recs[i].Transport).Get("path")
		for j := range m.evs {
			if err := m.look(&m.evs[j], recs[i].Raw, file); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func (m *matching) look(ev *event.Event, raw []byte, file string) error {
	m.events++
	m.findings = m.detector.Look(ev, raw, m.findings[:0])
	for i := range m.findings {
		if err := m.print(&m.findings[i], file); err != nil {
			return err
		}
	}
	switch {
	case m.single || ev.Quality.Zone == event.ZoneReceived || !m.watch.Wants(ev):
	case len(m.waiting) == maxWaiting:
		m.unseen++
	default:
		kept := *ev
		kept.Fields, kept.Message, kept.Text = nil, "", ""
		m.waiting = append(m.waiting, kept)
	}
	return nil
}

// correlate judges what waits, in the order of event time.
func (m *matching) correlate(files []collect.File) error {
	slices.SortStableFunc(m.waiting, func(a, b event.Event) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Record, b.Record), cmp.Compare(a.Nth, b.Nth))
	})
	var last time.Time
	var found []finding.Finding
	for i := range m.waiting {
		last = m.waiting[i].Time
		found = append(found, m.watch.Judge(&m.waiting[i])...)
	}
	for _, f := range append(found, m.watch.End(last)...) {
		file := ""
		for _, x := range files {
			if n := len(f.Records); n > 0 && x.First <= f.Records[n-1] && f.Records[n-1] <= x.Last {
				file = x.Path
			}
		}
		if err := m.print(&f, file); err != nil {
			return err
		}
	}
	return nil
}

func (m *matching) print(f *finding.Finding, file string) error {
	if finding.Rank(f.Level) < m.least {
		return nil
	}
	m.found++
	var record uint64
	if n := len(f.Records); n > 0 {
		record = f.Records[n-1]
	}
	if m.env.JSON {
		return m.env.WriteJSONTo(m.out, struct {
			RuleID  string         `json:"rule_id"`
			Title   string         `json:"title"`
			Level   string         `json:"level"`
			Kind    string         `json:"kind"`
			Time    time.Time      `json:"time"`
			File    string         `json:"file"`
			Record  uint64         `json:"record"`
			Records []uint64       `json:"records"`
			Why     string         `json:"why"`
			Because []sigma.Reason `json:"because"`
			Tags    []string       `json:"tags"`
		}{f.RuleID, f.Title, f.Level, f.Kind, f.Time, file, record, f.Records, m.env.Say(f.WhyJA, f.Why), f.Because, f.Tags})
	}
	title := m.env.Say(f.TitleJA, f.Title)
	if f.Kind != finding.KindSigma {
		title = m.env.Say(f.WhyJA, f.Why)
	}
	if _, err := fmt.Fprintln(m.out, terminal.Plain(fmt.Sprintf("%s  %-13s %s  %s:%d", f.Time.Format(time.RFC3339), f.Level, title, file, record))); err != nil {
		return err
	}
	if !m.explain {
		return nil
	}
	return m.explainTo(m.out, f)
}

// explainTo writes which fields and values made a finding true.
func (m *matching) explainTo(out io.Writer, f *finding.Finding) error {
	for _, b := range f.Because {
		text := "    " + b.Field
		if b.Value != "" {
			text += " = " + b.Value
		}
		if _, err := fmt.Fprintln(out, terminal.Plain(text+"   ← "+b.Pattern)); err != nil {
			return err
		}
	}
	return nil
}
