package normalise

import (
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/event"
)

func TestManyTransportsDoNotGrowTheMemory(t *testing.T) {
	n := New()
	for i := range 3 * maxSettings {
		transport := event.Transport{Kind: "syslog/udp"}.With("peer", strings.Repeat("x", i)).String()
		n.Events(nil, &event.Record{Transport: transport, Raw: []byte("x")})
	}
	if len(n.settings) > maxSettings {
		t.Errorf("%d settings kept", len(n.settings))
	}
}

func TestFieldsBeyondTheBoundAreCounted(t *testing.T) {
	rec := &event.Record{Transport: "file", Raw: []byte("type=USER_LOGIN msg=audit(1.1:1): " + strings.Repeat("x=1 ", maxFields+9))}
	ev := New().Events(nil, rec)[0]
	// one field is the type of the line
	if left, _ := ev.Get(FieldsLeftOut); left != "10" || len(ev.Fields) != maxFields+1 {
		t.Errorf("%d fields, %s left out", len(ev.Fields), left)
	}
}

func TestFormatNamesAreUnique(t *testing.T) {
	seen := map[string]bool{event.Unparsed: true, "": true}
	for _, f := range formats() {
		if seen[f.Name()] {
			t.Errorf("two formats named %q", f.Name())
		}
		seen[f.Name()] = true
	}
}
