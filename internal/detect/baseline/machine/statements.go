package machine

import (
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/zeebo/xxh3"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/detect/shape"
	"github.com/konseki/konseki/internal/event"
)

// statements are the baselines that share what is remembered of the statements
// of databases' accounts.
type statements struct {
	kit     *learn.Kit
	shapes  *shape.Reader
	seen    learn.Dayset // days with statements of whomever
	clients *bounded.Table[client, clientHabit]
	made    *bounded.Table[string, time.Time] // tables, by when they were last created or altered

	fresh  newStatement
	bulk   bulkRead
	losing destructive
}

// A client is an account of a database and the application that uses it.
type client struct{ account, application string }

// A clientHabit is what is known of a client.
type clientHabit struct {
	days    learn.Dayset
	counts  peaks        // statements by day
	novel   learn.Dayset // days on which it gave new shapes
	rows    rate
	highest peaks // rows within ten minutes, by day
	tables  stretch
	whole   stretch // tables read whole
	fresh   gathered
}

// A run is one statement that was run.
type run struct {
	ev    *event.Event
	who   client
	shape *shape.Shape
	key   shapeKey
	rows  uint64
	day   int32
	adHoc bool
}

// A shapeKey is a client's shape of statement.
type shapeKey struct {
	who   uint64
	shape xxh3.Uint128
}

// Limits of what is remembered in all.
const (
	maxDatabaseClients = 5_000
	maxShapes          = 200_000
	maxMadeTables      = 20_000
)

func newStatements(k *learn.Kit) learn.Baseline {
	b := &statements{kit: k, shapes: shape.NewReader()}
	b.clients = bounded.NewTable[client, clientHabit](maxDatabaseClients, k.Evicted())
	b.made = bounded.NewTable[string, time.Time](maxMadeTables, k.Evicted())
	b.tuneNewStatement(k.Tune("baseline-new-statement"))
	b.tuneBulkRead(k.Tune("baseline-bulk-read"))
	b.tuneDestructive(k.Tune("baseline-destructive-statement"))
	return b
}

func (b *statements) Rules() []finding.Info {
	return []finding.Info{b.fresh.info, b.bulk.info, b.losing.info}
}

func (b *statements) Wants(ev *event.Event) bool {
	return ev.ClassUID == event.ClassDatastore && ev.Statement != "" && ev.ActorUser != ""
}

func (b *statements) Observe(ev *event.Event) {
	r := b.runOf(ev)
	if r.shape.Steers {
		return
	}
	h, _ := b.clients.Get(r.who)
	b.seen.Mark(r.day)
	b.tellFresh(r.who, h, ev.Time)
	b.judgeNew(&r, h)
	b.judgeBulk(&r, h)
	b.judgeDestructive(&r, h)
	h.days.Mark(r.day)
	h.counts.add(r.day, 1)
	b.madeTable(&r)
}

func (b *statements) runOf(ev *event.Event) run {
	r := run{ev: ev, shape: b.shapes.Of(ev.Statement), day: learn.DayOf(ev.Time)}
	r.who = client{bare(learn.AccountKey(ev.ActorUser)), folded(ev.ClientApp)}
	r.key = shapeKey{xxh3.HashString(r.who.account + "\x00" + r.who.application), xxh3.HashString128(r.shape.Text)}
	for _, c := range ev.Note("rows") {
		r.rows = r.rows*10 + uint64(c-'0')
	}
	r.adHoc = handy(r.who.application)
	return r
}

// handy reports whether an application is one that a person types into.
func handy(application string) bool {
	for _, name := range [...]string{"psql", "mysql", "mariadb", "pgadmin", "dbeaver", "datagrip", "tableplus", "heidisql", "workbench", "navicat", "sqlplus", "ssms", "a#:sql", "metabase", "redash"} {
		if strings.HasPrefix(application, name) || strings.Contains(application, name) && name != "mysql" {
			return true
		}
	}
	return false
}

// migrates reports whether a client is one that changes the structure of
// databases by trade.
func migrates(who client) bool {
	for _, name := range [...]string{"migrat", "flyway", "liquibase", "alembic", "deploy", "schema", "ansible", "terraform"} {
		if strings.Contains(who.account, name) || strings.Contains(who.application, name) {
			return true
		}
	}
	return false
}

// backs reports whether a client makes backups by its name.
func backs(who client) bool {
	return strings.Contains(who.account, "backup") || strings.Contains(who.application, "backup")
}

// madeTable remembers when a table was created or altered.
func (b *statements) madeTable(r *run) {
	if (r.shape.Verb == "CREATE" || r.shape.Verb == "ALTER") && r.shape.Table != "" && r.ev.StatusID != event.StatusFailure {
		at, _ := b.made.Get(bareTable(r.shape.Table))
		*at = learn.Later(*at, r.ev.Time)
	}
}

// recentlyMade reports whether a table was created or altered in the last week.
func (b *statements) recentlyMade(table string, at time.Time) bool {
	made := b.made.Find(bareTable(table))
	return made != nil && at.Sub(*made) < 7*learn.Day
}

// bareTable leaves the schema out of a table's name.
func bareTable(table string) string { return bare(table[strings.LastIndexByte(table, '.')+1:]) }

func (b *statements) Advance(now time.Time) { b.tellAllFresh(now) }

// maxSet bounds the names of one stretch that are told apart.
const maxSet = 64

// A stretch is the names seen within the last ten minutes.
type stretch struct {
	names []string
	at    []time.Time
}

// add takes a name in and gives how many there are.
func (m *stretch) add(name string, at time.Time) int {
	n := 0
	for i := range m.names {
		if m.names[i] != name && at.Sub(m.at[i]) < burst {
			m.names[n], m.at[n] = m.names[i], m.at[i]
			n++
		}
	}
	m.names, m.at = m.names[:n], m.at[:n]
	if n < maxSet {
		m.names, m.at = append(m.names, name), append(m.at, at)
	}
	return len(m.names)
}
