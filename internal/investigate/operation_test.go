package investigate

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

func words(s string) event.Phrase { return event.Phrase{JA: s, EN: s} }

func noon() time.Time { return time.Date(2018, 4, 2, 12, 0, 0, 0, time.UTC) }

func TestOperationsAreRefusedWithTheReason(t *testing.T) {
	row := func(change func(*Row)) Operation {
		r := Row{At: noon(), Precision: "about", What: "event", Text: words("x")}
		change(&r)
		return put(&r)
	}
	statement := func(s Statement) Operation { return put(&s) }
	answer := &coverage.Answer{Verdict: coverage.NotFoundCovered}
	for _, c := range []struct {
		name string
		op   Operation
		want string // "" for a valid one
	}{
		{"open", Operation{Case: "2018-04", Op: "open", Title: words("x")}, ""},
		{"open without a title", Operation{Case: "c", Op: "open"}, "title"},
		{"no case id", Operation{Op: "open", Title: words("x")}, "case id"},
		{"a case id that leaves a folder", Operation{Case: "../x", Op: "open", Title: words("x")}, "case id"},
		{"a case id with a line feed", Operation{Case: "c\n", Op: "open", Title: words("x")}, "case id"},
		{"a case id too long", Operation{Case: strings.Repeat("c", 65), Op: "open", Title: words("x")}, "case id"},
		{"row", row(func(*Row) {}), ""},
		{"row of unknown time", row(func(r *Row) { r.At, r.Precision = time.Time{}, UnknownTime }), ""},
		{"interview without signer", row(func(r *Row) { r.What = "interview" }), "signer"},
		{"row without a time", row(func(r *Row) { r.At = time.Time{} }), "needs a time"},
		{"row of unknown precision", row(func(r *Row) { r.Precision = "roughly" }), "precision"},
		{"row without text", row(func(r *Row) { r.Text = event.Phrase{} }), "text"},
		{"confirmed with citation", statement(Statement{Text: words("x"), Certainty: Confirmed, Cites: []uint64{1}}), ""},
		{"confirmed without citation", statement(Statement{Text: words("x"), Certainty: Confirmed}), "must cite"},
		{"established without citation", statement(Statement{Text: words("x"), Certainty: Established}), "must cite"},
		{"probable without citation", statement(Statement{Text: words("x"), Certainty: Probable}), ""},
		{"negative with its answer", statement(Statement{Text: words("x"), Certainty: NotConfirmed, Answer: answer}), ""},
		{"negative without a query", statement(Statement{Text: words("x"), Certainty: NotConfirmed}), "needs a query"},
		{"undetermined with a reason", statement(Statement{Text: words("x"), Certainty: Undetermined, Reason: words("why")}), ""},
		{"undetermined without a reason", statement(Statement{Text: words("x"), Certainty: Undetermined}), "reason"},
		{"unknown certainty", statement(Statement{Text: words("x"), Certainty: "sure"}), "certainty"},
		{"statement without text", statement(Statement{Certainty: Possible}), "text"},
		{"a part of no kind", Operation{Case: "c", Op: "put", Kind: "x", Part: []byte("{}")}, "kind"},
		{"a part with names it has not", Operation{Case: "c", Op: "put", Kind: KindTask, Part: []byte(`{"colour":"red"}`)}, "colour"},
		{"question", put(&Question{Text: words("x")}), ""},
		{"question without text", put(&Question{}), "text"},
		{"section", put(&Section{Head: Head{ID: "cause"}}), ""},
		{"section without a name", put(&Section{}), "name"},
		{"close", Operation{Case: "c", Op: "close"}, ""},
		{"unknown operation", Operation{Case: "c", Op: "delete"}, "delete"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.op.Validate()
			if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want one about %q", err, c.want)
			}
		})
	}
}

func TestWhatIsEncodedDecodesTheSame(t *testing.T) {
	op := put(&Statement{Head: Head{ID: "s1"}, Text: words("確認されていない"), Certainty: NotConfirmed, Query: "x", Cites: []uint64{1 << 60}, Answer: &coverage.Answer{
		Verdict: coverage.NotFoundCovered, Because: []event.Phrase{words("why")}, Coverage: []coverage.SourceCoverage{{Source: "vpn"}}}})
	op.By, op.At = "佐藤", noon().Add(123456789)
	raw, err := op.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(event.Record{Seq: 1, Raw: raw})
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.Encode()
	if err != nil || string(again) != string(raw) {
		t.Errorf("%v: %s", err, cmp.Diff(string(raw), string(again)))
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"case":"c","op":"open","by":"x","at":"2018-04-02T12:00:00Z","title":{"ja":"x"}}`,
		`{"case":"c","op":"put","kind":"row","part":{"at":"2018-04-02T12:00:00+09:00","cites":[1,2]}}`,
		`{"case":"c","op":"put","kind":"statement","part":{"certainty":"confirmed","answer":{"coverage":[{}]}}}`,
		`{"case":"c","op":"put","kind":"question","part":{"answer":{"because":[{"en":"x"}]}}}`,
		`{"case":"c","op":"put","kind":"section","part":{"id":"cause","text":{"en":"x"}}}`, `{}`, `[]`, ``, `{"case":"c","op":"withdraw","kind":"row","id":"r1","reason":{"en":"x"}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		desk := NewDesk()
		if err := desk.Apply(event.Record{Seq: 1, Raw: []byte(`{"case":"c","op":"open","title":{"ja":"x"}}`)}); err != nil {
			t.Fatal(err)
		}
		err := desk.Apply(event.Record{Seq: 2, Raw: raw})
		op, decodeErr := Decode(event.Record{Seq: 2, Raw: raw})
		if decodeErr != nil {
			if err == nil {
				t.Fatal("applied what cannot be decoded")
			}
			return
		}
		_ = op.Validate()
		if c := desk.Case(op.Case); err == nil && c.History[len(c.History)-1].Record != 2 {
			t.Fatal("an operation without a trace in the history")
		}
	})
}
