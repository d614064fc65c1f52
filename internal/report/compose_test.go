package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

func tokyo() *time.Location { return time.FixedZone("JST", 9*3600) }

func at(day, hour, minute int) time.Time { return time.Date(2018, 4, day, hour, minute, 0, 0, tokyo()) }

func both(ja, en string) event.Phrase { return event.Phrase{JA: ja, EN: en} }

// smallCase is a report's input with one of everything a report can hold.
func smallCase() Input {
	expired := coverage.Answer{Verdict: coverage.VerdictUnknown, Because: []event.Phrase{both("VPN 装置：3 月分は保存期間超過", "VPN gateway: March is expired")}}
	covered := coverage.Answer{Verdict: coverage.NotFoundCovered, Because: []event.Phrase{both("対象のログ源 1 件はすべて揃う", "the one source is complete")}}
	c := &investigate.Case{
		ID: "2018-04", Title: both("共有 VPN アカウントの悪用", "A shared VPN account misused"), Status: "open", Opened: at(3, 9, 0), OpenedBy: "sato",
		Timeline: []investigate.Row{
			{Head: investigate.Head{ID: "r1"}, At: at(2, 1, 58), Precision: "exact", What: "event", Text: both("VPN に接続", "VPN session opened"), Source: "vpn", Query: "class:tunnel", Cites: []uint64{11, 12}},
			{Head: investigate.Head{ID: "r2"}, At: at(2, 2, 30), Precision: "about", What: "action", Text: both("VPN を停止", "VPN stopped")},
			{Head: investigate.Head{ID: "r3"}, At: at(2, 2, 31).Add(250 * time.Millisecond), Precision: "exact", What: "finding", Text: both("検知", "finding"), Cites: []uint64{9, 10, 1, 2, 3, 4, 5, 6, 7, 8}},
		},
		Statements: []investigate.Statement{
			{Head: investigate.Head{ID: "s1"}, Text: both("接続元は一つ", "There was one address"), Certainty: investigate.Confirmed, Cites: []uint64{12}},
			{Head: investigate.Head{ID: "s2"}, Text: both("チャットは閲覧されていない", "No chat was read"), Certainty: investigate.NotConfirmed, Answer: &covered},
			{Head: investigate.Head{ID: "s3"}, Text: both("共有者は特定できない", "Who shared it is not known"), Certainty: investigate.Undetermined, Reason: both("聴取が終わっていない", "interviews are not finished")},
		},
		Questions: []investigate.Question{
			{Head: investigate.Head{ID: "q1"}, Board: "how_in", Text: both("侵入経路は", "What was the way in?"), Query: "class:tunnel", Answer: coverage.Answer{Verdict: coverage.Found}, Conclusion: both("VPN", "The VPN"), Cites: []uint64{11}},
			{Head: investigate.Head{ID: "q2"}, Board: "since_when", Text: both("3 月に接続はあったか", "Was there a session in March?"), Answer: expired},
			{Head: investigate.Head{ID: "q3"}, Board: "what_left", Text: both("チャットは出たか", "Did chat leave?"), Query: "class:web", Answer: covered},
		},
		Sections: []investigate.Section{
			{Head: investigate.Head{ID: "summary"}, Text: both("共有\nアカウントが使われた。\n\n詳細は次のとおり。", "A shared account\nwas used.\n\nDetails follow.")},
			{Head: investigate.Head{ID: "prevention"}, Text: both("共有アカウントを廃止する。", "No shared accounts.")},
		},
	}
	in := Input{
		Case: c, From: at(1, 0, 0), To: at(3, 0, 0), Zone: tokyo(), Now: at(4, 10, 0), Version: "0.0-test", Lang: "ja", Origin: "konseki/test", PublicKey: "konseki/test+0+KEY",
		Checkpoint: "konseki/test\n1\nroot\n", Size: 40, Records: map[uint64]Cited{},
		Coverage: []coverage.SourceCoverage{
			{Source: "vpn", Name: both("VPN 装置", "VPN gateway"), State: coverage.Expired, Intervals: []coverage.Interval{
				{From: at(1, 0, 0), To: at(2, 0, 0), State: coverage.Expired, Proof: "declared", Reason: both("保存期間 1 か月", "kept for one month")},
				{From: at(2, 0, 0), To: at(3, 0, 0), State: coverage.Complete, Proof: "file import", Events: 120}}},
			{Source: "chat", State: coverage.Unknown, Intervals: []coverage.Interval{{From: at(1, 0, 0), To: at(3, 0, 0), State: coverage.Unknown}}},
		},
		Findings: []Finding{{Time: at(2, 2, 0), Level: "high", Title: both("VPN アカウントに初めての接続元", "New address of a VPN account"), Why: both("過去 30 日になし", "not in 30 days"), Cites: []uint64{11, 12, 13, 14}, Record: 20}},
	}
	for seq := uint64(1); seq <= 13; seq++ {
		if seq == 9 {
			continue // it cannot be read
		}
		in.Records[seq] = Cited{Record: event.Record{Seq: seq, Received: at(3, 8, 0), Source: "vpn"}, SHA256: strings.Repeat("ab", 32), Text: "user=staff01 srcip=203.0.113.7", Sealed: seq != 10}
	}
	return in
}

