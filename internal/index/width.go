package index

import "time"

// NiceWidth is the smallest round width that needs at most n buckets, as a
// histogram has them.
func NiceWidth(span time.Duration, n int) time.Duration {
	round := []time.Duration{
		time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second,
		time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour,
	}
	for _, w := range round {
		if span/w < time.Duration(n) {
			return w
		}
	}
	w := round[len(round)-1]
	for span/w >= time.Duration(n) {
		w *= 2
	}
	return w
}
