package cloud_test

import (
	"flag"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/cloud"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

var update = flag.Bool("update", false, "rewrite testdata/samples/*.columns")

func TestSamplesGiveTheColumnsWritten(t *testing.T) {
	for path, name := range map[string]string{
		"cloud/aws_cloudtrail/test-console-login-json.log":     "cloudtrail",
		"cloud/aws_cloudtrail/test-delete-trail-json.log":      "cloudtrail",
		"cloud/aws_vpcflow/test-tcp-flag-sequence.log":         "vpcflow",
		"edr/crowdstrike_falcon/test-falcon-auth-activity.log": "crowdstrike",
	} {
		normalisetest.SampleColumns(t, "data/logs/samples/"+path, name, *update)
	}
}

// TestCloudFormatsAgreeWithTheHub compares with CrowdSec's parser tests.
func TestCloudFormatsAgreeWithTheHub(t *testing.T) {
	lines, parsed, facts, agree := normalisetest.Hub(t, func(line string) event.Event {
		return normalisetest.Derive(t, "file;tz=UTC;tzfrom=configured", line)[0]
	},
		"proftpd-*", "pureftpd-logs", "sftpgo-*", "smb-bf", "k8s-audit-*")
	t.Logf("all: %d/%d lines parsed, %d/%d facts agree", parsed, lines, agree, facts)
	if parsed*100 < lines*95 || agree*100 < facts*90 {
		t.Errorf("%d/%d lines parsed, %d/%d facts agree", parsed, lines, agree, facts)
	}
}

// TestNoTypedPasswordReachesAColumn: what a client types as a password is in the record alone.
func TestNoTypedPasswordReachesAColumn(t *testing.T) {
	const typed = "Natsu-2018"
	for _, line := range []string{
		`Sat Mar  3 11:08:40 2018 [pid 3] [a.mori] FTP command: Client "192.0.2.7", "PASS ` + typed + `"`,
		`Sat Mar  3 11:08:40 2018 [pid 3] [ftp] OK LOGIN: Client "192.0.2.7", anon password "` + typed + `"`,
		`Mar  3 11:08:40 ftp1 vsftpd[3]: [a.mori] FTP command: Client "192.0.2.7", "pass ` + typed + `"`,
	} {
		ev := normalisetest.Derive(t, "file", line)[0]
		if text := normalisetest.Describe(&ev); strings.Contains(text, typed) || ev.Format != "vsftpd" {
			t.Errorf("%s\n%s", line, text)
		}
	}
}

// TestAFileOfCloudTrailGivesARecordForEachCall cuts what AWS delivers into the bucket.
func TestAFileOfCloudTrailGivesARecordForEachCall(t *testing.T) {
	one := `{"eventVersion":"1.08","userIdentity":{"type":"Root"},"eventTime":"2026-03-01T03:13:03Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.7","responseElements":{"ConsoleLogin":"Success"}}`
	data := []byte(`{"Records":[` + one + `,` + one + `]}`)
	shape := normalise.Recognise("1_CloudTrail_us-east-1.json", data)
	if shape.Format != "cloudtrail" || shape.Framing != event.FrameJSONArray {
		t.Fatalf("%+v", shape)
	}
	evs := normalisetest.Shaped(shape, data, "file")
	if len(evs) != 2 || evs[0].Record == evs[1].Record || evs[0].ActorUser != "root" || evs[0].StatusID != event.StatusSuccess {
		t.Errorf("%+v", evs)
	}
	if evs := normalisetest.Derive(t, "http", string(data)); len(evs) != 2 || evs[1].Format != "cloudtrail" {
		t.Errorf("a page in one record: %+v", evs)
	}
}

// TestVPCFlowSaysWhatItDidNotSee: no traffic and no record are different facts.
func TestVPCFlowSaysWhatItDidNotSee(t *testing.T) {
	for line, want := range map[string]string{
		"2 123456789010 eni-0a1b - - - - - - - 1772334783 1772334843 - NODATA":                             "nothing_happened",
		"2 123456789010 eni-0a1b - - - - - - - 1772334783 1772334843 - SKIPDATA":                           "not_recorded",
		"2 123456789010 eni-0a1b 192.0.2.7 198.51.100.9 5000 22 6 20 4249 1772334783 1772334843 REJECT OK": "",
	} {
		ev := normalisetest.Derive(t, "file", line)[0]
		if got, _ := ev.Get(cloud.CoverageField); got != want || ev.Format != "vpcflow" {
			t.Errorf("%s: %q\n%s", line, got, normalisetest.Describe(&ev))
		}
	}
}

// FuzzCloud gives any bytes to every format of the room.
func FuzzCloud(f *testing.F) {
	for _, of := range cloud.Formats() {
		normalisetest.Seed(f, of.Name())
	}
	n := normalise.New()
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, of := range cloud.Formats() {
			normalisetest.Check(t, n.Events(nil, normalisetest.Record(raw, "file;format="+of.Name())))
		}
	})
}

func BenchmarkCloud(b *testing.B) {
	for _, of := range cloud.Formats() {
		line, _, _ := strings.Cut(normalisetest.Sample(b, of.Name()+"/log.in"), "\n")
		if of.Name() == "setupapi" {
			line = normalisetest.Sample(b, "setupapi/log.in")
		}
		b.Run(of.Name(), func(b *testing.B) { normalisetest.Benchmark(b, of.Name(), line) })
	}
}
