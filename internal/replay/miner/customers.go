package miner

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// registered is how many accounts there are, active how many of them use the
// service in the window of the incident: those of the lowest numbers in a
// shuffled order.
const (
	registered = 2140
	active     = 1585
)

// customer is somebody who uses the service: an account, where from and with
// which browser.
func customer(n int) (name, from, agent string) {
	agents := []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/69.0.3497.100 Safari/537.36",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.0 Safari/605.1.15",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:62.0) Gecko/20100101 Firefox/62.0",
	}
	return account(n * 37 % registered), fmt.Sprintf("100.%d.%d.%d", 64+n%20, n/200, 10+n%200), agents[n%3]
}

// during reports whether an instant is of the window.
func during(t time.Time) bool {
	return !t.Before(windowBegin()) && t.Before(windowBegin().AddDate(0, 0, 5))
}

// request is one request of a customer, as application and web server log it.
type request struct {
	at     time.Time
	who    int
	method string
	path   string
	status int
}

// requests are those that a web server answers on a day. The window sees each
// of the active accounts once at least, and no other.
func (h *host) requests(start time.Time) []request {
	d := raw.Draws(h.seed, "requests "+h.name, start)
	n := h.visits
	if quiet(d) {
		n = n * 3 / 10
	}
	if !h.company.serving(h.machine, start) {
		return nil
	}
	if start.After(cutOff()) {
		n *= 2 // the server that is left answers for both
	}
	among := registered
	if during(start) {
		among = active
	}
	out := make([]request, 0, n+active/5)
	for range n {
		out = append(out, page(d.RNG, d.Within(8, 21.5), d.RNG.IntN(among)))
	}
	if during(start) {
		for who := range active {
			r := rand.New(rand.NewPCG(h.seed, uint64(who)))
			day, server, hour := r.IntN(5), r.IntN(2), 8+r.Float64()*8.5
			if day == int(start.Sub(windowBegin()).Hours()/24) && server == h.n {
				out = append(out, page(r, start.Add(time.Duration(hour*float64(time.Hour))).Truncate(time.Millisecond), who))
			}
		}
	}
	return out
}

// serving reports whether a server answers on a day at all.
func (c *company) serving(m machine, start time.Time) bool {
	return m.ends.IsZero() || start.Before(m.ends)
}

func page(r *rand.Rand, t time.Time, who int) request {
	q := request{at: t, who: who, method: "GET", path: fmt.Sprintf(raw.Pick(r, []string{"/sites/%d", "/sites/%d/keywords", "/reports/%d", "/reports/%d/pages", "/dashboard?site=%d"}), 100+r.IntN(4000)), status: 200}
	switch r.IntN(30) {
	case 0:
		q.method, q.path, q.status = "POST", "/login", 302
	case 1:
		q.method, q.path, q.status = "POST", "/reports", 201
	case 2:
		q.status = 404
	}
	return q
}

// application is a day of the service's own log: each request with its account.
func (h *host) application(d *raw.Day) {
	for _, q := range h.requests(d.Start) {
		name, from, agent := customer(q.who)
		d.Add(q.at, raw.Object{
			{"time", q.at.Format("2006-01-02T15:04:05.000-07:00")}, {"level", "INFO"}, {"host", h.name}, {"logger", "service.request"},
			{"user", name}, {"src_ip", from}, {"method", q.method}, {"path", q.path}, {"status", q.status}, {"user_agent", agent},
			{"request_id", fmt.Sprintf("%016x", d.RNG.Uint64())},
		}.Text())
	}
	d.Every(20*time.Minute, time.Duration(h.n)*time.Minute, func(t time.Time) {
		h.say(d, t, "service.queue", fmt.Sprintf("queue empty, %d jobs done", d.RNG.IntN(90)))
	})
	d.On(at("10-06 14:00:00"), func(t time.Time) {
		h.say(d, t, "service.login", "two-step login is required of every account")
	})
}

// say is what the service says of itself.
func (h *host) say(d *raw.Day, t time.Time, logger, text string) {
	d.Add(t, raw.Object{{"time", t.Format("2006-01-02T15:04:05.000-07:00")}, {"level", "INFO"}, {"host", h.name}, {"logger", logger}, {"message", text}}.Text())
}

// access is a day of the web server: the same requests, and what the internet
// tries everywhere. On the server that was entered, the log of the day of the
// scan was emptied.
func (h *host) access(d *raw.Day) {
	for _, q := range h.requests(d.Start) {
		_, from, agent := customer(q.who)
		d.Add(q.at, raw.Visit{From: from, Method: q.method, Path: q.path, Status: q.status, Bytes: 900 + d.RNG.IntN(40_000), Referer: "https://service.example.jp/", Agent: agent}.Nginx(q.at, d.RNG))
	}
	d.Every(5*time.Minute, time.Duration(h.n)*7*time.Second, func(t time.Time) {
		d.Add(t, raw.Visit{From: "10.30.0.1", Method: "GET", Path: "/healthz", Status: 200, Bytes: 2, Agent: "lb-health/1.0"}.Nginx(t, d.RNG))
	})
	for range 4 {
		h.probes(d, stranger(d), d.Within(0, 23.5), 8+d.RNG.IntN(6))
	}
	d.On(at("09-28 18:14:40").Add(time.Duration(h.n)*87*time.Second), func(t time.Time) { h.probes(d, scanner, t, 12) })
	if h.name == "web-02" {
		d.Drop(func(t time.Time) bool { return !t.Before(windowBegin()) && t.Before(emptied()) })
	}
}

// probes is what a scanner tries, and is refused.
func (h *host) probes(d *raw.Day, from string, t time.Time, n int) {
	paths := []string{"/.env", "/wp-login.php", "/phpmyadmin/index.php", "/solr/admin/info/system", "/manager/html", "/.git/config", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", "/index.php?s=/index/think/app/invokefunction", "/cgi-bin/luci"}
	for range n {
		d.Add(t, raw.Visit{From: from, Method: "GET", Path: raw.Pick(d.RNG, paths), Status: 404, Bytes: 153, Agent: "Mozilla/5.0 zgrab/0.x"}.Nginx(t, d.RNG))
		t = t.Add(time.Duration(300+d.RNG.IntN(2500)) * time.Millisecond)
	}
}

// errors is a day of the web server's error log.
func (h *host) errors(d *raw.Day) {
	d.Scattered(3+d.RNG.IntN(3), 0, 24, func(t time.Time) {
		_, from, _ := customer(d.RNG.IntN(active))
		d.Add(t, raw.NginxProblem(t, d.RNG, "error", `open() "/var/www/service/favicon.png" failed (2: No such file or directory)`, raw.Visit{From: from, Method: "GET", Path: "/favicon.png"}))
	})
	if h.name == "web-02" {
		d.Drop(func(t time.Time) bool { return !t.Before(windowBegin()) && t.Before(emptied()) })
	}
}
