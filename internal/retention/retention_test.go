package retention

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"pgregory.net/rapid"
)

func TestWhatIsSaidOfASourceCountsThenTheMostSpecificPattern(t *testing.T) {
	p := Policy{Preset: "pci", Default: event.Months(18), Sources: map[string]event.Period{
		"*": event.Days(500), "vpn*": event.Days(600), "vpn-tokyo": event.Days(700), "?pn-osaka": event.Days(800), "vp?-osaka": event.Forever(), "w*b/app*": event.Days(900),
	}}
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{
		"chat": "500d", "vpn": "600d", "vpn-tokyo": "700d", "vpn-osaka": "forever", "web/app-1": "900d", "konseki.case": "forever", "konseki.access": "forever",
	} {
		if got, _ := p.Of(id, event.Period{}); got.String() != want {
			t.Errorf("%s is kept %s, want %s", id, got, want)
		}
	}
	if got, _ := p.Of("vpn", event.Months(13)); got != event.Months(13) {
		t.Errorf("registered with 13mo it is kept %s", got)
	}
	if got, _ := p.Of("vpn", event.Days(30)); got != event.Months(12) {
		t.Errorf("registered with 30d before the preset was named it is kept %s", got)
	}
	if got, _ := (Policy{}).Of("vpn", event.Period{}); got != event.Forever() {
		t.Errorf("where nothing is said it is kept %s", got)
	}
	if got, _ := (Policy{Preset: "pci"}).Of("vpn", event.Period{}); got != event.Months(12) {
		t.Errorf("under the preset it is kept %s", got)
	}
}

func TestPoliciesThatCannotBeHadAreRefusedByName(t *testing.T) {
	for want, p := range map[string]Policy{
		"keep.preset":              {Preset: "hipaa"},
		"keep.default: 90d":        {Preset: "pci", Default: event.Days(90)},
		`"vpn": 365d is less`:      {Preset: "pci", Sources: map[string]event.Period{"vpn": event.Days(365)}},
		"how long":                 {Sources: map[string]event.Period{"vpn": {}}},
		"own records are always":   {Sources: map[string]event.Period{"konseki.*": event.Days(1)}},
		"lower case":               {Sources: map[string]event.Period{"VPN": event.Days(1)}},
		"a pattern of sources has": {Sources: map[string]event.Period{"": event.Days(1)}},
	} {
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", p, err, want)
		}
	}
}

func TestPatternsMatchAsARegularExpressionWould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringOfN(rapid.SampledFrom([]rune("ab/*?痕")), 0, 10, -1).Draw(t, "pattern")
		name := rapid.StringOfN(rapid.SampledFrom([]rune("ab/痕")), 0, 12, -1).Draw(t, "name")
		expr := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
		if got, want := Matches(pattern, name), regexp.MustCompile("^(?:"+expr+")$").MatchString(name); got != want {
			t.Fatalf("%q matches %q: %t", pattern, name, got)
		}
	})
}

func TestACopyIsKeptAsLongAsTheSourceInItThatIsKeptLongest(t *testing.T) {
	last := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	p := Policy{Default: event.Days(400), Sources: map[string]event.Period{"vpn*": event.Days(730), "debug": event.Days(30)}}
	for _, c := range []struct {
		sources []string
		want    time.Time
	}{
		{[]string{"debug"}, last.AddDate(0, 0, 30)},
		{[]string{"debug", "web", event.SourceFinding}, last.AddDate(0, 0, 400)},
		{[]string{"vpn-tokyo", "web"}, last.AddDate(0, 0, 730)},
		{nil, last.AddDate(0, 0, 730)},
		{[]string{event.SourceCase}, last.AddDate(10, 0, 0)},
	} {
		if got := p.Until(c.sources, last); !got.Equal(c.want) {
			t.Errorf("%v: until %s, want %s", c.sources, got, c.want)
		}
	}
	if got := (Policy{}).Until([]string{"web"}, last); !got.Equal(last.AddDate(10, 0, 0)) {
		t.Errorf("for ever: until %s", got)
	}
}
