package control

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/query"
)

func TestWhatIsAskedForIsOneValueWhateverItHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.StringN(1, 12, 40).Draw(t, "value")
		text, classes, err := question(Ask{Kind: rapid.SampledFrom([]string{"login", "access", "transfer", "tool", "change"}).Draw(t, "kind"), Account: v, Address: "192.0.2.1", Host: v})
		if strings.TrimSpace(v) == "" {
			if err == nil {
				t.Fatalf("%q is taken for everybody", v)
			}
			return
		}
		if err != nil || len(classes) == 0 {
			t.Fatal(err)
		}
		plan, err := query.Parse(text, query.Options{Zone: time.UTC})
		if err != nil {
			t.Skip(err) // refused, which is no answer
		}
		other := event.Event{ClassUID: event.ClassAuthentication, ActorUser: "somebody else", SrcIP: "192.0.2.1", Host: "elsewhere"}
		if plan.Matches(&other, nil) {
			t.Fatalf("%q asks for more than was asked", text)
		}
	})
}

func TestNamesOfSourcesAreChecked(t *testing.T) {
	for id, ok := range map[string]bool{"vpn": true, "web/app-1": true, "": false, "VPN": false, "a b": false, `a"b`: false, "konseki.case": false, "a*": false, "痕跡": true} {
		if err := validSource(Source{ID: id}); (err == nil) != ok {
			t.Errorf("%q: %v", id, err)
		}
	}
}
