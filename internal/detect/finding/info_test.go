package finding_test

import (
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
)

func TestJapaneseSentencesHaveJapansTimeAndWords(t *testing.T) {
	at := time.Date(2018, 3, 3, 15, 0, 31, 0, time.UTC)
	if got := finding.ClockJA(at); got != "2018-03-04 00:00:31 JST" {
		t.Error(got)
	}
	for d, want := range map[time.Duration]string{
		0: "0 秒", 400 * time.Millisecond: "0 秒", 2*time.Minute + 8*time.Second: "2 分 8 秒", time.Hour: "1 時間", 49*time.Hour + time.Second: "2 日 1 時間 1 秒", -time.Minute: "-1 分",
	} {
		if got := finding.SpanJA(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}
