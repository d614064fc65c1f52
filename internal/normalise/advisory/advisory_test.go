package advisory

import (
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/advisory/notice"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

func derive(t *testing.T, f format.Format, text string) (notice.Notice, bool) {
	t.Helper()
	rec := &event.Record{Seq: 7, Source: "advisories", Raw: []byte(text)}
	evs, ok := f.Normalise(&format.Input{Rec: rec, Raw: rec.Raw, Zone: time.UTC}, nil)
	if !ok {
		return notice.Notice{}, false
	}
	return notice.Of(&evs[0])
}

// TestBaseScoresAreThoseOfTheSpecification compares with vectors of which NVD
// publishes the score.
func TestBaseScoresAreThoseOfTheSpecification(t *testing.T) {
	for vector, want := range map[string]float64{
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H": 9.8,
		"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H": 10,
		"CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:N": 5.9,
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N": 6.1,
		"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H": 7.8,
		"CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N": 1.6,
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N": 0,
	} {
		if got, ok := baseScore(vector); !ok || got != want {
			t.Errorf("%s: %v %v, want %v", vector, got, ok, want)
		}
	}
	for _, vector := range []string{"", "CVSS:4.0/AV:N", "CVSS:3.1/AV:N/AC:L", "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "AV:N/AC:L/Au:N/C:P/I:P/A:P"} {
		if _, ok := baseScore(vector); ok {
			t.Errorf("%q has a score", vector)
		}
	}
}

// TestWhatIsNoNameIsLeftOutAndCounted: control characters, and what would be
// read as the end of a name.
func TestWhatIsNoNameIsLeftOutAndCounted(t *testing.T) {
	n, ok := derive(t, NewOSV(), `{"id":"EX-1","modified":"2026-03-04T00:00:00Z","aliases":["EX-1","CVE-2026-1","CVE-2026-1","bad\u001b[31m"," "],"affected":[
		{"package":{"ecosystem":"npm","name":"a\nb"},"versions":["1"]},
		{"package":{"ecosystem":"npm","name":"good"},"versions":["1","2 | 3","4, 5",""]}]}`)
	if !ok || len(n.Aliases) != 1 || n.LeftOut != 4 || len(n.Affected) != 1 || len(n.Affected[0].Versions) != 1 {
		t.Errorf("%v %+v", ok, n)
	}
	for _, text := range []string{
		`{"id":"\u0007","modified":"2026-03-04T00:00:00Z","affected":[]}`, `{"id":"EX-1","modified":"yesterday","affected":[]}`,
		`{"id":"EX-1","modified":"2026-03-04T00:00:00Z","affected":{}}`, `{"id":"EX-1","action":"x","modified":"2026-03-04T00:00:00Z"}`,
	} {
		if _, ok := derive(t, NewOSV(), text); ok {
			t.Errorf("read as an advisory: %s", text)
		}
	}
}

// TestAnAdvisoryOfAnySizeIsBounded: ten thousand packages and versions.
func TestAnAdvisoryOfAnySizeIsBounded(t *testing.T) {
	versions := strings.TrimSuffix(strings.Repeat(`"1.2.3",`, 6_000), ",")
	packages := strings.TrimSuffix(strings.Repeat(`{"package":{"ecosystem":"npm","name":"p"},"versions":["1"]},`, 700), ",")
	n, ok := derive(t, NewOSV(), `{"id":"EX-1","modified":"2026-03-04T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"p"},"versions":[`+versions+`]},`+packages+`]}`)
	if !ok || len(n.Affected) != notice.MaxAffected || len(n.Affected[0].Versions) != notice.MaxMarks || n.LeftOut != 1_000+201 {
		t.Errorf("%v: %d packages, %d versions, %d left out", ok, len(n.Affected), len(n.Affected[0].Versions), n.LeftOut)
	}
}

func FuzzOSV(f *testing.F) {
	f.Add(`{"id":"EX-1","modified":"2026-03-04T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"p"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"2"}]}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if n, ok := derive(t, NewOSV(), text); ok && (!notice.Sound(n.ID) || n.Key() == "" || len(n.Affected) > notice.MaxAffected) {
			t.Errorf("%+v", n)
		}
	})
}

func FuzzKEV(f *testing.F) {
	f.Add(`{"cveID":"CVE-2026-1","vulnerabilityName":"x","dateAdded":"2026-03-05"}`)
	f.Fuzz(func(t *testing.T, text string) {
		if n, ok := derive(t, NewKEV(), text); ok && (!n.Exploited || !notice.Sound(n.ID)) {
			t.Errorf("%+v", n)
		}
	})
}
