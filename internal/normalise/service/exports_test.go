package service_test

import (
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
	"github.com/konseki/konseki/internal/normalise/service"
)

// mappedRow derives a row of a file whose headings nothing is known of.
func mappedRow(t *testing.T, row string, hints ...string) event.Event {
	t.Helper()
	via := event.Transport{Kind: "file"}.With("format", "csv").With("columns", event.JoinColumns([]string{"いつ", "だれ", "どこから", "なに,を", "IPアドレス"}))
	for i := 0; i+1 < len(hints); i += 2 {
		via = via.With(hints[i], hints[i+1])
	}
	return normalisetest.Derive(t, via.String(), row)[0]
}

func TestAMapTellsWhatTheColumnsOfACSVAre(t *testing.T) {
	const row = `2026-03-01 12:13:03,a.mori,192.0.2.7,ログイン失敗,203.0.113.9`
	ev := mappedRow(t, row, "map", "time=いつ,user=だれ,src_ip=どこから,action=%E3%81%AA%E3%81%AB%2C%E3%82%92,size=だれ", "tz", "Asia/Tokyo", "tzfrom", "configured")
	if ev.ActorUser != "a.mori" || ev.SrcIP != "192.0.2.7" || ev.ClassUID != event.ClassAuthentication || ev.StatusID != event.StatusFailure ||
		ev.Time.Format("15:04:05") != "03:13:03" || ev.Quality.Zone != event.ZoneConfigured {
		t.Error(normalisetest.Describe(&ev))
	}
	if ev = mappedRow(t, row); ev.ActorUser != "" || ev.SrcIP != "203.0.113.9" || ev.Quality.Zone != event.ZoneReceived {
		t.Errorf("without a map:\n%s", normalisetest.Describe(&ev))
	}
}

func TestChatworkMessagesAreMessages(t *testing.T) {
	via := event.Transport{Kind: "file"}.With("format", "csv").With("columns", event.JoinColumns([]string{"メッセージID", "送信日時", "送信者", "チャット名", "本文"}))
	ev := normalisetest.Derive(t, via.String(), `1,2026/03/01 12:13:03,森 葵,運用,"パスワードは
Example123 です"`)[0]
	if ev.ClassUID != event.ClassWebResources || ev.ActorUser != "森 葵" || ev.Object != "運用" || ev.Statement != "パスワードは\nExample123 です" {
		t.Error(normalisetest.Describe(&ev))
	}
}

// FuzzServices gives any bytes to every format of the room.
func FuzzServices(f *testing.F) {
	for _, name := range []string{"m365", "box", "zoom", "dropbox", "nextcloud", "dovecot"} {
		normalisetest.Seed(f, name)
	}
	n := normalise.New()
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, of := range service.Formats() {
			normalisetest.Check(t, n.Events(nil, normalisetest.Record(raw, "file;format="+of.Name())))
		}
	})
}

// TestMicrosoft365SamplesAreRead reads the records as they were sent, which
// the samples hold as text.
func TestMicrosoft365SamplesAreRead(t *testing.T) {
	for name, class := range map[string]int32{"test-sharepointfileop-events.json": event.ClassFileHosting, "test-ms-teams-events.json": event.ClassGroup} {
		var page struct {
			Events []struct {
				Event struct {
					Original string `json:"original"`
				} `json:"event"`
			} `json:"events"`
		}
		data, err := os.ReadFile(normalisetest.Shared(t, "data/logs/samples/groupware/o365_audit", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &page); err != nil || len(page.Events) == 0 {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			ev := normalisetest.Derive(t, "http", e.Event.Original)[0]
			session := ev.EventCode == "TeamsSessionStarted" && ev.ClassUID == event.ClassAuthentication
			if ev.Format != "m365" || ev.ClassUID != class && !session || ev.ActorUser == "" || ev.Quality.Zone != event.ZoneStated {
				t.Error(normalisetest.Describe(&ev))
			}
		}
	}
}

func BenchmarkServices(b *testing.B) {
	for name, sample := range map[string]string{"box": "box/events.in", "nextcloud": "nextcloud/audit.in", "m365": "m365/audit.in"} {
		line, _, _ := strings.Cut(normalisetest.Sample(b, sample), "\n")
		b.Run(name, func(b *testing.B) {
			normalisetest.Benchmark(b, name, strings.TrimSuffix(strings.TrimPrefix(line, `{"chunk_size":2,"entries":[`), ","))
		})
	}
}
