package week

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// customers is how many people have an account of the shop.
const customers = 4000

// customer is somebody who shops: most from home, many from a telephone.
func (w *week) customer(d *raw.Day) (name, from, agent string) {
	n := d.RNG.IntN(customers)
	from = fmt.Sprintf("100.%d.%d.%d", 112+n%8, n/256, n%256)
	agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	if d.Chance(0.55) {
		from = fmt.Sprintf("100.%d.%d.%d", 104+n%4, d.RNG.IntN(256), 1+d.RNG.IntN(254))
		agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1"
	}
	return fmt.Sprintf("c%06d", 100000+n), from, agent
}

// access is a day of one public web server: visitors, the company's checks and
// scanner, and what the internet tries.
func (h *linux) access(d *raw.Day) {
	w := h.week
	visits := w.visits
	if !d.Workday() {
		visits = visits * 7 / 10
	}
	d.Scattered(visits, 6.5, 24, func(t time.Time) {
		_, from, agent := w.customer(d)
		v := raw.Visit{From: from, Method: "GET", Path: page(d), Status: 200, Bytes: 800 + d.RNG.IntN(60000), Referer: "https://www.example.jp/", Agent: agent}
		switch d.RNG.IntN(40) {
		case 0:
			v.Method, v.Path, v.ContentType, v.Status = "POST", "/cart", "application/json", 201
		case 1:
			v.Method, v.Path, v.ContentType, v.Status = "POST", "/login", "application/x-www-form-urlencoded", 302
		case 2:
			v.Status, v.Path = 404, "/old/item/"+fmt.Sprint(d.RNG.IntN(9000))
		}
		d.Add(t, v.Nginx(t, d.RNG))
	})
	d.Every(10*time.Minute, time.Duration(h.n)*13*time.Second, func(t time.Time) {
		d.Add(t, raw.Visit{From: w.addressOf("mon-01"), Method: "GET", Path: "/healthz", Status: 200, Bytes: 2, Agent: "check_http/v2.3"}.Nginx(t, d.RNG))
	})
	if r, ok := releaseOn(d.Start); ok { // while the shop behind it starts again
		d.Scattered(15, 15.03, 15.13, func(t time.Time) {
			_, from, agent := w.customer(d)
			d.Add(t, raw.Visit{From: from, Method: "GET", Path: page(d), Status: 502, Bytes: 166, Agent: agent, Referer: "https://www.example.jp/"}.Nginx(t, d.RNG))
		})
		t := r.on(h.machine).Add(30 * time.Second)
		d.Add(t, raw.Visit{From: w.addressOf("ci-01"), Method: "GET", Path: "/healthz?release=" + r.version, Status: 200, Bytes: 2, Agent: "curl/8.14.1"}.Nginx(t, d.RNG))
	}
	h.strangers(d)
	h.ownScan(d)
}

// page is a page of the shop.
func page(d *raw.Day) string {
	form := raw.Pick(d.RNG, []string{"/item/%d", "/item/%d", "/item/%d?color=blue", "/search?q=%%E6%%9B%%B8&page=%d", "/static/app.%d.js", "/api/cart?n=%d", "/rank/%d"})
	return fmt.Sprintf(form, 1+d.RNG.IntN(9000))
}

// strangers is what the internet tries everywhere, and is refused.
func (h *linux) strangers(d *raw.Day) {
	paths := []string{
		"/wp-login.php", "/.env", "/.git/config", "/phpmyadmin/index.php", "/xmlrpc.php", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", "/cgi-bin/luci",
		"/actuator/env", "/boaform/admin/formLogin", "/manager/html", "/solr/admin/info/system", "/index.php?s=/index/think/app/invokefunction", "/../../../../etc/passwd", "/shell.php?cmd=id",
	}
	for range 6 {
		from, t := raw.Stranger(d), d.Within(0, 23)
		for range 8 + d.RNG.IntN(8) {
			t = t.Add(time.Duration(300+d.RNG.IntN(4000)) * time.Millisecond)
			v := raw.Visit{From: from, Method: "GET", Path: raw.Pick(d.RNG, paths), Status: 404, Bytes: 153, Agent: raw.Pick(d.RNG, []string{"Mozilla/5.0 zgrab/0.x", "python-requests/2.32.3", "Go-http-client/1.1", "curl/8.5.0"})}
			if v.Path[1] == '.' && v.Path[2] == '.' {
				v.Status = 400
			}
			d.Add(t, v.Nginx(t, d.RNG))
		}
	}
	if d.Chance(0.5) { // S2-045 is still tried; nothing here is Struts, and nginx is told to refuse such content types
		t := d.Within(0, 24)
		d.Add(t, raw.Visit{From: raw.Stranger(d), Method: "GET", Path: "/login.action", Status: 400, Bytes: 157, Agent: "Mozilla/5.0",
			ContentType: `%{(#x='multipart/form-data').(#d=@ognl.OgnlContext@DEFAULT_MEMBER_ACCESS)}`}.Nginx(t, d.RNG))
	}
}

