package learn

import (
	"testing"
	"time"
)

func TestSpansAreWrittenAsTheyAreRead(t *testing.T) {
	for _, s := range []string{"0s", "90s", "1m30s", "2h", "1h5m", "14d", "36h", "24h"} {
		d, err := parseSpan(s)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseSpan(WriteSpan(d))
		if err != nil || back != d {
			t.Errorf("%s is written %s", s, WriteSpan(d))
		}
	}
	for _, s := range []string{"", "d", "-1d", "-1h", "1.5d", "99999999999d", "soon"} {
		if d, err := parseSpan(s); err == nil {
			t.Errorf("%q is read as %s", s, d)
		}
	}
	if got := WriteSpan(36 * time.Hour); got != "36h" {
		t.Errorf("36h is written %s", got)
	}
}
