package normalise

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"github.com/konseki/konseki/internal/event"
)

func sampleText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestFilesAreRecognisedByTheirContent(t *testing.T) {
	auth, access := sampleText(t, "syslog/auth.in"), sampleText(t, "nginx/access.in")
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
		{"audit log", "audit.log", sampleText(t, "auditd/log.in"), event.Shape{Format: "auditd"}},
		{"text of no format", "notes.txt", "hello\nworld\n", event.Shape{}},
		{"binary", "x.bin", "\x7fELF\x02\x01\x01\x00\x00\x00", event.Shape{Framing: event.FrameBinary}},
		{"nothing", "empty", "", event.Shape{}},
	} {
		got := Recognise(c.name, []byte(c.head))
		if got.Format != c.want.Format || got.Framing != c.want.Framing || got.Encoding != c.want.Encoding {
			t.Errorf("%s: %+v", c.about, got)
		}
	}
}

func TestAuditLinesOfOneSerialContinueTheRecord(t *testing.T) {
	shape := Recognise("audit.log", []byte(sampleText(t, "auditd/log.in")))
	first := []byte("type=SYSCALL msg=audit(1519873970.123:2995): arch=c000003e")
	for line, want := range map[string]bool{
		`type=EXECVE msg=audit(1519873970.123:2995): argc=1`: true,
		`type=EXECVE msg=audit(1519873970.123:2996): argc=1`: false,
		`something else`: false,
		``:               false,
	} {
		if got := shape.Continues(first, []byte(line)); got != want {
			t.Errorf("%q continues: %v", line, got)
		}
	}
}

func TestAuditLinesOfDifferentSerialsAreNotOneEvent(t *testing.T) {
	ev := oneEvent(t, "file;format=auditd", "type=CWD msg=audit(1.1:1): cwd=\"/\"\ntype=CWD msg=audit(1.1:2): cwd=\"/srv\"")
	if ev.Format != event.Unparsed {
		t.Error(describe(&ev))
	}
}
