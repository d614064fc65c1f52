package machine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
)

type newStatement struct {
	learn, remember int32
	count, many     int
	shapes          sightingDays[shapeKey]
	tables          sightingDays[[2]string]           // by client and table
	pending         *bounded.Table[client, time.Time] // clients with gathered shapes, by when to tell
	info            finding.Info
}

// gathered are the new shapes of one client that are told together.
type gathered struct {
	first, last finding.Finding
	count       int
	tables      []string // new to the client, and not made this week
	records     cited
	text        string
}

// gatherFor is how long new shapes of a client are gathered.
const gatherFor = 30 * time.Minute

func (b *statements) tuneNewStatement(t *learn.Tuning) {
	p := &b.fresh
	p.learn, p.remember = spanDays(t, "learn", 14, learn.MaxDays), spanDays(t, "remember", 100, learn.MaxDays)
	p.count, p.many = t.Int("learn_statements", 100), t.Int("deployment", 5)
	p.shapes = newSightingDays[shapeKey](b.kit, maxShapes, p.remember)
	p.tables = newSightingDays[[2]string](b.kit, maxShapes/4, p.remember)
	p.pending = bounded.NewTable[client, time.Time](maxDatabaseClients, b.kit.Evicted())
	p.info = finding.Info{
		ID:    "baseline-new-statement",
		Title: "First-seen statement of an application", TitleJA: "アプリケーションが初めて出した SQL 文",
		Description: "An account of a database runs, for an application whose statements are known, one of a shape never seen from it. High when the statement feels its " +
			"way through the database (UNION SELECT, sleep, information_schema, a condition that is always true), but for migrations, backups and monitoring that read information_schema. New shapes of half an hour are told together: medium when up to " +
			"deployment of them touch a table this application never touched and nobody made or altered that week, low otherwise. From programs that people type into, or applications " +
			"with new shapes on every other day, low. It needs the statements in the log; what an application may always do, it cannot see.",
		DescriptionJA: "SQL 文の分かっているアプリケーションのデータベースアカウントが、これまでにない形の SQL 文を実行した。データベースの中を探る文（UNION SELECT、sleep、information_schema、常に真の条件）は「高」。ただし、移行・バックアップ・監視が information_schema を読むのは除く。" +
			"30 分以内の新しい形は一つにまとめる。deployment 件以下で、このアプリケーションが触れたことのない表（その週に作成・変更されたものを除く）に触れたときは「中」、ほかは「低」。人が打ち込むためのプログラムや、" +
			"2 日に 1 日は新しい形を出すアプリケーションは「低」。SQL 文がログに残っていることが前提で、アプリケーションが普段から出す文に紛れたものは見えない。",
		Level: finding.LevelHigh, Tags: []string{"attack.initial-access", "attack.t1190", "attack.collection", "attack.t1213"},
		Params: t.Params(),
	}
}

// judgeNew judges a shape that is new to its client, then learns it.
func (b *statements) judgeNew(r *run, h *clientHabit) {
	p := &b.fresh
	table := bareTable(r.shape.Table)
	known, knownTable := p.shapes.seen(r.key, r.day), p.tables.seen([2]string{r.who.account + "\x00" + r.who.application, table}, r.day)
	if known {
		return
	}
	usual := h.novel.Count(r.day-p.learn, r.day-1)*2 >= h.days.Count(r.day-p.learn, r.day-1)
	h.novel.Mark(r.day)
	if !learned(&h.days, r.day, p.learn, p.remember) || h.counts.total(r.day) < uint64(p.count) {
		return
	}
	if r.shape.Probes != "" && !r.adHoc && (r.shape.Probes != "information_schema" || !looksAround(r.who)) {
		b.raiseProbe(r)
		return
	}
	g := &h.fresh
	f := learn.About(r.ev, finding.LevelLow)
	if g.count == 0 {
		g.first, g.text = f, r.shape.Text
		at, _ := p.pending.Get(r.who)
		*at = r.ev.Time.Add(gatherFor)
	}
	g.last = f
	g.count++
	g.records.add(r.ev.Record)
	if !knownTable && table != "" && !r.adHoc && !usual && !b.recentlyMade(table, r.ev.Time) && len(g.tables) < maxSet && !slices.Contains(g.tables, table) {
		g.tables = append(g.tables, table)
	}
}

// looksAround reports whether a client reads what there is in a database by
// trade: migrations, backups, monitoring.
func looksAround(who client) bool {
	if migrates(who) || backs(who) {
		return true
	}
	for _, name := range [...]string{"dump", "monitor", "exporter", "zabbix", "datadog", "replica"} {
		if strings.Contains(who.account, name) || strings.Contains(who.application, name) {
			return true
		}
	}
	return false
}

func (b *statements) raiseProbe(r *run) {
	f := learn.About(r.ev, finding.LevelHigh)
	f.Why = fmt.Sprintf("%s (%s) ran a statement of a shape it was never seen with in %d days, and it feels its way: %s. %s",
		finding.Shown(r.ev.ActorUser), finding.Shown(r.ev.ClientApp), b.fresh.remember, r.shape.Probes, finding.Shown(r.shape.Text))
	f.WhyJA = fmt.Sprintf("%s（%s）が、過去 %d 日間に出したことのない形の SQL 文を実行した。データベースの中を探る文である（%s）: %s",
		finding.Shown(r.ev.ActorUser), finding.Shown(r.ev.ClientApp), b.fresh.remember, r.shape.Probes, finding.Shown(r.shape.Text))
	b.kit.Raise(f, &b.fresh.info, r.who.account, r.who.application, r.shape.Probes)
}

// tellFresh tells a client's gathered shapes when their time is over.
func (b *statements) tellFresh(who client, h *clientHabit, now time.Time) {
	if h.fresh.count == 0 || now.Before(h.fresh.first.Time.Add(gatherFor)) {
		return
	}
	g := h.fresh
	h.fresh = gathered{}
	b.fresh.pending.Drop(who)
	f := g.first
	f.Until, f.Records = g.last.Time, g.records
	if len(g.tables) > 0 && g.count <= b.fresh.many && !migrates(who) {
		f.Level = finding.LevelMedium
	}
	tables, tablesJA := "", ""
	if len(g.tables) > 0 {
		tables, tablesJA = "; tables new to it: "+finding.List(g.tables), "。初めて触れた表: "+finding.List(g.tables)
	}
	f.Why = fmt.Sprintf("%s (%s) ran statements of %d shapes that it was never seen with in %d days, the first: %s%s.",
		finding.Shown(f.ActorUser), finding.Shown(who.application), g.count, b.fresh.remember, finding.Shown(g.text), tables)
	f.WhyJA = fmt.Sprintf("%s（%s）が、過去 %d 日間に出したことのない形の SQL 文を %d 種類実行した。最初のもの: %s%s。",
		finding.Shown(f.ActorUser), finding.Shown(who.application), b.fresh.remember, g.count, finding.Shown(g.text), tablesJA)
	b.kit.Raise(f, &b.fresh.info, who.account, who.application)
}

// tellAllFresh tells what has been gathered long enough, the oldest first.
func (b *statements) tellAllFresh(now time.Time) {
	var due []client
	for who, at := range b.fresh.pending.All {
		if !now.Before(*at) {
			due = append(due, who)
		}
	}
	slices.Reverse(due) // the table's last used come first
	for _, who := range due {
		b.fresh.pending.Drop(who)
		if h := b.clients.Find(who); h != nil {
			b.tellFresh(who, h, now)
		}
	}
}
