package normalise_test

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/japanese"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func oneEvent(t *testing.T, transport, raw string) event.Event {
	t.Helper()
	events := normalise.New().Events(nil, &event.Record{
		Seq: 5, Received: time.Date(2018, 3, 2, 0, 0, 0, 0, time.UTC), Source: "web", Transport: transport, Raw: []byte(raw),
	})
	normalisetest.Check(t, events)
	if len(events) != 1 {
		t.Fatalf("%d events of %q", len(events), raw)
	}
	return events[0]
}

func TestUnreadableRecordsAreKeptAsOneUnparsedEvent(t *testing.T) {
	for _, raw := range []string{"", "\n", "no format reads this", "\x00\x00", strings.Repeat("あ", 1000)} {
		ev := oneEvent(t, "file", raw)
		if ev.Format != event.Unparsed || ev.ClassUID != event.ClassBase || ev.Record != 5 || ev.Source != "web" {
			t.Errorf("%q gives %+v", raw, ev)
		}
		if ev.Quality.Zone != event.ZoneReceived || !ev.Time.Equal(ev.TimeRx) {
			t.Errorf("%q: time %v %v", raw, ev.Time, ev.Quality)
		}
		if !strings.HasPrefix(strings.Trim(raw, "\n\x00"), ev.Message) || len(raw) > 2000 && len(ev.Message) < 1000 {
			t.Errorf("message %q", ev.Message)
		}
	}
}

func TestBytesThatAreNotTextAreReplacedAndTheTextKept(t *testing.T) {
	ev := oneEvent(t, "syslog/udp", "Mar  1 12:12:50 web01 app: name \xff\xfe end")
	if want := "Mar  1 12:12:50 web01 app: name \uFFFD end"; ev.Text != want || ev.Message != "name \uFFFD end" {
		t.Errorf("text %q, message %q", ev.Text, ev.Message)
	}
	if ev := oneEvent(t, "syslog/udp", "Mar  1 12:12:50 web01 app: 正常"); ev.Text != "" {
		t.Errorf("text %q of a record in UTF-8", ev.Text)
	}
}

func TestShiftJISIsDecodedByItsHint(t *testing.T) {
	line := "Mar  1 12:12:50 web01 app: 認証に失敗しました"
	raw, err := japanese.ShiftJIS.NewEncoder().String(line)
	if err != nil {
		t.Fatal(err)
	}
	ev := oneEvent(t, "file;enc=shift_jis", raw)
	if ev.Message != "認証に失敗しました" || ev.Text != line {
		t.Errorf("message %q, text %q", ev.Message, ev.Text)
	}
}

func TestTheHintedFormatIsAskedFirst(t *testing.T) {
	line := `192.0.2.1 - - [01/Mar/2018:12:12:50 +0900] "GET / HTTP/1.1" 200 5 "-" "-"`
	for format, want := range map[string]string{"": "nginx", "nginx": "nginx", "apache": "apache", "auditd": "nginx", "nosuch": "nginx"} {
		transport := event.Transport{Kind: "file"}.With("format", format).String()
		if ev := oneEvent(t, transport, line); ev.Format != want {
			t.Errorf("hint %q gives %q", format, ev.Format)
		}
	}
}

func TestZonesComeFromTheTransportAndAreMarked(t *testing.T) {
	line := "Mar  1 12:12:50 web01 app: x"
	for _, c := range []struct {
		transport string
		want      string
		zone      event.ZoneSource
	}{
		{"file", "2018-03-01T12:12:50Z", event.ZoneAssumed},
		{"file;tz=Asia%2FTokyo", "2018-03-01T03:12:50Z", event.ZoneAssumed},
		{"file;tz=Asia%2FTokyo;tzfrom=configured", "2018-03-01T03:12:50Z", event.ZoneConfigured},
		{"file;tz=No%2FWhere;tzfrom=configured", "2018-03-01T12:12:50Z", event.ZoneAssumed},
		{"file;tz=Local;tzfrom=configured", "2018-03-01T12:12:50Z", event.ZoneAssumed},
		{"file;ref=2012-03-04T00%3A00%3A00Z", "2012-03-01T12:12:50Z", event.ZoneAssumed},
		{"file;ref=2012-02-20T00%3A00%3A00Z", "2011-03-01T12:12:50Z", event.ZoneAssumed},
	} {
		ev := oneEvent(t, c.transport, line)
		if got := ev.Time.Format(time.RFC3339); got != c.want || ev.Quality.Zone != c.zone || !ev.Quality.YearInferred {
			t.Errorf("%s: %s %v", c.transport, got, ev.Quality)
		}
	}
}

func TestLeapDayWithoutYearFindsALeapYear(t *testing.T) {
	ev := oneEvent(t, "file", "Feb 29 00:00:01 web01 app: x")
	if got := ev.Time.Format(time.RFC3339); got != "2016-02-29T00:00:01Z" {
		t.Error(got)
	}
}

