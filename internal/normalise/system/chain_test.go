package system_test

import (
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func TestNumbersThatAreCountedWithoutGapsNameTheirChain(t *testing.T) {
	for raw, want := range map[string][3]string{
		`node=db01 type=SYSCALL msg=audit(1519873970.123:2995): arch=c000003e`:                                                {"2995", "audit", "db01"},
		`<13>Mar  1 12:12:50 db01 audit: type=CWD msg=audit(1519873970.123:2995): cwd="/"`:                                    {"2995", "audit", "db01"},
		`<34>1 2026-04-20T10:00:35.6Z web01 sshd 7 - [meta sequenceId="29" sysUpTime="7"] hello`:                              {"29", "rfc5424:sshd", "web01"},
		`<34>1 2026-04-20T10:00:35.6Z web01 sshd 7 - [meta sequenceId="2147483648"] out of range`:                             {"", "", "web01"},
		`<34>1 2026-04-20T10:00:35.6Z web01 sshd 7 - [other sequenceId="3"] not the standard's`:                               {"", "", "web01"},
		`<34>1 2026-04-20T10:00:35.6Z db01 audit - - [meta sequenceId="29"] type=CWD msg=audit(1519873970.123:2995): cwd="/"`: {"2995", "audit", "db01"},
	} {
		ev := normalisetest.Derive(t, "syslog/tcp", raw)[0]
		if got := [3]string{ev.NativeSeq, ev.Chain, ev.Host}; got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}
