package lint

import (
	"context"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// containments finds targets that were still active after they were contained: by
// the last check, and by what the case itself tells.
func (l *linter) containments(context.Context) error {
	active := l.activity()
	for i := range l.c.Containments {
		k := &l.c.Containments[i]
		me := Ref{investigate.KindContainment, k.ID}
		hint := both("続いていたセッション、別の接続元・別のアカウントを調べ、封じ込めの範囲を直す", "look for sessions that went on and for other addresses and accounts, and widen the containment")
		if last := k.Last(); last != nil && last.State == investigate.NotMet {
			l.add("containment-without-effect", Error,
				both(fmt.Sprintf("%s の「%s」の後も、%s の記録が %d 件ある", l.clock(k.At), k.Text.In("ja"), k.Target, last.Count), event.Many(last.Count, "1 event", "%d events")+fmt.Sprintf(" of %s after “%s” (%s)", k.Target, k.Text.In("en"), l.clock(k.At))),
				hint, first(last.Cites), me)
			continue
		}
		if r := activeAfter(k, active[k.Target]); r != nil {
			l.add("containment-without-effect", Error, l.wentOn(k, r), hint, first(r.Cites), me, Ref{investigate.KindRow, r.ID})
		}
	}
	return nil
}

// wentOn says what was seen after a containment: something new, or what had begun
// before and did not end.
func (l *linter) wentOn(k *investigate.Containment, r *investigate.Row) event.Phrase {
	if r.At.After(k.At) {
		by := far(r.At.Sub(k.At))
		return both(fmt.Sprintf("%s の「%s」の %s 後に「%s」（%s）がある", l.clock(k.At), k.Text.In("ja"), by.JA, r.Text.In("ja"), l.clock(r.At)),
			fmt.Sprintf("“%s” (%s) comes %s after “%s” (%s)", r.Text.In("en"), l.clock(r.At), by.EN, k.Text.In("en"), l.clock(k.At)))
	}
	by := far(r.Until.Sub(k.At))
	return both(fmt.Sprintf("%s の「%s」の後も、それより前に始まった「%s」が %s 続き、%s に終わった", l.clock(k.At), k.Text.In("ja"), r.Text.In("ja"), by.JA, l.clock(r.Until)),
		fmt.Sprintf("“%s”, which had begun before, went on for %s after “%s” (%s) and ended at %s", r.Text.In("en"), by.EN, k.Text.In("en"), l.clock(k.At), l.clock(r.Until)))
}

// activity lists, for each target that was contained, the rows of what happened
// that tell of it: by an entity, or by a name of it in their text.
func (l *linter) activity() map[string][]*investigate.Row {
	names, targets := newFinder(), map[string]bool{}
	for i := range l.c.Containments {
		if target := l.c.Containments[i].Target; len(target) > minName {
			names.add(target)
			targets[target] = true
		}
	}
	called := map[string][]string{} // by entity: the targets that it is
	for i := range l.c.Entities {
		e := &l.c.Entities[i]
		for _, name := range append([]string{e.ID, e.Real}, e.Aliases...) {
			if targets[name] {
				called[e.ID] = append(called[e.ID], name)
			}
		}
	}
	out := map[string][]*investigate.Row{}
	for i := range l.c.Timeline {
		r := &l.c.Timeline[i]
		if r.What != "event" && r.What != "finding" || r.Precision == investigate.UnknownTime || l.words.refused(r.Text) {
			continue // what was refused shows that the containment held
		}
		of := names.in(r.Text.JA, r.Text.EN)
		for _, id := range r.Entities {
			of = append(of, called[id]...)
		}
		for _, target := range of {
			if list := out[target]; len(list) == 0 || list[len(list)-1] != r {
				out[target] = append(list, r)
			}
		}
	}
	return out
}

// activeAfter is the first of some rows that tells of what a containment did not
// stop once it had taken hold.
func activeAfter(k *investigate.Containment, rows []*investigate.Row) *investigate.Row {
	from := k.At.Add(time.Minute)
	for _, r := range rows {
		end := r.At
		if r.Until.After(end) {
			end = r.Until
		}
		if end.After(from) && (k.Until.IsZero() || !r.At.After(k.Until)) {
			return r
		}
	}
	return nil
}

// notices finds what was made known before the analysis that it rests on.
func (l *linter) notices(context.Context) error {
	for _, key := range l.keys {
		var told, known *telling
		for i := range l.about[key] {
			t := &l.about[key][i]
			switch {
			case t.at.IsZero() || t.ref.Kind != investigate.KindRow:
			case t.what == "notice" && (told == nil || t.at.Before(told.at)):
				told = t
			case (t.what == "action" || t.what == "paper" || t.what == "interview") && (known == nil || t.at.After(known.at)):
				known = t
			}
		}
		if told == nil || known == nil || !known.at.After(told.at.Add(tolerance(told.precision, told.at))) {
			continue
		}
		by := far(known.at.Sub(told.at))
		l.add("told-before-known", Error,
			both(fmt.Sprintf("「%s」は %s に公表されたが、その根拠となる「%s」は %s 後の %s", told.text.In("ja"), l.clock(told.at), known.text.In("ja"), by.JA, l.clock(known.at)),
				fmt.Sprintf("“%s” was made known at %s; “%s”, which it rests on, came %s later, at %s", told.text.In("en"), l.clock(told.at), known.text.In("en"), by.EN, l.clock(known.at))),
			both("公表の内容を訂正する続報を出す。以後は根拠の記録を引用してから公表する", "issue a correction; from now on cite the record that shows it before it is made known"), nil, told.ref, known.ref)
	}
	return nil
}

// claims finds flaws called unknown that had been published, and thefts told
// without the item that was stolen.
func (l *linter) claims(ctx context.Context) error {
	advisory, attack := l.advisory(), l.firstEvent()
	for i := range l.c.Statements {
		s := &l.c.Statements[i]
		if l.denial[i] {
			continue
		}
		me := Ref{investigate.KindStatement, s.ID}
		if l.words.unknownFlaw(s.Text) && advisory != nil && attack != nil && advisory.At.Before(attack.At) {
			by := far(attack.At.Sub(advisory.At))
			l.add("unknown-but-published", Error,
				both(fmt.Sprintf("「%s」とあるが、最初の攻撃（%s）の %s 前に「%s」（%s）がある", s.Text.In("ja"), l.clock(attack.At), by.JA, advisory.Text.In("ja"), l.clock(advisory.At)),
					fmt.Sprintf("“%s”, but “%s” (%s) came %s before the first attack (%s)", s.Text.In("en"), advisory.Text.In("en"), l.clock(advisory.At), by.EN, l.clock(attack.At))),
				both("公表済みだったことと、対応が間に合わなかった理由を書く", "say that it had been published, and why it was not dealt with in time"), first(advisory.Cites), me, Ref{investigate.KindRow, advisory.ID})
		}
		if l.words.theft(s.Text) && (s.Certainty == investigate.Confirmed || s.Certainty == investigate.Established || s.Certainty == investigate.Probable) && !l.item(ctx, s.Cites) {
			l.add("theft-without-item", Error,
				both(fmt.Sprintf("「%s」に、どの項目から盗まれたかを示す記録がない", s.Text.In("ja")), fmt.Sprintf("“%s” cites no record of the item that it was stolen from", s.Text.In("en"))),
				both("文書・発言を閲覧した記録を引用するか、「可能性を否定できない」とする", "cite the record of the document or message being read, or say that it cannot be ruled out"), nil, me)
		}
	}
	return nil
}

// advisory is the earliest row that tells of a flaw being published.
func (l *linter) advisory() *investigate.Row {
	for i := range l.c.Timeline {
		if r := &l.c.Timeline[i]; r.Precision != investigate.UnknownTime && l.words.published(r.Text) {
			return r
		}
	}
	return nil
}

// firstEvent is the earliest row of what the intruder did.
func (l *linter) firstEvent() *investigate.Row {
	for i := range l.c.Timeline {
		if r := &l.c.Timeline[i]; r.What == "event" && r.Precision != investigate.UnknownTime && !l.words.published(r.Text) {
			return r
		}
	}
	return nil
}

// item reports whether one of the records cited tells of an item.
func (l *linter) item(ctx context.Context, cites []uint64) bool {
	for _, seq := range cites {
		if s, ok := l.ev.Record(ctx, seq); ok && s.Gone == "" && s.Item != "" {
			return true
		}
	}
	return false
}

// names finds real names in what the public reads.
func (l *linter) names(context.Context) error {
	find, whose := newFinder(), map[string]*investigate.Entity{}
	for i := range l.c.Entities {
		if e := &l.c.Entities[i]; len([]rune(e.Real)) > 1 && e.Role != "own" && (e.Type == "person" || e.Type == "account" || e.Type == "company") {
			find.add(e.Real)
			whose[e.Real] = e
		}
	}
	look := func(ref Ref, p event.Phrase) {
		for _, name := range find.in(p.JA, p.EN) {
			e := whose[name]
			l.add("real-name", Warning, both(fmt.Sprintf("実名が本文にある（公開名は「%s」）", e.Public.In("ja")), fmt.Sprintf("a real name stands in the text (the public one is “%s”)", e.Public.In("en"))),
				both("公開名で書く", "write the public name"), nil, ref, Ref{investigate.KindEntity, e.ID})
		}
	}
	for i := range l.c.Timeline {
		look(Ref{investigate.KindRow, l.c.Timeline[i].ID}, l.c.Timeline[i].Text)
	}
	for i := range l.c.Statements {
		look(Ref{investigate.KindStatement, l.c.Statements[i].ID}, l.c.Statements[i].Text)
	}
	for i := range l.c.Sections {
		look(Ref{investigate.KindSection, l.c.Sections[i].ID}, l.c.Sections[i].Text)
	}
	return nil
}
