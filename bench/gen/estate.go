package main

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// intruder is the address that a benchmark looks for.
const intruder = "203.0.113.77"

// estate is what the events are about: people, addresses and machines.
type estate struct {
	r       *rand.Rand
	users   *rand.Zipf
	inside  *rand.Zipf
	outside []uint32
	lists   lists
	msg     []byte // reused by every event
}

// lists are the words that events are made of.
type lists struct {
	family, given, departments, tables, files, operations []string
	paths, agents, methods                                []string
	statuses, ports                                       []int
}

func newEstate(seed uint64) *estate {
	r := rand.New(rand.NewPCG(seed, seed*101))
	e := &estate{
		r:     r,
		users: rand.NewZipf(r, 1.15, 3, 4_999), inside: rand.NewZipf(r, 1.1, 8, 19_999),
		outside: make([]uint32, 1_500_000), lists: words(),
	}
	for i := range e.outside {
		e.outside[i] = (20+r.Uint32N(180))<<24 | r.Uint32N(1<<24)
	}
	return e
}

func words() lists {
	return lists{
		family:      []string{"sato", "suzuki", "takahashi", "tanaka", "ito", "watanabe", "yamamoto", "nakamura", "kobayashi", "kato", "yoshida", "yamada", "sasaki", "matsumoto", "inoue", "kimura", "hayashi", "shimizu", "saito", "mori"},
		given:       []string{"haruto", "yui", "sota", "aoi", "ren", "hina", "yuto", "rin", "daiki", "mei"},
		departments: []string{"sales", "people", "finance", "research", "legal", "plant"},
		tables:      []string{"customers", "orders", "salaries", "staff", "invoices", "audit_trail", "sessions", "contracts", "goods", "accounts"},
		files:       []string{"monthly-report.xlsx", "agreement_draft.docx", "customers.csv", "plan-v3.pptx", "salaries.xlsx", "minutes.pdf", "schedule.pptx", "sources.zip"},
		operations:  []string{"doc_view", "doc_download", "mail_send", "doc_share", "approval_submit", "login", "doc_delete"},
		paths:       []string{"/", "/login", "/api/v1/users", "/api/v1/orders", "/assets/app.js", "/assets/site.css", "/admin", "/api/v1/export", "/search", "/healthz", "/wp-login.php", "/api/v2/goods", "/img/mark.svg", "/files/report"},
		agents: []string{
			"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
			"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
			"Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
			"curl/8.14.1", "python-requests/2.32.5", "okhttp/5.1.0",
		},
		methods:  []string{"GET", "GET", "GET", "POST", "PUT"},
		statuses: []int{200, 200, 200, 200, 200, 200, 304, 302, 404, 403, 500, 401},
		ports:    []int{22, 80, 443, 443, 443, 53, 3389, 445, 8080, 5432},
	}
}

// next makes the i-th event. The shares are those of an ordinary estate: 20 %
// sshd, 8 % VPN, 30 % web, 20 % firewall, 12 % database, 10 % groupware.
func (e *estate) next(i int, at time.Time) entry {
	ev := entry{at: at, outcome: "success", user: e.user(e.users.Uint64())}
	e.msg = e.msg[:0]
	switch k := e.r.IntN(100); {
	case k < 20:
		e.sshd(&ev)
	case k < 28:
		e.vpn(&ev)
	case k < 58:
		e.web(&ev)
	case k < 78:
		e.firewall(&ev, i)
	case k < 90:
		e.database(&ev)
	default:
		e.groupware(&ev, i)
	}
	ev.message = e.msg
	return ev
}

// user is the name of the i-th account, "sato.haruto0" …
func (e *estate) user(i uint64) string {
	family, given := e.lists.family, e.lists.given
	f, g := uint64(len(family)), uint64(len(given))
	return family[i%f] + "." + given[i/f%g] + strconv.FormatUint(i/(f*g), 10)
}

// internal is an address of the company's own.
func (e *estate) internal() string { return dotted(10<<24 | 20<<16 | uint32(e.inside.Uint64())) }

// public is an address outside, now and then the intruder's.
func (e *estate) public() string {
	if e.r.IntN(3_000) == 0 {
		return intruder
	}
	return dotted(e.outside[e.r.IntN(len(e.outside))])
}

// mixed is an outside address in share of 100 cases, else an internal one.
func (e *estate) mixed(share int) string {
	if e.r.IntN(100) < share {
		return e.public()
	}
	return e.internal()
}

// oneOf is true once in n times.
func (e *estate) oneOf(n int) bool { return e.r.IntN(n) == 0 }

// machine is one of n hosts, "web-07".
func (e *estate) machine(kind string, width, n int) string {
	number := strconv.Itoa(e.r.IntN(n))
	for len(number) < width {
		number = "0" + number
	}
	return kind + "-" + number
}

func dotted(a uint32) string {
	var buf [15]byte
	b := strconv.AppendUint(buf[:0], uint64(a>>24), 10)
	for shift := 16; shift >= 0; shift -= 8 {
		b = strconv.AppendUint(append(b, '.'), uint64(a>>shift&255), 10)
	}
	return string(b)
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }
