package web_test

import (
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

// TestOGNLInAContentTypeIsAField proves that an attack on S2-045, which no
// access log shows, stands in a field of the audit log's event, in each form.
func TestOGNLInAContentTypeIsAField(t *testing.T) {
	for _, sample := range []string{"modsecurity/serial.in", "modsecurity/json.in"} {
		record := normalisetest.Sample(t, sample)
		if strings.HasPrefix(record, "{") {
			record, _, _ = strings.Cut(record, "\n")
		} else {
			record = record[:strings.Index(record, "-Z--")+4]
		}
		evs := normalisetest.Derive(t, "file", record)
		if ct, _ := evs[0].Get("cs-content-type"); evs[0].ClassUID != event.ClassHTTP || !strings.HasPrefix(ct, "%{(#_='multipart/form-data')") {
			t.Errorf("%s: content type %q of\n%s", sample, ct, normalisetest.Describe(&evs[0]))
		}
		if len(evs) < 2 || evs[1].EventCode != "10001" || evs[1].StatusID != event.StatusFailure || evs[1].SrcIP != "203.0.113.7" {
			t.Errorf("%s: %d events, no alert of the rule", sample, len(evs))
		}
	}
}

// TestCredentialsGoIntoNoField gives each format that knows headers some that
// let their reader in, and bodies.
func TestCredentialsGoIntoNoField(t *testing.T) {
	for _, sample := range []string{"modsecurity/serial.in", "modsecurity/json.in", "caddy/access.in", "traefik/json.in", "cloudfront/access.in", "iis/event.in", "awswaf/log.in", "cloudflare/log.in"} {
		text := normalisetest.Sample(t, sample)
		if !strings.Contains(text, "never") && !strings.Contains(text, "bmV2ZXI6") {
			t.Fatalf("%s holds no credential", sample)
		}
		for _, record := range append(strings.Split(text, "\n"), text) {
			for _, ev := range normalisetest.Derive(t, "file", record) {
				if s := normalisetest.Describe(&ev); ev.Format != event.Unparsed && (strings.Contains(s, "never") || strings.Contains(s, "bmV2ZXI6")) {
					t.Errorf("%s:\n%s", sample, s)
				}
			}
		}
	}
}

// TestAnExceptionIsNamedWithItsMessage reads what Struts logs of S2-045.
func TestAnExceptionIsNamedWithItsMessage(t *testing.T) {
	const record = "2017-03-08 18:20:14,123 WARN  [http-8080-3] dispatcher.Dispatcher (Dispatcher.java:12) - Unable to parse request\n" +
		"org.apache.commons.fileupload.FileUploadBase$InvalidContentTypeException: the request doesn't contain a multipart/form-data or " +
		"multipart/mixed stream, content type header is %{(#_='multipart/form-data').(#cmd='id')}\n\tat example.Upload.parse(Upload.java:9)\n" +
		"Caused by: ognl.OgnlException: source is null\n\t... 3 more"
	ev := normalisetest.Derive(t, "file", record)[0]
	message, _ := ev.Get("exception.message")
	cause, _ := ev.Get("cause.class")
	if ev.Format != "java" || ev.ClassUID != event.ClassApplicationError || !strings.HasSuffix(ev.EventCode, "$InvalidContentTypeException") ||
		!strings.Contains(message, "content type header is %{(#_=") || cause != "ognl.OgnlException" {
		t.Error(normalisetest.Describe(&ev))
	}
}

// TestTimesOfJavaAreReadInBothLanguages reads java.util.logging as runtimes in
// English and Japanese write it.
func TestTimesOfJavaAreReadInBothLanguages(t *testing.T) {
	for stamp, want := range map[string]string{
		"Mar 08, 2017 6:20:11 PM": "18:20:11", "Mar 08, 2017 12:20:11 AM": "00:20:11", "Mar 8, 2017 12:20:11 PM": "12:20:11",
		"3 08, 2017 6:20:11 午後": "18:20:11", "3月 08, 2017 12:20:11 午前": "00:20:11",
	} {
		ev := normalisetest.Derive(t, "file", stamp+" org.example.Shop pay\n致命的: failed")[0]
		if ev.Format != "java" || ev.Time.Format("15:04:05") != want || ev.Quality.Zone != event.ZoneAssumed || ev.SeverityID != event.SeverityHigh {
			t.Errorf("%q:\n%s", stamp, normalisetest.Describe(&ev))
		}
	}
}
