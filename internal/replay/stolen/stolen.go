// Package stolen is the incident of stolen VPN and chat accounts with the mass wipe of 2018.
package stolen

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/replay/raw"
)

//go:embed konseki-sources.yaml
var stolenSources string

//go:embed konseki-case.yaml
var stolenCase string

// The intruder's addresses; the published report names none.
const (
	addressX = "203.0.113.77"
	addressY = "198.51.100.23" // the usual address of F
)

// at reads an instant of the incident, "01-09 21:18:03" in 2018, JST.
func at(text string) time.Time { return raw.At("2018-" + text) }

// Hosts of the estate that the logs are of. The first twenty were wiped in the
// first attack, in two groups ten seconds apart; the next four held the script
// and never ran it.
const (
	hosts, firstGroup, wiped, spared = 32, 12, 20, 24
)

func hostName(i int) string {
	switch {
	case i == 0:
		return "log-01" // the aggregator itself
	case i == 1:
		return "mon-01"
	case i == hosts-1:
		return "dev-01"
	case i < wiped:
		return fmt.Sprintf("title-%02d", i)
	}
	return fmt.Sprintf("app-%02d", i-wiped+1)
}

func databases() []string { return []string{"db-01", "db-02", "db-03", "db-04", "db-05", "db-dev"} }

// Scenario is the incident of 2018: chat and groupware accounts used from
// an unknown address for weeks, servers wiped on 1 March, databases dropped
// through the VPN on 3 March.
func Scenario() raw.Scenario {
	return raw.Scenario{
		Info: raw.Info{
			Name: "stolen-vpn-wipe", Title: "Stolen VPN and chat accounts, then a mass wipe", TitleJA: "VPN・チャットの認証情報窃取とサーバー一括消去",
			First: at("01-07 09:58:00"), Noticed: at("03-01 11:40:00"),
			Assumptions: assumptions(),
		},
		Words:   []string{addressX, addressY, "clean.sh", "title-01", "title-12", "radius-01", "gacha", "db-dev", "dev-01", "サーバー共通アカウント一覧", "Kawatta#0301"},
		Traces:  []string{addressX, "clean.sh", "DROP DATABASE"},
		Unknown: []string{"vpn_0301", "auth_0301", "firewall_0301", "dc_network", "first_theft"},
		Plain:   map[string]string{"konseki-sources.yaml": stolenSources, "konseki-case.yaml": stolenCase},
		Open: func(o raw.Options) raw.Span {
			return raw.Span{From: time.Date(2017, 12, 20, 0, 0, 0, 0, raw.JST()), To: at("03-04 21:45:00"), Files: stolenFiles(o)}
		},
	}
}

// assumptions are what the logs hold beyond the report.
func assumptions() []event.Phrase {
	return []event.Phrase{
		{JA: "接続元のアドレス、機器・データベース・文書の名称と台数", EN: "the addresses, and the names and numbers of hosts, databases and documents"},
		{JA: "報告に日付しかない利用の時刻", EN: "the hours of what the report dates only by day"},
		{JA: "消去されたサーバーのログは、消去の瞬間まで別の場所に写されていた", EN: "the logs of wiped servers were copied elsewhere until the moment they were wiped"},
		{JA: "B の最初の二つの VPN 接続が終わった時刻", EN: "when B's first two VPN sessions ended"},
	}
}

// aggregatorLost is when the log aggregator was wiped, and with it what it held.
func aggregatorLost() time.Time { return at("03-01 12:12:51") }

func stolenFiles(o raw.Options) []raw.File {
	s := &stolen{seed: o.Seed, people: people(), every: rhythm(o.Records), queries: time.Hour}
	files := []raw.File{
		{Path: "vpn/fgt-01.log", From: at("03-02 00:00:00"), Day: s.vpn},
		{Path: "auth/radius-01.log", From: at("03-02 00:00:00"), Day: s.auth},
		{Path: "groupware/activities.jsonl", Day: s.groupware},
		{Path: "chat/audit.jsonl", Day: s.chatAudit},
		{Path: "chat/messages.jsonl", Day: s.chatMessages},
		{Path: "web_service/access.jsonl", Day: s.webService},
		{Path: "monitoring/alerts.jsonl", Day: s.monitoring},
	}
	for i := range hosts {
		h := s.host(i)
		files = append(files,
			raw.File{Path: "server/" + h.name + "/auth.log", To: h.gone, Day: h.authLog},
			raw.File{Path: "server/" + h.name + "/audit.log", To: h.gone, Day: h.auditLog})
	}
	for i, name := range databases() {
		files = append(files, raw.File{Path: "database/" + name + "/server_audit.log", Day: func(d *raw.Day) { s.database(d, name, i) }})
	}
	return files
}

// rhythm is how often cron runs on each host, so that about the wanted number
// of records comes out; most of them are cron's.
func rhythm(records int) time.Duration {
	const days, others = 75, 95_000
	perHost := max(24, (records-others)/(days*hosts))
	if perHost > 24*60+8 {
		return 24 * time.Hour / time.Duration(perHost)
	}
	for _, m := range []int{1, 2, 3, 5, 10, 15, 20, 30} {
		if 24*60/m <= perHost+8 {
			return time.Duration(m) * time.Minute
		}
	}
	return time.Hour
}

// stolen is the estate of the incident.
type stolen struct {
	seed    uint64
	people  []raw.Person
	every   time.Duration // between the jobs of a server
	queries time.Duration // between the game's queries on a database
}
