package secret

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
)

const plainLine = `192.0.2.10 - tanaka [22/Nov/2026:12:00:00 +0900] "GET /items/list?page=7&sort=name HTTP/1.1" 200 5120 "https://www.example.jp/items" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Safari"`

// BenchmarkCards is the cost of looking for cards in a line that has none.
func BenchmarkCards(b *testing.B) {
	s := scanner(b)
	for name, line := range map[string]string{
		"plain":    plainLine,
		"digits":   `date=2026-11-22 time=12:00:00 eventtime=1795316400000000000 sessionid=4111222233334444 srcip=192.0.2.10 srcport=50112 dstport=443 sentbyte=4321 rcvdbyte=1234567890123 duration=60 poluuid=ab41-0001`,
		"japanese": strings.Repeat("本日の定例会議の議事録を共有します。", 4),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				var found hits
				if s.cards(line, "raw", &found); len(found.list) > 0 {
					b.Fatal(found.list)
				}
			}
		})
	}
}

// BenchmarkCredentials is the cost of one text of a class that is searched.
func BenchmarkCredentials(b *testing.B) {
	s := scanner(b)
	for name, text := range map[string]string{
		"message": "明日の定例会議は14時からです。資料は共有フォルダに置きました。よろしくお願いします。",
		"keyword": "API のキーは管理画面から発行してください。token の期限は 90 日です。",
		"query":   "page=7&sort=name&q=%E4%BC%9A%E8%AD%B0&utm_source=mail&utm_campaign=autumn",
		"sql":     "SELECT o.id, o.total, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.created_at > '2026-11-01' ORDER BY o.id LIMIT 100",
		"hit":     "サーバーの root のパスワード：kaki9kue",
	} {
		b.Run(name, func(b *testing.B) {
			ev := &event.Event{ClassUID: event.ClassWebResources, Statement: text}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				s.Scan(ev, nil)
			}
		})
	}
}

// BenchmarkNew is the time to be ready.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestScanningIsLinear feeds what is worst for each part and asks for an end.
func TestScanningIsLinear(t *testing.T) {
	s := scanner(t)
	for name, text := range map[string]string{
		"fours":    strings.Repeat("4111 1111 1111 1112 ", 50_000),
		"digits":   strings.Repeat("4", 1_000_000),
		"commas":   strings.Repeat("4111111111111112,", 60_000),
		"labels":   strings.Repeat("password=", 100_000),
		"colons":   strings.Repeat("パスワード：", 50_000),
		"schemes":  strings.Repeat("a://b:c", 100_000),
		"keywords": strings.Repeat("aws token key secret slack github stripe api ghp_ xoxb- sk_live_ glpat- ", 15_000),
	} {
		start := time.Now()
		s.Scan(&event.Event{ClassUID: event.ClassFileHosting, Statement: text}, []byte(text))
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: %v", name, took)
		} else {
			t.Logf("%s: %v for %d bytes", name, took, len(text))
		}
	}
}

func TestNothingIsWrittenToTheStandardStreams(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, errs := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = w, w
	s, err := New()
	if err == nil {
		s.Scan(&event.Event{ClassUID: event.ClassWebResources, Statement: "GITHUB_TOKEN=ghp_" + "Zx9kQ2mLr8TtVw4BnYc7JdHs6FgPa1Ue3RiO # gitleaks:allow"}, nil)
	}
	os.Stdout, os.Stderr = out, errs
	w.Close()
	said, _ := io.ReadAll(r)
	if err != nil || len(said) > 0 {
		t.Errorf("said %q, error %v", said, err)
	}
}
