package replay

import (
	_ "embed"
	"math/rand/v2"
	"time"
)

//go:embed week/konseki-sources.yaml
var weekSources string

// benignWeek is an ordinary company: 50 hosts, 200 people, and a week in which
// nothing happens that anybody should be woken for, though much of it looks
// like it. What tempts, and why it must not alarm, is told at the head of its
// konseki-sources.yaml. Weeks before it are written too, so that habits can be
// learned.
func benignWeek() scenario {
	return scenario{
		info:  Info{Name: "benign-week", Title: "An ordinary week of a company, nothing wrong", TitleJA: "ある会社の平常な一週間（異常なし）"},
		plain: map[string]string{"konseki-sources.yaml": weekSources},
		open: func(o Options) span {
			w := newWeek(o)
			return span{from: w.from, to: w.to, files: w.files()}
		},
	}
}

// monday is when the week begins; Tuesday of it is a public holiday.
func monday() time.Time { return time.Date(2026, 11, 2, 0, 0, 0, 0, jst()) }

// during reads an instant of the benign week's year, "11-04 09:05:00", JST.
func during(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", "2026-"+text, jst())
	if err != nil {
		panic("replay: a time of the program's own: " + err.Error())
	}
	return t
}

// week is the company.
type week struct {
	seed     uint64
	from, to time.Time
	staff    []*employee
	machines []machine
	cron     time.Duration // between the routine jobs of a server
	visits   int           // pages that a web server serves on a workday
}

func newWeek(o Options) *week {
	w := &week{
		seed: o.Seed, from: monday().AddDate(0, 0, -7*o.Weeks), to: monday().AddDate(0, 0, 7),
		staff: staff(), machines: machines(), cron: 30 * time.Minute,
	}
	// What varies is the public site's visitors; the rest, about 16,700 records
	// a day, is what hosts and people write at any size.
	days, least := 7*(o.Weeks+1), 300
	if o.Records < 100_000 {
		w.cron, least = 2*time.Hour, 50
	}
	w.visits = max(least, (o.Records/days-16_700)*10/9/webServers)
	return w
}

// files lists every log of the company.
func (w *week) files() []file {
	out := []file{
		{path: "groupware/login.jsonl", day: w.signIns},
		{path: "groupware/drive.jsonl", day: w.drive},
		{path: "groupware/admin.jsonl", day: w.administration},
		{path: "groupware/token.jsonl", day: w.grants},
		{path: "groupware-archive/login-2026-07.jsonl", from: archived(), to: archived().AddDate(0, 0, 1), day: w.archive},
		{path: "chat/audit.jsonl", day: w.chatAudit},
		{path: "chat/messages.jsonl", day: w.chatMessages},
		{path: "vpn/fgt-01.log", day: w.gateway},
		{path: "directory/ad-01.jsonl", day: w.directory},
		{path: "monitoring/mon-01.jsonl", day: w.monitoring},
	}
	for _, pc := range desktops() {
		out = append(out, file{path: "pc/" + pc.name + ".jsonl", day: func(d *day) { w.desktop(d, pc) }})
	}
	for _, m := range w.machines {
		out = append(out, w.filesOf(m)...)
	}
	return out
}

// filesOf lists the logs of one host.
func (w *week) filesOf(m machine) []file {
	if m.role == roleAppliance || m.role == roleWindows {
		return nil
	}
	up := func(lines func(d *day)) func(d *day) {
		return func(d *day) {
			lines(d)
			w.hush(d, m)
		}
	}
	h := &linux{week: w, machine: m}
	out := []file{{path: "server/" + m.name + "/syslog.log", day: up(h.syslog)}}
	switch m.role {
	case roleWeb:
		out = append(out, file{path: "web/" + m.name + "/access.log", day: up(h.access)}, file{path: "web/" + m.name + "/error.log", day: up(h.webErrors)})
	case roleApp, roleAPI, roleBatch:
		out = append(out, file{path: "app/" + m.name + "/app.jsonl", day: up(h.application)})
	case rolePostgres:
		out = append(out, file{path: "database/" + m.name + "/postgresql.log", day: up(h.postgres)})
	case roleMaria:
		out = append(out, file{path: "database/" + m.name + "/server_audit.log", day: up(h.mariadb)})
	case roleWiki:
		out = append(out, file{path: "intranet/" + m.name + "/access.log", day: up(h.wiki)}, file{path: "intranet/" + m.name + "/error.log", day: up(h.wikiErrors)})
	}
	switch m.role {
	case roleWeb, roleApp, roleAPI, roleBatch, roleJump, roleRepo:
		out = append(out, file{path: "server/" + m.name + "/audit.log", day: up(h.auditLog)})
	case rolePostgres, roleMaria, roleCI:
		out = append(out, file{path: "server/" + m.name + "/laurel.jsonl", day: up(h.auditLog)})
	}
	return out
}

// draws gives the random numbers of one thing on one day, the same for every
// file that tells of it.
func (w *week) draws(what string, start time.Time) *day {
	return &day{start: start, rng: rand.New(rand.NewPCG(w.seed, hashOf(what)^uint64(start.Unix())))}
}

// isDay reports whether a day is the one given as "11-04".
func (d *day) isDay(date string) bool { return d.start.Format("01-02") == date }

// every calls add at regular instants of the day, the first of them after a while.
func (d *day) every(step, first time.Duration, add func(t time.Time)) {
	for t := d.start.Add(first); t.Before(d.start.AddDate(0, 0, 1)); t = t.Add(step) {
		add(t)
	}
}

// scattered calls add at n random instants between two hours.
func (d *day) scattered(n int, from, to float64, add func(t time.Time)) {
	for range n {
		add(d.within(from, to))
	}
}
