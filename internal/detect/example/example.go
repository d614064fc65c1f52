// Package example runs the events that rules are shown to match, and not to match.
//
// Examples stand beside a rule file in a folder "examples": of web.yml,
// web.match.json holds events that its rules must match, web.nomatch.json
// events that none of them may, and web.stories.json events in time with how
// often its correlations must find something in them. docs/rules.md shows them.
package example

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/correlation"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
)

// A State says how a rule stands with its examples.
type State string

// The states.
const (
	OK     State = "ok"
	Failed State = "failed"
	None   State = "no_examples" // nothing shows that it matches anything
)

// The kinds of a Result.
const (
	KindRule        = "rule"
	KindCorrelation = "correlation"
)

// A Result is how one rule or correlation did.
type Result struct {
	File     string       `json:"file"`
	Line     int          `json:"line"`
	ID       string       `json:"id"`
	Title    event.Phrase `json:"title"`
	Kind     string       `json:"kind"`
	State    State        `json:"state"`
	Examples int          `json:"examples"` // that it matched, of a correlation stories in which it must be found
	Counter  int          `json:"counter"`  // examples or stories in which it must not
	Failures []Failure    `json:"failures,omitempty"`
}

// A Failure is one example that did not go as written.
type Failure struct {
	File    string       `json:"file"`    // of examples
	Example int          `json:"example"` // from 1; 0 for the file as a whole
	Why     event.Phrase `json:"why"`
}

// Run runs the examples that stand beside the rules of a collection, which was
// loaded from the trees. Results are in the order of files and lines;
// correlations that only serve others have none.
func Run(c *sigma.Collection, trees ...sigma.Tree) []Result {
	r := &runner{all: c, trees: trees, engine: sigma.Compile(c.Rules), plan: correlation.NewPlan(c.Correlations)}
	r.matcher = r.engine.NewMatcher()
	r.subjects()
	for _, b := range r.beside {
		r.file(b)
	}
	var out []Result
	for _, b := range r.beside {
		slices.SortStableFunc(b.subjects, func(x, y *subject) int { return cmp.Compare(x.Line, y.Line) })
		for _, s := range b.subjects {
			out = append(out, s.finish())
		}
	}
	return out
}

// A runner runs examples.
type runner struct {
	all     *sigma.Collection
	trees   []sigma.Tree
	engine  *sigma.Engine
	matcher *sigma.Matcher
	plan    *correlation.Plan
	beside  []*beside // in the order that files were read
}

// beside is the rules of one file.
type beside struct {
	file     string
	subjects []*subject
}

// A subject is a rule or correlation under test.
type subject struct {
	Result
	name        string
	rule        *sigma.Rule        // or
	correlation *sigma.Correlation // one is set
}

func (s *subject) finish() Result {
	switch {
	case len(s.Failures) > 0:
		s.State = Failed
	case s.Examples == 0:
		s.State = None
	default:
		s.State = OK
	}
	return s.Result
}

func (s *subject) fail(file string, example int, why event.Phrase) {
	s.Failures = append(s.Failures, Failure{file, example, why})
}

// subjects gathers what is under test by file.
func (r *runner) subjects() {
	at := make(map[string]*beside)
	add := func(m *sigma.Meta, s *subject) {
		b := at[m.File]
		if b == nil {
			b = &beside{file: m.File}
			at[m.File] = b
			r.beside = append(r.beside, b)
		}
		s.File, s.Line, s.ID, s.name, s.Title = m.File, m.Line, m.ID, m.Name, event.Phrase{JA: m.TitleJA, EN: m.Title}
		b.subjects = append(b.subjects, s)
	}
	for _, x := range r.all.Rules {
		add(&x.Meta, &subject{rule: x, Result: Result{Kind: KindRule}})
	}
	for _, x := range r.all.Correlations {
		if x.Quiet {
			continue // it finds nothing itself; the stories of those that use it show it
		}
		add(&x.Meta, &subject{correlation: x, Result: Result{Kind: KindCorrelation}})
	}
}

// file runs the examples beside one file.
func (r *runner) file(b *beside) {
	for _, part := range []struct {
		ending string
		run    func(b *beside, name string, data []byte) error
	}{{".match.json", r.matches}, {".nomatch.json", r.counters}, {".stories.json", r.stories}} {
		name, data, err := r.read(b.file, part.ending)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = part.run(b, name, data)
		}
		if err != nil {
			b.subjects[0].fail(name, 0, event.Phrase{JA: "読めない：" + err.Error(), EN: "cannot be read: " + err.Error()})
		}
	}
}

