package normalise_test

import (
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

// FuzzEvents checks that a record gives the same events whatever came before,
// and that they do not change its bytes.
func FuzzEvents(f *testing.F) {
	for _, format := range []string{"syslog", "auditd", "nginx", "apache", "container", "java", "modsecurity", "iis", "oracle"} {
		normalisetest.Seed(f, format)
	}
	used := normalise.New()
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, transport := range []string{"syslog/udp", "file;enc=shift_jis;tz=Asia%2FTokyo;tzfrom=configured", "file;enc=utf-16le"} {
			rec := normalisetest.Record(append([]byte(nil), raw...), transport)
			got := used.Events(nil, rec)
			normalisetest.Check(t, got)
			if diff := cmp.Diff(normalise.New().Events(nil, rec), got); diff != "" {
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
	for _, format := range []string{"syslog", "auditd", "nginx", "apache", "container", "java", "modsecurity", "iis", "oracle"} {
		normalisetest.Seed(f, format)
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		shape := normalise.Recognise("sample.log", head)
		if !utf8.ValidString(shape.Format) || shape.Framing > event.FrameBinary {
			t.Errorf("shape %+v", shape)
		}
		for _, column := range shape.Columns {
			if !utf8.ValidString(column) {
				t.Errorf("column %q", column)
			}
		}
		if shape.Framing == event.FrameLines && len(head) > 0 {
			for _, ev := range normalisetest.Shaped(shape, head, "file") {
				if ev.Format == "" {
					t.Error("an event without a format")
				}
			}
		}
	})
}
