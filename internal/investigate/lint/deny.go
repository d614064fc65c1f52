package lint

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// denies reports whether a statement says that something did not happen or was
// not there.
func (l *linter) denies(s *investigate.Statement) bool {
	if s.Certainty == investigate.Undetermined || s.Certainty == investigate.Possible {
		return false
	}
	return s.Certainty == investigate.NotConfirmed || l.words.negative(s.Text)
}

// negatives finds denials without coverage, and denials of what records show.
func (l *linter) negatives(ctx context.Context) error {
	for i := range l.c.Statements {
		s := &l.c.Statements[i]
		if !l.denial[i] {
			continue
		}
		me := Ref{investigate.KindStatement, s.ID}
		if s.Query == "" {
			if s.Certainty == investigate.NotConfirmed || len(s.Cites) == 0 {
				l.add("negative-without-coverage", Error, both("否定の記述に、どこを調べたかがない", "a denial does not say where was looked"),
					both("検索と期間を付け、網羅性を計算させる", "give it a query and a window, so that its coverage is computed"), nil, me)
			}
			continue
		}
		if err := l.denied(ctx, s, me); err != nil {
			return err
		}
	}
	return nil
}

func (l *linter) denied(ctx context.Context, s *investigate.Statement, me Ref) error {
	found, records := int64(0), []uint64(nil)
	if s.Answer != nil && s.Answer.Verdict == coverage.Found {
		found, records = s.Answer.Found, first(s.Cites)
	}
	if found == 0 && l.asked < maxAsked {
		l.asked++
		var err error
		if found, records, err = l.ev.Find(ctx, s.Query, s.Sources, s.From, s.To); err != nil {
			return fmt.Errorf("lint: statement %s: %w", s.ID, err)
		}
	}
	if found > 0 {
		when := both("", "")
		if len(records) > 0 {
			if seen, ok := l.ev.Record(ctx, records[0]); ok && seen.Gone == "" {
				when = both("（最初は "+l.clock(seen.At)+"）", " (the first of "+l.clock(seen.At)+")")
			}
		}
		l.add("denied-but-recorded", Error,
			both(fmt.Sprintf("「%s」とあるが、該当する記録が %d 件ある%s", s.Text.In("ja"), found, when.JA), fmt.Sprintf("“%s”, but %s%s", s.Text.In("en"), event.Many(found, "1 event shows it", "%d events show it"), when.EN)),
			both("記述を取り下げるか、期間と検索を狭めて言い直す", "withdraw it, or say it of a narrower window or query"), first(records), me)
		return nil
	}
	if s.Answer == nil {
		return nil
	}
	if from, to := s.Answer.From, s.Answer.To; !s.Until.IsZero() && (!s.At.IsZero() && from.After(s.At) || !to.IsZero() && to.Before(s.Until.Truncate(time.Minute))) {
		l.add("denied-wider-than-searched", Warning,
			both(fmt.Sprintf("「%s」は、検索した期間（%s〜%s）より広い期間を否定している", s.Text.In("ja"), l.clock(from), l.clock(to)), fmt.Sprintf("“%s” denies more time than was searched (%s to %s)", s.Text.In("en"), l.clock(from), l.clock(to))),
			both("検索の期間を広げるか、記述を検索した期間に限る", "search all of the time, or deny only what was searched"), nil, me)
	}
	if s.Answer.Verdict == coverage.NotFoundCovered {
		return nil
	}
	why := both("ログが揃っていない", "the logs are not complete")
	if len(s.Answer.Because) > 0 {
		why = s.Answer.Because[0]
	}
	l.add("negative-not-covered", Warning,
		both(fmt.Sprintf("「%s」は網羅性が足りず「不明」となる：%s", s.Text.In("ja"), why.In("ja")), fmt.Sprintf("“%s” can only be unknown: %s", s.Text.In("en"), why.In("en"))),
		both("「判明しなかった」とし、理由を書く", "say that it is undetermined, and why"), nil, me)
	return nil
}

// absences finds what is said not to have been, beside what is said of the same.
func (l *linter) absences(context.Context) error {
	for _, key := range l.keys {
		var timed, untimed []*telling
		for i := range l.about[key] {
			switch t := &l.about[key][i]; {
			case t.negative || t.what == "notice":
			case t.at.IsZero():
				untimed = append(untimed, t)
			default:
				timed = append(timed, t)
			}
		}
		slices.SortStableFunc(timed, func(a, b *telling) int { return a.at.Compare(b.at) })
		for i := range l.about[key] {
			if no := &l.about[key][i]; no.negative {
				l.absent(no, timed, untimed)
			}
		}
	}
	return nil
}

