package week

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// query is a statement of an application.
type query struct{ class, command, table, text string }

// queries are what the shop asks again and again.
func queries() []query {
	return []query{
		{"READ", "SELECT", "public.items", "SELECT id, name, price FROM items WHERE id = %d"},
		{"READ", "SELECT", "public.items", "SELECT id, name FROM items WHERE rank < %d ORDER BY rank LIMIT 20"},
		{"READ", "SELECT", "public.customers", "SELECT id, name, mail FROM customers WHERE id = %d"},
		{"READ", "SELECT", "public.carts", "SELECT item_id, count FROM carts WHERE customer_id = %d"},
		{"WRITE", "INSERT", "public.orders", "INSERT INTO orders (customer_id, total) VALUES (%d, 1980)"},
		{"WRITE", "UPDATE", "public.stock", "UPDATE stock SET count = count - 1 WHERE item_id = %d"},
		{"WRITE", "UPDATE", "public.sessions", "UPDATE sessions SET seen_at = now() WHERE id = %d"},
	}
}

// postgres is a day of a PostgreSQL server with pgaudit: the primary serves
// the shop, the replica the reports.
func (h *linux) postgres(d *raw.Day) {
	w := h.week
	if h.name == "db-02" {
		h.reports(d)
		return
	}
	for _, m := range w.machines {
		if m.role != roleApp && m.role != roleAPI {
			continue
		}
		d.Scattered(5, 0, 23.5, func(t time.Time) {
			raw.Session(d, t, raw.Backend{User: "shop", DB: "shop", App: "shop", From: m.address()}, 20*time.Minute, func(b raw.Backend, n int, u time.Time) string {
				q := raw.Pick(d.RNG, queries())
				return b.Audited(u, n, q.class, q.command, "TABLE", q.table, fmt.Sprintf(q.text, d.RNG.IntN(90000)), 1)
			}, 4)
		})
	}
	h.dumped(d)
	h.migrated(d)
	purge := d.Start.Add(3*time.Hour + 40*time.Minute) // what is over is deleted every night
	raw.Session(d, purge, raw.Backend{User: "batch", DB: "shop", App: "purge", From: w.addressOf("batch-01")}, 3*time.Minute, func(b raw.Backend, n int, u time.Time) string {
		return b.Audited(u, n, "WRITE", "DELETE", "TABLE", "public.sessions", "DELETE FROM sessions WHERE expires_at < now() - interval '1 day'", 41_000+d.RNG.IntN(9000))
	}, 1)
	batch := d.Start.Add(4 * time.Hour)
	raw.Session(d, batch, raw.Backend{User: "batch", DB: "shop", App: "aggregate", From: w.addressOf("batch-01")}, 20*time.Minute, func(b raw.Backend, n int, u time.Time) string {
		return b.Audited(u, n, "READ", "SELECT", "TABLE", "public.orders", "SELECT customer_id, sum(total) FROM orders GROUP BY customer_id", 2_360_000+d.RNG.IntN(9000))
	}, 1)
	from, _ := trouble()
	d.On(from.Add(12*time.Minute), func(t time.Time) {
		raw.Session(d, t, raw.Backend{User: "postgres", DB: "shop", App: "psql", From: "[local]"}, 10*time.Minute, func(b raw.Backend, n int, u time.Time) string {
			return b.Audited(u, n, "READ", "SELECT", "TABLE", "pg_catalog.pg_stat_activity", "select pid, state, query from pg_stat_activity where state <> 'idle'", 61)
		}, 3)
	})
}

// dumped is the nightly dump: every table is read whole.
func (h *linux) dumped(d *raw.Day) {
	tables := []string{"customers", "items", "orders", "stock", "carts", "sessions", "addresses", "payments", "coupons", "mails"}
	t := d.Start.Add(91 * time.Minute)
	raw.Session(d, t, raw.Backend{User: "backup", DB: "shop", App: "pg_dump", From: h.week.addressOf("backup-01")}, 18*time.Minute, func(b raw.Backend, n int, u time.Time) string {
		table := tables[n-1]
		return b.Audited(u, n, "READ", "COPY", "TABLE", "public."+table, "COPY public."+table+" TO stdout;", 100_000+int(raw.Hash(table)%2_000_000))
	}, len(tables))
}

// migrated is what a deployment changes in the database, and the tidying by
// the administrator on the day after the holiday.
func (h *linux) migrated(d *raw.Day) {
	if r, ok := releaseOn(d.Start); ok {
		steps := []query{
			{"DDL", "CREATE TABLE", "public.tmp_items_new", "CREATE TABLE tmp_items_new AS SELECT * FROM items"},
			{"DDL", "ALTER TABLE", "public.items", "ALTER TABLE items ADD COLUMN c" + r.at.Format("0102") + " text"},
			{"WRITE", "UPDATE", "public.items", "UPDATE items SET c" + r.at.Format("0102") + " = '' WHERE id < 1000000"},
			{"DDL", "CREATE INDEX", "public.items_" + r.at.Format("0102"), "CREATE INDEX CONCURRENTLY items_" + r.at.Format("0102") + " ON items (c" + r.at.Format("0102") + ")"},
			{"DDL", "DROP TABLE", "public.tmp_items_new", "DROP TABLE tmp_items_new"},
		}
		h.steps(d, r.at.Add(-4*time.Minute), raw.Backend{User: "migrator", DB: "shop", App: "flyway", From: h.week.addressOf("ci-01")}, steps)
	}
	d.On(during("11-04 17:20:00"), func(t time.Time) {
		dba := h.week.staff[databaseHand]
		h.steps(d, t, raw.Backend{User: "dba_" + dba.name, DB: "shop", App: "psql", From: h.week.addressOf("jump-01")}, []query{
			{"READ", "SELECT", "public.tmp_orders_2025", "SELECT count(*) FROM tmp_orders_2025"},
			{"DDL", "DROP TABLE", "public.tmp_orders_2025", "DROP TABLE tmp_orders_2025"},
			{"WRITE", "TRUNCATE TABLE", "public.staging_import", "TRUNCATE TABLE staging_import"},
			{"WRITE", "DELETE", "public.carts", "DELETE FROM carts WHERE updated_at < now() - interval '90 days'"},
		})
	})
}

