package detecting

import (
	"fmt"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/detect/example"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
	"github.com/konseki/konseki/internal/terminal"
)

// rulesTest is the object that rules test --json ends with.
type rulesTest struct {
	OK         int             `json:"ok"`
	Failed     int             `json:"failed"`
	NoExamples int             `json:"no_examples"`
	Refused    int             `json:"refused"`
	Problems   []sigma.Problem `json:"problems"`
}

// testRules runs the examples that stand beside rules.
func (e *env) testRules(dirs []string, f ruleFlags) error {
	trees, err := ruleTrees(dirs)
	if err != nil {
		return err
	}
	cfg, err := e.ruleConfig(*f.placeholders)
	if err != nil {
		return err
	}
	c := sigma.Load(sigma.Options{Placeholders: cfg.Placeholders}, trees...)
	sum := rulesTest{Refused: len(c.Problems), Problems: append([]sigma.Problem{}, c.Problems...)}
	for _, p := range c.Problems {
		fmt.Fprintln(e.Stderr, terminal.Plain(fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)))
	}
	for _, r := range example.Run(c, trees...) {
		switch r.State {
		case example.OK:
			sum.OK++
		case example.Failed:
			sum.Failed++
		case example.None:
			sum.NoExamples++
		}
		if err := e.printTested(&r); err != nil {
			return err
		}
	}
	if e.JSON {
		err = e.WriteJSON(sum)
	} else {
		_, err = fmt.Fprintf(e.Stdout, e.Say("成功 %d 件、失敗 %d 件、例のないもの %d 件、拒否 %d 件\n", "%d ok, %d failed, %d without examples, %d refused\n"),
			sum.OK, sum.Failed, sum.NoExamples, sum.Refused)
	}
	if err == nil && sum.Failed+sum.Refused > 0 {
		return cli.ErrPartial
	}
	return err
}

func (e *env) printTested(r *example.Result) error {
	if e.JSON {
		return e.WriteJSON(r)
	}
	word := map[example.State]event.Phrase{
		example.OK: {JA: "成功", EN: "ok"}, example.Failed: {JA: "失敗", EN: "failed"}, example.None: {JA: "例なし", EN: "no examples"},
	}[r.State].In(e.Lang)
	counts := ""
	if r.State == example.OK {
		counts = fmt.Sprintf(e.Say("  一致 %d 件、不一致 %d 件", "  found in %d, not found in %d"), r.Examples, r.Counter)
	}
	fmt.Fprintln(e.Stdout, terminal.Plain(fmt.Sprintf("%s  %s:%d  %s%s", cli.Pad(word, 11), r.File, r.Line, r.Title.In(e.Lang), counts)))
	for _, f := range r.Failures {
		number := ""
		if f.Example > 0 {
			number = fmt.Sprintf(" #%d", f.Example)
		}
		fmt.Fprintln(e.Stdout, terminal.Plain(fmt.Sprintf("    %s%s: %s", f.File, number, f.Why.In(e.Lang))))
	}
	return nil
}
