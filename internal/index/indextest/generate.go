package indextest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
)

// words are values that are hard to keep apart: letters whose case differs,
// Japanese, wildcards and quotes of every language involved, bytes that are not
// UTF-8.
func words() []string {
	return []string{
		"", "sato", "Sato", "SATO", "佐藤", "web01", "192.0.2.7", "a%b", "a_b", "axb", `a\b`, `it's`, `say "hi"`,
		"star*", "quest?", "line\nbreak", "nul\x00nul", "bad\xffbyte", "ＡＢＣ", "ａｂｃ", "İstanbul", "istanbul", "Ünder", "ünder",
		"請求書.xlsx", "(paren)", "a:b", "..", "10", "9", "-3.5", "1e5", "０", "-dash", "$1", "'; DROP TABLE x; --", "\\u8acb", "é", "e\u0301", "ß", "ẞ", "K", "k",
	}
}

func addresses() []string {
	return []string{"", "192.0.2.7", "192.0.2.70", "198.51.100.9", "10.20.0.5", "10.2.0.5", "2001:db8::1", "::ffff:192.0.2.7", "fe80::1%eth0", "10.20.junk"}
}

func pick[T any](t *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

// drawEvent makes one event and its raw bytes. Half of its columns are empty.
func drawEvent(t *rapid.T, record uint64, nth uint16) index.Row {
	word := func() string {
		if rapid.Bool().Draw(t, "empty") {
			return ""
		}
		return pick(t, "word", words()...)
	}
	small := func() int32 { return int32(rapid.IntRange(0, 3).Draw(t, "number")) }
	start := time.Date(2018, 3, 1, 0, 0, 0, 0, time.UTC)
	ev := &event.Event{
		Record: record, Nth: nth,
		Time:    start.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "hour")) * 20 * time.Minute),
		TimeRx:  start.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "rx")) * time.Hour),
		Quality: event.Quality{Zone: event.ZoneSource(small()), Precision: event.PrecisionSecond, Original: word()},
		Source:  pick(t, "source", "vpn", "web", "konseki.finding", "konseki.access", "サーバ"),
		Format:  pick(t, "format", "json", event.Unparsed), NativeSeq: word(),
		ClassUID: pick(t, "class", event.ClassBase, event.ClassAuthentication, event.ClassHTTP), ActivityID: small(),
		StatusID: int32(rapid.IntRange(0, 2).Draw(t, "status")), SeverityID: small(), EventCode: word(),
		ActorUser: word(), TargetUser: word(), SrcIP: pick(t, "src", addresses()...), SrcPort: small(),
		DstIP: pick(t, "dst", addresses()...), DstPort: small(), Host: word(), SessionUID: word(), ProcessPath: word(),
		CmdLine: word(), Object: word(), Statement: word(), ClientApp: word(),
		BytesOut: rapid.SampledFrom([]int64{0, 1, -5, 1 << 40}).Draw(t, "bytes"), Message: word(),
	}
	if rapid.IntRange(0, 20).Draw(t, "odd time") == 0 {
		ev.Time = pick(t, "time", time.Time{}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1500, 1, 1, 0, 0, 0, 0, time.UTC), start.Add(1))
	}
	for range rapid.IntRange(0, 3).Draw(t, "fields") {
		ev.Add(pick(t, "name", "EventID", "a/b~c", "source", `q"q`, "名前", "size", "bad\xff"), word())
	}
	if n := len(ev.Fields); n > 0 && rapid.Bool().Draw(t, "said twice") {
		ev.Message = ev.Fields[n-1].Value
	}
	raw := word() + " " + strings.Join([]string{word(), word()}, pick(t, "glue", " ", "", "\t"))
	if rapid.IntRange(0, 9).Draw(t, "decoded") == 0 {
		ev.Text = "解読 " + word()
		raw = "\x89\xf0\x93\xc7"
	}
	return index.Row{Event: ev, Raw: []byte(raw)}
}

