package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/lint"
)

func many(n int64) *int64 { return &n }

// fullCase is a case with parts of every kind, an earlier report, and names.
func fullCase() Input {
	in := smallCase()
	k := in.Case
	k.Entities = []investigate.Entity{
		{Head: investigate.Head{ID: "e1"}, Type: "person", Real: "Hanako Yamada", Aliases: []string{"yamada.h", "山田"}, Public: both("社員 A", "employee A"), Role: "victim"},
		{Head: investigate.Head{ID: "e2"}, Type: "address", Real: "203.0.113.7", Public: both("接続元 X", "address X"), Role: "intruder", Indicator: true},
	}
	k.Statements = append(k.Statements,
		investigate.Statement{Head: investigate.Head{ID: "s4", Recorded: 34}, Text: both("山田の端末が使われた", "The computer of Hanako Yamada was used"), Certainty: investigate.Probable, Chapter: "cause", Cites: []uint64{12}, Number: &investigate.Number{Max: many(1585), Unit: "persons"}},
		investigate.Statement{Head: investigate.Head{ID: "s5", Recorded: 35}, Text: both("通信の記録がない", "There is no record of the traffic"), Certainty: investigate.Undetermined, Chapter: "impact", ReasonCode: "expired"})
	k.Scopes = []investigate.Scope{{Head: investigate.Head{ID: "sc1"}, Text: both("利用者の連絡先", "Contacts of users"), Of: "persons", Number: &investigate.Number{Min: many(100), Max: many(1585), Unit: "persons", Basis: both("表の件数", "rows of the table")}, Cites: []uint64{11},
		Answer: &coverage.Answer{Verdict: coverage.VerdictUnknown, Because: []event.Phrase{both("VPN 装置：保存期間超過", "VPN gateway: expired")}}}}
	fact := func(key, value string) {
		k.Facts = append(k.Facts, investigate.Fact{Head: investigate.Head{ID: key, Recorded: 36}, Value: value, At: at(3, 9, 0), Known: at(3, 9, 0)})
	}
	fact("aware", "2018-04-03T09:00:00+09:00")
	fact("personal_data", "yes")
	fact("cause", "malicious")
	k.Told = []investigate.Told{{Head: investigate.Head{ID: "t1"}, Recipient: both("利用者", "users"), Group: "customers", At: at(3, 12, 0), Precision: investigate.About, Text: both("発生のお知らせ", "that it happened")}}
	k.Tasks = []investigate.Task{{Head: investigate.Head{ID: "k1"}, Text: both("聴取を終える", "Finish the interviews"), Status: "open", Due: at(10, 0, 0)}, {Text: both("済み", "over"), Status: "done"}}
	k.Containments = []investigate.Containment{{Head: investigate.Head{ID: "con1"}, At: at(2, 2, 30), Action: "disable_account", Target: "yamada.h", Text: both("yamada.h を停止", "yamada.h is disabled"),
		Checked: investigate.Checked{Results: []investigate.Result{{At: at(3, 9, 0), State: investigate.Met, Because: both("活動なし", "no activity"), Cites: []uint64{13}}}}}}
	k.Conditions = []investigate.Condition{{Head: investigate.Head{ID: "c1"}, Service: "shop.example.jp", Platform: "web", Text: both("対策の完了", "Measures are complete"), Check: investigate.Check{By: "sign_off"}}}
	k.Measures = []investigate.Measure{
		{Head: investigate.Head{ID: "m1"}, Text: both("多要素認証", "Multi-factor authentication"), Status: "done", Check: investigate.Check{By: "query"}, Checked: investigate.Checked{Results: []investigate.Result{{At: at(3, 9, 0), State: investigate.NotMet, Because: both("1 件", "one event"), Cites: []uint64{12}}}}},
		{Head: investigate.Head{ID: "m2"}, Text: both("共有の廃止", "No sharing"), Status: "planned", Due: at(30, 0, 0)}}
	k.Sections = append(k.Sections, investigate.Section{Head: investigate.Head{ID: "contact"}, Text: both("窓口：security@example.jp", "Contact: security@example.jp")})
	k.Versions = []investigate.Version{{Head: investigate.Head{ID: "v1", Recorded: 30}, Report: "first", Number: 1, At: at(3, 18, 0), Then: beforeThen(k)}}
	k.Withdrawn = []investigate.Withdrawn{{Kind: investigate.KindStatement, ID: "s0", Text: both("外部からの侵入ではない", "It was not an intrusion"), Reason: both("新しい記録と合わない", "new records say otherwise"), At: at(4, 9, 0), Recorded: 38}}
	return in
}

// beforeThen is the case as the first report had it.
func beforeThen(k *investigate.Case) *investigate.Case {
	then := *k
	then.Statements = append([]investigate.Statement(nil), k.Statements[:3]...)
	then.Statements[0].Certainty = investigate.Probable
	then.Timeline = append([]investigate.Row(nil), k.Timeline[:2]...)
	then.Timeline[0].At = at(2, 1, 57)
	then.Scopes = []investigate.Scope{k.Scopes[0]}
	then.Scopes[0].Number = &investigate.Number{Max: many(3000), Unit: "persons"}
	then.Versions = nil
	return &then
}

