package replay_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/investigate/lint"
	"github.com/konseki/konseki/internal/investigate/script"
	"github.com/konseki/konseki/internal/replay/miner"
	"github.com/konseki/konseki/internal/replay/ransomware"
	"github.com/konseki/konseki/internal/replay/raw"
	"github.com/konseki/konseki/internal/replay/replaytest"
	"github.com/konseki/konseki/internal/replay/stolen"
)

// linted gives the errors that a case has, as "code part part".
func linted(t *testing.T, i *replaytest.Incident, caseID string) (out []string) {
	t.Helper()
	found, err := i.Lint(t.Context(), "sato", caseID)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range found {
		var where []string
		for _, r := range p.Where {
			where = append(where, r.ID)
		}
		line := p.Code + " " + strings.Join(where, " ")
		t.Logf("%s %s: %s %v", p.Severity, line, p.Text.EN, p.Records)
		if p.Severity == lint.Error {
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}

// TestWhatAReportSaysIsHeldAgainstTheRecords enters the statements of a published
// report on the incident it tells of: its contradictions are found, and no others.
func TestWhatAReportSaysIsHeldAgainstTheRecords(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: imports an incident")
	}
	i := replaytest.Import(t, stolen.Scenario(), raw.Options{Records: 20_000})
	// B's session went on for a quarter of an hour after the account was stopped:
	// that is what happened, and no mistake of the case.
	if diff := cmp.Diff([]string{"containment-without-effect c-b"}, linted(t, i, i.Applied(t).ID)); diff != "" {
		t.Errorf("the finished case: %s", diff)
	}
	f, err := os.Open("testdata/contradictions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	s, err := script.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := i.ApplyCase(t.Context(), "sato", s); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"absence-against-presence x2-none first-chat",
		"absence-against-presence x4-none survivors",
		"containment-without-effect x5-stop",
		"denied-but-recorded x2-none",
		"effect-before-cause alarm script",
		"theft-without-item x9-chat",
		"time-against-record x3-entry",
		"two-times x1-letter alarm",
		"two-times x3-entry first-vpn",
	}
	if diff := cmp.Diff(want, linted(t, i, s.ID)); diff != "" {
		t.Error(diff)
	}
}

// TestFinishedCasesOfIncidentsHaveNoErrors, held against their own records.
func TestFinishedCasesOfIncidentsHaveNoErrors(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: imports incidents")
	}
	for _, s := range []raw.Scenario{miner.Scenario(), ransomware.Scenario()} {
		i := replaytest.Import(t, s, raw.Options{Records: 20_000})
		if got := linted(t, i, i.Applied(t).ID); len(got) > 0 {
			t.Errorf("%s: %q", s.Info.Name, got)
		}
	}
}