// read finds the examples of a rule file in the tree that it is from.
func (r *runner) read(file, ending string) (name string, data []byte, err error) {
	beside := func(rule string) string {
		return path.Join(path.Dir(rule), "examples", strings.TrimSuffix(path.Base(rule), path.Ext(rule))+ending)
	}
	for _, t := range r.trees {
		inside := file
		if t.Name != "" {
			var ok bool
			if inside, ok = strings.CutPrefix(file, path.Clean(t.Name)+"/"); !ok {
				continue
			}
		}
		if data, err = readBounded(t.FS, beside(inside)); !errors.Is(err, fs.ErrNotExist) {
			return beside(file), data, err
		}
	}
	return beside(file), nil, fs.ErrNotExist
}

// readBounded reads at most one byte more than a file of examples may have.
func readBounded(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	return data, errors.Join(err, f.Close())
}

// meant finds the rule that an example names, of those of a kind; without a
// name the first of them, which answers for the file.
func (b *beside) meant(kind, name string) (*subject, error) {
	for _, s := range b.subjects {
		if s.Kind == kind && (name == "" || s.ID == name || s.name == name) {
			return s, nil
		}
	}
	if name == "" {
		return nil, fmt.Errorf("%s holds no %s", b.file, kind)
	}
	return nil, fmt.Errorf("%q is neither the id nor the name of a %s in %s", name, kind, b.file)
}

// of finds the subject of a rule's match, nil when it is of another file.
func (b *beside) of(rule *sigma.Rule) *subject {
	for _, s := range b.subjects {
		if s.rule == rule {
			return s
		}
	}
	return nil
}

// matches runs the events that must match.
func (r *runner) matches(b *beside, name string, data []byte) error {
	list, err := Decode(data)
	if err != nil {
		return err
	}
	for i := range list {
		x := &list[i]
		wanted, err := b.meant(KindRule, x.Rule)
		if err != nil {
			return fmt.Errorf("example %d: %w", i+1, err)
		}
		ev, found := x.Event(), false
		for _, hit := range r.matcher.Match(&ev, []byte(x.Raw), nil) {
			if s := b.of(hit.Rule); s != nil && (x.Rule == "" || s == wanted) {
				s.Examples++
				found = true
			}
		}
		if !found {
			wanted.fail(name, i+1, r.whyNot(wanted.rule, &ev, []byte(x.Raw)))
		}
	}
	return nil
}

// counters runs the events that must not match.
func (r *runner) counters(b *beside, name string, data []byte) error {
	list, err := Decode(data)
	if err != nil {
		return err
	}
	for _, s := range b.subjects {
		if s.Kind == KindRule {
			s.Counter = len(list)
		}
	}
	for i := range list {
		x := &list[i]
		if _, err := b.meant(KindRule, x.Rule); err != nil {
			return fmt.Errorf("example %d: %w", i+1, err)
		}
		ev := x.Event()
		for _, hit := range r.matcher.Match(&ev, []byte(x.Raw), nil) {
			if s := b.of(hit.Rule); s != nil && (x.Rule == "" || x.Rule == s.ID || x.Rule == s.name) {
				s.fail(name, i+1, whyMatched(hit))
			}
		}
	}
	return nil
}

// stories runs the stories of correlations.
func (r *runner) stories(b *beside, name string, data []byte) error {
	list, at, err := DecodeStories(data)
	if err != nil {
		return err
	}
	for i := range list {
		x := &list[i]
		wanted, err := b.meant(KindCorrelation, x.Rule)
		if err != nil {
			return fmt.Errorf("story %d: %w", i+1, err)
		}
		found, inputs := r.tell(x, at[i])
		n := 0
		for _, s := range b.subjects {
			if s.Kind != KindCorrelation || x.Rule != "" && s != wanted {
				continue
			}
			n += found[s.ID]
			if x.Expect == 0 {
				s.Counter++
			} else if found[s.ID] > 0 {
				s.Examples++
			}
		}
		if n != x.Expect {
			wanted.fail(name, i+1, whyCounted(wanted.correlation, n, x, inputs))
		}
	}
	return nil
}

// flush is longer than any window of a correlation.
const flush = 100 * 24 * time.Hour

// tell runs a story and counts the findings of correlations, by their ids, and
// the matches of rules.
func (r *runner) tell(s *Story, at []time.Time) (found map[string]int, inputs map[*sigma.Rule]int) {
	found, inputs = make(map[string]int), make(map[*sigma.Rule]int)
	run := correlation.New(r.plan)
	for i := range s.Events {
		ev := s.Events[i].Event.Event()
		ev.Record, ev.Time = uint64(i+1), at[i]
		for _, hit := range r.matcher.Match(&ev, []byte(s.Events[i].Raw), nil) {
			ev.Notes = r.plan.Note(&ev, hit.Rule, ev.Notes)
			inputs[hit.Rule]++
		}
		run.Observe(&ev)
	}
	run.Advance(at[len(at)-1].Add(flush))
	for _, f := range run.Take() {
		found[f.RuleID]++
	}
	return found, inputs
}
