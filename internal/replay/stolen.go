package replay

import (
	_ "embed"
	"fmt"
	"time"
)

//go:embed stolen/konseki-sources.yaml
var stolenSources string

//go:embed stolen/konseki-case.yaml
var stolenCase string

// The intruder's addresses; the published report names none.
const (
	addressX = "203.0.113.77"
	addressY = "198.51.100.23" // the usual address of F
)

// jst is the zone of the incident.
func jst() *time.Location { return time.FixedZone("JST", 9*60*60) }

// at reads an instant of the incident, "01-09 21:18:03" in 2018, JST.
func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", "2018-"+text, jst())
	if err != nil {
		panic("replay: a time of the program's own: " + err.Error())
	}
	return t
}

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

// stolenVPNWipe is the incident of 2018: chat and groupware accounts used from
// an unknown address for weeks, servers wiped on 1 March, databases dropped
// through the VPN on 3 March.
//
// Assumptions where the report is silent: the hours of the uses that it dates
// only by day, the number of databases and hosts, the names of documents. The
// logs of wiped hosts are what a copy kept until the minute they were wiped.
func stolenVPNWipe() scenario {
	return scenario{
		info: Info{
			Name: "stolen-vpn-wipe", Title: "Stolen VPN and chat accounts, then a mass wipe", TitleJA: "VPN・チャットの認証情報窃取とサーバー一括消去",
			First: at("01-07 09:58:00"), Noticed: at("03-01 11:40:00"),
		},
		plain: map[string]string{"konseki-sources.yaml": stolenSources, "konseki-case.yaml": stolenCase},
		open: func(o Options) span {
			return span{from: time.Date(2017, 12, 20, 0, 0, 0, 0, jst()), to: at("03-04 21:45:00"), files: stolenFiles(o)}
		},
	}
}

// aggregatorLost is when the log aggregator was wiped, and with it what it held.
func aggregatorLost() time.Time { return at("03-01 12:12:51") }

func stolenFiles(o Options) []file {
	s := &stolen{seed: o.Seed, people: people(), every: rhythm(o.Records), queries: time.Hour}
	files := []file{
		{path: "vpn/fgt-01.log", from: at("03-02 00:00:00"), day: s.vpn},
		{path: "auth/radius-01.log", from: at("03-02 00:00:00"), day: s.auth},
		{path: "groupware/activities.jsonl", day: s.groupware},
		{path: "chat/audit.jsonl", day: s.chatAudit},
		{path: "chat/messages.jsonl", day: s.chatMessages},
		{path: "web_service/access.jsonl", day: s.webService},
		{path: "monitoring/alerts.jsonl", day: s.monitoring},
	}
	for i := range hosts {
		h := s.host(i)
		files = append(files,
			file{path: "server/" + h.name + "/auth.log", to: h.gone, day: h.authLog},
			file{path: "server/" + h.name + "/audit.log", to: h.gone, day: h.auditLog})
	}
	for i, name := range databases() {
		files = append(files, file{path: "database/" + name + "/server_audit.log", day: func(d *day) { s.database(d, name, i) }})
	}
	return files
}

// rhythm is how often cron runs on each host, so that about the wanted number
// of records comes out; most of them are cron's.
func rhythm(records int) time.Duration {
	const days, others = 75, 95_000
	perHost := max(24, (records-others)/(days*hosts))
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
	people  []person
	every   time.Duration // between the jobs of a server
	queries time.Duration // between the game's queries on a database
}

// on adds facts whose day this is.
func on(d *day, when time.Time, add func(when time.Time)) {
	if !when.Before(d.start) && when.Before(d.start.AddDate(0, 0, 1)) {
		add(when)
	}
}
