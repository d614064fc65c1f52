package exchange

import (
	"bytes"
	"encoding/csv"
	"errors"
	"flag"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/names"
)

func updating() bool { return flag.Lookup("update").Value.String() == "true" }

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden files anew")
	m.Run()
}

func both(ja, en string) event.Phrase { return event.Phrase{JA: ja, EN: en} }

func at(hour, minute int) time.Time {
	return time.Date(2018, 4, 2, hour, minute, 7, 250_000_000, time.UTC)
}

// sample is a case with two people, an intruder's address and hash, and what it
// cites.
func sample() Input {
	c := &investigate.Case{
		ID: "2018-04", Title: both("悪用", "Misuse"), Opened: at(9, 0),
		Timeline: []investigate.Row{
			{Head: investigate.Head{ID: "r1"}, At: at(1, 58), Precision: investigate.Exact, What: "event", Text: both("佐藤の端末から接続", "a session from Sato's machine"), Cites: []uint64{2}},
			{Head: investigate.Head{ID: "r2"}, At: at(9, 30), Precision: investigate.About, What: "action", Text: both("佐藤に電話", "telephoned Sato"), Source: "memo"},
			{Head: investigate.Head{ID: "r3"}, Precision: investigate.UnknownTime, What: "interview", Text: both("不明", "at an unknown time")},
		},
		Statements: []investigate.Statement{{Head: investigate.Head{ID: "s1"}, Text: both("失敗した", "it failed"), Cites: []uint64{2, 3}}},
		Entities: []investigate.Entity{
			{Head: investigate.Head{ID: "e1"}, Type: "person", Real: "佐藤", Aliases: []string{"Sato", "t.sato"}, Public: both("社員 A", "employee A"), Role: "staff"},
			{Head: investigate.Head{ID: "e2", Recorded: 12}, Type: "address", Real: "203.0.113.7", Public: both("攻撃元 X", "source X"), Role: "intruder", Indicator: true, Note: both("佐藤の端末も使った", "Sato's machine used it too")},
			{Head: investigate.Head{ID: "e3"}, Type: "hash", Real: strings.Repeat("AB", 32), Public: both("検体 Y", "sample Y"), Role: "intruder", Indicator: true},
			{Head: investigate.Head{ID: "e4"}, Type: "person", Real: "Yamada", Public: both("容疑者", "suspect"), Role: "intruder", Indicator: true},
			{Head: investigate.Head{ID: "e5"}, Type: "url", Real: "https://bad.example/it's?x", Public: both("URL Z", "URL Z"), Role: "intruder", Indicator: true},
		},
		History: []investigate.Entry{{At: at(9, 5), Record: 12}},
	}
	list := []event.Event{
		{
			Record: 2, Time: at(1, 58), TimeRx: at(2, 0), Quality: event.Quality{Zone: event.ZoneStated, Original: "2018-04-02T01:58:07.25Z"}, Source: "vpn", Format: "fortigate",
			ClassUID: event.ClassTunnel, ActivityID: event.ActivityTunnelOpen, StatusID: event.StatusSuccess, EventCode: "39424", ActorUser: "t.sato", SrcIP: "203.0.113.7", SrcPort: 40001,
			Host: "gw1", BytesOut: 1200, Message: "tunnel up for T.Sato", Fields: []event.Field{{Name: "user", Value: "t.sato"}, {Name: "group", Value: "staff"}, {Name: "group", Value: "vpn"}},
		},
		{
			Record: 3, Time: at(2, 1), TimeRx: at(2, 1), Source: "app", Format: "json", ClassUID: event.ClassAuthentication, ActivityID: event.ActivityLogon, StatusID: event.StatusFailure,
			SeverityID: 3, ActorUser: "t.sato", SrcIP: "198.51.100.9", Host: "web-1", Statement: "=HYPERLINK(\"x\")", Message: "login user=t.sato password=hunter22-secret\u202e", Text: "ログイン失敗 佐藤",
		},
		{Record: 3, Nth: 1, Time: at(2, 1), Source: "app", Format: "json", ClassUID: event.ClassRegistryKey, ActivityID: 1, Object: `HKLM\Run`, Message: "registry"},
	}
	return Input{Case: c, Events: given(list), Zone: time.FixedZone("JST", 9*3600), Lang: "ja", Version: "1.2.3"}
}

func given(list []event.Event) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		for _, ev := range list {
			if !yield(ev, nil) {
				return
			}
		}
	}
}

func written(t interface {
	Helper()
	Fatal(...any)
}, format string, in Input) (string, Count) {
	t.Helper()
	var b bytes.Buffer
	n, err := Write(&b, format, in)
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), n
}

