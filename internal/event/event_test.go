package event

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestATransportReadsBackWhateverItsHintsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		via := Transport{Kind: rapid.SampledFrom([]string{"file", "syslog/udp", "http", "konseki"}).Draw(t, "kind")}
		for range rapid.IntRange(0, 4).Draw(t, "hints") {
			via = via.With(rapid.StringMatching(`[a-z]{1,8}`).Draw(t, "key"), rapid.String().Draw(t, "value"))
		}
		back := ParseTransport(via.String())
		if diff := cmp.Diff(via, back); diff != "" || back.String() != via.String() {
			t.Fatalf("%q: %s", via.String(), diff)
		}
	})
}

func TestColumnsReadBackWhateverTheyAreCalled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.SliceOfN(rapid.String(), 1, 6).Draw(t, "columns")
		via := Transport{Kind: "file"}.With("columns", JoinColumns(columns))
		if got := SplitColumns(ParseTransport(via.String()).Get("columns")); !slices.Equal(got, columns) {
			t.Fatalf("%q became %q", columns, got)
		}
	})
}

func TestAHintAddedLeavesTheTransportItWasAddedTo(t *testing.T) {
	base := Transport{Kind: "file"}.With("a", "1").With("empty", "")
	x, y := base.With("b", "x"), base.With("b", "y")
	if len(base.Hints) != 1 || x.Get("b") != "x" || y.Get("b") != "y" || base.Get("none") != "" {
		t.Errorf("%v %v %v", base, x, y)
	}
	if got := ParseTransport("file;broken;a=%zz;b=c"); got.Get("a") != "%zz" || got.Get("b") != "c" {
		t.Errorf("what is no hint spoils the others: %v", got)
	}
}

func TestQualityReadsBack(t *testing.T) {
	for zone := ZoneReceived; zone <= ZoneAssumed; zone++ {
		for p := PrecisionUnknown; p <= PrecisionDay; p++ {
			for _, inferred := range []bool{false, true} {
				q := Quality{Zone: zone, Precision: p, YearInferred: inferred}
				if got := ParseQuality(q.String()); got != q {
					t.Errorf("%q became %q", q, got)
				}
			}
		}
	}
	if got := ParseQuality("zone=elsewhere hello precision=week year=x"); got != (Quality{}) || Precision(99).String() != "unknown" {
		t.Errorf("unknown words became %q", got)
	}
}

func TestAPhraseSpeaksTheOtherLanguageWhereOneIsMissing(t *testing.T) {
	for p, want := range map[Phrase][2]string{{JA: "痕跡", EN: "trace"}: {"痕跡", "trace"}, {JA: "痕跡"}: {"痕跡", "痕跡"}, {EN: "trace"}: {"trace", "trace"}, {}: {"", ""}} {
		if p.In("ja") != want[0] || p.In("en") != want[1] || p.Empty() != (want[0] == "") {
			t.Errorf("%+v says %q and %q", p, p.In("ja"), p.In("en"))
		}
	}
}

func TestColumnsAndClassesAreNamedOnce(t *testing.T) {
	names := map[string]bool{}
	for _, c := range Columns() {
		if c.Name == "" || c.OCSF == "" || names[c.Name] {
			t.Errorf("column %+v", c)
		}
		names[c.Name] = true
	}
	if len(names) != 24 {
		t.Errorf("%d columns", len(names))
	}
	for _, c := range Classes() {
		if c.Name == "" || ClassName(c.UID) != c.Name {
			t.Errorf("class %d is called %q and %q", c.UID, c.Name, ClassName(c.UID))
		}
	}
	if ClassName(9999) != "" {
		t.Error("a class that there is not has a name")
	}
	var ev Event
	ev.Add("a", "")
	ev.Add("a", "1")
	ev.Add("a", "2")
	if v, ok := ev.Get("a"); v != "1" || !ok || len(ev.Fields) != 2 {
		t.Errorf("fields are %v", ev.Fields)
	}
}
