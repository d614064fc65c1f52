package machine

import (
	"cmp"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
)

type bulkRead struct {
	learn, remember int32
	rows            uint64 // fewer rows are no bulk
	times           uint64 // so many times the usual is far beyond it
	tables          int    // so many tables read whole within minutes are a dump
	shapes          *bounded.Table[shapeKey, peaks]
	dumpers         *bounded.Table[dumper, hours24]
	told            *bounded.Table[dumper, occasion]
	info            finding.Info
}

// A dumper is an account that dumps, where from, and of which server: who
// dumps the database of development every day has not done so in production.
type dumper struct {
	account, from, server string
}

// An occasion is when an account was last told to read in bulk. What goes on
// without half an hour's pause is one.
type occasion struct {
	first, last time.Time
	record      uint64 // of the statement that was told
}

const pause = 30 * time.Minute

// An hours24 is the days on which something was done, by the hour of the day in UTC.
type hours24 [24]learn.Dayset

func (h *hours24) any(from, to int32) bool {
	for i := range h {
		if h[i].Any(from, to) {
			return true
		}
	}
	return false
}

// near reports whether it was done within two hours of an hour of the day.
func (h *hours24) near(hour int, from, to int32) bool {
	for d := -2; d <= 2; d++ {
		if h[(hour+d+24)%24].Any(from, to) {
			return true
		}
	}
	return false
}

func (b *statements) tuneBulkRead(t *learn.Tuning) {
	p := &b.bulk
	p.learn, p.remember = spanDays(t, "learn", 7, peakDays-1), spanDays(t, "remember", 45, learn.MaxDays)
	p.rows, p.times, p.tables = uint64(t.Int("rows", 10_000)), uint64(t.Int("times", 10)), t.Int("tables", 5)
	p.shapes = bounded.NewTable[shapeKey, peaks](maxShapes/4, b.kit.Evicted())
	p.dumpers = bounded.NewTable[dumper, hours24](maxDatabaseClients, b.kit.Evicted())
	p.told = bounded.NewTable[dumper, occasion](maxDatabaseClients, new(uint64)) // what is forgotten is told once more
	p.info = finding.Info{
		ID:    "baseline-bulk-read",
		Title: "Database read in bulk", TitleJA: "データベースの大量読み出し",
		Description: "A statement, or an account within ten minutes, reads at least rows rows and times what it read within ten minutes on any of the last 31 days; medium. Where the log " +
			"has no rows, what dumps look like counts: COPY … TO, SQL_NO_CACHE, INTO OUTFILE, or tables tables read whole within ten minutes: high from an account and address that never " +
			"dumped from that server in the remembered days, low from one that did, at an unusual hour. What is done again after half an hour is told again, citing the first time. Until statements were logged for learn, nothing is reported. It cannot see a dump in many small steps that are as usual.",
		DescriptionJA: "一つの SQL 文、またはアカウントが 10 分間に読み出した行数が rows 以上で、過去 31 日間のどの日の 10 分間と比べても times 倍以上のとき「中」。行数の残らないログでは、書き出しらしい文" +
			"（COPY … TO、SQL_NO_CACHE、INTO OUTFILE、10 分間に tables 個の表の全件読み出し）を数える。記憶している日数にそのサーバーから書き出しをしたことのないアカウントと接続元なら「高」、したことがあっても普段と違う時間帯なら「低」。30 分以上おいて同じことをすれば、前回を引いて改めて知らせる。" +
			"SQL 文の記録が learn に満たないうちは報告しない。普段と変わらない小さな読み出しの積み重ねは見えない。",
		Level: finding.LevelHigh, Tags: []string{"attack.collection", "attack.t1213.006", "attack.exfiltration"},
		Params: t.Params(),
	}
}

// watched reports whether statements have been logged for long enough.
func (b *statements) watched(day, learn, remember int32) bool {
	return learned(&b.seen, day, learn, remember)
}

// judgeBulk judges how much a statement read, then learns it.
func (b *statements) judgeBulk(r *run, h *clientHabit) {
	if r.shape.Verb != "SELECT" && r.shape.Verb != "COPY" && r.shape.Verb != "TABLE" && r.shape.Verb != "FETCH" {
		return
	}
	b.judgeRows(r, h)
	whole := 0
	if r.shape.Whole {
		whole = h.whole.add(bareTable(r.shape.Table), r.ev.Time)
	}
	if r.shape.Dump || whole >= b.bulk.tables {
		b.judgeDump(r, whole)
	}
}

