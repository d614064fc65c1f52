// Package ransomware is the incident of encrypted servers in a data centre of 2023.
package ransomware

import (
	_ "embed"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/replay/raw"
)

//go:embed konseki-sources.yaml
var sourcesText string

//go:embed konseki-case.yaml
var caseText string

// intruder is the address that the stolen account comes from; the report names none.
const intruder = "198.51.100.146"

// at reads an instant of the incident, "06-05 03:05:00" in 2023, JST.
func at(text string) time.Time { return raw.At("2023-" + text) }

// severed is when every server was cut from the network.
func severed() time.Time { return at("06-05 09:00:00") }

// flowsKept is since when the firewall's record of flows was still there: it
// keeps three days.
func flowsKept() time.Time { return at("06-02 00:00:00") }

// Scenario is the incident of 5 June 2023: servers of a data centre encrypted
// before dawn, noticed at six, cut off at nine.
func Scenario() raw.Scenario {
	return raw.Scenario{
		Info: raw.Info{
			Name: "ransomware", Title: "Ransomware on a data-centre service", TitleJA: "データセンターのランサムウェア感染",
			First: at("06-01 02:12:58"), Noticed: at("06-05 06:00:00"),
			Assumptions: assumptions(),
		},
		Words:   []string{intruder, leaver, administrator, worker, ending, "wsup64", "payroll-job", "svc-ap01", "ExampleManager"},
		Traces:  []string{intruder, "comsvcs", "MpPreference", "wsup64", ending},
		Unknown: []string{"what_left", "data_read"},
		Plain:   map[string]string{"konseki-sources.yaml": sourcesText, "konseki-case.yaml": caseText},
		Open: func(o raw.Options) raw.Span {
			return raw.Span{From: at("05-08 00:00:00"), To: severed(), Files: files(o)}
		},
	}
}

// assumptions are what the logs hold beyond the report.
func assumptions() []event.Phrase {
	return []event.Phrase{
		{JA: "侵入経路。報告は特定したが公表していない。ここでは、盗まれたパスワードによる VPN 接続、管理サーバーへのリモートデスクトップ、メモリからの管理者の認証情報の取得、とした", EN: "The route in, which the report established and withheld: here a VPN login with a stolen password, remote desktop to the management server, an administrator's credentials taken from its memory."},
		{JA: "最初の VPN 接続は 6 月 1 日 2 時 12 分の失敗から、暗号化は 6 月 5 日 3 時 5 分から 25 秒おきに 1 台ずつ", EN: "The first attempt at the VPN on 1 June at 02:12, and encryption from 03:05 on 5 June, one server every 25 seconds."},
		{JA: "サーバー 24 台のうち 18 台が暗号化された。台数・機器名・アカウント名・アドレス・拡張子は架空のもの", EN: "18 of 24 servers encrypted; all numbers, hosts, accounts, addresses and the new ending are invented."},
		{JA: "各サーバーのイベントログは、暗号化される直前まで収集サーバーへ転送されていた。本体のログは失われた", EN: "The servers' event logs were forwarded to a collector until they were encrypted themselves; the originals are lost."},
		{JA: "ファイアウォールの通信ログは 3 日分しか残っておらず、6 月 1 日の侵入時の分はない", EN: "The firewall kept its flows for three days: those of the first entry on 1 June are gone."},
		{JA: "監視の通知は夜間 6 時まで保留されていた", EN: "The monitoring's alerts were held back at night, until six."},
	}
}

// files are the logs. The volume grows by what servers do and by flows.
func files(o raw.Options) []raw.File {
	e := newEstate(o)
	out := []raw.File{
		{Path: "vpn/fgt-01.log", Day: e.vpn},
		{Path: "firewall/fgt-01-traffic.log", From: flowsKept(), Day: e.flows},
		{Path: "directory/dc01/security.jsonl", Day: e.controller("dc01")},
		{Path: "directory/dc02/security.jsonl", Day: e.controller("dc02")},
		{Path: "antivirus/defender.jsonl", Day: e.antivirus},
		{Path: "backup/jobs.jsonl", Day: e.backup},
		{Path: "monitoring/alerts.jsonl", Day: e.monitoring},
	}
	for _, s := range e.servers {
		out = append(out,
			raw.File{Path: s.folder() + "/security.jsonl", To: s.gone, Day: s.security},
			raw.File{Path: s.folder() + "/sysmon.jsonl", To: s.gone, Day: s.sysmon},
			raw.File{Path: s.folder() + "/system.jsonl", To: s.gone, Day: s.system})
	}
	return out
}
