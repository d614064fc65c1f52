package normalise_test

import (
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

// TestABarAloneIsNoContainer keeps lines that merely hold a bar from being
// taken for those of docker compose.
func TestABarAloneIsNoContainer(t *testing.T) {
	if ev := normalisetest.Derive(t, "file", "INFO  | what no format reads")[0]; ev.Format != event.Unparsed {
		t.Error(normalisetest.Describe(&ev))
	}
}

// TestTheTimeOfAContainerStandsInForOneWithoutZone compares a line whose own
// time states no zone, where nobody has configured one, with one that does.
func TestTheTimeOfAContainerStandsInForOneWithoutZone(t *testing.T) {
	const line = `2018-03-01T12:12:51.5+09:00 stderr F 2018/03/01 12:12:51 [error] 7#7: *1 x, client: 203.0.113.7, server: a`
	ev := normalisetest.Derive(t, "file", line)[0]
	if ev.Format != "nginx" || ev.Quality.Zone != event.ZoneStated || ev.Time.Format("15:04:05.0") != "03:12:51.5" {
		t.Error(normalisetest.Describe(&ev))
	}
	ev = normalisetest.Derive(t, "file;tz=Asia%2FTokyo;tzfrom=configured", line)[0]
	if ev.Quality.Zone != event.ZoneConfigured || ev.Time.Format("15:04:05.0") != "03:12:51.0" {
		t.Error(normalisetest.Describe(&ev))
	}
}
