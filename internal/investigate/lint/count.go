package lint

import (
	"context"
	"fmt"
	"strconv"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// numbers finds one thing counted in two ways.
func (l *linter) numbers(context.Context) error {
	for _, key := range l.keys {
		var a *telling
		for i := range l.about[key] {
			b := &l.about[key][i]
			switch {
			case b.number == nil:
			case a == nil:
				a = b
			case a.number.Unit == b.number.Unit && !same(a.number, b.number):
				l.add("two-numbers", Error,
					both(fmt.Sprintf("同じ事項に二つの数がある：「%s」は %s、「%s」は %s", a.text.In("ja"), counted(a.number).JA, b.text.In("ja"), counted(b.number).JA),
						fmt.Sprintf("one thing is counted twice: “%s” says %s, “%s” says %s", a.text.In("en"), counted(a.number).EN, b.text.In("en"), counted(b.number).EN)),
					both("同じ数・同じ根拠に揃える", "use one number with one basis"), nil, b.ref, a.ref)
			case a.number.Unit == b.number.Unit && a.number.Basis != b.number.Basis && !a.number.Basis.Empty() && !b.number.Basis.Empty():
				l.add("two-bases", Note,
					both(fmt.Sprintf("同じ数 %s に二つの根拠がある：「%s」と「%s」", counted(a.number).JA, a.number.Basis.In("ja"), b.number.Basis.In("ja")),
						fmt.Sprintf("the same number, %s, rests on two things: “%s” and “%s”", counted(a.number).EN, a.number.Basis.In("en"), b.number.Basis.In("en"))),
					both("同じ数・同じ根拠に揃える", "use one number with one basis"), nil, b.ref, a.ref)
			}
		}
	}
	return nil
}

func same(a, b *investigate.Number) bool { return equal(a.Min, b.Min) && equal(a.Max, b.Max) }

func equal(a, b *int64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// counted writes a number as reports do.
func counted(n *investigate.Number) event.Phrase {
	switch {
	case n.Min != nil && n.Max != nil && *n.Min == *n.Max:
		s := strconv.FormatInt(*n.Min, 10)
		return both(s, s)
	case n.Min != nil && n.Max != nil:
		return both(fmt.Sprintf("%d〜%d", *n.Min, *n.Max), fmt.Sprintf("%d to %d", *n.Min, *n.Max))
	case n.Max != nil:
		return both(fmt.Sprintf("最大 %d", *n.Max), fmt.Sprintf("at most %d", *n.Max))
	}
	return both(fmt.Sprintf("少なくとも %d", *n.Min), fmt.Sprintf("at least %d", *n.Min))
}

// versions finds numbers and certainties that are others than in the report that
// was issued last, without a word of why.
func (l *linter) versions(context.Context) error {
	if len(l.c.Versions) == 0 {
		return nil
	}
	last := &l.c.Versions[len(l.c.Versions)-1]
	if last.Then == nil {
		return nil
	}
	said := map[string]*investigate.Statement{}
	for i := range last.Then.Statements {
		said[last.Then.Statements[i].ID] = &last.Then.Statements[i]
	}
	for i := range l.c.Statements {
		now := &l.c.Statements[i]
		was := said[now.ID]
		if was == nil {
			continue
		}
		me, hint := Ref{investigate.KindStatement, now.ID}, both("続報に訂正として書き、理由を記す", "tell it as a correction in the next report, with the reason")
		title := fmt.Sprintf("%s %d", last.Report, last.Number)
		if was.Number != nil && now.Number != nil && !same(was.Number, now.Number) && now.Reason == was.Reason {
			l.add("number-drift", Error,
				both(fmt.Sprintf("「%s」の数が、公表した版（%s）の %s から %s に変わった", now.Text.In("ja"), title, counted(was.Number).JA, counted(now.Number).JA),
					fmt.Sprintf("the number of “%s” was %s in the version issued (%s) and is %s now", now.Text.In("en"), counted(was.Number).EN, title, counted(now.Number).EN)), hint, nil, me, Ref{investigate.KindVersion, last.ID})
		}
		if !was.At.IsZero() && !now.At.IsZero() && !was.At.Equal(now.At) && now.Reason == was.Reason {
			l.add("time-drift", Error,
				both(fmt.Sprintf("「%s」の時刻が、公表した版（%s）の %s から %s に変わった", now.Text.In("ja"), title, l.clock(was.At), l.clock(now.At)),
					fmt.Sprintf("the time of “%s” was %s in the version issued (%s) and is %s now", now.Text.In("en"), l.clock(was.At), title, l.clock(now.At))), hint, nil, me, Ref{investigate.KindVersion, last.ID})
		}
		if was.Certainty != now.Certainty {
			l.add("certainty-changed", Note,
				both(fmt.Sprintf("「%s」の確度が、公表した版（%s）から変わった", now.Text.In("ja"), title), fmt.Sprintf("the certainty of “%s” is another than in the version issued (%s)", now.Text.In("en"), title)), hint, nil, me, Ref{investigate.KindVersion, last.ID})
		}
	}
	for i := range l.c.Scopes {
		l.scopeDrift(&l.c.Scopes[i], last)
	}
	return nil
}

func (l *linter) scopeDrift(now *investigate.Scope, last *investigate.Version) {
	for i := range last.Then.Scopes {
		was := &last.Then.Scopes[i]
		if was.ID != now.ID || was.Number == nil || now.Number == nil || same(was.Number, now.Number) || now.Number.Basis != was.Number.Basis {
			continue
		}
		l.add("number-drift", Error,
			both(fmt.Sprintf("「%s」が、公表した版の %s から %s に変わった", now.Text.In("ja"), counted(was.Number).JA, counted(now.Number).JA),
				fmt.Sprintf("“%s” was %s in the version issued and is %s now", now.Text.In("en"), counted(was.Number).EN, counted(now.Number).EN)),
			both("続報に訂正として書き、数の根拠を記す", "tell it as a correction in the next report, with what the number rests on"), nil, Ref{investigate.KindScope, now.ID}, Ref{investigate.KindVersion, last.ID})
	}
}
