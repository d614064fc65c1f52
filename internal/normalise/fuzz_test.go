package normalise

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/event"
)

// seedFuzz adds the lines and the whole text of the golden samples of a format.
func seedFuzz(f *testing.F, format string) {
	inputs, err := filepath.Glob(filepath.Join("testdata", format, "*.in"))
	if err != nil || len(inputs) == 0 {
		f.Fatalf("no samples of %s: %v", format, err)
	}
	for _, path := range inputs {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		for _, line := range fileLines(f, path) {
			f.Add([]byte(line))
		}
	}
}

// checkEvents holds for the events of any record.
func checkEvents(t *testing.T, events []event.Event) {
	t.Helper()
	if len(events) == 0 {
		t.Fatal("no event")
	}
	for i := range events {
		ev := &events[i]
		if int(ev.Nth) != i || ev.Format == "" || len(ev.Message) > maxMessage {
			t.Errorf("event %d: nth %d, format %q, message of %d bytes", i, ev.Nth, ev.Format, len(ev.Message))
		}
		if !utf8.ValidString(describe(ev)) {
			t.Errorf("not UTF-8: %+v", ev)
		}
		if ev.Time.IsZero() || ev.Time.Location() != time.UTC {
			t.Errorf("time %v", ev.Time)
		}
		for _, ip := range []string{ev.SrcIP, ev.DstIP} {
			if a, err := netip.ParseAddr(ip); ip != "" && (err != nil || a.Unmap().String() != ip) {
				t.Errorf("address %q: %v", ip, err)
			}
		}
	}
}

func fuzzRecord(raw []byte, transport string) *event.Record {
	return &event.Record{Seq: 7, Received: time.Unix(1519873970, 0).UTC(), Source: "s", Transport: transport, Raw: raw}
}

// fuzzHinted gives a format any bytes, as if they were known to be of it.
func fuzzHinted(f *testing.F, format string) {
	seedFuzz(f, format)
	n := New()
	f.Fuzz(func(t *testing.T, raw []byte) {
		checkEvents(t, n.Events(nil, fuzzRecord(raw, "file;format="+format)))
	})
}

func FuzzSyslog(f *testing.F)  { fuzzHinted(f, "syslog") }
func FuzzAuditd(f *testing.F)  { fuzzHinted(f, "auditd") }
func FuzzLaurel(f *testing.F)  { fuzzHinted(f, "laurel") }
func FuzzHAProxy(f *testing.F) { fuzzHinted(f, "haproxy") }
func FuzzNginx(f *testing.F)   { fuzzHinted(f, "nginx") }
func FuzzApache(f *testing.F)  { fuzzHinted(f, "apache") }

// FuzzEvents checks that a record gives the same events whatever came before,
// and that they do not change its bytes.
func FuzzEvents(f *testing.F) {
	for _, format := range []string{"syslog", "auditd", "nginx", "apache"} {
		seedFuzz(f, format)
	}
	used := New()
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, transport := range []string{"syslog/udp", "file;enc=shift_jis;tz=Asia%2FTokyo;tzfrom=configured", "file;enc=utf-16le"} {
			rec := fuzzRecord(append([]byte(nil), raw...), transport)
			got := used.Events(nil, rec)
			checkEvents(t, got)
			if diff := cmp.Diff(New().Events(nil, rec), got); diff != "" {
				t.Errorf("events depend on what came before:\n%s", diff)
			}
			if string(rec.Raw) != string(raw) {
				t.Error("the record was changed")
			}
		}
	})
}

// FuzzRecognise checks that any file has a shape that its records can be read by.
func FuzzRecognise(f *testing.F) {
	for _, format := range []string{"syslog", "auditd", "nginx", "apache"} {
		seedFuzz(f, format)
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		shape := Recognise("sample.log", head)
		if !utf8.ValidString(shape.Format) || shape.Framing > event.FrameBinary {
			t.Errorf("shape %+v", shape)
		}
		for _, column := range shape.Columns {
			if !utf8.ValidString(column) {
				t.Errorf("column %q", column)
			}
		}
		if shape.Framing == event.FrameLines && len(head) > 0 {
			for _, ev := range shapedEvents(shape, head, "file") {
				if ev.Format == "" {
					t.Error("an event without a format")
				}
			}
		}
	})
}
