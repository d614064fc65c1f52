package machine

import (
	"fmt"
	"strings"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

type destructive struct {
	learn, remember int32
	tables          int
	doers           sightingDays[client] // clients that destroyed something
	days            sightingDays[client] // clients that destroyed many tables
	info            finding.Info
}

func (b *statements) tuneDestructive(t *learn.Tuning) {
	p := &b.losing
	p.learn, p.remember, p.tables = spanDays(t, "learn", 7, learn.MaxDays), spanDays(t, "remember", 100, learn.MaxDays), t.Int("tables", 4)
	p.doers = newSightingDays[client](b.kit, maxDatabaseClients, p.remember)
	p.days = newSightingDays[client](b.kit, maxDatabaseClients, p.remember)
	p.info = finding.Info{
		ID:    "baseline-destructive-statement",
		Title: "Data destroyed in a database", TitleJA: "データベースのデータが壊された",
		Description: "DROP, TRUNCATE, DELETE or UPDATE without a condition, or the drop of a column, by an account and application that did none in the remembered days: medium; low for " +
			"temporary, staging and backup tables, tables made in the last week, accounts that migrate by their name, and while konseki is learning. High when a database is dropped, or when tables " +
			"tables or more are hit within ten minutes by one that never hit so many. It cannot see statements that the log leaves out, nor DELETE with a condition that all rows meet.",
		DescriptionJA: "記憶している日数にしたことのないアカウントとアプリケーションが、DROP、TRUNCATE、条件のない DELETE・UPDATE、列の削除を行った: 「中」。一時・取込・控えの表、その週に作られた表、名前から移行用と分かるアカウント、" +
			"学習中は「低」。データベースごとの DROP や、そうしたことのない者が 10 分間に tables 個以上の表に対して行ったときは「高」。ログに残らない文や、全件に当たる条件の付いた DELETE は見えない。",
		Level: finding.LevelHigh, Tags: []string{"attack.impact", "attack.t1485"},
		Params: t.Params(),
	}
}

// passing reports whether a table is one that comes and goes by its name.
func passing(table string) bool {
	for _, word := range [...]string{"tmp", "temp", "staging", "stg_", "work", "backup", "bak", "_old", "_new", "cache", "session", "test", "import", "queue"} {
		if strings.Contains(table, word) {
			return true
		}
	}
	return false
}

// judgeDestructive judges a statement that takes data away, then learns it.
func (b *statements) judgeDestructive(r *run, h *clientHabit) {
	if r.shape.Destroys == "" || r.ev.StatusID == event.StatusFailure {
		return
	}
	p := &b.losing
	table := bareTable(r.shape.Table)
	gone := h.tables.add(table, r.ev.Time)
	did := p.doers.seen(r.who, r.day)
	watched := b.watched(r.day, p.learn, p.remember)
	many := gone >= p.tables && watched && !p.days.knows(r.who, r.day-1)
	if gone >= p.tables {
		p.days.seen(r.who, r.day)
	}
	whole := r.shape.Destroys == "drop" && (strings.Contains(r.shape.Text, "drop database") || strings.Contains(r.shape.Text, "drop schema"))
	if did && !many && !whole {
		return
	}
	level := finding.LevelMedium
	switch {
	case many && !migrates(r.who), whole && !passing(table):
		level = finding.LevelHigh
	case passing(table), b.recentlyMade(table, r.ev.Time), migrates(r.who), !watched:
		level = finding.LevelLow
	}
	f := learn.About(r.ev, level)
	f.Why = fmt.Sprintf("%s (%s, from %s) ran %s on %s, which it did not do in the last %d days; %d tables within ten minutes.",
		finding.Shown(r.ev.ActorUser), finding.Shown(r.ev.ClientApp), from(r), strings.ToUpper(r.shape.Destroys), finding.Shown(r.shape.Table), p.remember, gone)
	f.WhyJA = fmt.Sprintf("%s（%s、接続元 %s）が %s に対して %s を実行した。過去 %d 日間にしたことがない。10 分間に対象となった表は %d 個。",
		finding.Shown(r.ev.ActorUser), finding.Shown(r.ev.ClientApp), from(r), finding.Shown(r.shape.Table), strings.ToUpper(r.shape.Destroys), p.remember, gone)
	b.kit.Raise(f, &p.info, r.who.account, r.who.application, level)
}
