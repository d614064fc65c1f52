// Package mistake is the incident of a colleague's mistake on a production database that was taken for an intrusion, of 2018.
package mistake

import (
	_ "embed"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/replay/raw"
)

//go:embed konseki-sources.yaml
var sources string

//go:embed konseki-case.yaml
var caseFile string

//go:embed estate/devices.csv
var devices string

//go:embed estate/networks.csv
var networks string

//go:embed estate/people.csv
var people string

//go:embed estate/dhcpd.leases
var leases string

// The computer that the mistake was made on, and whose it is.
const (
	desk     = "PC-DEV-27"
	deskIP   = "10.10.3.27"
	deskMAC  = "02:00:5e:10:03:1b"
	engineer = "r.sugita"
	command  = "bundle exec rake dev:load_samples"
)

// at reads an instant of the incident, "06-21 18:19:04" in 2018, JST.
func at(text string) time.Time { return raw.At("2018-" + text) }

// The accesses, and how long the service was away.
func first() time.Time  { return at("06-21 18:19:04") }
func second() time.Time { return at("06-21 19:27:02") }
func down() time.Time   { return at("06-21 19:37:00") }
func back() time.Time   { return at("06-21 19:46:00") }

// rebuilt is when all production servers were built anew, and the logs on them
// went with them; taken is when the computer was handed to the examiners.
func rebuilt() time.Time { return at("06-22 15:00:00") }
func taken() time.Time   { return at("06-29 18:00:00") }

// Scenario is the incident of 2018: a command meant for the development
// database reads the production database twice, the service goes down, and for
// five days the company looks for an intruder from outside.
func Scenario() raw.Scenario {
	return raw.Scenario{
		Info: raw.Info{
			Name: "operator-mistake", Title: "Operator's mistake taken for an intrusion", TitleJA: "作業ミスによる本番データベースへの異常アクセス",
			First: at("06-21 18:19:00"), Noticed: at("06-22 12:55:00"),
			Assumptions: assumptions(),
		},
		Words:  []string{desk, deskIP, deskMAC, engineer, "load_samples", "prod-web-01", "prod-web-02", "prod-db-01", "stg-db-01", "tejun"},
		Traces: []string{deskIP, "load_samples"},
		Plain: map[string]string{
			"konseki-sources.yaml": sources, "konseki-case.yaml": caseFile, "konseki-estate/devices.csv": devices,
			"konseki-estate/networks.csv": networks, "konseki-estate/people.csv": people, "konseki-estate/dhcpd.leases": leases,
		},
		Open: func(o raw.Options) raw.Span {
			c := newCompany(o)
			return raw.Span{From: c.from, To: c.to, Files: c.files()}
		},
	}
}

// assumptions are what the logs hold beyond the report.
func assumptions() []event.Phrase {
	return []event.Phrase{
		{JA: "アドレス、機器・アカウント・表の名称と台数、読み出された行数", EN: "addresses, the names and numbers of hosts, accounts and tables, and how many rows were read"},
		{JA: "データベースは PostgreSQL で、監査（pgaudit）が有効であり、監査ログはサーバーの外に置かれていた", EN: "the database is PostgreSQL with pgaudit, and its log was kept off the server"},
		{JA: "18:19 と 19:27 の秒。命令は開発用データを作るもので、接続先だけが本番を指していた", EN: "the seconds of 18:19 and 19:27; the command makes sample data for development, and only its connection pointed at production"},
		{JA: "サーバーの停止は、二度目の読み出しでメモリが尽きたことによる", EN: "the server went down because the second reading used up its memory"},
		{JA: "本番サーバー上のログは、全台の再構築とともに失われた", EN: "the logs on the production servers were lost when all were rebuilt"},
		{JA: "社内 PC のイベントログと Sysmon は調査まで上書きされなかった。社内ネットワークの通信記録は残っていない", EN: "the computer's event logs were not overwritten before they were examined; there is no record of the office network's traffic"},
	}
}

// company is the service and the office.
type company struct {
	seed     uint64
	from, to time.Time
	visits   int // requests that a web server answers on a workday
}

func newCompany(o raw.Options) *company {
	c := &company{seed: o.Seed, from: at("05-28 00:00:00"), to: at("06-30 00:00:00")}
	// A request of a workday more is 65 records, in the application's log
	// and, of the days after the rebuilding, in the web server's.
	const each, rest = 65, 37_000
	c.visits = max(100, (o.Records-rest)/each)
	return c
}

// web are the production web servers.
func web() []string { return []string{"prod-web-01", "prod-web-02"} }

// addressOf is the address of a server.
func addressOf(name string) string {
	return map[string]string{
		"prod-web-01": "10.50.0.11", "prod-web-02": "10.50.0.12", "prod-db-01": "10.50.0.21", "prod-batch-01": "10.50.0.31",
		"stg-db-01": "10.60.0.21", "bastion-01": "10.50.0.5",
	}[name]
}

// developer is somebody of the development department.
type developer struct{ name, pc, address string }

// developers are those who work with the development database from their
// desks; the last of them made the mistake.
func developers() []developer {
	return []developer{
		{"a.kondo", "PC-DEV-21", "10.10.3.21"}, {"m.endo", "PC-DEV-22", "10.10.3.22"}, {"s.wada", "PC-DEV-23", "10.10.3.23"},
		{"t.ono", "PC-DEV-24", "10.10.3.24"}, {"h.saito", "PC-DEV-25", "10.10.3.25"}, {engineer, desk, deskIP},
	}
}

// files lists every log.
func (c *company) files() []raw.File {
	out := []raw.File{
		{Path: "database/prod-db-01/postgresql.log", Day: c.production},
		{Path: "database_dev/stg-db-01/postgresql.log", Day: c.development},
		{Path: "monitoring/alerts.jsonl", Day: c.monitoring},
		{Path: "vpn/fgt-01.log", Day: c.gateway},
		{Path: "dhcp/dhcpd.log", Day: c.dhcp},
		{Path: "changes/changes.jsonl", Day: c.changes},
		{Path: "pc_security/" + desk + ".jsonl", From: at("06-11 00:00:00"), To: taken(), Day: c.security},
		{Path: "pc_sysmon/" + desk + ".jsonl", From: at("06-11 00:00:00"), To: taken(), Day: c.sysmon},
		{Path: "pc_antivirus/" + desk + ".jsonl", From: at("06-11 00:00:00"), To: taken(), Day: c.antivirus},
	}
	for n, name := range web() {
		h := &host{company: c, name: name, n: n}
		out = append(out,
			raw.File{Path: "app/" + name + "/app.jsonl", Day: h.application},
			raw.File{Path: "web/" + name + "/access.log", From: rebuilt().Add(time.Hour), Day: h.access},
			raw.File{Path: "server/" + name + "/syslog.log", From: rebuilt().Add(time.Hour), Day: h.syslog})
	}
	return out
}

// quiet reports whether few people work.
func quiet(d *raw.Day) bool { return !d.Workday() }
