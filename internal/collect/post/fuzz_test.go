package post

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/proto"
)

// FuzzBulk: what is taken of a _bulk body stands in it as a line, and the answer
// is JSON with an item for each action.
func FuzzBulk(f *testing.F) {
	f.Add([]byte(`{"create":{"_index":"a"}}` + "\n{}\n" + `{"delete":{"_id":1}}` + "\r\n" + `{"update":{}}` + "\n\n"))
	f.Add([]byte(`{"index":{"_id":"\ud800"}}` + "\n\xff"))
	f.Fuzz(func(t *testing.T, body []byte) {
		items, err := splitBulk(body, "x", 64)
		if err != nil {
			return
		}
		for _, i := range items {
			if i.problem == "" && (len(i.doc) == 0 || !bytes.Contains(body, i.doc) || bytes.Contains(i.doc, []byte("\n"))) {
				t.Errorf("%q is taken", i.doc)
			}
		}
		if answer := jsontext.Value(appendItems(nil, items, 0)); !answer.IsValid() {
			t.Errorf("%s", answer)
		}
	})
}

// FuzzHEC: events are JSON objects that stand in the body, in order.
func FuzzHEC(f *testing.F) {
	f.Add([]byte(`{"event":1} {"event":{"event":""}}{"event":""}`))
	f.Add([]byte(`{"event":"` + "\xff" + `"}{"event"`))
	f.Fuzz(func(t *testing.T, body []byte) {
		events, _ := splitEvents(body, 64)
		rest := body
		for _, e := range events {
			i := bytes.Index(rest, e)
			if i < 0 || e[0] != '{' || len(e) > 64 {
				t.Fatalf("%q is taken", e)
			}
			rest = rest[i+len(e):]
		}
	})
}

// FuzzJournal: what is taken is what came, but for empty lines, however it came.
func FuzzJournal(f *testing.F) {
	f.Add([]byte("A=1\n"+binaryField("B", "x\n\ny")+"\nC=2\n\n"), uint8(3))
	f.Add([]byte("B\n\xff\xff\xff\xff\xff\xff\xff\xff"), uint8(1))
	f.Fuzz(func(t *testing.T, body []byte, step uint8) {
		whole, ok := cutInPieces(t, 32, len(body)+1, body)
		pieces, ok2 := cutInPieces(t, 32, int(step)+1, body)
		if ok != ok2 || ok && !bytes.Equal(joined(whole), joined(pieces)) {
			t.Errorf("%v %q and %v %q", ok, whole, ok2, pieces)
		}
	})
}

func joined(recs []string) (all []byte) {
	for _, r := range recs {
		all = append(all, r...)
	}
	return all
}

// FuzzOTLP: what is made of a body, JSON or protobuf, is JSON.
func FuzzOTLP(f *testing.F) {
	body, err := proto.Marshal(export())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add([]byte(`{"resourceLogs":[{"resource":{},"x":1,"scopeLogs":[{"logRecords":[{}],"schemaUrl":"s"}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, form := range []logForm{jsonLogs{}, protobufLogs{most: 1 << 10}} {
			recs, err := bind(form, body)
			for _, r := range recs {
				if raw := jsontext.Value(r.Raw); err == nil && !raw.IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) {
					t.Errorf("%s", raw)
				}
			}
		}
	})
}
