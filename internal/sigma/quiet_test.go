package sigma

import (
	"testing"

	"github.com/konseki/konseki/internal/sigma/sigmatest"
)

func BenchmarkQuietLinuxAndWeb(b *testing.B) {
	m := Compile(loadShared(b, "rules/linux", "rules/web")).NewMatcher()
	events := sigmatest.Quiet()
	var dst []Match
	loop(b, func(i int) {
		s := &events[i%len(events)]
		dst = m.Match(&s.Event, s.Raw, dst[:0])
	})
}

func BenchmarkEventWithoutRules(b *testing.B) {
	m := Compile(loadShared(b, "rules/linux", "rules/web")).NewMatcher()
	s := sigmatest.Quiet()[5]
	var dst []Match
	loop(b, func(int) { dst = m.Match(&s.Event, s.Raw, dst[:0]) })
}
