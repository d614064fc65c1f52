// Package miner is the incident of a scan, a planted job and coin mining on cloud servers of 2018.
package miner

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/replay/raw"
)

//go:embed konseki-sources.yaml
var sources string

//go:embed konseki-case.yaml
var caseFile string

//go:embed devices.csv
var devices string

// What the intrusion used; the published report names none of it.
const (
	scanner = "198.51.100.61" // tries the same on every address of the cloud
	shop    = "203.0.113.150" // where the script is fetched from
	pool    = "203.0.113.90"  // takes the mined coins
	nest    = "/var/tmp/.u"
	digger  = nest + "/kworkerd"
	wallet  = "44exAmpLe7WaLLet1111"
)

// office is the address everybody at the office comes from.
const office = "192.0.2.10"

// at reads an instant of the incident, "09-28 18:16:07" in 2018, JST.
func at(text string) time.Time { return raw.At("2018-" + text) }

// The window of the incident, from the day of the scan to the cut.
func windowBegin() time.Time { return at("09-28 00:00:00") }
func cutOff() time.Time      { return at("10-02 17:05:00") }

// What is left of the logs: rotation and the intruder took the rest.
func webKept() time.Time   { return at("09-18 00:00:00") }
func auditKept() time.Time { return at("09-08 00:00:00") }
func flowsKept() time.Time { return at("09-02 00:00:00") }
func emptied() time.Time   { return at("09-28 18:31:00") }

// Scenario is the incident of 2018: an automated scan plants a job on one of
// two web servers, the job mines coins for four days until the hosting company
// tells of it, and nobody can say from one log alone that no customer's data
// was looked at.
func Scenario() raw.Scenario {
	return raw.Scenario{
		Info: raw.Info{
			Name: "cron-miner", Title: "Automated scan, planted cron job and coin mining", TitleJA: "自動スキャンによるジョブ設置と仮想通貨マイニング",
			First: at("09-28 18:16:00"), Noticed: cutOff(),
			Assumptions: assumptions(),
		},
		Words:  []string{scanner, shop, pool, "kworkerd", nest, wallet, "web-02", "api-01", "saas", "webmaster", "u.sh"},
		Traces: []string{scanner, shop, pool, nest, "kworkerd", wallet, "u.sh"},
		Plain:  map[string]string{"konseki-sources.yaml": sources, "konseki-case.yaml": caseFile, "konseki-estate/devices.csv": devices},
		Open: func(o raw.Options) raw.Span {
			c := newCompany(o)
			return raw.Span{From: c.from, To: c.to, Files: c.files()}
		},
	}
}

// assumptions are what the logs hold beyond the report.
func assumptions() []event.Phrase {
	return []event.Phrase{
		{JA: "接続元・取得元・プールのアドレス、機器の名称と台数、アカウント・トークンの名称", EN: "the addresses of scanner, script and pool, the names and numbers of hosts, accounts and tokens"},
		{JA: "18:16 と 18:23 の秒。ジョブの間隔は 10 分とした", EN: "the seconds of 18:16 and 18:23; the job runs every ten minutes"},
		{JA: "弱点は公表されていない。Web アプリケーションのアカウントでコマンドを実行させるものとし、その要求の記録は侵入者が空にした", EN: "the weakness was not published: it let commands run as the account of the web application, and the intruder emptied the log that held the requests"},
		{JA: "監査（auditd）、crontab の変更監視、データベースの監査が有効だった", EN: "auditd, a watch on crontabs and the audit of the database were on"},
		{JA: "ログは別のホストへ写され、Web のアクセスログだけがサーバー上にあった", EN: "logs were copied to another host; only the web servers' access logs stood on the servers alone"},
		{JA: "対象期間の外で使われたアカウントを含め、登録アカウントは 2,140", EN: "2,140 registered accounts, those not used in the window among them"},
	}
}

// company is the service and its servers.
type company struct {
	seed     uint64
	from, to time.Time
	visits   int // requests that a web server answers on a workday
}

func newCompany(o raw.Options) *company {
	c := &company{seed: o.Seed, from: at("08-31 00:00:00"), to: at("10-09 00:00:00")}
	// A request of a workday more is 86 records: on two servers, in the logs of
	// application and web server, on the days that are left of each. The rest is
	// about 92,000 records at any size.
	const each, rest = 86, 92_000
	c.visits = max(100, (o.Records-rest)/each)
	return c
}

// machine is a server: its name, its address inside, and whether the internet
// reaches it.
type machine struct {
	name, address string
	web           bool
	ends          time.Time // when it was cut off; zero for those that stayed
}

func machines() []machine {
	return []machine{
		{name: "web-01", address: "10.30.0.11", web: true},
		{name: "web-02", address: "10.30.0.12", web: true, ends: cutOff()},
		{name: "api-01", address: "10.30.0.21"},
		{name: "db-01", address: "10.30.0.31"},
	}
}

// files lists every log.
func (c *company) files() []raw.File {
	out := []raw.File{
		{Path: "api_link/requests.jsonl", Day: c.linked},
		{Path: "database/db-01/postgresql.log", Day: c.database},
		{Path: "flows/vpc.log", From: flowsKept(), Day: c.flows},
		{Path: "monitoring/metrics.jsonl", Day: c.monitoring},
		{Path: "mail/hosting.jsonl", Day: c.mail},
		{Path: "changes/changes.jsonl", Day: c.changes},
	}
	for i, m := range machines() {
		h := &host{company: c, machine: m, n: i}
		out = append(out,
			raw.File{Path: "server/" + m.name + "/syslog.log", To: m.ends, Day: h.syslog},
			raw.File{Path: "server/" + m.name + "/audit.log", From: auditKept(), To: m.ends, Day: h.auditLog},
			raw.File{Path: "integrity/" + m.name + ".jsonl", To: m.ends, Day: h.integrity})
		if m.web {
			folder := map[string]string{"web-01": "web/web-01", "web-02": "web_02/web-02"}[m.name]
			out = append(out,
				raw.File{Path: "app/" + m.name + "/app.jsonl", To: m.ends, Day: h.application},
				raw.File{Path: folder + "/access.log", From: webKept(), To: m.ends, Day: h.access},
				raw.File{Path: folder + "/error.log", From: webKept(), To: m.ends, Day: h.errors})
		}
	}
	return out
}

// quiet reports whether few people work: weekends and the public holidays of
// the weeks in question.
func quiet(d *raw.Day) bool {
	return !d.Workday() || d.IsDay("09-17") || d.IsDay("09-24") || d.IsDay("10-08")
}

// stranger is an address of the internet that has no business here and is none
// of the incident's.
func stranger(d *raw.Day) string {
	for {
		if s := raw.Stranger(d); s != scanner && s != shop && s != pool {
			return s
		}
	}
}

// account names a customer's account by number.
func account(n int) string { return fmt.Sprintf("u%05d", 10_000+n) }