// absent takes the first of what is said to have been that lies in the time of
// which it is denied. timed are in order.
func (l *linter) absent(no *telling, timed, untimed []*telling) {
	var yes *telling
	from, to := no.span()
	n := sort.Search(len(timed), func(i int) bool { return !timed[i].at.Before(from) })
	switch {
	case n < len(timed) && (to.IsZero() || !timed[n].at.After(to)):
		yes = timed[n]
	case len(untimed) > 0:
		yes = untimed[0]
	default:
		return
	}
	at := event.Phrase{}
	if !yes.at.IsZero() {
		at = both("（"+l.clock(yes.at)+"）", " ("+l.clock(yes.at)+")")
	}
	l.add("absence-against-presence", Error,
		both(fmt.Sprintf("「%s」とあるが、「%s」%sともある", no.text.In("ja"), yes.text.In("ja"), at.JA), fmt.Sprintf("“%s”, but also “%s”%s", no.text.In("en"), yes.text.In("en"), at.EN)),
		both("否定の範囲（対象・期間）を直す", "correct what the denial is of, and of which time"), first(yes.cites), no.ref, yes.ref)
}

// span is the time of which something is denied: from At to Until, all before At
// where only that is said, and else the window that was searched. Zero is open.
func (t *telling) span() (from, to time.Time) {
	switch {
	case !t.until.IsZero():
		return t.at, t.until
	case !t.at.IsZero() && t.precision == investigate.OnDay:
		return t.at.Add(-24 * time.Hour), t.at.Add(24 * time.Hour)
	case !t.at.IsZero():
		return time.Time{}, t.at
	}
	return t.from, t.to
}

// evidence finds what is said to be certain and rests on nothing, or on records
// that are no more.
func (l *linter) evidence(ctx context.Context) error {
	for i := range l.c.Statements {
		s := &l.c.Statements[i]
		me := Ref{investigate.KindStatement, s.ID}
		sure := s.Certainty == investigate.Confirmed || s.Certainty == investigate.Established
		if sure && len(s.Cites) == 0 {
			l.add("certain-without-record", Error, both("断定の記述に原記録がない", "what is said to be certain cites no record"), both("根拠の記録を引用するか、確度を下げる", "cite what shows it, or say it with less certainty"), nil, me)
		}
		if s.Certainty == investigate.Probable && len(s.Cites) == 0 && s.Reason.Empty() {
			l.add("probable-without-grounds", Warning, both("「蓋然性が高い」の根拠がない", "what is said to be highly probable gives no grounds"), both("根拠を書くか、記録を引用する", "give the grounds, or cite records"), nil, me)
		}
		l.gone(ctx, me, s.Cites)
	}
	for i := range l.c.Timeline {
		l.gone(ctx, Ref{investigate.KindRow, l.c.Timeline[i].ID}, l.c.Timeline[i].Cites)
	}
	return nil
}

func (l *linter) gone(ctx context.Context, me Ref, cites []uint64) {
	var gone []uint64
	why := ""
	for _, seq := range cites {
		if s, ok := l.ev.Record(ctx, seq); ok && s.Gone != "" {
			gone, why = append(gone, seq), s.Gone
		}
	}
	switch {
	case len(gone) == 0:
	case len(gone) == len(cites):
		l.add("proof-gone", Error, both(fmt.Sprintf("引用した原記録がどれも残っていない（%s）", gonePhrase(why).JA), "none of the records cited can be shown any more ("+gonePhrase(why).EN+")"),
			both("残っている記録を引用する。写しや束に残っていないか確かめる", "cite records that are still there; look for a copy or an earlier bundle"), gone, me)
	default:
		l.add("proof-partly-gone", Warning, both(fmt.Sprintf("引用した原記録 %d 件のうち %d 件が残っていない（%s）", len(cites), len(gone), gonePhrase(why).JA), fmt.Sprintf("%d of the %d records cited can be shown no more (%s)", len(gone), len(cites), gonePhrase(why).EN)),
			both("残っている記録だけで言えるか確かめる", "see whether what is left still shows it"), gone, me)
	}
}

func gonePhrase(why string) event.Phrase {
	switch why {
	case "expired":
		return both("保存期間を過ぎて消去", "let go when their retention ended")
	case "shredded":
		return both("鍵を破棄", "their key was destroyed")
	case "locked":
		return both("鍵が手元にない", "their key is not at hand")
	}
	return both("見つからない", "not found")
}
