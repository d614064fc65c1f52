package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/detect"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/sigma"
	"github.com/konseki/konseki/rules"
)

// loadRules loads konseki's own rules, or those of the folders given. The
// values of placeholders are those of the data folder's configuration and, for
// the names it has, of the file given.
func (e *env) loadRules(dirs []string, placeholders string) (*sigma.Collection, error) {
	cfg, err := config.Load(filepath.Join(e.dir, "konseki.yaml"))
	if err != nil {
		return nil, err
	}
	o := sigma.Options{Placeholders: map[string][]string{}}
	maps.Copy(o.Placeholders, cfg.Placeholders)
	if placeholders != "" {
		more, err := config.LoadPlaceholders(placeholders)
		if err != nil {
			return nil, err
		}
		maps.Copy(o.Placeholders, more)
	}
	if len(dirs) == 0 {
		return sigma.Load(o, sigma.Tree{FS: rules.FS(), Root: "."}), nil
	}
	var trees []sigma.Tree
	for _, dir := range dirs {
		if st, err := os.Stat(dir); err != nil || !st.IsDir() {
			return nil, fmt.Errorf("rules: %s is not a folder", dir)
		}
		trees = append(trees, sigma.Tree{FS: os.DirFS(dir), Root: "."})
	}
	return sigma.Load(o, trees...), nil
}

func placeholdersFlag(fs *flag.FlagSet) *string {
	return fs.String("placeholders", "", "`file` with values for the rules' placeholders, one \"name: [values]\" each; default: those of konseki.yaml")
}

func rulesVerb() verb {
	return verb{
		name: "rules", args: "check [DIR...]", does: "say which Sigma rules load, which are refused and why",
		examples: []string{"konseki rules check ./sigma/rules/linux", "konseki rules check --json --placeholders ours.yml DIR"},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			placeholders := placeholdersFlag(fs)
			return func(_ context.Context, args []string) error {
				if len(args) == 0 || args[0] != "check" {
					return fmt.Errorf("%w: rules check [DIR...]", errUsage)
				}
				all, err := e.loadRules(args[1:], *placeholders)
				if err != nil {
					return err
				}
				if err := e.printRules(len(all.Rules)+len(all.Correlations)+len(all.Filters), all.Problems); err != nil {
					return err
				}
				if len(all.Problems) > 0 {
					return errPartial
				}
				return nil
			}
		},
	}
}

func (e *env) printRules(loaded int, problems []sigma.Problem) error {
	if problems == nil {
		problems = []sigma.Problem{}
	}
	if e.json {
		return e.writeJSON(struct {
			Loaded   int             `json:"loaded"`
			Refused  int             `json:"refused"`
			Problems []sigma.Problem `json:"problems"`
		}{loaded, len(problems), problems})
	}
	for _, p := range problems {
		fmt.Fprintln(e.stdout, plain(fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)))
	}
	fmt.Fprintf(e.stdout, e.say("読込 %d 件、拒否 %d 件\n", "%d loaded, %d refused\n"), loaded, len(problems))
	return nil
}

func detectVerb() verb {
	return verb{
		name: "detect", args: "FILE...", does: "run rules over files without a vault, one finding per line",
		examples: []string{"konseki detect --rules ./sigma/rules/linux /var/log/auth.log", "konseki detect --json audit.log"},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			var dirs stringList
			fs.Var(&dirs, "rules", "`folder` of Sigma rules, may be given several times; default: konseki's own")
			placeholders := placeholdersFlag(fs)
			tz := fs.String("tz", "", "IANA `zone` of times that state none; default: this machine's, marked assumed")
			return func(ctx context.Context, args []string) error {
				if len(args) == 0 {
					return fmt.Errorf("%w: detect in what? name files or folders", errUsage)
				}
				all, err := e.loadRules(dirs, *placeholders)
				if err != nil {
					return err
				}
				for _, p := range all.Problems {
					fmt.Fprintln(e.stderr, plain(fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)))
				}
				if _, err := zone(*tz, time.UTC); err != nil {
					return err
				}
				return e.runDetect(ctx, detect.NewPack(all, nil), args, *tz)
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

// runDetect frames and normalises the files as an import would and matches
// every event; nothing is stored.
func (e *env) runDetect(ctx context.Context, pack *detect.Pack, paths []string, tz string) error {
	from := "configured"
	if tz == "" {
		tz, from = config.Default().Location().String(), "assumed"
	}
	out := bufio.NewWriter(e.stdout)
	m := &matching{env: e, out: out, normaliser: normalise.New(), detector: detect.NewDetector(pack), seen: map[string]bool{}}
	files, err := collect.Import(ctx, m, paths, collect.ImportOptions{
		Recognise: normalise.Recognise,
		Place: func(path string, shape event.Shape) collect.Place {
			return collect.Place{Source: "file", Zone: tz, ZoneFrom: from}
		},
	}, nil)
	if ferr := out.Flush(); err == nil {
		err = ferr
	}
	if err != nil {
		return err
	}
	bad := 0
	for _, f := range files {
		if f.Error != "" {
			bad++
			fmt.Fprintln(e.stderr, plain(f.Path+": "+f.Error))
		}
	}
	fmt.Fprintf(e.stderr, "%d records, %d events, %d findings\n", m.records, m.events, m.found)
	if bad > 0 {
		return errPartial
	}
	return nil
}

// matching is where records of detect go instead of a vault.
type matching struct {
	env                    *env
	out                    io.Writer
	normaliser             *normalise.Normaliser
	detector               *detect.Detector
	seq                    uint64
	records, events, found int
	seen                   map[string]bool
	evs                    []event.Event
	findings               []finding.Finding
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
		for j := range m.evs {
			m.events++
			m.findings = m.detector.Look(&m.evs[j], recs[i].Raw, m.findings[:0])
			for _, f := range m.findings {
				if err := m.print(f, recs[i]); err != nil {
					return err
				}
			}
		}
	}
	return ctx.Err()
}

func (m *matching) print(f finding.Finding, rec event.Record) error {
	m.found++
	file := event.ParseTransport(rec.Transport).Get("path")
	if m.env.json {
		return m.env.writeJSON(struct {
			RuleID  string         `json:"rule_id"`
			Title   string         `json:"title"`
			Level   string         `json:"level"`
			Time    time.Time      `json:"time"`
			File    string         `json:"file"`
			Record  uint64         `json:"record"`
			Because []sigma.Reason `json:"because"`
		}{f.RuleID, f.Title, f.Level, f.Time, file, rec.Seq, f.Because})
	}
	_, err := fmt.Fprintln(m.out, plain(fmt.Sprintf("%s  %-13s %s  %s:%d", f.Time.Format(time.RFC3339), f.Level, f.Title, file, rec.Seq)))
	return err
}
