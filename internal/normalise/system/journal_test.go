package system_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

// journalEntry writes an entry in the export format.
func journalEntry(program, message string) string {
	head := "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1772334783600000\n__SEQNUM=812\n__SEQNUM_ID=0a1b\nPRIORITY=6\n_HOSTNAME=app-01\nSYSLOG_IDENTIFIER=" + program + "\n_PID=901\n"
	if strings.Contains(message, "\n") {
		return head + "MESSAGE\n" + string(binary.LittleEndian.AppendUint64(nil, uint64(len(message)))) + message + "\n"
	}
	return head + "MESSAGE=" + message + "\n_SOURCE_REALTIME_TIMESTAMP=1772334783512345\n"
}

// TestAProgramInTheJournalGivesTheColumnsOfSyslog: the way in changes nothing of
// what a program said.
func TestAProgramInTheJournalGivesTheColumnsOfSyslog(t *testing.T) {
	for program, message := range map[string]string{
		"sshd":      "Failed password for invalid user oracle from 192.0.2.7 port 50022 ssh2",
		"sudo":      "   a.mori : TTY=pts/0 ; PWD=/home ; USER=root ; COMMAND=/bin/ls",
		"CRON":      "(root) CMD (/usr/local/bin/collect)",
		"kernel":    "usb 1-1: New USB device found, idVendor=0000, idProduct=0001",
		"systemd":   "Started nginx.service - web server.",
		"pure-ftpd": "(?@192.0.2.7) [WARNING] Authentication failed for user [root]",
		"dovecot":   "imap-login: Aborted login (auth failed, 1 attempts in 2 secs): user=<a.mori>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.9, TLS",
	} {
		line := fmt.Sprintf("<14>1 2026-03-01T03:13:03.512345Z app-01 %s 901 - - %s", program, message)
		asJSON := fmt.Sprintf(`{"__CURSOR":"c","__REALTIME_TIMESTAMP":"1772334783600000","_SOURCE_REALTIME_TIMESTAMP":"1772334783512345","PRIORITY":"6","_HOSTNAME":"app-01","SYSLOG_IDENTIFIER":%q,"_PID":"901","MESSAGE":%q}`, program, message)
		want := columns(t, "syslog/tcp", line)
		for transport, raw := range map[string]string{"journal;peer=192.0.2.9": journalEntry(program, message), "journald": asJSON} {
			if diff := cmp.Diff(want, columns(t, transport, raw)); diff != "" {
				t.Errorf("%s by %s:\n%s", program, transport, diff)
			}
		}
	}
}

// columns derives a record and leaves out what tells of the way in.
func columns(t *testing.T, transport, raw string) event.Event {
	ev := normalisetest.Derive(t, transport, raw)[0]
	if ev.Format == event.Unparsed || ev.ClassUID == event.ClassBase {
		t.Errorf("%s: %s", transport, normalisetest.Describe(&ev))
	}
	ev.Fields, ev.NativeSeq, ev.Chain, ev.Quality.Original = nil, "", "", ""
	return ev
}

func TestAnEntryOfTheJournalKeepsItsFieldsAndNumber(t *testing.T) {
	ev := normalisetest.Derive(t, "journal", journalEntry("app", "one\n\n__CURSOR=forged\nMESSAGE=no"))[0]
	if ev.NativeSeq != "812" || ev.Chain != "journal:0a1b" || ev.Host != "app-01" || ev.Quality.Precision != event.PrecisionMicro ||
		ev.Message != "one\n\n__CURSOR=forged\nMESSAGE=no" || ev.Time.Nanosecond() != 600000000 {
		t.Error(normalisetest.Describe(&ev))
	}
	if id, _ := ev.Get("_PID"); id != "901" {
		t.Error(normalisetest.Describe(&ev))
	}
}

func TestAMessageThatIsNoTextIsReadFromItsBytes(t *testing.T) {
	ev := normalisetest.Derive(t, "journald", `{"__CURSOR":"c","__REALTIME_TIMESTAMP":"1772334783600000","_HOSTNAME":"h","SYSLOG_IDENTIFIER":"sshd","MESSAGE":[70,111,111,27,255]}`)[0]
	if ev.Message != "Foo\x1b\uFFFD" {
		t.Error(normalisetest.Describe(&ev))
	}
	ev = normalisetest.Derive(t, "journal", journalEntry("app", "bad \xff\n byte"))[0]
	if ev.Message != "bad \uFFFD\n byte" || !strings.Contains(ev.Text, "MESSAGE=bad \uFFFD") {
		t.Error(normalisetest.Describe(&ev))
	}
}

// TestAuditInTheJournalIsAuditd: journald takes the head off such a line.
func TestAuditInTheJournalIsAuditd(t *testing.T) {
	entry := journalEntry("audit", `USER_LOGIN pid=9 uid=0 auid=1000 ses=3 msg='op=login acct="a.mori" exe="/usr/sbin/sshd" hostname=? addr=192.0.2.7 terminal=ssh res=failed'`) +
		"_TRANSPORT=audit\n_AUDIT_TYPE_NAME=USER_LOGIN\n_AUDIT_ID=77\n"
	ev := normalisetest.Derive(t, "journal", entry)[0]
	if ev.Format != "auditd" || ev.ClassUID != event.ClassAuthentication || ev.StatusID != event.StatusFailure || ev.SrcIP != "192.0.2.7" || ev.NativeSeq != "812" {
		t.Error(normalisetest.Describe(&ev))
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(journalEntry("sshd", "Accepted password for a from 192.0.2.7 port 22 ssh2")))
	f.Add([]byte(journalEntry("app", "a\nb")))
	normalisetest.FuzzHinted(f, "journal")
}

func BenchmarkJournal(b *testing.B) {
	normalisetest.Benchmark(b, "syslog", journalEntry("sshd", "Accepted password for a.mori from 192.0.2.7 port 22 ssh2"))
}
