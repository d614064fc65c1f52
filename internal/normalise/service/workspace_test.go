package service_test

import (
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
	"github.com/konseki/konseki/internal/normalise/service"
)

const workspaceSample = `{"kind":"admin#reports#activity","id":{"time":"2018-01-09T00:05:07.123Z","uniqueQualifier":"-42","applicationName":"drive","customerId":"C1"},` +
	`"actor":{"email":"d@example.jp","profileId":"1"},"ipAddress":"192.0.2.33","events":[` +
	`{"type":"access","name":"view","parameters":[{"name":"doc_id","value":"X1"},{"name":"doc_title","value":"VPN手順"},{"name":"primary_event","boolValue":true},{"name":"visibility","value":"people_within_domain_with_link"}]},` +
	`{"type":"access","name":"download","parameters":[{"name":"doc_id","value":"X2"},{"name":"size","intValue":"17"},{"name":"labels","multiValue":["a","b"]},{"name":"m","messageValue":{"parameter":[{"name":"n","value":"v"}]}}]}]}`

func TestWorkspaceGivesEachEventOfAnActivity(t *testing.T) {
	page := `{"kind":"admin#reports#activities","etag":"x","items":[` + workspaceSample + `]}`
	for _, raw := range []string{workspaceSample, page} {
		evs := normalisetest.Derive(t, "http", raw)
		if len(evs) != 2 || evs[0].Format != "workspace" {
			t.Fatalf("%d events of %s", len(evs), evs[0].Format)
		}
		view, download := evs[0], evs[1]
		visibility, _ := view.Get("visibility")
		id, _ := view.Get("doc_id")
		if view.ClassUID != event.ClassFileHosting || view.ActivityID != event.ActivityHostingPreview || view.Object != "VPN手順" || id != "X1" ||
			visibility != "people_within_domain_with_link" || view.ActorUser != "d@example.jp" || view.SrcIP != "192.0.2.33" ||
			view.Quality.Precision != event.PrecisionMilli || view.Nth != 0 {
			t.Errorf("view:\n%s", normalisetest.Describe(&view))
		}
		size, _ := download.Get("size")
		customer, _ := download.Get("id.customerId")
		if download.ActivityID != event.ActivityHostingDownload || download.Object != "X2" || size != "17" || customer != "C1" || download.Nth != 1 {
			t.Errorf("download:\n%s", normalisetest.Describe(&download))
		}
	}
}

func TestWorkspaceFilesAreCutIntoActivities(t *testing.T) {
	page := `{"kind":"admin#reports#activities","etag":"x","items":[` + workspaceSample + "," + workspaceSample + `]}`
	for data, framing := range map[string]event.Framing{
		workspaceSample: event.FrameLines,
		workspaceSample + "\n" + workspaceSample + "\n": event.FrameLines,
		page: event.FrameJSONArray,
		"[" + workspaceSample + ",\n" + workspaceSample + "]": event.FrameJSONArray,
	} {
		shape := normalise.Recognise("x.json", []byte(data))
		if shape.Format != "workspace" || shape.Framing != framing && !(data == workspaceSample && shape.Framing == event.FrameJSON) {
			t.Errorf("%.60s: %+v", data, shape)
		}
		for _, ev := range normalisetest.Shaped(shape, []byte(data), "file") {
			if ev.Format != "workspace" {
				t.Errorf("%.60s: an event of %s", data, ev.Format)
			}
		}
	}
}

func TestWorkspaceReadsTheSamples(t *testing.T) {
	for _, path := range []string{"groupware/google_workspace/test-drive.excerpt.log", "identity/google_workspace/test-login.log", "identity/google_workspace/test-token.log", "identity/google_workspace/test-user-accounts.log"} {
		for _, ev := range normalisetest.ImportShare(t, "data/logs/samples/"+path, "workspace", 0.9) {
			if ev.ClassUID == event.ClassBase || ev.EventCode == "" || ev.ActorUser == "" {
				t.Error(normalisetest.Describe(&ev))
			}
		}
	}
}

func TestWorkspaceTellsLoginsApart(t *testing.T) {
	for name, want := range map[string][3]int32{
		"login_success": {event.ClassAuthentication, event.ActivityLogon, event.StatusSuccess},
		"login_failure": {event.ClassAuthentication, event.ActivityLogon, event.StatusFailure},
		"logout":        {event.ClassAuthentication, event.ActivityLogoff, event.StatusSuccess},
	} {
		ev := normalisetest.Derive(t, "http", `{"kind":"admin#reports#activity","id":{"time":"2018-01-09T00:05:07Z","applicationName":"login"},"actor":{"email":"d@example.jp"},"ipAddress":"2001:db8::1","events":{"type":"login","name":"`+name+`"}}`)[0]
		if got := [3]int32{ev.ClassUID, ev.ActivityID, ev.StatusID}; got != want || ev.SrcIP != "2001:db8::1" {
			t.Errorf("%s:\n%s", name, normalisetest.Describe(&ev))
		}
	}
}

func FuzzWorkspace(f *testing.F) {
	f.Add([]byte(workspaceSample))
	f.Add([]byte(`{"kind":"admin#reports#activities","items":[` + workspaceSample + `]}`))
	normalisetest.Fuzz(f, service.NewWorkspace())
}

func BenchmarkWorkspace(b *testing.B) { normalisetest.Benchmark(b, "workspace", workspaceSample) }
