package normalise_test

import (
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func normalised(n *normalise.Normaliser, line string) []event.Event {
	return n.Events(nil, &event.Record{
		Seq: 1, Received: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Transport: "file", Raw: []byte(line),
	})
}

// TestLogHubLinesAreParsed reads loghub's sets of syslog and web server lines.
func TestLogHubLinesAreParsed(t *testing.T) {
	for _, name := range []string{"Linux", "OpenSSH", "Apache"} {
		t.Run(name, func(t *testing.T) {
			lines := normalisetest.Lines(t, normalisetest.Shared(t, "data", "logs", "loghub", name, name+"_2k.log"))
			n, parsed, addressed := normalise.New(), 0, 0
			for _, line := range lines {
				ev := normalised(n, line)[0]
				if ev.Format == event.Unparsed {
					t.Logf("unparsed: %s", line)
					continue
				}
				parsed++
				if ev.SrcIP != "" {
					addressed++
				}
			}
			t.Logf("%s: %d of %d lines parsed, %d with an address", name, parsed, len(lines), addressed)
			if parsed*100 < len(lines)*95 {
				t.Errorf("%d of %d lines parsed, want 95 %%", parsed, len(lines))
			}
			if shape := normalise.Recognise(name+"_2k.log", []byte(strings.Join(lines, "\n"))); shape.Format == "" {
				t.Error("the file is not recognised")
			}
		})
	}
}

// TestHubSamplesGiveWhatTheirAssertionsSay compares with CrowdSec's parser
// tests, line by line.
func TestHubSamplesGiveWhatTheirAssertionsSay(t *testing.T) {
	n := normalise.New()
	lines, parsed, facts, agree := normalisetest.Hub(t, func(line string) event.Event { return normalised(n, line)[0] },
		"ssh-*", "sshd-*", "nginx*", "apache2*", "apache_*", "auditd*", "laurel*", "haproxy*", "pam-logs", "iptables*", "pfsense-rfc5424-nginx")
	t.Logf("all: %d/%d lines parsed, %d/%d facts agree", parsed, lines, agree, facts)
	if parsed*100 < lines*90 || agree*100 < facts*90 {
		t.Errorf("%d/%d lines parsed, %d/%d facts agree: want 90 %% of each", parsed, lines, agree, facts)
	}
}
