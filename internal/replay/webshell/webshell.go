// Package webshell is the incident of a web framework's hole, a backdoor and card data of 2017.
package webshell

import (
	_ "embed"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/replay/raw"
)

//go:embed konseki-sources.yaml
var sourcesText string

//go:embed estate/software.csv
var software string

//go:embed konseki-case.yaml
var caseText string

// The intruder's addresses; the report names none. The first is blocked on
// 8 March at 18:20, the second goes on.
const (
	firstAddress  = "203.0.113.58"
	secondAddress = "198.51.100.201"
)

// at reads an instant of the incident, "03-08 04:54:11" in 2017, JST.
func at(text string) time.Time { return raw.At("2017-" + text) }

// The instants of what the company did.
func blocked() time.Time  { return at("03-08 18:20:31") }
func shielded() time.Time { return at("03-09 21:56:00") } // by the web application firewall
func switched() time.Time { return at("03-09 23:53:00") } // to a system whose logs are not here

// Scenario is the incident of March 2017: two payment sites on one framework,
// its published flaw, a backdoor on each, and their card data read.
func Scenario() raw.Scenario {
	return raw.Scenario{
		Info: raw.Info{
			Name: "struts-webshell", Title: "Framework flaw, backdoor and card data", TitleJA: "フレームワークの脆弱性悪用とカード情報流出",
			First: at("03-08 04:54:11"), Noticed: at("03-10 02:15:00"),
			Assumptions: assumptions(),
		},
		Words:   []string{firstAddress, secondAddress, "tax-ap01", "ins-ap01", "tax-web01", "ins-db01", "inc_notice", "inc_footer", "card_member", "taxpay", "danshin", "deny_0308"},
		Traces:  []string{firstAddress, secondAddress, "%{(#_=", "inc_notice", "inc_footer", "information_schema"},
		Warned:  []string{"S2-045"},
		Unknown: []string{"sent_out", "early_warning"},
		Plain:   map[string]string{"konseki-sources.yaml": sourcesText, "konseki-case.yaml": caseText, "konseki-estate/software.csv": software},
		Open: func(o raw.Options) raw.Span {
			return raw.Span{From: at("02-13 00:00:00"), To: at("03-10 13:00:00"), Files: files(o)}
		},
	}
}

// assumptions are what the logs hold beyond the report.
func assumptions() []event.Phrase {
	return []event.Phrase{
		{JA: "接続元のアドレス（遮断されたものと、その後も続いたもの）、機器名・パス・表の名称、読み出された件数は架空のもの", EN: "The addresses (the one that was blocked and the one that went on), hosts, paths, tables and the numbers of records read are invented."},
		{JA: "分までしか公表されていない出来事の秒", EN: "The seconds of what the report gives to the minute."},
		{JA: "税サイトの Web サーバーは Content-Type を記録し、保険サイトの Web サーバーは記録しない（攻撃はアプリケーションのログにだけ残る）", EN: "The tax site's web server logs the content type; the insurance site's does not, and there the attack shows only in the application's log."},
		{JA: "公開の脆弱性情報フィードと使用ソフトウェアの台帳があり、台帳のバージョンは架空のもの。会社が当時どちらも用いていたとは公表されていない", EN: "There is a public feed of advisories and an inventory of software, whose versions are invented; the report says of neither that the company used it at the time."},
		{JA: "アプリケーションの例外の急増は、侵入者が別の細工を繰り返し試したことによる（18 時 19 分から）", EN: "The burst of exceptions comes from the intruder trying further tricks, from 18:19 on."},
		{JA: "セキュリティコードは、保険サイトのアプリケーションが、カード会社に決済を断られたときにログへ出力していた", EN: "The insurance site's application wrote security codes into its log whenever the card company declined a payment."},
		{JA: "データベースの監査ログに、実行された文と行数が残っている", EN: "The databases' audit holds the statements and how many rows they gave."},
		{JA: "カード会社へ渡す一覧は、読み出された範囲から会社が作成した。番号は試験用の範囲のもの", EN: "The list for the card companies was made by the company from the ranges that were read; its numbers are of a test range."},
	}
}

func files(o raw.Options) []raw.File {
	sites := sites(o)
	out := []raw.File{
		{Path: "firewall/fgt-01.log", Day: func(d *raw.Day) { firewall(d, sites) }},
		{Path: "waf/waf-01.jsonl", From: shielded(), Day: shield},
		{Path: "monitoring/alerts.jsonl", Day: func(d *raw.Day) { monitoring(d, sites) }},
		{Path: "advisory/inbox.jsonl", Day: inbox},
		{Path: "feed/osv.jsonl", Day: feed},
	}
	for _, s := range sites {
		out = append(out,
			raw.File{Path: "web/" + s.name + "-web01/access.log", To: s.stopped, Day: s.access},
			raw.File{Path: "application/" + s.name + "-ap01/app.log", To: switched(), Day: s.application},
			raw.File{Path: "server/" + s.name + "-ap01/audit.log", To: switched(), Day: s.audit},
			raw.File{Path: "server/" + s.name + "-ap01/auth.log", To: switched(), Day: s.auth},
			raw.File{Path: "database/" + s.name + "-db01/postgresql.log", Day: s.database},
			raw.File{Path: "extract_" + s.name + "/cards.jsonl", From: at("03-10 12:30:00"), Day: s.extract})
	}
	return out
}
