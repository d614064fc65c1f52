package investigate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

// record seals an operation as the fold finds it.
func record(t interface{ Fatal(...any) }, seq uint64, op Operation) event.Record {
	raw, err := op.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return event.Record{Seq: seq, Source: event.SourceCase, Raw: raw}
}

// put is the operation that puts a part, valid or not.
func put(p Part) Operation {
	raw, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return Operation{Case: "c", Op: "put", Kind: p.Kind(), Part: raw, At: noon()}
}

func opened(t *testing.T) *Desk {
	d := NewDesk()
	if err := d.Apply(record(t, 1, Operation{Case: "c", Op: "open", By: "sato", At: noon(), Title: words("title")})); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheSameIDReplacesAndTheHistoryKeepsBoth(t *testing.T) {
	d := opened(t)
	for i, text := range []string{"first", "second"} {
		op := put(&Row{Head: Head{ID: "r7"}, At: noon(), Text: words(text), Cites: []uint64{uint64(40 + i)}})
		op.By = fmt.Sprint("by", i)
		if err := d.Apply(record(t, uint64(2+i), op)); err != nil {
			t.Fatal(err)
		}
	}
	c := d.Case("c")
	if len(c.Timeline) != 1 || c.Timeline[0].Text.EN != "second" || c.Timeline[0].By != "by1" || c.Timeline[0].Recorded != 3 {
		t.Errorf("the timeline is %+v", c.Timeline)
	}
	if len(c.History) != 3 || c.History[1].Target != "r7" || c.History[2].Target != "r7" || c.History[1].Record != 2 {
		t.Errorf("the history is %+v", c.History)
	}
	if got := c.Cited(false); !slices.Equal(got, []uint64{41}) {
		t.Errorf("cited are %v", got)
	}
	if got := c.Cited(true); !slices.Equal(got, []uint64{1, 2, 3, 41}) {
		t.Errorf("cited with the operations are %v", got)
	}
}

func TestAPartWithoutANameTakesNobodysPlace(t *testing.T) {
	d := opened(t)
	for i, id := range []string{"s2", "", ""} {
		op := put(&Statement{Head: Head{ID: id}, Text: words(fmt.Sprint(i)), Certainty: Possible})
		if err := d.Apply(record(t, uint64(2+i), op)); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	for _, s := range d.Case("c").Statements {
		ids = append(ids, s.ID)
	}
	if !slices.Equal(ids, []string{"s2", "s1", "s3"}) {
		t.Errorf("statements are %v", ids)
	}
}

func TestTheTimelineIsByTime(t *testing.T) {
	d := opened(t)
	for i, min := range []int{30, 10, 20, 10} {
		op := put(&Row{At: noon().Add(time.Duration(min) * time.Minute), Text: words(fmt.Sprint(i))})
		if err := d.Apply(record(t, uint64(2+i), op)); err != nil {
			t.Fatal(err)
		}
	}
	var got string
	for _, r := range d.Case("c").Timeline {
		got += r.Text.EN
	}
	if got != "1320" {
		t.Errorf("rows stand in the order %s", got)
	}
}

func TestOperationsOnACaseNeverOpenedAreReported(t *testing.T) {
	d := NewDesk()
	err := d.Apply(record(t, 9, Operation{Case: "c", Op: "close"}))
	if err == nil || !strings.Contains(err.Error(), "record 9") || d.Case("c") != nil || len(d.Cases()) != 0 {
		t.Errorf("error %v, cases %v", err, d.Cases())
	}
	if err := d.Apply(event.Record{Seq: 10, Raw: []byte("{")}); err == nil || !strings.Contains(err.Error(), "record 10") {
		t.Errorf("error %v", err)
	}
}

func TestTheNewestCaseComesFirstAndCloseCloses(t *testing.T) {
	d := opened(t)
	for i, op := range []Operation{
		{Case: "later", Op: "open", At: noon().Add(time.Hour), Title: words("x")}, {Case: "b", Op: "open", At: noon(), Title: words("x")}, {Case: "c", Op: "close", At: noon()},
	} {
		if err := d.Apply(record(t, uint64(2+i), op)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, c := range d.Cases() {
		got = append(got, c.ID+" "+c.Status)
	}
	if !slices.Equal(got, []string{"later open", "c closed", "b open"}) {
		t.Errorf("cases are %v", got)
	}
}

func someOperation(t *rapid.T) Operation {
	id := rapid.SampledFrom([]string{"", "", "r1", "s2", "q3", "cause", "aware"}).Draw(t, "id")
	cites := rapid.SliceOfN(rapid.Uint64Range(1, 9), 0, 3).Draw(t, "cites")
	text := words(rapid.StringN(1, 5, 20).Draw(t, "text"))
	p := rapid.SampledFrom([]Part{
		&Row{Head: Head{ID: id}, At: noon().Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "at")) * time.Hour), Text: text, Cites: cites},
		&Statement{Head: Head{ID: id}, Text: text, Cites: cites}, &Question{Head: Head{ID: id}, Text: text, Cites: cites},
		&Section{Head: Head{ID: id}, Text: text}, &Fact{Head: Head{ID: id}, Value: text.EN}, &Condition{Head: Head{ID: id}, Text: text},
	}).Draw(t, "part")
	op := put(p)
	op.Op = rapid.SampledFrom([]string{"open", "put", "put", "put", "put", "withdraw", "result", "sign", "close"}).Draw(t, "op")
	op.Case, op.By, op.ID = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "case"), "x", id
	if op.Op == "result" {
		op.Result = &Result{State: Met, Cites: cites}
	}
	return op
}

func frozen(t *rapid.T, c *Case) string {
	raw, err := json.Marshal(c, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestCasesHandedOutNeverChangeAndFoldTheSameAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := NewDesk()
		var recs []event.Record
		type handed struct {
			c    *Case
			text string
		}
		var out []handed
		parts := map[string]int{}
		for i := range rapid.IntRange(1, 25).Draw(t, "operations") {
			op := someOperation(t)
			rec := record(t, uint64(i+1), op)
			if d.Apply(rec) != nil {
				continue
			}
			if i%3 == 0 && d.Apply(rec) != nil { // the tail of a vault is read twice
				t.Fatal("what was applied before is refused")
			}
			recs = append(recs, rec)
			parts[op.Case]++
			out = append(out, handed{d.Case(op.Case), frozen(t, d.Case(op.Case))})
		}
		for _, h := range out {
			if got := frozen(t, h.c); got != h.text {
				t.Fatalf("a case handed out changed:\n%s\n%s", h.text, got)
			}
		}
		again := NewDesk()
		for _, rec := range recs {
			if err := again.Apply(rec); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range d.Cases() {
			if frozen(t, c) != frozen(t, again.Case(c.ID)) || len(c.History) != parts[c.ID] {
				t.Fatalf("case %s folds differently, or without some of its %d operations", c.ID, parts[c.ID])
			}
			for _, list := range [][]string{ids(c.Timeline, func(r Row) string { return r.ID }), ids(c.Statements, func(s Statement) string { return s.ID }), ids(c.Questions, func(q Question) string { return q.ID })} {
				if slices.Contains(list, "") || len(slices.Compact(list)) != len(list) {
					t.Fatalf("case %s holds parts of one name: %v", c.ID, list)
				}
			}
		}
	})
}

func ids[T any](list []T, id func(T) string) []string {
	var out []string
	for _, x := range list {
		out = append(out, id(x))
	}
	slices.Sort(out)
	return out
}
