package logsource

import (
	"strings"
	"testing"
)

func TestTextsKeepNoRecordsAndNoLongText(t *testing.T) {
	known := NewTexts()
	long := strings.Repeat("x", maxJoined+1)
	for _, p := range []parts{{"a", `\`, "b"}, {long, "y"}, {}} {
		if got := known.join(p); got != p.join() {
			t.Errorf("%q", got)
		}
	}
	if n := testing.AllocsPerRun(10, func() { known.join(parts{"a", `\`, "b"}) }); n != 0 || len(known.joined) != 1 {
		t.Errorf("%.0f allocations, %d texts kept", n, len(known.joined))
	}
}
