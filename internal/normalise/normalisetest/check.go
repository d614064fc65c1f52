package normalisetest

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/format"
)

// T is what Check needs of a test, be it one of package testing or of rapid.
type T interface {
	Helper()
	Fatal(args ...any)
	Errorf(format string, args ...any)
}

// Check fails the test unless events are what any record may give: numbered,
// named, in UTF-8, at an instant in UTC, with addresses in their one form.
func Check(t T, events []event.Event) {
	t.Helper()
	if len(events) == 0 {
		t.Fatal("no event")
	}
	for i := range events {
		ev := &events[i]
		if int(ev.Nth) != i || ev.Format == "" || len(ev.Message) > format.MaxMessage {
			t.Errorf("event %d: nth %d, format %q, message of %d bytes", i, ev.Nth, ev.Format, len(ev.Message))
		}
		// Describe quotes, so that its text is valid whatever the event holds.
		if text := fmt.Sprintf("%+v", *ev) + ev.Quality.Original; !utf8.ValidString(text) {
			t.Errorf("not UTF-8: %q", text)
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

// Fuzz checks what every format owes its caller, whatever the bytes.
func Fuzz(f *testing.F, of format.Format) {
	f.Fuzz(func(t *testing.T, raw []byte) {
		text, _ := format.Decode(raw, "")
		rec := &event.Record{Seq: 1, Received: time.Unix(1e9, 0).UTC(), Raw: raw}
		in := &format.Input{Rec: rec, Raw: text, Zone: time.UTC, Reference: rec.Received}
		kept := []event.Event{{EventCode: "kept"}}
		out, ok := of.Normalise(in, kept)
		if ok && len(out) < 2 || !ok && len(out) != 1 || out[0].EventCode != "kept" {
			t.Fatalf("%v with %d events", ok, len(out)-1)
		}
		for _, ev := range out[1:] {
			if ev.Format != of.Name() || ev.Record != 1 {
				t.Fatalf("event of %q record %d", ev.Format, ev.Record)
			}
			if ev.SrcIP != "" && format.Address(ev.SrcIP) != ev.SrcIP {
				t.Fatalf("src_ip %q", ev.SrcIP)
			}
			if !utf8.ValidString(ev.ActorUser + ev.Object + ev.Statement + ev.Message) {
				t.Fatalf("not UTF-8: %+v", ev)
			}
		}
		if s, ok := of.(format.Shaper); ok {
			if shape, ok := s.Shape(text); ok && shape.Format != of.Name() {
				t.Fatalf("shape of %q", shape.Format)
			}
		}
	})
}

// Record returns a record of any bytes.
func Record(raw []byte, transport string) *event.Record {
	return &event.Record{Seq: 7, Received: time.Unix(1519873970, 0).UTC(), Source: "s", Transport: transport, Raw: raw}
}

// FuzzHinted gives a format any bytes, as if they were known to be of it.
func FuzzHinted(f *testing.F, format string) {
	Seed(f, format)
	n := normalise.New()
	f.Fuzz(func(t *testing.T, raw []byte) {
		Check(t, n.Events(nil, Record(raw, "file;format="+format)))
	})
}

// Seed adds the lines and the whole text of the golden samples of a format.
func Seed(f *testing.F, format string) {
	inputs, err := filepath.Glob(filepath.Join(root(f), "internal", "normalise", "testdata", format, "*.in"))
	if err != nil || len(inputs) == 0 {
		f.Fatalf("no samples of %s: %v", format, err)
	}
	for _, path := range inputs {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		for _, line := range Lines(f, path) {
			f.Add([]byte(line))
		}
	}
}
