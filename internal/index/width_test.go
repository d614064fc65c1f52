package index

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTheWidthOfABucketIsPositiveAndWideEnough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		span := time.Duration(rapid.Int64Range(1, 1<<63-1).Draw(t, "span"))
		n := rapid.IntRange(2, 1000).Draw(t, "buckets")
		w := NiceWidth(span, n)
		if w <= 0 || span/w >= time.Duration(n) {
			t.Fatalf("%s in at most %d buckets: %s each", span, n, w)
		}
	})
}