func (b *statements) judgeRows(r *run, h *clientHabit) {
	if r.rows == 0 {
		return
	}
	p := &b.bulk
	habit, _ := p.shapes.Get(r.key)
	sum := h.rows.add(r.ev.Time, r.rows)
	usual := max(h.highest.before(r.day), habit.before(r.day))
	habit.note(r.day, r.rows)
	h.highest.note(r.day, sum)
	if sum < p.rows || sum < usual*p.times || !b.watched(r.day, p.learn, peakDays-1) {
		return
	}
	f := learn.About(r.ev, finding.LevelMedium)
	f.Why = fmt.Sprintf("%s (%s, from %s) read %d rows within ten minutes, %d by this statement; on no day of the last 31 did it read more than %d in that time.",
		finding.Shown(r.ev.ActorUser), finding.Shown(r.ev.ClientApp), from(r), sum, r.rows, usual)
	f.WhyJA = fmt.Sprintf("%s（%s、接続元 %s）が 10 分間に %d 行を読み出した（この文で %d 行）。過去 31 日間、同じ時間に読み出したのは多い日で %d 行である。",
		finding.Shown(r.ev.ActorUser), finding.Shown(r.ev.ClientApp), from(r), sum, r.rows, usual)
	server := bare(hostOf(r.ev))
	b.tellBulk(f, r, dumper{"rows " + r.who.account, r.who.application, server}, r.who.account, r.who.application, server)
}

// tellBulk reports an occasion: that of an hour later on the same day is
// another one, and cites the one before.
func (b *statements) tellBulk(f finding.Finding, r *run, of dumper, keys ...string) {
	o, _ := b.bulk.told.Get(of)
	before := *o
	if r.ev.Time.Sub(before.last) < pause {
		o.last = learn.Later(o.last, r.ev.Time)
		b.kit.Repeat()
		return
	}
	*o = occasion{first: r.ev.Time, last: r.ev.Time, record: r.ev.Record}
	if r.ev.Time.Sub(before.first) < learn.Day {
		f.Records = append(f.Records, before.record)
		f.Why += " It did the same at " + finding.Clock(before.first) + "."
		f.WhyJA += "同じことを " + finding.ClockJA(before.first) + " にもしている。"
		keys = append(keys, r.ev.Time.UTC().Format("15:04"))
	}
	b.kit.Raise(f, &b.bulk.info, keys...)
}

func from(r *run) string { return finding.Shown(cmp.Or(r.ev.SrcIP, "local")) }

// judgeDump judges a statement that looks like a dump.
func (b *statements) judgeDump(r *run, whole int) {
	p := &b.bulk
	who := dumper{r.who.account, bare(r.ev.SrcIP), bare(hostOf(r.ev))}
	habit, _ := p.dumpers.Get(who)
	hour := r.ev.Time.UTC().Hour()
	known, usual := habit.any(r.day-p.remember, r.day-1), habit.near(hour, r.day-p.remember, r.day-1)
	habit[hour].Mark(r.day)
	if usual || !b.watched(r.day, p.learn, p.remember) {
		return
	}
	level := finding.LevelHigh
	before, beforeJA := "never dumped from there", "この接続元から書き出しをしたことがない"
	switch {
	case known:
		level, before, beforeJA = finding.LevelLow, "never did so at this hour", "この時間帯に書き出しをしたことがない"
	case backs(r.who):
		level = finding.LevelMedium
	}
	f := learn.About(r.ev, level)
	what, whatJA := "read the whole of "+finding.Shown(r.shape.Table)+" as dumps do", finding.Shown(r.shape.Table)+" を書き出しの形で全件読み出した"
	if !r.shape.Dump {
		what, whatJA = fmt.Sprintf("read %d tables whole within ten minutes", whole), fmt.Sprintf("10 分間に %d 個の表を全件読み出した", whole)
	}
	f.Why = fmt.Sprintf("%s (%s, from %s) %s; in the last %d days it %s.",
		finding.Shown(r.ev.ActorUser), finding.Shown(r.ev.ClientApp), from(r), what, p.remember, before)
	f.WhyJA = fmt.Sprintf("%s（%s、接続元 %s）が %s。過去 %d 日間、%s。",
		finding.Shown(r.ev.ActorUser), finding.Shown(r.ev.ClientApp), from(r), whatJA, p.remember, beforeJA)
	b.tellBulk(f, r, who, "dump", r.who.account, r.ev.SrcIP, who.server)
}