// structure is a document without its sentences: chapters, headings, tables with
// their rows, lists, and how many citations there are.
func structure(d *Document) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s / %s\nletter %v, stamp %q, notice %q, problems %d\n", d.Subtitle, d.Title, d.Letter, d.Stamp, d.Notice, len(d.Problems))
	cites := 0
	count := func(in []Inline) {
		for _, i := range in {
			if i.Cite > 0 {
				cites++
			}
		}
	}
	for _, s := range d.Sections {
		b.WriteString(s.Title() + "\n")
		for _, block := range s.Blocks {
			switch {
			case block.Heading != "":
				b.WriteString("  " + block.Heading + "\n")
			case block.Table != nil:
				fmt.Fprintf(&b, "  | %s | %d rows\n", strings.Join(block.Table.Header, " | "), len(block.Table.Rows))
				for _, row := range block.Table.Rows {
					for _, c := range row {
						count(c)
					}
				}
			case block.List != nil:
				fmt.Fprintf(&b, "  - %d\n", len(block.List))
				for _, it := range block.List {
					count(it)
				}
			default:
				b.WriteString("  paragraph\n")
				count(block.Paragraph)
			}
		}
	}
	fmt.Fprintf(&b, "citations %d of %d records\n", cites, len(d.Targets()))
	return b.String()
}

// golden compares a text with its file, which -update writes.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
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

func TestEachKindIsAsItsGoldenFile(t *testing.T) {
	for _, k := range Kinds() {
		for _, lang := range []string{"ja", "en"} {
			in := fullCase()
			in.Kind, in.Lang = k.Kind, lang
			golden(t, string(k.Kind)+"."+lang+".md", render(t, in, "md"))
		}
	}
}

func TestBothLanguagesOfAKindHaveTheSameStructure(t *testing.T) {
	for _, k := range Kinds() {
		var shapes [2][]string
		for i, lang := range []string{"ja", "en"} {
			in := fullCase()
			in.Kind, in.Lang = k.Kind, lang
			d := Compose(in)
			for _, s := range d.Sections {
				line := s.ID
				for _, b := range s.Blocks {
					switch {
					case b.Table != nil:
						line += fmt.Sprintf(" table %dx%d", len(b.Table.Header), len(b.Table.Rows))
					case b.List != nil:
						line += fmt.Sprintf(" list %d", len(b.List))
					case b.Heading != "":
						line += " heading"
					default:
						line += " paragraph"
					}
				}
				shapes[i] = append(shapes[i], line)
			}
		}
		if diff := cmp.Diff(shapes[0], shapes[1]); diff != "" {
			t.Errorf("%s: ja and en differ:\n%s", k.Kind, diff)
		}
	}
}

// everything is all that a document says.
func everything(t testing.TB, in Input) string { return render(t, in, "md") + render(t, in, "html") }

func TestNoRealNameIsInADocumentUnlessAskedFor(t *testing.T) {
	for _, k := range Kinds() {
		for _, lang := range []string{"ja", "en"} {
			in := fullCase()
			in.Kind, in.Lang = k.Kind, lang
			said := everything(t, in)
			for _, real := range []string{"Hanako Yamada", "yamada", "山田", "203.0.113.7"} {
				if strings.Contains(said, real) {
					t.Errorf("%s %s says %q", k.Kind, lang, real)
				}
			}
			in.Real = true
			if k.Kind != Customer && !strings.Contains(everything(t, in), "203.0.113.7") && k.Kind == Final {
				t.Errorf("%s %s with real names does not say them", k.Kind, lang)
			}
		}
	}
	if in := fullCase(); in.Case.Entities[0].Real == "" || !strings.Contains(in.Records[11].Text, "203.0.113.7") {
		t.Error("composing changed the case")
	}
}

func TestARealNameIsNeverInADocumentHoweverItIsWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.StringMatching(`[A-Z][a-z]{3,8}([ .\-+(*][a-z]{1,8})?|[一-龠]{2,4}`).Draw(rt, "name")
		before := rapid.SampledFrom([]string{"", "user=", "（", "\\", "/home/", "x"}).Draw(rt, "before")
		after := rapid.SampledFrom([]string{"", "さん", "@example.jp", "1", "_", ")"}).Draw(rt, "after")
		in := withHostile(before + name + after)
		in.Case.Entities = []investigate.Entity{{Head: investigate.Head{ID: "e1"}, Type: "person", Real: name, Public: both("甲", "Q")}}
		in.Kind = rapid.SampledFrom([]Kind{First, Interim, Final, Regulator, Customer, Partner}).Draw(rt, "kind")
		in.Lang = rapid.SampledFrom([]string{"ja", "en"}).Draw(rt, "lang")
		d := Compose(in)
		for _, s := range structureTexts(d) {
			if strings.Contains(strings.ToLower(s), strings.ToLower(before+name+after)) {
				rt.Fatalf("%q is said: %q", name, s)
			}
		}
	})
}