var update = flag.Bool("update", false, "write the golden files")

func render(t testing.TB, in Input, format string) string {
	var b bytes.Buffer
	write := Markdown
	if format == "html" {
		write = HTML
	}
	if err := write(&b, Compose(in)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReportsAreAsTheGoldenFiles(t *testing.T) {
	for _, lang := range []string{"ja", "en"} {
		for _, format := range []string{"md", "html"} {
			in := smallCase()
			in.Lang = lang
			got := regexp.MustCompile(`(?s)<style>.*</style>`).ReplaceAllString(render(t, in, format), "<style></style>")
			path := filepath.Join("testdata", "small."+lang+"."+format)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-update writes it anew):\n%s", path, diff)
			}
		}
	}
}

func TestChaptersStandInTheOrderOfAJapaneseReport(t *testing.T) {
	var got []string
	for _, s := range Compose(smallCase()).Sections {
		got = append(got, s.Heading)
	}
	want := []string{"はじめに", "概要", "経緯", "調査の方法と対象範囲", "調査結果", "侵入経路と原因", "影響範囲と漏えいの有無", "サービスの再開", "再発防止策",
		"網羅性：何が分からないか", "検知", "証跡一覧", "検証の方法", "用語集"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryRowOfTheChronologyCitesOrSaysThatItDoesNot(t *testing.T) {
	in := smallCase()
	for _, s := range Compose(in).Sections {
		if s.ID != "chronology" {
			continue
		}
		rows := s.Blocks[0].Table.Rows
		if len(rows) != len(in.Case.Timeline) {
			t.Fatalf("%d rows", len(rows))
		}
		for i, row := range rows {
			line := inlines(row[2])
			if cites := strings.Contains(line, `\[`); cites != (len(in.Case.Timeline[i].Cites) > 0) || !cites && !strings.Contains(line, "記録によらない") {
				t.Errorf("row %d: %s", i, line)
			}
		}
		if got := inlines(rows[1][0]); got != "2018-04-02 02:30 頃" {
			t.Errorf("about is written %q", got)
		}
		if line := inlines(rows[2][2]); !strings.HasSuffix(line, "ほか 2 件") {
			t.Errorf("many citations are written %q", line)
		}
	}
}

func TestEveryCitationLeadsToOneRowOfTheEvidence(t *testing.T) {
	page := render(t, smallCase(), "html")
	ids := map[string]int{}
	for _, m := range regexp.MustCompile(` id="(e\d+)"`).FindAllStringSubmatch(page, -1) {
		ids[m[1]]++
	}
	links := regexp.MustCompile(`href="#(e\d+)"`).FindAllStringSubmatch(page, -1)
	if len(links) < 13 {
		t.Fatalf("%d citations", len(links))
	}
	for _, m := range links {
		if ids[m[1]] != 1 {
			t.Errorf("citation %s leads to %d rows", m[1], ids[m[1]])
		}
	}
}

func TestADraftSaysHowManyRecordsAreNotSealed(t *testing.T) {
	in := smallCase()
	if d := Compose(in); !strings.Contains(d.Notice, "2 件") {
		t.Errorf("record 9 is missing and record 10 not sealed: %q", d.Notice)
	}
	in.Case.Timeline[2].Cites = nil
	if d := Compose(in); d.Notice != "" {
		t.Errorf("a whole report says %q", d.Notice)
	}
}

// hostile is text that would be markup, another cell, another line or another
// direction of reading.
func hostile() []string {
	return []string{
		`<script>alert(1)</script>`, `</code></td></table><img src=x onerror=alert(1)>`, `![x](http://192.0.2.1/x)`, "a | b `|` c \\| d", "```\n# heading\n```",
		"\u202e\u2066txt.exe\u2069", "\x1b[31mred\x1b]0;t\x07", "- item", "1. item", "=== x", `"><svg onload=alert(1)>`, "`", "\\`", "a\\", "{{.Title}}", "\xff\xfe", "[x]: http://192.0.2.1/",
	}
}

// withHostile puts the text wherever a report shows text from outside.
func withHostile(s string) Input {
	in := smallCase()
	p := event.Phrase{JA: s, EN: s}
	in.Case.Title, in.Case.ID = p, s
	for i := range in.Case.Timeline {
		in.Case.Timeline[i].Text, in.Case.Timeline[i].Source, in.Case.Timeline[i].Query = p, s, s
	}
	for i := range in.Case.Statements {
		in.Case.Statements[i].Text, in.Case.Statements[i].Reason = p, p
	}
	for i := range in.Case.Questions {
		q := &in.Case.Questions[i]
		q.Text, q.Conclusion, q.Query, q.Answer.Because = p, p, s, []event.Phrase{p}
	}
	in.Case.Sections = nil
	for _, name := range []string{"summary", "method", "cause", "impact", "resumption", "prevention"} {
		in.Case.Sections = append(in.Case.Sections, investigate.Section{Head: investigate.Head{ID: name}, Text: p})
	}
	in.Coverage[0].Name, in.Coverage[1].Source, in.Coverage[0].Intervals[0].Reason = p, s, p
	in.Findings[0].Title, in.Findings[0].Why = p, p
	for seq, r := range in.Records {
		r.Text, r.Record.Source = s, s
		in.Records[seq] = r
	}
	in.Origin, in.Version = s, s
	return in
}

// skeleton is a page without its text: the tags with their attributes.
func skeleton(page string) string {
	return strings.Join(regexp.MustCompile(`<[a-zA-Z/!][^>]*>`).FindAllString(page, -1), "\n")
}

func TestHostileTextStaysTextInHTML(t *testing.T) {
	want := skeleton(render(t, withHostile("plain"), "html"))
	for _, s := range hostile() {
		page := render(t, withHostile(s), "html")
		if diff := cmp.Diff(want, skeleton(page)); diff != "" {
			t.Errorf("%q changes the page:\n%s", s, diff)
		}
		if strings.ContainsAny(page, "\u202e\u2066\x1b\x07") {
			t.Errorf("%q reaches the page with its controls", s)
		}
	}
}

// shape is a Markdown document without its text: how each line begins and how
// many cells it has.
func shape(md string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(md, "\n") {
		begin := regexp.MustCompile(`^(#+|- |\||>|\d+[.)]|[+=*]|` + "```" + `|$)`).FindString(line)
		b.WriteString(begin + " " + strings.Repeat("|", cells(line)) + "\n")
	}
	return b.String()
}

// cells counts the pipes that no backslash escapes, as GitHub reads them.
func cells(line string) int {
	n := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '|':
			n++
		}
	}
	return n
}

func TestHostileTextStaysTextInMarkdown(t *testing.T) {
	want := shape(render(t, withHostile("plain"), "md"))
	for _, s := range hostile() {
		md := render(t, withHostile(s), "md")
		if diff := cmp.Diff(want, shape(md)); diff != "" {
			t.Errorf("%q changes the document:\n%s", s, diff)
		}
		if strings.ContainsAny(md, "\u202e\u2066\x1b\x07") {
			t.Errorf("%q reaches the document with its controls", s)
		}
		for line := range strings.SplitSeq(md, "\n") {
			bare := regexp.MustCompile("(`+) ?.*? ?(`+)").ReplaceAllString(regexp.MustCompile(`\\.`).ReplaceAllString(line, ""), "")
			if strings.ContainsAny(bare, "<[") {
				t.Errorf("%q leaves markup in %q", s, line)
			}
		}
	}
}