func TestEachFormatIsAsItWas(t *testing.T) {
	want := map[string]Count{"csv": {3, 0}, "jsonl": {3, 0}, "timesketch": {4, 1}, "ocsf": {3, 0}, "stix": {3, 1}}
	for _, f := range Formats() {
		t.Run(f.Name, func(t *testing.T) {
			got, n := written(t, f.Name, sample())
			if n != want[f.Name] {
				t.Errorf("%+v, want %+v", n, want[f.Name])
			}
			golden := filepath.Join("testdata", f.File)
			if updating() {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			was, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(was), got); d != "" {
				t.Errorf("(-golden +now):\n%s", d)
			}
			if again, _ := written(t, f.Name, sample()); again != got {
				t.Error("a second time it is written otherwise")
			}
		})
	}
}

func TestRealNamesAreWrittenOnlyWhenAskedFor(t *testing.T) {
	for _, f := range Formats() {
		hidden, _ := written(t, f.Name, sample())
		in := sample()
		in.Real = true
		open, _ := written(t, f.Name, in)
		for _, real := range []string{"sato", "佐藤", "hunter22-secret", "yamada"} {
			if strings.Contains(strings.ToLower(hidden), real) {
				t.Errorf("%s shows %q:\n%s", f.Name, real, hidden)
			}
		}
		if f.Name != "stix" && (strings.Contains(hidden, "203.0.113.7") || !strings.Contains(open, "203.0.113.7") || !strings.Contains(open, "t.sato") || !strings.Contains(open, "hunter22-secret")) {
			t.Errorf("%s, with real names asked for:\n%s", f.Name, open)
		}
	}
}

