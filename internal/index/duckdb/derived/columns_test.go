package derived

import (
	"testing"
	"time"
)

func TestInstantsOutsideTheBoundsAreClamped(t *testing.T) {
	low, high := Bounds()
	for _, tt := range []struct {
		t    time.Time
		want int64
		back time.Time
	}{
		{time.Time{}, low, time.Time{}},
		{time.Date(1700, 1, 1, 0, 0, 0, 1, time.UTC), low + 1, time.Date(1700, 1, 1, 0, 0, 0, 1, time.UTC)},
		{time.Date(1970, 1, 1, 0, 0, 0, 5, time.UTC), 5, time.Date(1970, 1, 1, 0, 0, 0, 5, time.UTC)},
		{time.Date(2249, 12, 31, 23, 59, 59, 999, time.UTC), high - 1e9 + 999, time.Date(2249, 12, 31, 23, 59, 59, 999, time.UTC)},
		{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), high, time.Date(2250, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if got := Nanos(tt.t); got != tt.want || !Instant(got).Equal(tt.back) {
			t.Errorf("%v: got %d and back %v, want %d and %v", tt.t, got, Instant(got), tt.want, tt.back)
		}
	}
}
