package query_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/query"
)

func options() query.Options {
	return query.Options{
		Zone: time.FixedZone("JST", 9*3600),
		Now:  time.Date(2018, 3, 2, 3, 0, 0, 0, time.UTC),
	}
}

func TestParseWritesTheCanonicalForm(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "*"},
		{"*", "*"},
		{"host:web01", `host:"web01"`},
		{"Failed password", `"failed" "password"`},
		{`"Failed password"`, `"failed password"`},
		{"a OR b AND c", `"a" OR ("b" "c")`},
		{"(a OR b) -c", `("a" OR "b") NOT "c"`},
		{"NOT NOT a", `"a"`},
		{"user:Sato", `actor_user:"sato" OR target_user:"sato"`},
		{"ip:10.0.0.0/8", `src_ip:10.0.0.0/8 OR dst_ip:10.0.0.0/8`},
		{"src_ip:2001:DB8::1", `src_ip:"2001:db8::1"`},
		{"class:authentication status:失敗", `class_uid:3002 status_id:2`},
		{"severity:>=high", "severity_id:>=4"},
		{"object:*.XLSX", `object:*".xlsx"`},
		{`cmd_line:*"Program Files"*x?`, `cmd_line:*"program files"*"x"?`},
		{"host:*", "host:*"},
		{"EventID:(4624 OR 4625)", `"EventID":"4624" OR "EventID":"4625"`},
		{`"source":x`, `"source":"x"`},
		{"bytes_out:1..20", "bytes_out:>=1 bytes_out:<=20"},
		{"size:>1.5", `"size":>1.5`},
		{"object:../etc/passwd", `object:"../etc/passwd"`},
		{"time:2018-03-01", "time:>=2018-02-28T15:00:00Z time:<2018-03-01T15:00:00Z"},
		{"time:2018-03", "time:>=2018-02-28T15:00:00Z time:<2018-03-31T15:00:00Z"},
		{"time:2018-03-01..2018-03-02", "time:>=2018-02-28T15:00:00Z time:<2018-03-02T15:00:00Z"},
		{"time:>2018-03-01T12:00", "time:>=2018-03-01T03:00:00.000000001Z"},
		{"time:>=2018-03-01T12:00:00.5+09:00", "time:>=2018-03-01T03:00:00.5Z"},
		{"time:-24h..now", "time:>=2018-03-01T03:00:00Z time:<2018-03-02T03:00:00.000000001Z"},
		{"ホスト名：サーバ　（請求書 OR 見積書）", `"ホスト名":"サーバ" ("請求書" OR "見積書")`},
		{"host：（a OR b）", `host:"a" OR host:"b"`},
		{`http://192.0.2.1/x C:\Windows 12:34`, `"http://192.0.2.1/x" "c:\\windows" "12:34"`},
		{"fail*word", `"fail"*"word"`},
		{"record:7..9", "record:>=7 record:<=9"},
	}
	for _, tt := range tests {
		plan, err := query.Parse(tt.text, options())
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got := plan.String(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.text, got, tt.want)
		}
	}
}

func TestParseNamesPositionAndRemedyOfAMistake(t *testing.T) {
	tests := []struct {
		text string
		pos  int
	}{
		{"a (b", 3}, {"a)", 2}, {`x "y`, 3}, {"host:", 6}, {"error: x", 7}, {"a AND", 6}, {"OR a", 1},
		{"class:nonsense", 7}, {"src_port:http", 10}, {"time:yesteryear", 6}, {"時刻 time:99", 9},
		{"statement:<script>", 11}, {"time:>9999-01-01", 6}, {"()", 2},
	}
	for _, tt := range tests {
		_, err := query.Parse(tt.text, options())
		syntax, ok := errors.AsType[*query.SyntaxError](err)
		if !ok {
			t.Errorf("%s: got %v, want a SyntaxError", tt.text, err)
			continue
		}
		if syntax.Pos != tt.pos || syntax.Hint == "" {
			t.Errorf("%s: got %v, want column %d and a hint", tt.text, err, tt.pos)
		}
	}
}

func TestPlanTellsWhatItsConjunctionRestricts(t *testing.T) {
	tests := []struct {
		text    string
		sources []string
		classes []int32
	}{
		{"a", nil, nil},
		{"source:vpn class:ssh", []string{"vpn"}, []int32{4007}},
		{"source:(vpn OR ad) (class:ssh OR class:http)", []string{"ad", "vpn"}, []int32{4002, 4007}},
		{"source:vpn OR user:x", nil, nil},
		{"NOT source:vpn", nil, nil},
		{"source:vpn source:ad", []string{}, nil},
		{"source:v*", nil, nil},
	}
	for _, tt := range tests {
		plan, err := query.Parse(tt.text, options())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.sources, plan.Sources()); diff != "" {
			t.Errorf("%s: sources: %s", tt.text, diff)
		}
		if diff := cmp.Diff(tt.classes, plan.Classes()); diff != "" {
			t.Errorf("%s: classes: %s", tt.text, diff)
		}
	}
}