func TestATableHoldsNoFormula(t *testing.T) {
	text, _ := written(t, "csv", sample())
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\uFEFF"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, c := range row {
			if trimmed := strings.TrimLeft(c, " \u3000"); trimmed != "" && strings.ContainsAny(trimmed[:1], "=+-@\t\r|%") || strings.ContainsFunc(c, hidden) {
				t.Errorf("a cell is %q", c)
			}
		}
	}
	for in, want := range map[string]string{"=1+1": "'=1+1", " =1": "' =1", "＝1": "'＝1", "-": "'-", "a=1": "a=1", "": "", "\x1b[0m": "[U+001B][0m", "\t=1": "'\t=1", "%0A=1": "'%0A=1"} {
		if got := cell(in); got != want {
			t.Errorf("cell(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWhatCannotBeWrittenIsSaid(t *testing.T) {
	if _, err := Write(io.Discard, "xlsx", sample()); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "csv, jsonl, timesketch, ocsf, stix") {
		t.Errorf("%v", err)
	}
	in := sample()
	in.Marking = "purple"
	if _, err := Write(io.Discard, "stix", in); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
	in.Marking, in.Events = "", func(yield func(event.Event, error) bool) { yield(event.Event{}, io.ErrUnexpectedEOF) }
	for _, f := range Formats() {
		if _, err := Write(io.Discard, f.Name, in); !errors.Is(err, io.ErrUnexpectedEOF) && f.Name != "stix" {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	if _, err := Write(failing{}, "stix", sample()); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("%v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestPatternsOfIndicators(t *testing.T) {
	for _, c := range []struct{ kind, role, real, want string }{
		{"address", "intruder", "2001:DB8::1", "[ipv6-addr:value = '2001:db8::1']"},
		{"address", "intruder", "not one", ""},
		{"network", "intruder", "198.51.100.9/24", "[ipv4-addr:value ISSUBSET '198.51.100.0/24']"},
		{"domain", "intruder", "Bad.Example.", "[domain-name:value = 'bad.example']"},
		{"hash", "intruder", strings.Repeat("0", 40), "[file:hashes.'SHA-1' = '" + strings.Repeat("0", 40) + "']"},
		{"hash", "intruder", "12", ""},
		{"file", "intruder", `C:\x\it's.exe`, `[file:name = 'it\'s.exe']`},
		{"account", "intruder", "evil", "[user-account:account_login = 'evil']"},
		{"account", "staff", "sato", ""},
		{"person", "intruder", "Sato", ""},
		{"company", "third_party", "Example", ""},
	} {
		if got := patternOf(&investigate.Entity{Type: c.kind, Role: c.role, Real: c.real}); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.kind, c.real, got, c.want)
		}
	}
	// The UUID of version 5 that other programs give.
	if got := uuid5("a"); len(got) != 36 || got[14] != '5' || uuid5("a") == uuid5("b") || uuid5("a", "b") == uuid5("ab") {
		t.Errorf("%s", got)
	}
}

func TestPublicNamesStandWhereRealOnesStood(t *testing.T) {
	n := names.New(sample().Case.Entities, "en")
	for in, want := range map[string]string{
		"t.sato logged in": "employee A logged in", "T.SATO@corp": "employee A@corp", "佐藤さん": "employee Aさん", "nothing": "nothing", "": "",
		"satosato": "employee Aemployee A", "from 203.0.113.7:80": "from source X:80",
	} {
		if got := n.Public(in); got != want {
			t.Errorf("public(%q) = %q, want %q", in, got, want)
		}
	}
	short := names.New([]investigate.Entity{{Real: "kay", Public: both("B", "B")}}, "en")
	for in, want := range map[string]string{"okay": "okay", "kay": "B", "a kay, okay kay": "a B, okay B", "kayak": "kayak", "kayさん": "Bさん"} {
		if got := short.Public(in); got != want {
			t.Errorf("public(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestNothingRealOrMaskedAppears puts real names and passwords into every
// column of events and into the texts of the case.
func TestNothingRealOrMaskedAppears(t *testing.T) {
	name := rapid.StringMatching(`[zZ][qQ][a-zA-Zäßſé鈴木.]{2,8}`)
	rapid.Check(t, func(t *rapid.T) {
		reals := rapid.SliceOfN(name, 1, 4).Draw(t, "names")
		secret := "Vv9" + rapid.StringMatching(`[a-z0-9]{8}`).Draw(t, "secret")
		c := &investigate.Case{ID: "c1", Opened: at(0, 0)}
		for i, real := range reals {
			c.Entities = append(c.Entities, investigate.Entity{Type: "person", Real: real, Public: both("人 "+string(rune('1'+i)), "P"+string(rune('1'+i)))})
		}
		text := func(label string) string {
			real := rapid.SampledFrom(reals).Draw(t, label)
			if rapid.Bool().Draw(t, label+" folded") {
				real = strings.ToUpper(real)
			}
			return rapid.SampledFrom([]string{"", "x", "user=", "from ", "/home/"}).Draw(t, label+" before") + real + rapid.SampledFrom([]string{"", " y", "@example.com", " password=" + secret, "\n"}).Draw(t, label+" after")
		}
		ev := event.Event{Record: 1, Time: at(1, 1), ClassUID: rapid.SampledFrom([]int32{event.ClassHTTP, event.ClassAuthentication, event.ClassBase, event.ClassDatastore}).Draw(t, "class")}
		for _, s := range texts(&ev) {
			*s = text("column")
		}
		ev.Fields = []event.Field{{Name: text("name"), Value: text("value")}, {Name: "password", Value: secret}}
		c.Timeline = []investigate.Row{{Head: investigate.Head{ID: "r1"}, At: at(1, 1), Text: both(text("row"), text("row")), Cites: []uint64{1}}, {Head: investigate.Head{ID: "r2"}, At: at(1, 2), Text: both(text("row"), text("row")), Source: text("source")}}
		for _, f := range Formats() {
			var b bytes.Buffer
			if _, err := Write(&b, f.Name, Input{Case: c, Events: given([]event.Event{ev}), Zone: time.UTC, Lang: rapid.SampledFrom([]string{"ja", "en"}).Draw(t, "lang")}); err != nil {
				t.Fatal(err)
			}
			out := strings.ToLower(b.String())
			for _, real := range reals {
				if strings.Contains(out, strings.ToLower(real)) {
					t.Fatalf("%s shows %q:\n%s", f.Name, real, b.String())
				}
			}
			if strings.Contains(b.String(), secret) {
				t.Fatalf("%s shows %q:\n%s", f.Name, secret, b.String())
			}
		}
	})
}

func FuzzWrite(f *testing.F) {
	f.Add("t.sato", "employee A", "tunnel up for t.sato password=x", int32(3002), int32(1))
	f.Add("=", "\u202e", "\x00\xff", int32(-1), int32(1<<30))
	f.Fuzz(func(t *testing.T, real, public, text string, class, activity int32) {
		c := &investigate.Case{ID: "c1", Entities: []investigate.Entity{{Type: "url", Real: real, Public: both(public, public), Indicator: true}}}
		ev := event.Event{Record: 1, Time: at(1, 1), ClassUID: class, ActivityID: activity, Object: text, Message: text, ActorUser: text, SrcIP: real, Fields: []event.Field{{Name: text, Value: real}}}
		for _, format := range Formats() {
			var b bytes.Buffer
			if _, err := Write(&b, format.Name, Input{Case: c, Events: given([]event.Event{ev}), Zone: time.UTC, Lang: "ja"}); err != nil {
				t.Fatalf("%s: %v", format.Name, err)
			}
			if format.Name == "csv" {
				if _, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\uFEFF"))).ReadAll(); err != nil {
					t.Fatal(err)
				}
				continue
			}
			for l := range strings.Lines(strings.ReplaceAll(b.String(), "\n  ", "")) {
				var v any
				if l = strings.TrimSpace(l); format.Name != "stix" && json.Unmarshal([]byte(l), &v) != nil {
					t.Fatalf("%s: no JSON: %s", format.Name, l)
				}
			}
		}
	})
}
