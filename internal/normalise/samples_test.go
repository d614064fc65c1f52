package normalise_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/format"
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
	root := normalisetest.Shared(t, "data", "logs", "crowdsec-hub", "tests")
	var total tally
	for _, pattern := range []string{"ssh-*", "sshd-*", "nginx*", "apache2*", "apache_*", "auditd*", "laurel*", "haproxy*", "pam-logs", "iptables*", "pfsense-rfc5424-nginx"} {
		folders, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range folders {
			total.add(hubFolder(t, folder))
		}
	}
	t.Logf("all: %s", total)
	if total.parsed*100 < total.lines*90 || total.agree*100 < total.facts*90 {
		t.Errorf("%s: want 90 %% of each", total)
	}
}

// tally counts lines parsed and asserted facts agreed with.
type tally struct{ lines, parsed, facts, agree int }

func (a *tally) add(b tally) {
	a.lines, a.parsed, a.facts, a.agree = a.lines+b.lines, a.parsed+b.parsed, a.facts+b.facts, a.agree+b.agree
}

func (a tally) String() string {
	return strconv.Itoa(a.parsed) + "/" + strconv.Itoa(a.lines) + " lines parsed, " +
		strconv.Itoa(a.agree) + "/" + strconv.Itoa(a.facts) + " facts agree"
}

// hubFolder reads the log of one folder and compares with its assertions.
func hubFolder(t *testing.T, folder string) tally {
	logs, err := filepath.Glob(filepath.Join(folder, "*.log"))
	if err != nil || len(logs) == 0 {
		return tally{}
	}
	lines := normalisetest.Lines(t, logs[0])
	n, sum := normalise.New(), tally{lines: len(lines)}
	events := make([]event.Event, len(lines))
	for i, line := range lines {
		events[i] = normalised(n, line)[0]
		if events[i].Format == event.Unparsed {
			t.Logf("%s: unparsed: %.200s", filepath.Base(folder), line)
			continue
		}
		sum.parsed++
	}
	from := 0
	for _, want := range hubAssertions(t, filepath.Join(folder, "parser.assert")) {
		i := slices.IndexFunc(lines[from:], func(line string) bool { return strings.HasSuffix(line, want.message) })
		if i < 0 || want.message == "" {
			continue
		}
		from += i + 1
		for name, value := range want.meta {
			holds, known := hubFact(&events[from-1], name, value)
			if !known {
				continue
			}
			sum.facts++
			if holds {
				sum.agree++
				continue
			}
			t.Logf("%s: %s is not %q in %.160s", filepath.Base(folder), name, value, lines[from-1])
		}
	}
	t.Logf("%s: %s", filepath.Base(folder), sum)
	return sum
}

// hubFact reports whether an asserted fact holds of the event, and whether it
// is one that an event can tell.
func hubFact(ev *event.Event, name, value string) (holds, known bool) {
	field := func(name string) string {
		v, _ := ev.Get(name)
		return v
	}
	switch name {
	case "source_ip":
		return ev.SrcIP == format.Address(value), format.Address(value) != ""
	case "user", "target_user", "username":
		return ev.ActorUser == value || ev.TargetUser == value, value != ""
	case "http_status":
		return field("sc-status") == value, true
	case "http_verb":
		return field("cs-method") == value, value != ""
	case "http_user_agent":
		return field("cs-user-agent") == value, value != ""
	case "http_path":
		return field("cs-uri") == value || ev.Statement == value || ev.Object == value, value != ""
	case "machine":
		return ev.Host == value, value != ""
	case "log_type":
		switch {
		case strings.Contains(value, "fail"):
			return ev.StatusID == event.StatusFailure, true
		case strings.Contains(value, "success"):
			return ev.StatusID == event.StatusSuccess, true
		}
	}
	return false, false
}

// hubAssertion is what a parser's result says of one line.
type hubAssertion struct {
	message string
	meta    map[string]string
}

// hubAssertions reads lines of the form
// results["s01-parse"]["NAME"][0].Evt.Meta["KEY"] == "VALUE".
func hubAssertions(t *testing.T, path string) []hubAssertion {
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	var all []hubAssertion
	index := make(map[string]int)
	for _, line := range normalisetest.Lines(t, path) {
		rest, ok := strings.CutPrefix(line, `results["s01-parse"]`)
		id, member, dotted := strings.Cut(rest, ".Evt.")
		if !ok || !dotted {
			continue
		}
		kind, member, _ := strings.Cut(member, `["`)
		key, literal, ok := strings.Cut(member, `"] == `)
		value, err := strconv.Unquote(literal)
		if !ok || err != nil {
			continue
		}
		at, seen := index[id]
		if !seen {
			at = len(all)
			index[id] = at
			all = append(all, hubAssertion{meta: make(map[string]string)})
		}
		switch {
		case kind == "Meta":
			all[at].meta[key] = value
		case kind == "Parsed" && key == "message":
			all[at].message = value
		}
	}
	return all
}
