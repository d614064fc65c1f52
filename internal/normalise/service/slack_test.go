package service_test

import (
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
	"github.com/konseki/konseki/internal/normalise/service"
)

const slackSample = `{"id":"0123","date_create":1515283078,"action":"user_login","actor":{"type":"user","user":{"id":"W1","name":"F","email":"f@example.jp"}},` +
	`"entity":{"type":"user","user":{"id":"W1","email":"f@example.jp"}},"context":{"location":{"type":"workspace"},"ua":"Slack-Desktop/3.0","ip_address":"192.0.2.33"}}`

func TestSlackReadsAuditEntries(t *testing.T) {
	for _, raw := range []string{slackSample, `{"entries":[` + slackSample + `],"response_metadata":{"next_cursor":""}}`} {
		evs := normalisetest.Derive(t, "http", raw)
		ev := evs[0]
		if len(evs) != 1 || ev.Format != "slack" || ev.ClassUID != event.ClassAuthentication || ev.ActivityID != event.ActivityLogon || ev.StatusID != event.StatusSuccess ||
			ev.ActorUser != "f@example.jp" || ev.SrcIP != "192.0.2.33" || ev.ClientApp != "Slack-Desktop/3.0" || ev.Time.Unix() != 1515283078 || ev.TargetUser != "" {
			t.Errorf("%d events:\n%s", len(evs), normalisetest.Describe(&ev))
		}
	}
}

func TestSlackReadsExportedMessages(t *testing.T) {
	ev := normalisetest.Derive(t, "file;path=direct%2Fa.json", `{"client_msg_id":"m1","type":"message","text":"新しいパスワードは Example123 です","user":"U1","ts":"1519948800.000200"}`)[0]
	if ev.Format != "slack" || ev.ClassUID != event.ClassWebResources || ev.ActivityID != event.ActivityWebCreate || ev.ActorUser != "U1" ||
		ev.Statement != "新しいパスワードは Example123 です" || ev.Object != "direct/a.json" || ev.Time.UnixMicro() != 1519948800000200 {
		t.Error(normalisetest.Describe(&ev))
	}
}

func TestSlackReadsTheSamples(t *testing.T) {
	evs := normalisetest.ImportShare(t, "data/logs/samples/groupware/slack_audit/test-audit.log", "slack", 1)
	if len(evs) != 4 || evs[2].ActivityID != event.ActivityHostingDownload || evs[2].Object != "image.png" {
		t.Errorf("%d events", len(evs))
	}
}

func FuzzSlack(f *testing.F) {
	f.Add([]byte(slackSample))
	f.Add([]byte(`{"type":"message","text":"a","user":"U1","ts":"1519948800.000200"}`))
	normalisetest.Fuzz(f, service.NewSlack())
}

func BenchmarkSlack(b *testing.B) { normalisetest.Benchmark(b, "slack", slackSample) }
