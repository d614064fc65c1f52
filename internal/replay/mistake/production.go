package mistake

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// statement is what a client asks of a database.
type statement struct {
	class, command, table, text string
	rows                        int
}

// audited writes a session with its statements, evenly over a time.
func audited(d *raw.Day, t time.Time, b raw.Backend, length time.Duration, list []statement) {
	raw.Session(d, t, b, length, func(b raw.Backend, n int, u time.Time) string {
		s := list[n-1]
		return b.Audited(u, n, s.class, s.command, "TABLE", s.table, s.text, s.rows)
	}, len(list))
}

// ordinary draws what the service asks again and again.
func ordinary(d *raw.Day, n int) []statement {
	all := []statement{
		{"READ", "SELECT", "public.manuals", "SELECT id, title FROM manuals WHERE group_id = %d ORDER BY updated_at LIMIT 20", 20},
		{"READ", "SELECT", "public.steps", "SELECT id, body FROM steps WHERE manual_id = %d", 14},
		{"READ", "SELECT", "public.users", "SELECT id, name, mail FROM users WHERE id = %d", 1},
		{"WRITE", "INSERT", "public.views", "INSERT INTO views (manual_id) VALUES (%d)", 1},
		{"WRITE", "UPDATE", "public.steps", "UPDATE steps SET body = '' WHERE id = %d", 1},
	}
	out := make([]statement, n)
	for i := range out {
		out[i] = raw.Pick(d.RNG, all)
		out[i].text = fmt.Sprintf(out[i].text, d.RNG.IntN(90_000))
	}
	return out
}

// tables are read whole by the nightly backup, and by the mistake.
func tables() []statement {
	var out []statement
	for _, t := range []struct {
		name string
		rows int
	}{{"users", 48_112}, {"groups", 10_420}, {"manuals", 212_480}, {"steps", 1_904_331}, {"images", 2_310_006}} {
		out = append(out, statement{"READ", "SELECT", "public." + t.name, "SELECT * FROM " + t.name, t.rows})
	}
	return out
}

// production is a day of the production database: the service, the backup, the
// weekly figures, and the two accesses from a desk in the office.
func (c *company) production(d *raw.Day) {
	for _, name := range web() {
		d.Scattered(18, 0.1, 23.4, func(t time.Time) {
			if end := t.Add(20 * time.Minute); end.After(second()) && t.Before(back()) {
				return
			}
			audited(d, t, raw.Backend{User: "tejun", DB: "tejun_production", App: "puma", From: addressOf(name)}, 20*time.Minute, ordinary(d, 5))
		})
	}
	d.Every(30*time.Minute, 4*time.Minute, func(t time.Time) { // the server's own work
		if t.Before(down()) || t.After(back()) {
			d.Add(t, raw.ServerSays(t, "checkpoint complete: wrote 812 buffers (5.0%); 0 WAL file(s) added, 0 removed, 1 recycled"))
		}
	})
	night := d.Start.Add(2*time.Hour + 10*time.Minute)
	var dump []statement
	for _, s := range tables() {
		dump = append(dump, statement{"READ", "COPY", s.table, "COPY " + s.table + " TO stdout;", s.rows})
	}
	audited(d, night, raw.Backend{User: "backup", DB: "tejun_production", App: "pg_dump", From: addressOf("prod-batch-01")}, 25*time.Minute, dump)
	if d.Start.Weekday() == time.Monday {
		audited(d, d.Start.Add(7*time.Hour), raw.Backend{User: "figures", DB: "tejun_production", App: "weekly", From: addressOf("prod-batch-01")}, 4*time.Minute,
			[]statement{{"READ", "SELECT", "public.views", "SELECT group_id, count(*) FROM views GROUP BY group_id", 10_420}})
	}
	c.mistake(d)
}

// mistake is both accesses, and the end of the server.
func (c *company) mistake(d *raw.Day) {
	wrong := raw.Backend{User: "tejun", DB: "tejun_production", App: "rake", From: deskIP}
	d.On(first(), func(t time.Time) { audited(d, t, wrong, 54*time.Second, tables()) })
	d.On(second(), func(t time.Time) { audited(d, t, wrong, 9*time.Minute, append(tables()[:4:4], tables()...)) })
	d.On(down(), func(t time.Time) {
		d.Add(t.Add(-2*time.Second), raw.ServerSays(t.Add(-2*time.Second), "server process (PID 4411) was terminated by signal 9: Killed"))
		d.Add(t, raw.ServerSays(t, "terminating any other active server processes"))
	})
	d.On(back().Add(-time.Minute), func(t time.Time) { d.Add(t, raw.ServerSays(t, "database system is ready to accept connections")) })
}

