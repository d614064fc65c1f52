package identity_test

import (
	"flag"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/identity"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

var update = flag.Bool("update", false, "rewrite testdata/samples/*.columns")

// TestNoTypedPasswordReachesAColumn looks through everything of an event that
// is kept beside the record.
func TestNoTypedPasswordReachesAColumn(t *testing.T) {
	const typed = "Natsu-2018"
	for _, line := range []string{
		`Sat Mar  3 11:08:40 2018 : Auth: (1) Login incorrect (pap: no match): [a.mori/` + typed + `] (from client vpn-1 port 3)`,
		`Sat Mar  3 11:08:40 2018 : Auth: (1) Login incorrect: [a.mori/` + typed + `]] (from client vpn-1 port 3 cli 192.0.2.7)`,
		`Sat Mar  3 11:08:40 2018 : Auth: Login incorrect [a.mori/` + typed + `] (from client vpn-1 port 3)`,
		`Mar  3 11:08:40 r1 radiusd[1]: (1) Invalid user: [a.mori/` + typed + `] (from client vpn-1 port 3)`,
		`Mar  3 11:08:40 r1 radiusd[1]: message repeated 2 times: [ (1) Login incorrect: [a.mori/` + typed + `] (from client vpn-1 port 3)]`,
		"Sat Mar  3 11:08:34 2018\n\tPacket-Type = Access-Request\n\tUser-Name = \"a.mori\"\n\tUser-Password = \"" + typed + "\"\n",
		`<181>Mar  1 12:13:03 ise CISE_Failed_Attempts 0000000101 1 0 2026-03-01 12:13:03.500 +09:00 0000000201 5400 NOTICE Failed-Attempt: failed, UserName=a.mori, UserPassword=` + typed + `,`,
		`Mar  3 11:08:36 mail dovecot: auth-worker(812): sql(a.mori,192.0.2.7): Password mismatch (given password: ` + typed + `)`,
	} {
		ev := normalisetest.Derive(t, "file", line)[0]
		if text := normalisetest.Describe(&ev); strings.Contains(text, typed) || ev.Format == event.Unparsed {
			t.Errorf("%s\n%s", line, text)
		}
	}
}

// TestAccountChangesNameTheAccount is what checks of containment rely on.
func TestAccountChangesNameTheAccount(t *testing.T) {
	for _, c := range []struct {
		line     string
		activity int32
	}{
		{`{"published":"2026-03-01T03:14:00Z","eventType":"user.lifecycle.suspend","displayMessage":"x","actor":{"alternateId":"b"},"target":[{"type":"User","alternateId":"a@example.jp"}]}`, format.ActivityAccountDisable},
		{`{"activityDateTime":"2026-03-01T03:15:00Z","activityDisplayName":"Disable account","loggedByService":"Core Directory","result":"success","targetResources":[{"type":"User","userPrincipalName":"a@example.jp"}]}`, format.ActivityAccountDisable},
		{`{"time":"2026-03-01T03:15:00Z","category":"AuditLogs","operationName":"Reset user password","properties":{"activityDisplayName":"Reset user password","targetResources":[{"type":"User","userPrincipalName":"a@example.jp"}]}}`, format.ActivityPasswordReset},
		{`{"CreationTime":"2026-03-01T03:14:00","Operation":"Disable account.","RecordType":8,"ResultStatus":"Success","UserId":"b","Workload":"AzureActiveDirectory","ObjectId":"a@example.jp"}`, format.ActivityAccountDisable},
		{`{"kind":"admin#reports#activity","id":{"time":"2026-03-01T03:13:03Z","applicationName":"admin"},"actor":{"email":"b"},"events":[{"type":"USER_SETTINGS","name":"SUSPEND_USER","parameters":[{"name":"USER_EMAIL","value":"a@example.jp"}]}]}`, format.ActivityAccountDisable},
	} {
		ev := normalisetest.Derive(t, "http", c.line)[0]
		if ev.ClassUID != event.ClassAccountChange || ev.ActivityID != c.activity || ev.TargetUser != "a@example.jp" {
			t.Error(normalisetest.Describe(&ev))
		}
	}
}

func TestSamplesGiveTheColumnsWritten(t *testing.T) {
	for path, name := range map[string]string{
		"identity/okta/test-okta-system-no-flattened-events.excerpt.log": "okta",
		"identity/azure_signinlogs/test-signinlogs-sample.log":           "entra",
		"identity/cisco_ise/test-pipeline-failed-attempts.excerpt.log":   "cisco_ise",
		"groupware/box_events/test-source-login.log":                     "box",
		"identity/google_workspace/test-login.log":                       "workspace",
		"identity/google_workspace/test-user-accounts.log":               "workspace",
		"groupware/google_workspace/test-drive.excerpt.log":              "workspace",
	} {
		normalisetest.SampleColumns(t, "data/logs/samples/"+path, name, *update)
	}
}

// FuzzIdentity gives any bytes to every format of the room.
func FuzzIdentity(f *testing.F) {
	for _, name := range []string{"freeradius", "slapd", "cisco_ise", "keycloak", "okta", "entra"} {
		normalisetest.Seed(f, name)
	}
	n := normalise.New()
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, of := range identity.Formats() {
			normalisetest.Check(t, n.Events(nil, normalisetest.Record(raw, "file;format="+of.Name())))
		}
	})
}

func BenchmarkIdentity(b *testing.B) {
	for name, sample := range map[string]string{"freeradius": "freeradius/log.in", "slapd": "slapd/stats.in", "keycloak": "keycloak/events.in", "okta": "okta/accounts.in", "m365": "m365/audit.in"} {
		line, _, _ := strings.Cut(normalisetest.Sample(b, sample), "\n")
		b.Run(name, func(b *testing.B) { normalisetest.Benchmark(b, name, line) })
	}
}
