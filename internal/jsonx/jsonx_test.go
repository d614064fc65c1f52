package jsonx

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestFlattenGivesDottedNamesInOrder(t *testing.T) {
	const in = ` {"a":"x\n\u3042","b":{"c":1.50,"d":{"e":true}},"f":[1,{"g":null},[2]],"":{"h":"i"},"j":{},"k":[]} `
	got, err := NewFlattener(DefaultLimits()).Flatten([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	want := []Member{
		{"a", "x\nあ", String}, {"b.c", "1.50", Number}, {"b.d.e", "true", Bool},
		{"f", "1", Number}, {"f.g", "", Null}, {"f", "2", Number}, {"h", "i", String},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
}

func TestFlattenKeepsNumberTextExactly(t *testing.T) {
	for _, n := range []string{"9223372036854775808", "1e400", "-0.0", "1.0000000000000000001", "1557771654587081441"} {
		got, err := NewFlattener(DefaultLimits()).Flatten([]byte(`{"n":` + n + `}`))
		if err != nil || got[0].Value != n {
			t.Errorf("%s: %v %v", n, got, err)
		}
	}
}

func TestFlattenRefusesDuplicateNamesWithPosition(t *testing.T) {
	_, err := NewFlattener(DefaultLimits()).Flatten([]byte(`{"user":"a","x":{"y":1,"\u0079":2}}`))
	if err == nil || !strings.Contains(err.Error(), "duplicate") || !strings.Contains(err.Error(), `"/x"`) {
		t.Fatalf("got %v", err)
	}
}

func TestFlattenReplacesInvalidUTF8(t *testing.T) {
	got, err := NewFlattener(DefaultLimits()).Flatten([]byte("{\"a\xff\":\"b\xfe\"}"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Member{{"a\ufffd", "b\ufffd", String}}, got); d != "" {
		t.Fatal(d)
	}
}

func TestFlattenKeepsToItsLimits(t *testing.T) {
	f := NewFlattener(Limits{Bytes: 40, Depth: 3, Members: 4})
	for in, want := range map[string]error{
		`{"a":[[1]]}`:                   nil,
		`{"a":[[[1]]]}`:                 ErrTooDeep,
		`[1,2,3,4]`:                     nil,
		`[1,2,3,4,5]`:                   ErrTooMany,
		`{"a":1} {"b":2}`:               ErrTrailing,
		`"` + strings.Repeat("x", 40):   ErrTooLarge,
		"[1]" + strings.Repeat(" ", 38): ErrTooLarge,
	} {
		if _, err := f.Flatten([]byte(in)); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", in, err, want)
		}
	}
}

func TestFlattenResultsOutliveTheInput(t *testing.T) {
	f := NewFlattener(DefaultLimits())
	raw := []byte(`{"a":"first","b":"x\ty"}`)
	got, err := f.Flatten(raw)
	if err != nil {
		t.Fatal(err)
	}
	kept := got[0]
	clear(raw)
	if _, err := f.Flatten([]byte(`{"z":"other"}`)); err != nil {
		t.Fatal(err)
	}
	if kept.Name != "a" || kept.Value != "first" {
		t.Fatalf("changed to %+v", kept)
	}
}

func TestFlattenForgetsNothingBetweenManyNames(t *testing.T) {
	f := NewFlattener(DefaultLimits())
	for i := range 3 * maxNames {
		name := "n" + strconv.Itoa(i)
		got, err := f.Flatten([]byte(`{"` + name + `":1}`))
		if err != nil || got[0].Name != name {
			t.Fatalf("%s: %v %v", name, got, err)
		}
	}
	if len(f.names) > maxNames {
		t.Fatalf("%d names remembered", len(f.names))
	}
}

func TestUnmarshalRefusesWhatFlattenRefuses(t *testing.T) {
	limits := Limits{Bytes: 64, Depth: 3, Members: 8}
	for in, ok := range map[string]bool{
		`{"a":[[1]]}`: true, `{"a":[[[1]]]}`: false, `{"a":1,"a":2}`: false, `{} {}`: false,
		`{"a":"]]]][[[[\"[["}`: true, `{`: false,
	} {
		var v any
		if err := Unmarshal([]byte(in), &v, limits); (err == nil) != ok {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestFlattenRoundTripsFlatObjects(t *testing.T) {
	f := NewFlattener(DefaultLimits())
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.String().Draw(t, "value")
		raw, err := jsontext.AppendQuote([]byte(`{"k":`), value)
		if err != nil {
			t.Skip("not UTF-8")
		}
		got, err := f.Flatten(append(raw, '}'))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]Member{{"k", value, String}}, got); d != "" {
			t.Fatal(d)
		}
	})
}

func FuzzFlatten(f *testing.F) {
	for _, s := range []string{`{"a":{"b":[1,"x",null,true]}}`, `{"a":"\ud800"}`, "{\"a\":\"\xff\"}", `[[[[`, `{"a":1,"a":2}`} {
		f.Add([]byte(s))
	}
	flat := NewFlattener(DefaultLimits())
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := flat.Flatten(raw)
		var v any
		if uerr := Unmarshal(raw, &v, DefaultLimits()); uerr == nil && err != nil && !errors.Is(err, ErrTooMany) {
			t.Fatalf("unmarshal takes it, flatten does not: %v", err)
		}
		for _, m := range got {
			if !utf8.ValidString(m.Name) || !utf8.ValidString(m.Value) {
				t.Fatalf("not UTF-8: %q", m)
			}
		}
	})
}

func BenchmarkFlatten(b *testing.B) {
	raw := []byte(`{"time":"2026-09-01T00:00:05.966304Z","host":"db-06","source":"pgaudit","user":"lee.dohyun9","src_ip":"10.20.0.29","dst_ip":"","dst_port":0,"status":0,"bytes":0,"action":"SELECT","outcome":"success","message":"2026-09-01 00:00:05.966 KST [24396] lee.dohyun9@erp 10.20.0.29 LOG:  AUDIT: SESSION,8032,1,READ,SELECT,TABLE,public.employees,\"SELECT id, name, amount FROM employees WHERE id = 35762002 AND dept = 'sales'\",<none>"}`)
	f := NewFlattener(DefaultLimits())
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Flatten(raw); err != nil {
			b.Fatal(err)
		}
	}
}
