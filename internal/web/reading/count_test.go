package reading

import (
	"testing"
	"time"
)

func TestOneIsNotCountedAsMany(t *testing.T) {
	r := Reader{Words: map[string]string{"n": "%d records", "n.one": "%d record", "m": "%d 件"}}
	for got, want := range map[string]string{r.N(1, "n", 1): "1 record", r.N(0, "n", 0): "0 records", r.N(2, "n", 2): "2 records", r.N(1, "m", 1): "1 件"} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestATimeWithAZoneNeedsNoSeconds(t *testing.T) {
	want := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, text := range []string{"2026-03-01T09:00+09:00", "2026-03-01 09:00+09:00", "2026/03/01 09:00+09:00", "2026-03-01T00:00Z"} {
		if at, ok := ParseTime(text, time.UTC); !ok || !at.Equal(want) {
			t.Errorf("%s is %v, %v", text, at, ok)
		}
	}
}