// structureTexts are all texts of a document.
func structureTexts(d *Document) []string {
	out := []string{d.Title}
	add := func(in []Inline) {
		for _, i := range in {
			out = append(out, i.Text)
		}
	}
	for _, m := range d.Meta {
		out = append(out, m.Value)
	}
	for _, s := range d.Sections {
		for _, b := range s.Blocks {
			add(b.Paragraph)
			for _, it := range b.List {
				add(it)
			}
			if b.Table != nil {
				for _, row := range b.Table.Rows {
					for _, c := range row {
						add(c)
					}
				}
			}
		}
	}
	return out
}

func TestAHashIsNotShownOfARecordWithAHiddenName(t *testing.T) {
	in := fullCase()
	if said := everything(t, in); strings.Contains(said, strings.Repeat("ab", 32)) {
		t.Error("the hash of a record lets guesses of the name in it be checked")
	}
	in.Real = true
	if said := everything(t, in); !strings.Contains(said, strings.Repeat("ab", 32)) {
		t.Error("nothing is hidden and the hash is not shown")
	}
}

func TestADocumentWithAnErrorIsADraftThatListsIt(t *testing.T) {
	in := fullCase()
	in.Case.Timeline[2].Cites = nil
	if d := Compose(in); d.Stamp != "" || d.Notice != "" {
		t.Errorf("without problems: %q %q", d.Stamp, d.Notice)
	}
	in.Problems = []lint.Problem{
		{Severity: lint.Note, Text: both("メモ", "a note")},
		{Severity: lint.Warning, Text: both("見直す", "look again")},
		{Severity: lint.Error, Text: both("時刻が合わない", "times differ"), Hint: both("直す", "change one")},
	}
	d := Compose(in)
	if d.Stamp != "草稿" || d.Notice != "草稿：矛盾 1 件が残っている。" || len(d.Problems) != 2 || d.Problems[0][0].Text != "矛盾" || !strings.Contains(d.Problems[0][1].Text, "時刻が合わない") {
		t.Errorf("%q %q %v", d.Stamp, d.Notice, d.Problems)
	}
	in.Problems = in.Problems[:2]
	if d := Compose(in); d.Stamp != "" || len(d.Problems) != 1 {
		t.Errorf("a warning makes no draft: %q %v", d.Stamp, d.Problems)
	}
}

func TestAnInterimReportTellsEveryDifference(t *testing.T) {
	in := fullCase()
	in.Kind = Interim
	c := &composer{Input: shown(in), numbers: map[uint64]int{}}
	got := map[string]int{}
	for _, row := range c.changes()[1].Table.Rows {
		got[row[0][0].Text]++
	}
	want := map[string]int{"追加": 2, "変更": 1, "数値の追加": 1, "数値の変更": 1, "経緯の追加": 1, "経緯の訂正": 1, "撤回": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	then := *in.Case
	then.Versions = nil
	in.Case.Versions[0].Then, in.Case.Withdrawn = &then, nil
	c = &composer{Input: shown(in), numbers: map[uint64]int{}}
	if blocks := c.changes(); len(blocks) != 2 || blocks[1].Table != nil {
		t.Errorf("nothing changed: %+v", blocks)
	}
}

func TestTheNineItemsSayWhatIsOpenAndWhy(t *testing.T) {
	in := fullCase()
	in.Kind = Regulator
	for _, s := range Compose(in).Sections {
		if s.ID != "appi-preliminary" && s.ID != nineItems {
			continue
		}
		rows := s.Blocks[0].Table.Rows
		if len(rows) != 9 {
			t.Fatalf("%d items", len(rows))
		}
		said, open := inlines(rows[2][1]), inlines(rows[2][2])
		if !strings.Contains(said, "100～1,585 名") || !strings.Contains(open, "保存期間超過") {
			t.Errorf("number of persons: %s / %s", said, open)
		}
		for i, row := range rows {
			if len(row[1]) == 0 && len(row[2]) == 0 {
				t.Errorf("item %d says neither what is known nor what is open", i+1)
			}
		}
		return
	}
	t.Error("the nine items are not there")
}

func TestNumbersAreWrittenAsReportsDo(t *testing.T) {
	c := &composer{Input: Input{Lang: "ja"}}
	for want, n := range map[string]*investigate.Number{
		"最大 1,585 名": {Max: many(1585), Unit: "persons"}, "少なくとも 3 台": {Min: many(3), Unit: "hosts"}, "12 件": {Min: many(12), Max: many(12)},
		"100～1,585 名": {Min: many(100), Max: many(1585), Unit: "persons"}, "1,234,567 件": {Min: many(1234567), Max: many(1234567), Unit: "records"}, "不明": nil,
	} {
		if got := c.number(n); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