// ownScan is the company's own scan on Saturday, from inside and, by contract,
// from one address outside.
func (h *linux) ownScan(d *raw.Day) {
	begin, ok := scanned(d.Start)
	if !ok {
		return
	}
	tries := []string{
		"/?id=1%27%20OR%20%271%27=%271", "/search?q=%3Cscript%3Ealert(1)%3C/script%3E", "/../../etc/passwd", "/item/1%20UNION%20SELECT%20null,null--", "/.env", "/admin", "/backup.zip",
		"/?x=${jndi:ldap://scan.example.com/a}", "/login.action?redirect:%25%7B%28%23a%3D1%29%7D", "/server-status",
	}
	for i, from := range []string{h.week.addressOf("scan-01"), authorised} {
		t := begin.Add(time.Duration(i) * 90 * time.Minute)
		for range 120 {
			t = t.Add(time.Duration(100+d.RNG.IntN(900)) * time.Millisecond)
			path := raw.Pick(d.RNG, tries)
			status := 404
			if path[1] == '?' || path[1] == 's' || path[1] == '.' {
				status = raw.Pick(d.RNG, []int{400, 403})
			}
			d.Add(t, raw.Visit{From: from, Method: "GET", Path: path, Status: status, Bytes: 153, Agent: "ExampleScan/4.2 (authorised; security@example.jp)"}.Nginx(t, d.RNG))
		}
	}
}

// webErrors is a day of nginx's error log.
func (h *linux) webErrors(d *raw.Day) {
	problem := func(t time.Time, what, path string) {
		_, from, _ := h.week.customer(d)
		d.Add(t, raw.NginxProblem(t, d.RNG, "error", what, raw.Visit{From: from, Method: "GET", Path: path}))
	}
	d.Scattered(4+d.RNG.IntN(4), 0, 24, func(t time.Time) {
		problem(t, `open() "/var/www/html/favicon.png" failed (2: No such file or directory)`, "/favicon.png")
	})
	d.Scattered(3, 0, 24, func(t time.Time) {
		d.Add(t, fmt.Sprintf("%s [notice] 811#811: signal process started", t.Format("2006/01/02 15:04:05")))
	})
	if _, ok := releaseOn(d.Start); ok {
		d.Scattered(15, 15.03, 15.13, func(t time.Time) {
			problem(t, "connect() failed (111: Connection refused) while connecting to upstream", page(d))
		})
	}
	from, to := trouble()
	d.On(from, func(t time.Time) {
		for ; t.Before(to); t = t.Add(40 * time.Second) {
			problem(t, "upstream timed out (110: Connection timed out) while reading response header from upstream", "/api/cart?n=1")
		}
	})
}

// wiki is a day of the intranet's wiki on Apache, behind basic authentication.
func (h *linux) wiki(d *raw.Day) {
	for _, e := range h.week.staff {
		if !h.week.working(e, d.Start) || !d.Chance(0.6) {
			continue
		}
		d.Scattered(2+d.RNG.IntN(4), 9.5, 18, func(t time.Time) {
			from := e.tunnel()
			if h.week.place(e, t, false) == officeOf(e) {
				from = e.lan()
			}
			h.week.used(e, t, false, func(string) {
				d.Add(t, raw.Visit{From: from, User: e.name, Method: "GET", Path: fmt.Sprintf("/wiki/page/%d", d.RNG.IntN(1200)), Status: 200, Bytes: 2000 + d.RNG.IntN(30000), Agent: e.laptop, Referer: "https://wiki.example.jp/"}.Common(t))
			})
		})
	}
	d.Every(10*time.Minute, 4*time.Minute, func(t time.Time) {
		d.Add(t, raw.Visit{From: h.week.addressOf("mon-01"), Method: "GET", Path: "/healthz", Status: 200, Bytes: 2, Agent: "check_http/v2.3"}.Common(t))
	})
}

// wikiErrors is a day of Apache's error log: a password mistyped now and then.
func (h *linux) wikiErrors(d *raw.Day) {
	stamp := func(t time.Time) string { return t.Format("Mon Jan 02 15:04:05.000000 2006") }
	t := d.Start.Add(5 * time.Minute)
	d.Add(t, "["+stamp(t)+"] [mpm_event:notice] [pid 702:tid 140245] AH00489: Apache/2.4.65 (Debian) configured -- resuming normal operations")
	if !d.Workday() {
		return
	}
	d.Scattered(d.RNG.IntN(4), 9.5, 18, func(t time.Time) {
		e := h.week.staff[d.RNG.IntN(newcomers)]
		d.Add(t, fmt.Sprintf(`[%s] [auth_basic:error] [pid 702:tid 140245] [client %s:%d] AH01617: user %s: authentication failure for "/wiki/": Password Mismatch`, stamp(t), e.lan(), 1024+d.RNG.IntN(60000), e.name))
	})
}
