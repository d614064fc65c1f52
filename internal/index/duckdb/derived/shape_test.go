package derived

import (
	"bytes"
	"slices"
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/query"
	"pgregory.net/rapid"
)

func FuzzShape(f *testing.F) {
	s := &Shape{Original: Home{InRecord, 1}, Message: Home{InColumn, ColMessage}, Fields: []NamedHome{{"a", Home{InSlot, 3}}, {"名", Home{InColumn, ColHost}}}}
	f.Add(s.Marshal())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := UnmarshalShape(b)
		if err != nil {
			return
		}
		if !bytes.Equal(s.Marshal(), b) || s.ID == Shapeless {
			t.Fatalf("%x reads as %+v", b, s)
		}
	})
}

func TestFieldsAreTakenApartAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var want []string
		var fields []event.Field
		for range rapid.IntRange(0, 5).Draw(r, "n") {
			fields = append(fields, event.Field{Name: rapid.String().Draw(r, "name"), Value: rapid.String().Draw(r, "value")})
			want = append(want, query.Clean(fields[len(fields)-1].Name), query.Clean(fields[len(fields)-1].Value))
		}
		b := NewBatch()
		b.fields(ColFields, fields)
		var p parsedRow
		p.read(b.Cols[ColFields].Text(0))
		var got []string
		for i := range p.names {
			got = append(got, string(p.names[i]), string(p.values[i]))
		}
		if !slices.Equal(want, got) {
			r.Fatalf("%q, not %q", got, want)
		}
	})
}
