// Package supply is the incident that came by way of a supplier.
package supply

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/replay/raw"
)

//go:embed konseki-sources.yaml
var sourcesText string

//go:embed konseki-case.yaml
var caseText string

// The intruder's addresses: where the tokens were posted to, where the code
// was taken from, and where the cloud was read and the deploy key used from.
const (
	collector = "203.0.113.212"
	taker     = "203.0.113.148"
	reader    = "198.51.100.166"
)

// The poisoned package, in the version that did it.
const (
	parcel   = "tabular-dates"
	poisoned = "4.2.7"
)

// What the company's machines are called towards others.
const (
	machineUser = "release-bot" // its token stands in the environment of a build
	deployKey   = "deploy-ci"   // the cloud's account of the builds
	nat         = "192.0.2.40"  // the address that builds come from
)

// at reads an instant of the incident, "07-01 11:42:07" in 2026, JST.
func at(text string) time.Time { return raw.At("2026-" + text) }

// The instants that everything else follows from.
func installed() time.Time { return at("07-01 11:42:07") } // the poisoned version, by a build
func announced() time.Time { return at("07-10 22:05:00") } // by the package registry
func disabled() time.Time  { return at("07-10 23:25:30") } // the cloud's key

// Scenario is an invented incident after a pattern that is public knowledge: a
// build takes a poisoned package version, whose install script posts the
// build's tokens out; days later code and storage are read with them.
func Scenario() raw.Scenario {
	return raw.Scenario{
		Info: raw.Info{
			Name: "supply-chain-token", Title: "A poisoned package and the build's tokens", TitleJA: "汚染されたパッケージとビルド用トークンの窃取",
			First: installed(), Noticed: announced(),
			Assumptions: assumptions(),
		},
		Words:   []string{collector, taker, reader, parcel, machineUser, deployKey, "ci-mirror-7f", "cache-warm.yml", "example-dev/billing", "example-export"},
		Traces:  []string{collector, taker, reader, parcel, "ci-mirror-7f", "cache-warm.yml"},
		Unknown: []string{"what_posted", "other_buckets", "developers", "script"},
		Plain:   map[string]string{"konseki-sources.yaml": sourcesText, "konseki-case.yaml": caseText},
		Open: func(o raw.Options) raw.Span {
			return raw.Span{From: at("06-01 00:00:00"), To: at("07-12 12:00:00"), Files: files(o)}
		},
	}
}

// assumptions: no report stands behind this incident.
func assumptions() []event.Phrase {
	return []event.Phrase{
		{JA: "特定の事件の記録ではない。汚染されたパッケージがビルド環境のトークンを持ち出す、という広く知られた手口から、会社・名称・時刻・件数のすべてを作った", EN: "This is no record of one case. Company, names, times and numbers are all invented, after the widely known pattern of a poisoned package that carries off a build's tokens."},
		{JA: "コードの保管サービスの監査ログは、利用の操作（clone など）まで含めて会社の保管先に流していた", EN: "The code host's audit log was streamed to the company's own store, Git operations such as clones included."},
		{JA: "ビルド機の監査ログ（auditd）は外に転送され、ビルド機そのものは 7 月 6 日に作り直されて、インストールスクリプトは残っていない", EN: "The build machines' audit (auditd) was forwarded; the machines were made anew on 6 July, and with them the install script was lost."},
		{JA: "ビルド網から外への通信は流量の記録だけがあり、宛先の名称と内容は記録していない", EN: "Of what builds send out there are flow records only; names of destinations and contents were not recorded."},
		{JA: "クラウドのデータ操作の記録は、一つのバケットでだけ有効にしていた", EN: "The cloud recorded operations on data for one bucket only."},
		{JA: "開発者の PC の記録と、VPN の 14 日より前の記録はない", EN: "There are no records of the developers' computers, and none of the VPN older than 14 days."},
		{JA: "侵入者はトークンの失効後も、追加したデプロイキーを使い続けた", EN: "The intruder went on with the deploy key after the token had been revoked."},
	}
}

// shop is the development team and its machines.
type shop struct {
	seed   uint64
	builds int // on a working day and runner
	people []raw.Person
}

func files(o raw.Options) []raw.File {
	s := &shop{seed: o.Seed, builds: rhythm(o.Records), people: developers()}
	out := []raw.File{
		{Path: "flows/ci.log", Day: s.flows},
		{Path: "code_host/audit.jsonl", Day: s.codeHost},
		{Path: "cloud_audit/trail.jsonl", Day: s.trail},
		{Path: "vpn/fgt-01.log", From: at("06-28 00:00:00"), Day: s.gateway},
		{Path: "chat/audit.jsonl", Day: s.chatAudit},
		{Path: "chat/messages.jsonl", Day: s.chatMessages},
		{Path: "advisory/inbox.jsonl", Day: inbox},
	}
	for _, r := range runners() {
		out = append(out,
			raw.File{Path: "ci/" + r + "/syslog.log", Day: func(d *raw.Day) { s.syslog(d, r) }},
			raw.File{Path: "ci/" + r + "/audit.log", Day: func(d *raw.Day) { s.audit(d, r) }})
	}
	return out
}

func runners() []string { return []string{"ci-run-01", "ci-run-02"} }

// rhythm is how many builds each runner has on a working day, so that about
// the wanted number of records comes out.
func rhythm(records int) int {
	const days, each, others = 34, 11, 24_000 // days that count whole, records of a build, all that no build writes
	return max(14, (records-others)/(days*each*len(runners())))
}

// developers are the team; they work at the office and at home.
func developers() []raw.Person {
	agents := []string{
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
		"Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0",
	}
	var out []raw.Person
	for i, name := range []string{"a.kudo", "k.hoshino", "m.ogata", "n.sawai", "r.tsuda", "s.uno", "t.mihara", "y.doi", "h.kanno", "c.nagai", "e.otani", "j.shima", "w.hirai", "i.morita"} {
		out = append(out, raw.Person{Name: name, Home: fmt.Sprintf("100.64.21.%d", 20+i*3), Mobile: fmt.Sprintf("100.72.%d.", 60+i), Night: i%7 == 0, Agent: agents[i%len(agents)]})
	}
	return out
}

// repositories are those of the team.
func repositories() []string {
	return []string{
		"api", "billing", "web", "admin", "mobile", "batch", "mailer", "search", "export", "infra", "charts", "docs",
		"sdk-js", "sdk-go", "images", "auth", "gateway", "reports", "importer", "tools", "e2e", "design", "landing", "status",
	}
}
