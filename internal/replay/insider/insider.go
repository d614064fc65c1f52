// Package insider is the incident of a colleague who carries data away.
package insider

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

// Who and what the incident is about.
const (
	leaver    = "s.katagiri"
	colleague = "y.aizawa"
	home      = "198.51.100.73"        // the leaver's line at home
	stick     = "USB-7C31F0A2"         // the leaver's own storage device
	drive     = "my-drive.example.net" // a personal cloud drive
)

// at reads an instant of the incident, "06-12 20:47:19" in 2026, JST.
func at(text string) time.Time { return raw.At("2026-" + text) }

func begun() time.Time  { return at("06-12 20:47:19") } // the first export
func left() time.Time   { return at("07-10 18:05:00") } // the account is disabled
func later() time.Time  { return at("07-14 22:41:08") } // the login with a colleague's account
func ending() time.Time { return at("09-12 12:00:00") }

// Scenario is an invented incident after a pattern that is public knowledge:
// in the weeks before leaving a salesperson exports the customer lists, copies
// them to a device and a private cloud drive, and comes back once with a
// colleague's account.
func Scenario() raw.Scenario {
	return raw.Scenario{
		Info: raw.Info{
			Name: "insider-list", Title: "Customer lists carried off before leaving", TitleJA: "退職前の顧客名簿の持ち出し",
			First: begun(), Noticed: at("09-10 10:12:00"),
			Assumptions: assumptions(),
		},
		Words:   []string{leaver, colleague, home, stick, drive, "顧客一覧_全国", "重点顧客", "crm.example.jp"},
		Traces:  []string{leaver, home, stick, drive, "顧客一覧_全国"},
		Unknown: []string{"cloud_upload", "usb_before", "own_computer"},
		Plain:   map[string]string{"konseki-sources.yaml": sourcesText, "konseki-case.yaml": caseText},
		Open: func(o raw.Options) raw.Span {
			return raw.Span{From: at("05-11 00:00:00"), To: ending(), Files: files(o)}
		},
	}
}

// assumptions: no report stands behind this incident.
func assumptions() []event.Phrase {
	return []event.Phrase{
		{JA: "特定の事件の記録ではない。退職前の持ち出しという広く知られた形から、会社・人名・時刻・件数のすべてを作った", EN: "This is no record of one case. Company, people, times and numbers are all invented, after the widely known pattern of data carried off before leaving."},
		{JA: "顧客管理の監査ログは、書き出した一覧の名称と件数を残す", EN: "The audit log of the customer system names each exported list and its number of rows."},
		{JA: "PC の操作ログと VPN のログは 90 日、プロキシーのログは 30 日で消える。発覚時には最初の 2 日の操作と、個人のクラウドへの送信の記録は残っていない", EN: "The log of what is done on PCs and the VPN's are kept for 90 days, the proxy's for 30: when it was noticed, the first two days and all uploads to the private drive were gone."},
		{JA: "社内の DNS の問い合わせは残っており、使われたサービスの名称だけが分かる", EN: "Queries to the company's DNS were kept; they tell the names of services only."},
		{JA: "退職者は、同僚のパスワードを在職中に知っていた。知った経緯は分からない", EN: "The leaver had learnt a colleague's password while employed; how is not known."},
		{JA: "退職者の日々の仕事も同じ期間に続いており、退職者の名で示される検知は事件のものとして数える", EN: "The leaver's ordinary work went on meanwhile; whatever is noticed under that name counts as the incident's."},
		{JA: "祝日は会社の暦に入れていない", EN: "The company's calendar has no public holidays in these months."},
	}
}

// firm is the sales firm.
type firm struct {
	seed   uint64
	busy   int // things done on a PC by each person and working day
	people []member
}

// member is a person with a desk.
type member struct {
	raw.Person
	pc, address, tunnel string // the PC, its address in the office, and the VPN's
}

// place is where a person is; the leaver only ever works at the office or at home.
func (m member) place(t time.Time) string {
	p := m.Place(t)
	if m.Name == leaver && p != raw.Office {
		return home
	}
	return p
}

func files(o raw.Options) []raw.File {
	f := &firm{seed: o.Seed, busy: rhythm(o.Records), people: people()}
	return []raw.File{
		{Path: "crm/audit.csv", Day: f.customers},
		{Path: "pc/operations.csv", From: at("06-14 00:00:00"), Day: f.operations},
		{Path: "proxy/fgt-01.log", From: at("08-13 00:00:00"), Day: f.proxy},
		{Path: "dns/ns-01.log", Day: f.names},
		{Path: "vpn/fgt-01.log", From: at("06-14 00:00:00"), Day: f.gateway},
		{Path: "directory/dc01.jsonl", Day: f.directory},
		{Path: "mail/gateway.jsonl", Day: f.mail},
	}
}

// rhythm is how much each person does on a working day, so that about the
// wanted number of records comes out.
func rhythm(records int) int {
	const each, others = 6_300, 75_000 // person-days on PC, DNS and proxy; what does not grow
	return max(6, (records-others)/each)
}

// people are the staff; the leaver is the first, the colleague the second.
func people() []member {
	agents := []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36 Edg/137.0.0.0",
	}
	names := []string{leaver, colleague}
	for i, family := range []string{"abe", "baba", "chiba", "doi", "endo", "fukuda", "goto", "hamada", "ide", "kaneko", "machida", "nagao", "oda", "sakai", "tagawa", "ueno", "wada"} {
		names = append(names, string("kmsty"[i%5])+"."+family, string("aehnr"[i%5])+"."+family)
	}
	out := make([]member, 0, len(names))
	for i, name := range names {
		p := raw.Person{Name: name, Home: fmt.Sprintf("100.64.33.%d", 20+i*4), Mobile: fmt.Sprintf("100.72.%d.", 90+i), Agent: agents[i%2]}
		if name == leaver {
			p.Home = home
		}
		out = append(out, member{p, fmt.Sprintf("PC-S%03d", 101+i), fmt.Sprintf("10.60.1.%d", 21+i), fmt.Sprintf("10.60.9.%d", 21+i)})
	}
	return out
}

// gone reports whether a person has left the firm by then.
func (m member) gone(t time.Time) bool { return m.Name == leaver && !t.Before(left()) }

// from is the address that the firm's own systems see a person come from.
func (m member) from(t time.Time) string {
	if m.place(t) == raw.Office {
		return m.address
	}
	return m.tunnel
}
