// Package week is an ordinary week of a company, in which nothing is wrong.
package week

import (
	_ "embed"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

//go:embed konseki-sources.yaml
var weekSources string

// Scenario is an ordinary company: 50 hosts, 200 people, and a week in which
// nothing happens that anybody should be woken for, though much of it looks
// like it. What tempts, and why it must not alarm, is told at the head of its
// konseki-sources.yaml. Weeks before it are written too, so that habits can be
// learned.
func Scenario() raw.Scenario {
	return raw.Scenario{
		Info:  raw.Info{Name: "benign-week", Title: "An ordinary week of a company, nothing wrong", TitleJA: "ある会社の平常な一週間（異常なし）"},
		Plain: map[string]string{"konseki-sources.yaml": weekSources},
		Open: func(o raw.Options) raw.Span {
			w := newWeek(o)
			return raw.Span{From: w.from, To: w.to, Files: w.files()}
		},
	}
}

// monday is when the week begins; Tuesday of it is a public holiday.
func monday() time.Time { return time.Date(2026, 11, 2, 0, 0, 0, 0, raw.JST()) }

// during reads an instant of the benign week's year, "11-04 09:05:00", JST.
func during(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", "2026-"+text, raw.JST())
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

func newWeek(o raw.Options) *week {
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
func (w *week) files() []raw.File {
	out := []raw.File{
		{Path: "groupware/login.jsonl", Day: w.signIns},
		{Path: "groupware/drive.jsonl", Day: w.drive},
		{Path: "groupware/admin.jsonl", Day: w.administration},
		{Path: "groupware/token.jsonl", Day: w.grants},
		{Path: "groupware-archive/login-2026-07.jsonl", From: archived(), To: archived().AddDate(0, 0, 1), Day: w.archive},
		{Path: "chat/audit.jsonl", Day: w.chatAudit},
		{Path: "chat/messages.jsonl", Day: w.chatMessages},
		{Path: "vpn/fgt-01.log", Day: w.gateway},
		{Path: "directory/ad-01.jsonl", Day: w.directory},
		{Path: "monitoring/mon-01.jsonl", Day: w.monitoring},
	}
	for _, pc := range desktops() {
		out = append(out, raw.File{Path: "pc/" + pc.name + ".jsonl", Day: func(d *raw.Day) { w.desktop(d, pc) }})
	}
	for _, m := range w.machines {
		out = append(out, w.filesOf(m)...)
	}
	return out
}

// filesOf lists the logs of one host.
func (w *week) filesOf(m machine) []raw.File {
	if m.role == roleAppliance || m.role == roleWindows {
		return nil
	}
	up := func(lines func(d *raw.Day)) func(d *raw.Day) {
		return func(d *raw.Day) {
			lines(d)
			w.hush(d, m)
		}
	}
	h := &linux{week: w, machine: m}
	out := []raw.File{{Path: "server/" + m.name + "/syslog.log", Day: up(h.syslog)}}
	switch m.role {
	case roleWeb:
		out = append(out, raw.File{Path: "web/" + m.name + "/access.log", Day: up(h.access)}, raw.File{Path: "web/" + m.name + "/error.log", Day: up(h.webErrors)})
	case roleApp, roleAPI, roleBatch:
		out = append(out, raw.File{Path: "app/" + m.name + "/app.jsonl", Day: up(h.application)})
	case rolePostgres:
		out = append(out, raw.File{Path: "database/" + m.name + "/postgresql.log", Day: up(h.postgres)})
	case roleMaria:
		out = append(out, raw.File{Path: "database/" + m.name + "/server_audit.log", Day: up(h.mariadb)})
	case roleWiki:
		out = append(out, raw.File{Path: "intranet/" + m.name + "/access.log", Day: up(h.wiki)}, raw.File{Path: "intranet/" + m.name + "/error.log", Day: up(h.wikiErrors)})
	}
	switch m.role {
	case roleWeb, roleApp, roleAPI, roleBatch, roleJump, roleRepo:
		out = append(out, raw.File{Path: "server/" + m.name + "/audit.log", Day: up(h.auditLog)})
	case rolePostgres, roleMaria, roleCI:
		out = append(out, raw.File{Path: "server/" + m.name + "/laurel.jsonl", Day: up(h.auditLog)})
	}
	return out
}
