package lint

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

func row(id string, at time.Time, precision, text string, cites ...uint64) investigate.Row {
	return investigate.Row{Head: investigate.Head{ID: id}, At: at, Precision: precision, What: "event", Text: event.Phrase{EN: text}, Cites: cites}
}

func counting(low, high int64) *investigate.Number {
	return &investigate.Number{Min: &low, Max: &high, Unit: "persons"}
}

// wants checks a case and wants exactly these problems.
func wants(t *testing.T, c *investigate.Case, ev Evidence, want ...string) {
	t.Helper()
	got := told(checked(t, c, ev))
	if slices.Compare(got, want) != 0 {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestProofThatIsGoneIsNamed(t *testing.T) {
	ev := &records{seen: map[uint64]Sighting{1: {Gone: "expired"}, 2: {Gone: "shredded"}, 3: {}}}
	c := &investigate.Case{Statements: []investigate.Statement{
		statement("all", investigate.Confirmed, "", "it was copied"), statement("some", investigate.Confirmed, "", "it was sent"), statement("none", investigate.Confirmed, "", "it was read")}}
	c.Statements[0].Cites, c.Statements[1].Cites = []uint64{1, 2}, []uint64{2, 3}
	wants(t, c, ev, "error proof-gone all", "error certain-without-record none", "warning proof-partly-gone some")
}

func TestANumberThatDriftsBetweenReportsIsNamedUnlessExplained(t *testing.T) {
	then, now := statement("n", investigate.Possible, "", "data may have leaked"), statement("n", investigate.Possible, "", "data may have leaked")
	then.Number, now.Number = counting(0, 1585), counting(0, 1600)
	then.At, now.At = when(t, "2026-03-01 10:00:00"), when(t, "2026-03-01 11:00:00")
	c := &investigate.Case{Statements: []investigate.Statement{now}, Versions: []investigate.Version{{Head: investigate.Head{ID: "v1"}, Report: "first", Number: 1,
		Then: &investigate.Case{Statements: []investigate.Statement{then}}}}}
	wants(t, c, &records{}, "error number-drift n v1", "error time-drift n v1")
	c.Statements[0].Reason = event.Phrase{EN: "counted again without doubles"}
	wants(t, c, &records{})
}

func TestOneThingIsCountedOnce(t *testing.T) {
	a, b, other := statement("a", investigate.Possible, "", "3,400 customers"), statement("b", investigate.Possible, "", "2,800 customers"), statement("c", investigate.Possible, "", "900 of others")
	a.About, b.About, a.Number, b.Number, other.Number = "customers", "customers", counting(3400, 3400), counting(2800, 2800), counting(900, 900)
	wants(t, &investigate.Case{Statements: []investigate.Statement{a, b, other}}, &records{}, "error two-numbers b a")
}

func TestOneNumberRestsOnOneBasis(t *testing.T) {
	a, b := statement("a", investigate.Possible, "", "3,400 customers"), statement("b", investigate.Possible, "", "3,400 customers")
	a.About, b.About, a.Number, b.Number = "customers", "customers", counting(3400, 3400), counting(3400, 3400)
	a.Number.Basis, b.Number.Basis = event.Phrase{EN: "contracts"}, event.Phrase{EN: "accounts"}
	wants(t, &investigate.Case{Statements: []investigate.Statement{a, b}}, &records{}, "note two-bases b a")
	b.Number.Basis = event.Phrase{}
	wants(t, &investigate.Case{Statements: []investigate.Statement{a, b}}, &records{})
}

func TestADenialNeedsToHaveLookedWhereItDenies(t *testing.T) {
	bare := statement("bare", investigate.Probable, "情報の流出はなかった", "")
	wide, open := statement("wide", investigate.NotConfirmed, "", "no login"), statement("open", investigate.NotConfirmed, "", "no transfer")
	day := when(t, "2026-03-01 00:00:00")
	wide.Query, wide.At, wide.Until = "q", day, day.Add(72*time.Hour)
	wide.Answer = &coverage.Answer{Verdict: coverage.NotFoundCovered, From: day, To: day.Add(24 * time.Hour)}
	open.Query, open.Answer = "q", &coverage.Answer{Verdict: coverage.VerdictUnknown}
	c := &investigate.Case{Statements: []investigate.Statement{bare, wide, open}}
	wants(t, c, &records{}, "error negative-without-coverage bare", "warning denied-wider-than-searched wide", "warning negative-not-covered open")
	wants(t, c, &records{finds: map[string][]uint64{"q": {7}}}, "error negative-without-coverage bare", "error denied-but-recorded wide", "error denied-but-recorded open")
}

func TestADenialOfAnotherTimeIsNoContradiction(t *testing.T) {
	seen := row("seen", when(t, "2026-03-05 10:00:00"), investigate.Exact, "login", 1)
	seen.About = "x"
	for _, c := range []struct {
		from, until string
		found       bool
	}{{"2026-03-01 00:00:00", "2026-03-04 00:00:00", false}, {"2026-03-06 00:00:00", "2026-03-09 00:00:00", false}, {"2026-03-05 00:00:00", "2026-03-06 00:00:00", true}} {
		s := statement("s", investigate.NotConfirmed, "", "no login")
		s.About, s.Query, s.At, s.Until = "x", "q", when(t, c.from), when(t, c.until)
		got := checked(t, &investigate.Case{Timeline: []investigate.Row{seen}, Statements: []investigate.Statement{s}}, &records{})
		if (len(got) == 1) != c.found {
			t.Errorf("%+v: %q", c, told(got))
		}
	}
}

func TestTimesOfTheTextStandInTheBody(t *testing.T) {
	c := &investigate.Case{Timeline: []investigate.Row{row("down", when(t, "2018-03-01 11:40:00"), investigate.About, "servers down")}}
	for text, want := range map[string]string{
		"2018年3月1日11時40分頃に停止した。":                       "",
		"3 月 1 日（木）午前11時38分に停止した。":                     "warning summary-against-body summary down",
		"3月1日 11:40 に停止した。":                            "",
		"2019年3月1日11時40分に停止した。":                        "note summary-against-body summary",
		"On 1 March at 11:40 it stopped":               "",
		"On March 1, 2018, at about 11:30 it stopped":  "",
		"2018-03-01 15:40 it stopped":                  "warning summary-against-body summary down",
		"3月1日に停止した。":                                   "",
		"13月41日 99時99分":                                "",
		"It stopped at 1 March 2018 11:40:00.":         "",
		"3月2日 10時に再開した。":                               "note summary-against-body summary",
		"On 1 March 2018 around 12:30 it was examined": "warning summary-against-body summary down",
	} {
		c.Sections = []investigate.Section{{Head: investigate.Head{ID: "summary"}, Text: event.Phrase{JA: text}}}
		if got := strings.Join(told(checked(t, c, &records{})), "; "); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestCountsOfTheTextAreThoseCounted(t *testing.T) {
	n := counting(115, 115)
	n.Unit = "hosts"
	c := &investigate.Case{Scopes: []investigate.Scope{{Head: investigate.Head{ID: "hosts"}, Text: event.Phrase{EN: "servers wiped"}, Number: n}}}
	for text, found := range map[string]bool{"115 台が消去された": false, "610 台のうち 120 台": true, "115 servers were wiped": false, "116 servers": true, "3 人": false} {
		c.Sections = []investigate.Section{{Head: investigate.Head{ID: "impact"}, Text: event.Phrase{JA: text}}}
		if got := checked(t, c, &records{}); len(got) > 0 != found {
			t.Errorf("%s: %q", text, told(got))
		}
	}
}

// TestBenignSentencesClaimNothing and what is like them does.
func TestBenignSentencesClaimNothing(t *testing.T) {
	w := newWords()
	for text, denies := range map[string]bool{
		"不正なログインが確認されております。":                 false,
		"不正なログインは確認されておりません。":                true,
		"痕跡は見つかった":                           false,
		"痕跡は見つからなかった":                        true,
		"侵入は認められている":                         false,
		"流出は認められておりません":                      true,
		"停止されていなかったアカウントから侵入が始まった":           false,
		"パスワードがどう盗まれたかは判明しなかった":              false,
		"流出の可能性は否定できない":                      false,
		"当該期間のアクセスはなかった。":                    true,
		"対策が済んでいなかったため、攻撃を受けた":               false,
		"バックアップは別の場所にあり、被害を受けていないサーバーから復元した": false,
	} {
		if got := w.negative(event.Phrase{JA: text}); got != denies {
			t.Errorf("%s: denies %v", text, got)
		}
	}
	for text, denies := range map[string]bool{
		"no trace of a transfer was found": true, "the account, which had not been disabled, was used": false, "it is not known how": false,
		"it cannot be ruled out": false, "nobody signed in": true, "servers that were not attacked were shut down": true, // seen as a denial: people see that it is none
		"the intruder used an account whose owner never noticed": false,
	} {
		if got := w.negative(event.Phrase{EN: text}); got != denies {
			t.Errorf("%s: denies %v", text, got)
		}
	}
	for text, theft := range map[string]bool{"盗まれたパスワードが使われた": true, "パスワードを変更した": false, "文書を盗み見た": false} {
		if got := w.theft(event.Phrase{JA: text}); got != theft {
			t.Errorf("%s: theft %v", text, got)
		}
	}
}

func TestNamesAreFoundWholeOnly(t *testing.T) {
	f := newFinder()
	for _, name := range []string{"192.0.2.1", "tanaka", "田中", "b.kimura"} {
		f.add(name)
	}
	for text, want := range map[string][]string{
		"from 192.0.2.1.": {"192.0.2.1"}, "from 192.0.2.10": nil, "田中さん": {"田中"}, "tanakaya": nil, "by tanaka and b.kimura": {"tanaka", "b.kimura"}, "アカウントtanakaを": {"tanaka"},
	} {
		if got := f.in(text); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestRealNamesAreSeen(t *testing.T) {
	c := &investigate.Case{Entities: []investigate.Entity{{Head: investigate.Head{ID: "a"}, Type: "person", Real: "田中", Public: event.Phrase{JA: "社員 A", EN: "A"}}},
		Sections: []investigate.Section{{Head: investigate.Head{ID: "summary"}, Text: event.Phrase{JA: "田中の端末"}}}}
	wants(t, c, &records{}, "warning real-name summary a")
}

// failing is evidence that cannot be asked.
type failing struct{ records }

var errAsked = errors.New("the index is away")

func (failing) Find(context.Context, string, []string, time.Time, time.Time) (int64, []uint64, error) {
	return 0, nil, errAsked
}

func TestEvidenceThatCannotBeAskedIsAnErrorAndNoSilence(t *testing.T) {
	s := statement("s", investigate.NotConfirmed, "", "no login")
	s.Query = "q"
	if _, err := Check(t.Context(), &investigate.Case{Statements: []investigate.Statement{s}}, &failing{}, jst()); !errors.Is(err, errAsked) {
		t.Errorf("error %v", err)
	}
}

func TestQueriesAreBounded(t *testing.T) {
	c := &investigate.Case{}
	for range 3 * maxAsked {
		s := statement("s", investigate.NotConfirmed, "", "no login")
		s.Query = "q"
		c.Statements = append(c.Statements, s)
	}
	ev := &records{}
	checked(t, c, ev)
	if ev.asked > maxAsked {
		t.Errorf("%d queries", ev.asked)
	}
}

func TestAnAttemptThatWasRefusedShowsThatAContainmentHeld(t *testing.T) {
	at := when(t, "2018-03-03 20:00:00")
	c := &investigate.Case{Containments: []investigate.Containment{{Head: investigate.Head{ID: "k"}, At: at, Action: "disable_account", Target: "sato.k", Text: event.Phrase{EN: "stopped"}}}}
	for text, want := range map[string]int{"sato.k のログインが拒否される": 0, "sato.k がログインに成功する": 1} {
		c.Timeline = []investigate.Row{{Head: investigate.Head{ID: "r"}, At: at.Add(time.Hour), Precision: investigate.Exact, What: "event", Text: event.Phrase{JA: text}}}
		found, err := Check(t.Context(), c, &records{seen: map[uint64]Sighting{}}, jst())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, p := range found {
			if p.Code == "containment-without-effect" {
				n++
			}
		}
		if n != want {
			t.Errorf("%s: %d problems, want %d", text, n, want)
		}
	}
}
