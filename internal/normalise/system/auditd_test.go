package system_test

import (
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func TestAuditLinesOfOneSerialContinueTheRecord(t *testing.T) {
	shape := normalise.Recognise("audit.log", []byte(normalisetest.Sample(t, "auditd/log.in")))
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
	ev := normalisetest.Derive(t, "file;format=auditd", "type=CWD msg=audit(1.1:1): cwd=\"/\"\ntype=CWD msg=audit(1.1:2): cwd=\"/srv\"")[0]
	if ev.Format != event.Unparsed {
		t.Error(normalisetest.Describe(&ev))
	}
}

func FuzzAuditd(f *testing.F) { normalisetest.FuzzHinted(f, "auditd") }

func FuzzLaurel(f *testing.F) { normalisetest.FuzzHinted(f, "laurel") }
