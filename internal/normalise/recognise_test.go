package normalise_test

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func TestFilesAreRecognisedByTheirContent(t *testing.T) {
	auth, access := normalisetest.Sample(t, "syslog/auth.in"), normalisetest.Sample(t, "nginx/access.in")
	sjis, err := japanese.ShiftJIS.NewEncoder().String("Mar  1 12:12:50 web01 app: 認証に失敗しました\n")
	if err != nil {
		t.Fatal(err)
	}
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(auth)
	if err != nil {
		t.Fatal(err)
	}
	combined := strings.Join(strings.SplitAfter(access, "\n")[:2], "")
	for _, c := range []struct {
		about, name, head string
		want              event.Shape
	}{
		{"syslog", "auth.log", auth, event.Shape{Format: "syslog"}},
		{"a name that says otherwise", "access.csv", auth, event.Shape{Format: "syslog"}},
		{"a byte order mark", "x", "\uFEFF" + auth, event.Shape{Format: "syslog"}},
		{"a cut last line", "x", auth + "Mar  1 12", event.Shape{Format: "syslog"}},
		{"blank lines", "x", "\n\n" + auth, event.Shape{Format: "syslog"}},
		{"zeros left by a crash", "x", strings.Repeat("\x00", 600) + auth, event.Shape{Format: "syslog"}},
		{"Shift_JIS", "x", sjis, event.Shape{Format: "syslog", Encoding: "shift_jis"}},
		{"UTF-16", "x", utf16, event.Shape{Format: "syslog", Encoding: "utf-16le"}},
		{"combined", "access.log", combined, event.Shape{Format: "nginx"}},
		{"combined of httpd", "httpd/access_log", combined, event.Shape{Format: "apache"}},
		{"audit log", "audit.log", normalisetest.Sample(t, "auditd/log.in"), event.Shape{Format: "auditd"}},
		{"text of no format", "notes.txt", "hello\nworld\n", event.Shape{}},
		{"binary", "x.bin", "\x7fELF\x02\x01\x01\x00\x00\x00", event.Shape{Framing: event.FrameBinary}},
		{"nothing", "empty", "", event.Shape{}},
	} {
		got := normalise.Recognise(c.name, []byte(c.head))
		if got.Format != c.want.Format || got.Framing != c.want.Framing || got.Encoding != c.want.Encoding {
			t.Errorf("%s: %+v", c.about, got)
		}
	}
}
