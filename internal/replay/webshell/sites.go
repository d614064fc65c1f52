package webshell

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// A site is one of the two payment sites: a web server, an application server
// and a database.
type site struct {
	name, label, web, app string // label as in the list of cards; addresses of the servers
	context, db           string // of the application, and its database
	entries               []string
	backdoor              string    // path of the script
	typed                 bool      // whether the web server logs the content type
	visits                int       // a day
	attacked, placed      time.Time // the first request of the attack, the script
	read, done            time.Time // the database, through the script
	stopped               time.Time // the service
	serial                int       // of the last audit event
}

// sites are both, sized so that about the wanted number of records comes out.
func sites(o raw.Options) []*site {
	const days, fixed, perVisit = 25, 12_000, 1.9
	visits := max(60, int(float64(o.Records-fixed)/(days*2*perVisit)))
	return []*site{
		{
			name: "tax", label: "税", web: "192.0.2.31", app: "10.3.1.21", context: "taxpay", db: "taxpay", typed: true, visits: visits,
			entries: []string{"index.action", "input.action", "confirm.action", "complete.action", "guide.action"}, backdoor: "/taxpay/common/inc_notice.jsp",
			attacked: at("03-08 16:51:20"), placed: at("03-08 17:14:09"), read: at("03-08 17:40:00"), done: at("03-08 23:53:40"), stopped: at("03-10 11:15:00"), serial: 70_000,
		},
		{
			name: "ins", label: "保険", web: "192.0.2.32", app: "10.3.2.21", context: "danshin", db: "danshin", visits: visits,
			entries: []string{"top.action", "entry.action", "check.action", "finish.action", "faq.action"}, backdoor: "/danshin/common/inc_footer.jsp",
			attacked: at("03-08 04:54:11"), placed: at("03-08 04:57:02"), read: at("03-09 02:30:00"), done: at("03-09 04:59:40"), stopped: at("03-10 11:30:00"), serial: 50_000,
		},
	}
}

// visitor is the address and browser of somebody who pays.
func visitor(d *raw.Day) (from, agent string) {
	agents := []string{
		"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
		"Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/56.0.2924.87 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 10_2_1 like Mac OS X) AppleWebKit/602.4.6 (KHTML, like Gecko) Version/10.0 Mobile/14D27 Safari/602.1",
	}
	return fmt.Sprintf("100.%d.%d.%d", 64+d.RNG.IntN(60), d.RNG.IntN(250), 1+d.RNG.IntN(250)), raw.Pick(d.RNG, agents)
}

// payload is what the attack puts where a content type belongs. It runs nothing
// here: what it would run is left out.
func payload(n int) string {
	return fmt.Sprintf(`%%{(#_='multipart/form-data').(#dm=@ognl.OgnlContext@DEFAULT_MEMBER_ACCESS).(#_memberAccess?(#_memberAccess=#dm):0).(#step=%d)}`, n)
}

// A touch is a request of the intruder to a site.
type touch struct {
	at          time.Time
	from, path  string
	contentType string
	bytes       int
}

// touches are all requests of the intruder to a site that it answered.
func (s *site) touches() []touch {
	var out []touch
	for i, after := range []int{0, 41, 95, 140} { // to the framework's flaw
		t := s.attacked.Add(time.Duration(after) * time.Second)
		if t.Before(s.placed) {
			out = append(out, touch{t, firstAddress, "/" + s.context + "/" + s.entries[1], payload(i), 900 + i*37})
		}
	}
	for _, after := range []int{6, 30, 75, 180} { // to the script, to see that it works
		out = append(out, touch{s.placed.Add(time.Duration(after) * time.Second), firstAddress, s.backdoor, "application/x-www-form-urlencoded", 300 + after})
	}
	for _, t := range s.reads() {
		from := firstAddress
		if t.After(blocked()) {
			from = secondAddress
		}
		if t.After(blocked()) && t.Before(blocked().Add(3*time.Minute)) {
			continue // the first address tries, and the firewall refuses it
		}
		out = append(out, touch{t, from, s.backdoor, "application/x-www-form-urlencoded", 1_400_000 + int(raw.Hash(t.String())%900_000)})
	}
	return out
}

// reads are when the database is read through the script: every three minutes,
// the last within the minute that the report gives.
func (s *site) reads() []time.Time {
	var out []time.Time
	for t := s.read; t.Before(s.done.Add(-2 * time.Minute)); t = t.Add(3*time.Minute + 14*time.Second) {
		out = append(out, t)
	}
	return append(out, s.done.Add(-40*time.Second))
}

// access is a day of a site's web server.
func (s *site) access(d *raw.Day) {
	line := func(t time.Time, v raw.Visit) {
		if s.typed {
			d.Add(t, v.Nginx(t, d.RNG))
			return
		}
		d.Add(t, v.Common(t))
	}
	d.Scattered(s.visits, 6, 24, func(t time.Time) {
		from, agent := visitor(d)
		v := raw.Visit{From: from, Method: "GET", Path: "/" + s.context + "/" + raw.Pick(d.RNG, s.entries), Status: 200, Bytes: 3000 + d.RNG.IntN(20000), Agent: agent}
		switch d.RNG.IntN(10) {
		case 0, 1:
			v.Method, v.ContentType = "POST", "application/x-www-form-urlencoded"
		case 2, 3:
			v.Path, v.Bytes = "/"+s.context+"/common/"+raw.Pick(d.RNG, []string{"style.css", "logo.png", "check.js"}), 900+d.RNG.IntN(9000)
		}
		line(t, v)
	})
	d.Every(10*time.Minute, 21*time.Second, func(t time.Time) {
		line(t, raw.Visit{From: "10.3.9.5", Method: "GET", Path: "/" + s.context + "/healthcheck.jsp", Status: 200, Bytes: 2, Agent: "check_http/v2.1"})
	})
	d.Scattered(14, 0, 24, func(t time.Time) { // what the internet tries
		line(t, raw.Visit{From: stranger(d), Method: "GET", Path: raw.Pick(d.RNG, []string{"/wp-login.php", "/phpmyadmin/", "/manager/html", "/.git/config", "/cgi-bin/test.cgi"}), Status: 404, Bytes: 210, Agent: "Mozilla/5.0 zgrab/0.x"})
	})
	if !d.Start.Before(at("03-07 00:00:00")) && s.typed { // others try the flaw as well, on a page that is none of the framework's
		d.Scattered(3, 17, 24, func(t time.Time) {
			line(t, raw.Visit{From: stranger(d), Method: "GET", Path: "/struts2-showcase/index.action", Status: 404, Bytes: 210, Agent: "Mozilla/5.0", ContentType: payload(0)})
		})
	}
	for _, x := range s.touches() {
		d.On(x.at, func(t time.Time) {
			line(t, raw.Visit{From: x.from, Method: "POST", Path: x.path, Status: 200, Bytes: x.bytes, Agent: "Mozilla/5.0 (compatible; MSIE 9.0)", ContentType: x.contentType})
		})
	}
}

// stranger is an address of the internet that is not the intruder's.
func stranger(d *raw.Day) string {
	for {
		if a := raw.Stranger(d); a != firstAddress && a != secondAddress {
			return a
		}
	}
}
