package evidence

import (
	"errors"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/web/site"

	"github.com/konseki/konseki/internal/web/reading"
)

// FuzzNumbersGapsAndErrors gives what reads records, gaps and errors anything at all.
func FuzzNumbersGapsAndErrors(f *testing.F) {
	for _, s := range []string{"vpn@2018-01-02T00:00:00Z", "#1,482", "query: column 3: no; yes", "query: column 99999999999: x"} {
		f.Add(s)
	}
	v := &site.Visit{Reader: reading.Reader{Lang: "en", Words: wordsOf(f), Zone: time.UTC}}
	f.Fuzz(func(t *testing.T, s string) {
		if source, _, ok := gapSource(s); ok && len(source) >= len(s) {
			t.Fatal("a gap without its time")
		}
		if seq, ok := recordNumber(s); ok && seq == 0 {
			t.Fatal("record 0")
		}
		if wrong, ok := site.SyntaxOf(errors.New(s)); ok {
			view := v.Pointed(wrong, s)
			if view.At == "" {
				t.Fatal("nothing is pointed at")
			}
		}
	})
}

// wordsOf are the English words of the pages.
func wordsOf(f *testing.F) map[string]string {
	f.Helper()
	all, err := site.WordsByLanguage()
	if err != nil {
		f.Fatal(err)
	}
	return all["en"]
}