// TestEventsDoNotDependOnWhatCameBefore derives the samples in any order with
// one Normaliser and compares with a fresh one.
func TestEventsDoNotDependOnWhatCameBefore(t *testing.T) {
	lines := normalisetest.Lines(t, "testdata/syslog/auth.in")
	lines = append(lines, normalisetest.Lines(t, "testdata/nginx/access.in")...)
	lines = append(lines, normalisetest.Lines(t, "testdata/auditd/log.in")...)
	transports := []string{"file", "file;tz=Asia%2FTokyo", "syslog/udp;peer=192.0.2.1", "file;format=apache"}
	rapid.Check(t, func(t *rapid.T) {
		n := normalise.New()
		var dst []event.Event
		for range rapid.IntRange(1, 20).Draw(t, "count") {
			rec := normalisetest.Record([]byte(rapid.SampledFrom(lines).Draw(t, "line")), rapid.SampledFrom(transports).Draw(t, "transport"))
			dst = n.Events(dst[:0], rec)
			if diff := cmp.Diff(normalise.New().Events(nil, rec), dst); diff != "" {
				t.Fatalf("events differ:\n%s", diff)
			}
		}
	})
}

// TestHostileRecordsAreReadInLinearTime gives each format 256 KiB of what
// its scanners look for.
func TestHostileRecordsAreReadInLinearTime(t *testing.T) {
	heads := []string{
		"", "<13>1 - - - - - ", "Mar  1 12:12:50 h sshd[1]: ", "Mar  1 12:12:50 h sudo: x : ", "Mar  1 12:12:50 h kernel: IN= SRC= DST= ",
		"Mar  1 12:12:50 h useradd[1]: new user: ", "Mar  1 12:12:50 h app: ", "type=EXECVE msg=audit(1.1:1): ",
		"type=USER_LOGIN msg=audit(1.1:1): msg='", "192.0.2.1 - - [01/Mar/2018:12:12:50 +0900] \"", "192.0.2.1 - ",
		"2018/03/01 12:12:50 [error] 1#1: *1 ", "[Thu Mar 01 12:12:50 2018] [error] ModSecurity [file ",
	}
	units := []string{
		"a", " ", "\"", "\\", "[", "]", " [", "=", "a=", "a0[1]=x ", "op=", "x=\" ", "'", "\n", "\x1d", " from ", " port 1", ": ", " ; ", ", client: ",
		"[a b=\"c\"]", "{", "{\"a\":", "type=PATH msg=audit(1.1:1): name=\"a\"\n", "あ", "\xff", ",", "\t", "<1>",
	}
	n := normalise.New()
	for _, head := range heads {
		for _, unit := range units {
			raw := []byte(head + strings.Repeat(unit, (256<<10)/len(unit)))
			start := processorTime(t)
			normalisetest.Check(t, n.Events(nil, normalisetest.Record(raw, "file")))
			if took := processorTime(t) - start; took > time.Second {
				t.Errorf("%v of processor time for %q and many of %q", took, head, unit)
			}
		}
	}
}

// TestEveryStringIsValidUTF8 derives records whose bytes, hints, sources and
// values in hexadecimal are not UTF-8.
func TestEveryStringIsValidUTF8(t *testing.T) {
	lines := []string{
		`type=USER_CMD msg=audit(1.1:1): pid=1 uid=0 cwd="/" cmd=HEX terminal=pts/0 res=success`,
		`type=EXECVE msg=audit(1.1:1): argc=2 a0="sh" a1=HEX`,
		`type=EXECVE msg=audit(1.1:1): argc=1 a0_len=9 a0[0]=HEX a0[1]=HEX`,
		`Mar  1 12:12:50 h audisp: type=USER_CMD msg=audit(1.1:1): cmd=HEX`,
		`{"ID":"1.1:1","SYSCALL":{"exe":"RAW"}}`, `{"user":"\u3042RAW","\u3042":1}`, `{"user":"\ud800","message":"RAW"}`,
		`Mar  1 12:12:50 h sshd[1]: Failed password for RAW from 192.0.2.1 port 1`, `RAW`, "a,RAW,c",
	}
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), 1, 24).Draw(t, "raw")
		line := rapid.SampledFrom(lines).Draw(t, "line")
		line = strings.ReplaceAll(line, "HEX", strings.ToUpper(hex.EncodeToString(raw)))
		line = strings.ReplaceAll(line, "RAW", string(raw))
		via := event.Transport{Kind: "file"}.With("host", rapid.SampledFrom([]string{"", "web", "\xff"}).Draw(t, "host"))
		if rapid.Bool().Draw(t, "csv") {
			via = via.With("format", "csv").With("columns", event.JoinColumns([]string{"time", string(raw), "x"}))
		}
		rec := normalisetest.Record([]byte(line), via.String())
		rec.Source = string(raw)
		normalisetest.Check(t, normalise.New().Events(nil, rec))
	})
}
