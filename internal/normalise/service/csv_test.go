package service_test

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
	"github.com/konseki/konseki/internal/normalise/service"
)

const cybozu = "ログ種別,日時,ユーザーID,ユーザー名,URL,IPアドレス,内容\r\n" +
	"監査,2018/01/09 9:05:07,d.tanaka,田中,https://g.example.jp/,192.0.2.33,ログイン失敗\r\n" +
	"監査,2018/01/09 9:06:00,d.tanaka,田中,\"https://g.example.jp/a,b\",192.0.2.33,\"ファイルの\r\nダウンロード\"\r\n"

func TestCSVReadsJapaneseExports(t *testing.T) {
	sjis, err := japanese.ShiftJIS.NewEncoder().String(cybozu)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{
		"utf-8": cybozu, "bom": "\uFEFF" + cybozu, "shift_jis": sjis,
		"tabs": strings.ReplaceAll(strings.ReplaceAll(cybozu, ",", "\t"), "a\tb", "a,b"),
	} {
		shape := normalise.Recognise("audit.csv", []byte(data))
		if shape.Format != "csv" || shape.Framing != event.FrameCSV || len(shape.Columns) != 7 || (shape.Encoding == "shift_jis") != (name == "shift_jis") {
			t.Fatalf("%s: shape %+v", name, shape)
		}
		evs := normalisetest.Shaped(shape, []byte(data), "file;tz=Asia%2FTokyo;tzfrom=configured")
		if len(evs) != 3 || evs[0].EventCode != "header" || evs[0].ClassUID != event.ClassBase {
			t.Fatalf("%s: %d events, first %+v", name, len(evs), evs[0])
		}
		fail, download := evs[1], evs[2]
		if fail.ClassUID != event.ClassAuthentication || fail.StatusID != event.StatusFailure || fail.ActorUser != "田中" || fail.SrcIP != "192.0.2.33" ||
			fail.Time.Format("2006-01-02T15:04:05") != "2018-01-09T00:05:07" || fail.Quality.Zone != event.ZoneConfigured {
			t.Errorf("%s:\n%s", name, normalisetest.Describe(&fail))
		}
		if text, _ := download.Get("内容"); download.ClassUID != event.ClassFileHosting || !strings.Contains(text, "\n") {
			t.Errorf("%s:\n%s", name, normalisetest.Describe(&download))
		}
	}
}

func TestCSVDoesNotTakeLogsForTables(t *testing.T) {
	for _, text := range []string{
		"Mar  1 12:12:50 a sshd[1]: one, two\nMar  1 12:12:50 a sshd[1]: one, two\n",
		"20261122 03:05:02,db01,app,localhost,4,0,CONNECT,,,0\n20261122 03:05:02,db01,app,localhost,4,0,DISCONNECT,,,0\n",
		"hello\nworld\n", "a,b\n1,2,3\n4,5,6,7\n", "user,user\n1,2\n", "",
	} {
		if shape := normalise.Recognise("x.csv", []byte(text)); shape.Format == "csv" {
			t.Errorf("%q: %+v", text, shape)
		}
	}
}

func TestCSVKeepsCellsBeyondTheHeader(t *testing.T) {
	ev := normalisetest.Derive(t, "file;format=csv;columns=time%2Cuser", "2018-03-01 12:12:50,sato,more,evenmore")[0]
	extra, _ := ev.Get("extra")
	if ev.Format != "csv" || ev.ActorUser != "sato" || extra != "more" {
		t.Error(normalisetest.Describe(&ev))
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(cybozu))
	f.Add([]byte("time;user\n2018-03-01;\"a\"\"b\"\n"))
	normalisetest.Fuzz(f, service.NewCSV())
}

func BenchmarkCSV(b *testing.B) {
	n := normalise.New()
	var dst []event.Event
	rec := &event.Record{
		Transport: "file;format=csv;columns=time%2Cuser%2Cip%2Caction%2Cresult%2Cpath",
		Raw:       []byte("2018-03-01 12:12:50,sato,192.0.2.3,download,success,/share/list.csv"),
	}
	b.ReportAllocs()
	for b.Loop() {
		if dst = n.Events(dst[:0], rec); dst[0].ClassUID != event.ClassFileHosting {
			b.Fatal(normalisetest.Describe(&dst[0]))
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