// development is a day of the database that developers work with: from their
// desks it is read whole every day, by the same command.
func (c *company) development(d *raw.Day) {
	d.Every(30*time.Minute, 9*time.Minute, func(t time.Time) {
		d.Add(t, raw.ServerSays(t, "checkpoint complete: wrote 41 buffers (0.3%); 0 WAL file(s) added, 0 removed, 0 recycled"))
	})
	if quiet(d) {
		return
	}
	for _, who := range developers() {
		d.Scattered(2+d.RNG.IntN(2), 10, 18, func(t time.Time) {
			audited(d, t, raw.Backend{User: "tejun", DB: "tejun_development", App: "rails", From: who.address}, 15*time.Minute, ordinary(d, 4))
		})
		if d.Chance(0.5) {
			audited(d, d.Within(10, 18), raw.Backend{User: "tejun", DB: "tejun_development", App: "rake", From: who.address}, time.Minute, samples())
		}
	}
}

// samples is what the command reads of the development database.
func samples() []statement {
	out := tables()
	for i := range out {
		out[i].rows = 400 + 30*i
	}
	return out
}

// host is one of the web servers.
type host struct {
	*company
	name string
	n    int // from 0
}

// visit is one request of a customer.
type visit struct {
	at                time.Time
	who               string
	from, path, agent string
	status            int
}

// visits are those of a day; while the database is away they fail.
func (h *host) visitors(start time.Time) []visit {
	d := raw.Draws(h.seed, "visits "+h.name, start)
	n := h.company.visits
	if quiet(d) {
		n = n * 2 / 10
	}
	out := make([]visit, 0, n)
	for range n {
		who := d.RNG.IntN(3000)
		v := visit{
			at: d.Within(7, 22), who: fmt.Sprintf("c%05d", 20_000+who), from: fmt.Sprintf("100.%d.%d.%d", 64+who%30, who/200, 10+who%200),
			path: fmt.Sprintf(raw.Pick(d.RNG, []string{"/manuals/%d", "/manuals/%d/steps", "/groups/%d", "/search?q=%d"}), d.RNG.IntN(9000)), status: 200,
			agent: raw.Pick(d.RNG, []string{
				"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/67.0.3396.87 Safari/537.36",
				"Mozilla/5.0 (iPad; CPU OS 11_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/11.0 Mobile/15E148 Safari/604.1",
			}),
		}
		if !v.at.Before(down()) && v.at.Before(back()) {
			v.status = 503
		}
		out = append(out, v)
	}
	return out
}

// application is a day of the service's own log.
func (h *host) application(d *raw.Day) {
	entry := func(t time.Time, level, logger string, more ...raw.Member) {
		o := raw.Object{{"time", t.Format("2006-01-02T15:04:05.000-07:00")}, {"level", level}, {"host", h.name}, {"logger", logger}}
		d.Add(t, append(o, more...).Text())
	}
	for _, v := range h.visitors(d.Start) {
		entry(v.at, "INFO", "tejun.request", raw.Member{"user", v.who}, raw.Member{"src_ip", v.from}, raw.Member{"method", "GET"}, raw.Member{"path", v.path}, raw.Member{"status", v.status}, raw.Member{"user_agent", v.agent})
	}
	d.Every(20*time.Minute, time.Duration(h.n)*time.Minute, func(t time.Time) {
		entry(t, "INFO", "tejun.queue", raw.Member{"message", fmt.Sprintf("queue empty, %d jobs done", d.RNG.IntN(60))})
	})
	d.On(down().Add(time.Duration(h.n)*time.Second), func(t time.Time) {
		for ; t.Before(back()); t = t.Add(20 * time.Second) {
			entry(t, "ERROR", "tejun.request", raw.Member{"message", "PG::ConnectionBad: could not connect to server: Connection refused"})
		}
	})
}

// access is a day of the web server, as far as it is left.
func (h *host) access(d *raw.Day) {
	for _, v := range h.visitors(d.Start) {
		d.Add(v.at, raw.Visit{From: v.from, Method: "GET", Path: v.path, Status: v.status, Bytes: 500 + d.RNG.IntN(30_000), Referer: "https://tejun.example.jp/", Agent: v.agent}.Nginx(v.at, d.RNG))
	}
	d.Every(5*time.Minute, time.Duration(h.n)*7*time.Second, func(t time.Time) {
		d.Add(t, raw.Visit{From: "10.50.0.1", Method: "GET", Path: "/healthz", Status: 200, Bytes: 2, Agent: "lb-health/1.0"}.Nginx(t, d.RNG))
	})
}

// syslog is a day of a web server's cron and sshd, as far as it is left.
func (h *host) syslog(d *raw.Day) {
	d.Every(30*time.Minute, time.Duration(h.n)*time.Second, func(t time.Time) {
		d.Add(t, raw.CronRun(t, h.name, 1000+d.RNG.IntN(60000), "/usr/lib/sysstat/sa1 1 1"))
	})
	if !quiet(d) {
		raw.SSHDAccepted(d, d.Within(10, 18), h.name, "deploy", addressOf("bastion-01"), "publickey")
	}
}
