package web

import (
	"errors"
	"testing"
	"time"
)

// FuzzWhatAURLMayHold gives every reader of a URL's values anything at all.
func FuzzWhatAURLMayHold(f *testing.F) {
	for _, s := range []string{"2018-03-01 11:40", "vpn@2018-01-02T00:00:00Z", "#1,482", "query: column 3: no; yes", "query: column 99999999999: x", "２０１８/３"} {
		f.Add(s)
	}
	v := &visit{reader: reader{lang: "en", words: dictionary(f, "en"), zone: time.UTC}}
	f.Fuzz(func(t *testing.T, s string) {
		if at, ok := parseTime(s, time.UTC); ok {
			if again, ok := parseTime(instant(at), time.UTC); !ok || !again.Equal(at) {
				t.Fatalf("%q is read as %v, and that as %v", s, at, again)
			}
		}
		if source, _, ok := gapSource(s); ok && len(source) >= len(s) {
			t.Fatal("a gap without its time")
		}
		if seq, ok := recordNumber(s); ok && seq == 0 {
			t.Fatal("record 0")
		}
		if wrong, ok := syntaxOf(errors.New(s)); ok {
			view := v.pointed(wrong, s)
			if view.At == "" {
				t.Fatal("nothing is pointed at")
			}
		}
		widened(s, s)
		localPath(s)
	})
}