func TestPlanBoundsTimeByItsConjunctionOnly(t *testing.T) {
	plan, err := query.Parse("time:2018-03 time:>=2018-03-05 host:a", options())
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2018, 3, 4, 15, 0, 0, 0, time.UTC); !plan.From.Equal(want) {
		t.Errorf("from: got %v, want %v", plan.From, want)
	}
	if want := time.Date(2018, 3, 31, 15, 0, 0, 0, time.UTC); !plan.To.Equal(want) {
		t.Errorf("to: got %v, want %v", plan.To, want)
	}
	plan, err = query.Parse("time:2018-03 OR host:a", options())
	if err != nil {
		t.Fatal(err)
	}
	if !plan.From.IsZero() || !plan.To.IsZero() {
		t.Errorf("an alternative must not bound the time: %v %v", plan.From, plan.To)
	}
}

// asHosts takes every name for a host, or for two.
func asHosts(term query.Known, _, _ time.Time) (query.Node, query.Meaning, error) {
	host := query.Match{Field: "host", Op: query.Equal, Value: term.Value}
	if term.Wild {
		return query.Or{Nodes: []query.Node{host, query.Match{Field: "host", Op: query.Like, Value: term.Value}}}, query.Meaning{}, nil
	}
	return host, query.Meaning{}, nil
}

func TestNamesOfTheCompanysOwnAreResolvedInTheirPlace(t *testing.T) {
	opts := options()
	opts.Known = asHosts
	plan, err := query.Parse(`time:2018-03-01 (person:a OR 機器：b*) NOT network:(c OR d)`, opts)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{"a": true, "bx": true, "c": false, "x": false} {
		if got := plan.Matches(&event.Event{Host: host, Time: plan.From}, nil); got != want {
			t.Errorf("host %s: %v", host, got)
		}
	}
	var terms []string
	for _, m := range plan.Known {
		terms = append(terms, m.Term)
	}
	if diff := cmp.Diff([]string{`person:"a"`, `device:"b"*`, `network:"c"`, `network:"d"`}, terms); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]string{"host:x person:a": "column 15", `"person":a`: "", "item:>a": "column 6"} {
		_, err := query.Parse(text, options())
		if got := fmt.Sprint(err); want != "" && !strings.Contains(got, want) || want == "" && err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	opts.Known = func(term query.Known, _, _ time.Time) (query.Node, query.Meaning, error) {
		return nil, query.Meaning{}, &query.SyntaxError{Msg: "nobody is " + term.Value}
	}
	if _, err := query.Parse("host:x 人：a", opts); err == nil || !strings.Contains(err.Error(), "column 10: nobody is a") {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`a (b OR "c d") -host:x*?`, `time:2018-03..now ip:10.0.0.0/8`, `件名：（請求書　OR　見積）`, `x:>1 y:1..2 "z z":*`,
		`\*"*"*`, `NOT (NOT a b)`, `user:(a OR NOT (b c))`, `"":"" ""*`, `class:ssh status:成功`, `person:"a b" NOT (機器：x* OR network:inside)`, `item:(a OR -b) NOT NOT person:?`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		opts := options()
		opts.Known = asHosts
		plan, err := query.Parse(text, opts)
		if err != nil {
			if _, ok := errors.AsType[*query.SyntaxError](err); !ok {
				t.Fatalf("not a SyntaxError: %v", err)
			}
			return
		}
		again, err := query.Parse(plan.String(), query.Options{Known: asHosts})
		if err != nil {
			t.Fatalf("%q: canonical form %q: %v", text, plan.String(), err)
		}
		if diff := cmp.Diff(plan, again, cmpopts.EquateComparable(netip.Prefix{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%q: %q reads differently: %s", text, plan.String(), diff)
		}
	})
}

func TestWhatLooksLikeANetworkAndIsNoneIsAMistake(t *testing.T) {
	for _, text := range []string{"src_ip:192.0.2.0/99", "dst_ip:192.0.2/24", "ip:2001:db8::/129"} {
		_, err := query.Parse(text, query.Options{})
		if e, ok := errors.AsType[*query.SyntaxError](err); !ok || e.Hint == "" {
			t.Errorf("%s: error %v has no place and hint", text, err)
		}
	}
	if _, err := query.Parse(`src_ip:"n/a"`, query.Options{}); err != nil {
		t.Errorf("quoted text: %v", err)
	}
}
