package casebook

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

func tokyo() *time.Location { return time.FixedZone("JST", 9*3600) }

func TestFieldsAreWrittenByTheirNames(t *testing.T) {
	least := int64(3)
	tests := []struct {
		kind   investigate.Kind
		fields []string
		want   investigate.Part
	}{
		{
			investigate.KindRow, []string{"at=2018-03-01T12:00", "text=到着", "text.en=arrival", "cites=12,#13", "kind=notice"},
			&investigate.Row{At: time.Date(2018, 3, 1, 12, 0, 0, 0, tokyo()), Text: event.Phrase{JA: "到着", EN: "arrival"}, Cites: []uint64{12, 13}, What: "notice"},
		},
		{
			investigate.KindStatement, []string{"number.min=3", "number.basis.ja=名簿", "certainty=probable", "sources=vpn,web"},
			&investigate.Statement{Number: &investigate.Number{Min: &least, Basis: event.Phrase{JA: "名簿"}}, Certainty: investigate.Probable, Sources: []string{"vpn", "web"}},
		},
		{
			investigate.KindCondition, []string{"check.by=query", "check.days=14", "service=mail", "check.query=a=b"},
			&investigate.Condition{Service: "mail", Check: investigate.Check{By: "query", Days: 14, Query: "a=b"}},
		},
		{investigate.KindEntity, []string{"indicator=true", "real=a.mori", "real="}, &investigate.Entity{Indicator: true}},
	}
	for _, tt := range tests {
		p, err := investigate.NewPart(tt.kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range tt.fields {
			if err := (writer{tokyo(), "ja"}).set(p, f); err != nil {
				t.Fatalf("%s: %v", f, err)
			}
		}
		if diff := cmp.Diff(tt.want, p); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.fields, diff)
		}
	}
}

func TestWhatIsNoFieldIsRefusedByName(t *testing.T) {
	for _, f := range []string{"recorded=5", "by=x", "results=1", "answer=x", "nothing=1", "text.fr=x", "at.year=1", "number=3", "cites=a", "at=yesterday", "noequals", "=", "id=s9"} {
		p := &investigate.Statement{}
		if err := (writer{tokyo(), "ja"}).set(p, f); !errors.Is(err, cli.ErrUsage) && f != "id=s9" {
			t.Errorf("%s: %v, want a usage error", f, err)
		}
		if p.Recorded != 0 || p.By != "" {
			t.Errorf("%s was written", f)
		}
	}
}

// TestEveryListedFieldCanBeWritten: a name in the list that an error shows is a
// field, or is refused with the advice to use a file; nothing panics.
func TestEveryListedFieldCanBeWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(investigate.Kinds()).Draw(t, "kind")
		p, err := investigate.NewPart(k)
		if err != nil {
			t.Fatal(err)
		}
		name := rapid.SampledFrom(fieldNames(p)).Draw(t, "field")
		value := rapid.SampledFrom([]string{"", "1", "true", "2018-03-01", "text", "\x00", "1,2"}).Draw(t, "value")
		err = (writer{tokyo(), "en"}).set(p, name+"="+value)
		if err != nil && strings.Contains(err.Error(), "no field") {
			t.Fatalf("%s of a %s: %v", name, k, err)
		}
	})
}