// steps are statements one after another.
func (h *linux) steps(d *raw.Day, t time.Time, b raw.Backend, list []query) {
	raw.Session(d, t, b, 3*time.Minute, func(b raw.Backend, n int, u time.Time) string {
		q := list[n-1]
		return b.Audited(u, n, q.class, q.command, "TABLE", q.table, q.text, 0)
	}, len(list))
}

// reports is a day of the replica: a dashboard, the weekly report that reads
// all customers, and an analyst's own questions.
func (h *linux) reports(d *raw.Day) {
	d.Every(30*time.Minute, 6*time.Minute, func(t time.Time) {
		raw.Session(d, t, raw.Backend{User: "report", DB: "shop", App: "dashboard", From: h.week.addressOf("batch-02")}, time.Minute, func(b raw.Backend, n int, u time.Time) string {
			return b.Audited(u, n, "READ", "SELECT", "TABLE", "public.orders", fmt.Sprintf("SELECT date_trunc('hour', at), sum(total) FROM orders WHERE at > '%s' GROUP BY 1", u.Format("2006-01-02")), 24)
		}, 2)
	})
	if d.Start.Weekday() == time.Monday {
		raw.Session(d, d.Start.Add(8*time.Hour+31*time.Minute), raw.Backend{User: "report", DB: "shop", App: "weekly-report", From: h.week.addressOf("batch-02")}, 3*time.Minute, func(b raw.Backend, n int, u time.Time) string {
			return b.Audited(u, n, "READ", "SELECT", "TABLE", "public.customers", "SELECT id, name, mail, joined_at FROM customers", 48_211)
		}, 1)
	}
	if e := h.week.staff[analyst]; d.Workday() && h.week.working(e, d.Start) {
		d.Scattered(2, 10, 17, func(t time.Time) {
			from := e.tunnel()
			if h.week.place(e, t, false) == officeOf(e) {
				from = e.lan()
			}
			raw.Session(d, t, raw.Backend{User: e.name, DB: "shop", App: "dbeaver", From: from}, 30*time.Minute, func(b raw.Backend, n int, u time.Time) string {
				return b.Audited(u, n, "READ", "SELECT", "TABLE", "public.orders", fmt.Sprintf("SELECT prefecture, count(*) FROM orders JOIN addresses USING (customer_id) WHERE at >= '2026-%02d-01' GROUP BY 1", 1+d.RNG.IntN(10)), 47)
			}, 3)
		})
	}
}

// mariadb is a day of a MariaDB server with server_audit: the wiki's and the
// point cards' databases, and the nightly mysqldump.
func (h *linux) mariadb(d *raw.Day) {
	db, from := "wiki", h.week.addressOf("wiki-01")
	if h.name == "mdb-02" {
		db, from = "points", h.week.addressOf("api-01")
	}
	conn := int(d.Start.Unix()/86400) % 10000 * 1000
	id := conn * 37
	line := func(t time.Time, user, from string, id int, op, db, what string) {
		d.Add(t, raw.MariadbAudit(t, h.name, user, from, conn, id, op, db, what, 0))
	}
	d.Every(6*time.Minute, time.Duration(h.n)*9*time.Second, func(t time.Time) {
		conn, id = conn+1, id+3+d.RNG.IntN(40)
		text := raw.Pick(d.RNG, []string{"SELECT title,body FROM page WHERE id=%d", "UPDATE page SET seen=seen+1 WHERE id=%d", "SELECT name FROM attachment WHERE page_id=%d"})
		if db == "points" {
			text = raw.Pick(d.RNG, []string{"SELECT points FROM card WHERE id=%d", "UPDATE card SET points=points+10 WHERE id=%d", "INSERT INTO history (card_id,points) VALUES (%d,10)"})
		}
		line(t, db, from, 0, "CONNECT", db, "")
		line(t.Add(time.Second), db, from, id, "QUERY", db, fmt.Sprintf(text, d.RNG.IntN(90000)))
		line(t.Add(2*time.Second), db, from, 0, "DISCONNECT", db, "")
	})
	conn++
	t := d.Start.Add(115 * time.Minute)
	line(t, "backup", h.week.addressOf("backup-01"), 0, "CONNECT", "", "")
	for i, table := range []string{"page", "attachment", "card", "history", "account", "setting"} {
		u := t.Add(time.Duration(1+i*20) * time.Second)
		line(u, "backup", h.week.addressOf("backup-01"), id+i+1, "QUERY", db, "SELECT /*!40001 SQL_NO_CACHE */ * FROM `"+table+"`")
	}
	line(t.Add(3*time.Minute), "backup", h.week.addressOf("backup-01"), 0, "DISCONNECT", "", "")
}
