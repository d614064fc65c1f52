package pull

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestCutGivesElementsByteForByte(t *testing.T) {
	body := "{\"kind\":\"x\", \"items\" : [ {\"a\": 1.0e0 ,\"b\":\"\\u00e9\"},\n\t[1, 2] ,\"t\",null ], \"next\":{\"items\":[1]}}\n"
	got, err := cut([]byte(body), "items")
	want := []string{"{\"a\": 1.0e0 ,\"b\":\"\\u00e9\"}", "[1, 2]", "\"t\"", "null"}
	if err != nil || len(got) != len(want) {
		t.Fatalf("gives %q, %v", got, err)
	}
	for i, w := range want {
		if string(got[i]) != w {
			t.Errorf("element %d is %q, want %q", i, got[i], w)
		}
	}
	if got, err := cut([]byte(`{"other":1}`), "items"); err != nil || len(got) != 0 {
		t.Errorf("without the name: %q, %v", got, err)
	}
}

func TestCutRefusesWhatIsNoWholePage(t *testing.T) {
	for _, body := range []string{
		"", "{", `{"items":[{}`, `{"items":[{}]`, `{"items":[{}],"items":[]}`, `{"items":{}}`, `{"items":[]} x`, `[]`, `{"items":[{]}`,
		strings.Repeat(`{"items":[`, 100_000), `{"items":[` + strings.Repeat("[", 100_000),
	} {
		if got, err := cut([]byte(body), "items"); !errors.Is(err, ErrPage) {
			t.Errorf("%.20q gives %q, %v", body, got, err)
		}
	}
}

func TestLookupReadsTextsInsideEachOther(t *testing.T) {
	body := []byte(`{"a":{"next":"no","b":[{"next":"no"}]},"meta":{"x":1,"next":"yes\u0021"},"n":1}`)
	for _, c := range []struct {
		want  string
		names []string
	}{{"yes!", []string{"meta", "next"}}, {"", []string{"n"}}, {"", []string{"none"}}, {"", []string{"a"}}, {"", []string{"n", "m"}}} {
		if got, err := lookup(body, c.names...); err != nil || got != c.want {
			t.Errorf("%v gives %q, %v", c.names, got, err)
		}
	}
}

func FuzzCut(f *testing.F) {
	for _, s := range []string{`[]`, `[1]`, `{"items":[{"id":"x"},{}],"next":"t"}`, `{"items":null}`, "{\"items\" : [ \"\xff\" ]}", `[[[[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		kept := bytes.Clone(body)
		for _, name := range []string{"", "items"} {
			got, err := cut(body, name)
			if err != nil && !errors.Is(err, ErrPage) {
				t.Fatal(err)
			}
			at := 0
			for _, e := range got {
				n := bytes.Index(body[at:], e)
				if n < 0 || len(e) == 0 {
					t.Fatalf("%q is not a part of %q", e, body)
				}
				at += n + len(e)
				_ = textOf(e, "id")
			}
		}
		_, _ = lookup(body, "items", "next")
		if !bytes.Equal(body, kept) {
			t.Fatal("the body was changed")
		}
	})
}