// Draw makes rows of the given number of records, numbered from first; some
// records have several events.
func Draw(t *rapid.T, first uint64, records int) []index.Row {
	var rows []index.Row
	for i := range records {
		row := drawEvent(t, first+uint64(i), 0)
		rows = append(rows, row)
		if rapid.IntRange(0, 5).Draw(t, "second") == 0 {
			second := drawEvent(t, first+uint64(i), 1)
			second.Event.Text, second.Raw = row.Event.Text, row.Raw
			rows = append(rows, second)
		}
	}
	return rows
}

// rawRecord is a row of a vault segment.
type rawRecord struct {
	Seq       uint64 `parquet:"seq"`
	Received  int64  `parquet:"received"`
	Source    string `parquet:"source,dict"`
	Transport string `parquet:"transport,dict"`
	Raw       []byte `parquet:"raw,zstd"`
}

// Segment writes the records of rows as a closed segment of the vault would hold
// them.
func Segment(t testing.TB, dir string, rows []index.Row) index.Segment {
	t.Helper()
	var records []rawRecord
	for _, r := range rows {
		if n := len(records); n > 0 && records[n-1].Seq == r.Event.Record {
			continue
		}
		records = append(records, rawRecord{Seq: r.Event.Record, Received: r.Event.TimeRx.Unix(), Source: r.Event.Source, Transport: "file", Raw: r.Raw})
	}
	first, last := records[0].Seq, records[len(records)-1].Seq
	name := fmt.Sprintf("%020d.parquet", first)
	path := filepath.Join(dir, name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewGenericWriter[rawRecord](f)
	if _, err := w.Write(records); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return index.Segment{Name: name, Path: path, First: first, Last: last}
}

// drawQuery writes a random query over the same values.
func drawQuery(t *rapid.T, depth int) string {
	if depth > 0 && rapid.IntRange(0, 2).Draw(t, "compound") > 0 {
		a, b := drawQuery(t, depth-1), drawQuery(t, depth-1)
		switch pick(t, "operator", "and", "or", "not", "implied") {
		case "and":
			return "(" + a + " AND " + b + ")"
		case "or":
			return "(" + a + " OR " + b + ")"
		case "not":
			return "NOT (" + a + ")"
		}
		return a + " " + b
	}
	return drawTerm(t)
}

func drawTerm(t *rapid.T) string {
	word := pick(t, "word", words()[1:]...)
	quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(strings.ToValidUTF8(word, "\ufffd")) + `"`
	field := pick(t, "field", "host", "user", "actor_user", "cmd_line", "object", "EventID", `"a/b~c"`, `"source"`, `"q\"q"`, "名前", "size", "seq", "message", "format", "source", "time_quality")
	switch rapid.IntRange(0, 11).Draw(t, "term") {
	case 0, 1, 2:
		return field + ":" + quoted
	case 3:
		return field + ":*" + quoted + "*"
	case 4:
		return field + ":?" + quoted
	case 5:
		return field + ":" + pick(t, "shape", "*", "s*", "*o", "?a*", `""`, ">=9", "<10", "-4..9.5", "(佐藤 OR sato)", "*%*", "*_*")
	case 6:
		return pick(t, "ip", "ip", "src_ip", "dst_ip") + ":" + pick(t, "net", "192.0.2.7", "192.0.2.0/24", "10.16.0.0/12", "0.0.0.0/0", "2001:db8::/32", "fe80::/10", "192.0.*", "*", "::FFFF:192.0.2.7", "10.20.junk")
	case 7:
		return pick(t, "number", "class:authentication", "status:失敗", "severity:>=low", "src_port:1..2", "bytes_out:<0", "bytes_out:*", "record:3..40", "record:7", "dst_port:0")
	case 8:
		return "time" + pick(t, "time", ":2018-03-01", ":>2018-03-01T02:00", ":2018-03-01T01:00..2018-03-01T05:00", ":<=2018-03-01T00:00:00.000000001Z", ":*", ":2018-03", "_rx:>=2018-03-01T02:00")
	case 9, 10:
		return quoted
	}
	return pick(t, "free", "sa?o", "*請求*", "bre*k", "a*b", `"say"*`, "解読", "*")
}
