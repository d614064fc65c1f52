package measure_test

import (
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/measure"
)

func now() time.Time { return time.Date(2018, 4, 2, 12, 0, 0, 0, time.UTC) }

func TestNothingFoundIsOnlyMetWhereTheLogsAreComplete(t *testing.T) {
	covered := &coverage.Answer{Verdict: coverage.NotFoundCovered}
	unknown := &coverage.Answer{Verdict: coverage.VerdictUnknown, Because: []event.Phrase{{EN: "vpn: expired"}}}
	found := &coverage.Answer{Verdict: coverage.Found}
	for _, c := range []struct {
		name  string
		check investigate.Check
		a     *coverage.Answer
		n     int64
		want  investigate.State
	}{
		{"nothing, complete", investigate.Check{}, covered, 0, investigate.Met},
		{"nothing, not complete", investigate.Check{}, unknown, 0, investigate.Unknown},
		{"something that should not be", investigate.Check{Expect: "none"}, found, 3, investigate.NotMet},
		{"what is expected", investigate.Check{Expect: "found"}, found, 1, investigate.Met},
		{"less than is expected", investigate.Check{Expect: "found", AtLeast: 2}, found, 1, investigate.NotMet},
		{"nothing of what is expected, complete", investigate.Check{Expect: "found"}, covered, 0, investigate.NotMet},
		{"nothing of what is expected, not complete", investigate.Check{Expect: "found"}, unknown, 0, investigate.Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := measure.JudgeQuery(c.check, now(), c.a, c.n, nil)
			if r.State != c.want || r.Because.Empty() {
				t.Errorf("%s because %v, want %s", r.State, r.Because, c.want)
			}
		})
	}
}

func TestFindingsAreOnlyAbsentWhereTheSourcesAreComplete(t *testing.T) {
	at := func(s coverage.State) []coverage.SourceCoverage {
		return []coverage.SourceCoverage{{Source: "vpn", Intervals: []coverage.Interval{{From: now(), To: now().Add(time.Hour), State: s}}}}
	}
	for _, c := range []struct {
		name  string
		fired []uint64
		list  []coverage.SourceCoverage
		want  investigate.State
	}{
		{"none, complete", nil, at(coverage.Complete), investigate.Met},
		{"none, with a gap", nil, at(coverage.Gap), investigate.Unknown},
		{"none, never sent", nil, []coverage.SourceCoverage{{Source: "vpn"}}, investigate.Unknown},
		{"fired, with a gap", []uint64{4}, at(coverage.Gap), investigate.NotMet},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r := measure.JudgeFindings(now(), c.fired, c.list); r.State != c.want {
				t.Errorf("%s because %v, want %s", r.State, r.Because, c.want)
			}
		})
	}
}

func TestCoverageIsMetOnlyWithoutAGap(t *testing.T) {
	at := func(s coverage.State) []coverage.SourceCoverage {
		return []coverage.SourceCoverage{{Source: "vpn", Intervals: []coverage.Interval{{State: coverage.Complete}, {State: s}}}}
	}
	for s, want := range map[coverage.State]investigate.State{
		coverage.Complete: investigate.Met, coverage.Gap: investigate.NotMet, coverage.Silent: investigate.NotMet, coverage.Unknown: investigate.Unknown, coverage.BestEffort: investigate.Unknown,
	} {
		if r := measure.JudgeCoverage(now(), at(s)); r.State != want {
			t.Errorf("%s gives %s, want %s", s, r.State, want)
		}
	}
}

func TestEvidenceThatIsNoMoreShowsNothing(t *testing.T) {
	for _, c := range []struct {
		cites, gone []uint64
		want        investigate.State
	}{{nil, nil, investigate.NotMet}, {[]uint64{1, 2}, nil, investigate.Met}, {[]uint64{1, 2}, []uint64{2}, investigate.Unknown}} {
		if r := measure.JudgeEvidence(now(), c.cites, c.gone); r.State != c.want {
			t.Errorf("%v without %v is %s, want %s", c.cites, c.gone, r.State, c.want)
		}
	}
}

func TestActivityOfATargetIsAskedByItsKind(t *testing.T) {
	for _, c := range []struct{ action, target, want string }{
		{"disable_account", "b", `user:"b" status_id:1`}, {"block_address", "203.0.113.7", `ip:"203.0.113.7" NOT status_id:2`},
		{"block_address", "203.0.113.0/24", "ip:203.0.113.0/24"}, {"isolate_host", `a"b\`, `host:"a\"b\\"`},
	} {
		if got := measure.Activity(c.action, c.target); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.action, c.target, got, c.want)
		}
	}
}

func TestPresetsAreWholeAndTheirControlsBelongToAFrame(t *testing.T) {
	c, err := measure.Presets()
	if err != nil {
		t.Fatal(err)
	}
	frames := map[string]int{}
	for i := range c.Measures {
		m := &c.Measures[i]
		if m.Text.JA == "" || m.Text.EN == "" || m.Area == "" || m.Term == "" || m.Check.By == "" || len(m.Controls) == 0 {
			t.Errorf("preset %s is not whole: %+v", m.ID, m)
		}
		for _, id := range m.Controls {
			f, ok := c.Of(id)
			if !ok {
				t.Errorf("preset %s: control %s belongs to no frame", m.ID, id)
			}
			frames[f.ID]++
		}
	}
	for id, f := range c.Frames {
		if frames[id] < 5 || f.Status == "" || f.Note.Empty() {
			t.Errorf("frame %s is used %d times: %+v", id, frames[id], f)
		}
	}
	if _, err := c.Preset("no-such"); err == nil || !strings.Contains(err.Error(), "central-logs") {
		t.Errorf("error %v", err)
	}
}
