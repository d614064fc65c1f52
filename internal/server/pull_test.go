package server

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// oktaServer is an organisation with two events, over TLS.
func oktaServer(t *testing.T) (url, caFile, tokenFile string) {
	t.Helper()
	at := time.Now().UTC().Add(-time.Hour).Format("2006-01-02T15:04:05.000Z")
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "SSWS hush" {
			http.Error(w, `{"errorCode":"E0000011"}`, http.StatusUnauthorized)
			return
		}
		from, _ := time.Parse(time.RFC3339, r.URL.Query().Get("since"))
		if time.Since(from) > 2*time.Hour {
			_, _ = fmt.Fprintf(w, `[ {"uuid":"a", "published":%q,"eventType":"user.session.start"},{"uuid":"b","published":%q} ]`, at, at)
			return
		}
		_, _ = fmt.Fprint(w, "[]")
	}))
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	put(t, dir, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})))
	put(t, dir, "token", "hush\n")
	return srv.URL, filepath.Join(dir, "ca.pem"), filepath.Join(dir, "token")
}

func TestPulledRecordsAndTheirProofAreSealedOnce(t *testing.T) {
	t.Parallel()
	url, ca, token := oktaServer(t)
	period, err := event.ParsePeriod("1d")
	if err != nil {
		t.Fatal(err)
	}
	s := started(t, func(o *Options) {
		o.Config.Pull = []config.Pull{{Service: "okta", Source: "idp", URL: url, CAFile: ca, TokenFile: token, Since: period}}
	})
	for range 2 { // as after a restart
		p, err := s.OpenPulls()
		if err != nil {
			t.Fatal(err)
		}
		results, err := p.Once(t.Context(), []string{"okta"}, nil)
		if err != nil || len(results) != 1 || results[0].Err != nil {
			t.Fatalf("%+v, %v", results, err)
		}
	}
	if got := own(t, s, "idp"); len(got) != 2 || event.ParseTransport(got[0].Transport).Get("api") != "okta/system" || string(got[0].Raw[:12]) != `{"uuid":"a",` {
		t.Errorf("records are %+v", got)
	}
	proofs := own(t, s, event.SourceCoverage)
	var op struct {
		Attestation event.Attestation `json:"attestation"`
	}
	if len(proofs) != 1 || json.Unmarshal(proofs[0].Raw, &op) != nil {
		t.Fatalf("%d proofs are sealed", len(proofs))
	}
	if a := op.Attestation; a.Source != "idp" || a.Proof != event.ProofCursor || a.Missing != 0 || a.To.Sub(a.From) < 23*time.Hour {
		t.Errorf("proof is %+v", a)
	}
	rows, err := s.Coverage(t.Context(), "sato", op.Attestation.From, op.Attestation.To)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(rows, func(c control.SourceCoverage) bool { return c.Source == "idp" })
	if i < 0 || len(rows[i].Intervals) != 1 || rows[i].Intervals[0].State != "complete" {
		t.Errorf("coverage is %+v", rows)
	}
	if n := search(t, s, "source:idp").Total; n != 2 {
		t.Errorf("%d events can be searched", n)
	}
}

func TestServingPullsAndTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	url, ca, token := oktaServer(t)
	s := started(t, func(o *Options) {
		o.Config.Web = "127.0.0.1:0"
		o.Config.Pull = []config.Pull{{Service: "okta", URL: url, CAFile: ca, TokenFile: token}}
	})
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, ServeOptions{}) }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); ; <-tick.C {
		if st := s.Pulls(); len(st) == 1 && !st[0].LastSuccess.IsZero() {
			if st[0].Source != "okta" || st[0].Records != 2 || st[0].Error != "" {
				t.Errorf("status is %+v", st[0])
			}
			break
		}
		if time.Now().After(end) {
			t.Fatalf("in vain waited for a pull: %+v", s.Pulls())
		}
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestARefusedPullIsOneFindingAndUnknownUntilItAnswers asks with a revoked
// token, then with a good one.
func TestARefusedPullIsOneFindingAndUnknownUntilItAnswers(t *testing.T) {
	t.Parallel()
	url, ca, token := oktaServer(t)
	put(t, filepath.Dir(token), "token", "revoked\n")
	period, err := event.ParsePeriod("1d")
	if err != nil {
		t.Fatal(err)
	}
	s := started(t, func(o *Options) {
		o.Config.Pull = []config.Pull{{Service: "okta", Source: "idp", URL: url, CAFile: ca, TokenFile: token, Since: period}}
	})
	p, err := s.OpenPulls()
	if err != nil {
		t.Fatal(err)
	}
	s.pulls.Store(p)
	if s.flow.live, err = s.warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	tick := pulse{}
	now := time.Now().Round(0)
	try := func() []finding.Finding {
		if _, err := p.Once(t.Context(), nil, nil); err != nil {
			t.Fatal(err)
		}
		now = now.Add(silenceCheck)
		s.flow.live.expect(nil, s.Pulls())
		return s.flow.live.beat(&tick, now, silenceCheck, s.flow.reached, s.flow.vault.Size)
	}
	var found []finding.Finding
	for range 5 {
		found = append(found, try()...)
	}
	if len(found) != 1 || found[0].RuleID != "baseline-pull-fails" || found[0].Level != finding.LevelHigh || found[0].Source != "idp" || !strings.Contains(found[0].Why, "401") {
		t.Fatalf("five refusals give %+v", found)
	}
	if st := stateNow(t, s, "idp"); st.State != "unknown" || !strings.Contains(st.Reason.EN, "pulling okta/system has failed since") {
		t.Errorf("while it is refused the source is %+v", st)
	}
	put(t, filepath.Dir(token), "token", "hush\n")
	if again := try(); len(again) != 0 {
		t.Errorf("that it answers again gives %+v", again)
	}
	if st := stateNow(t, s, "idp"); strings.Contains(st.Reason.EN, "failed") {
		t.Errorf("when it answers again the source is %+v", st)
	}
}

// stateNow is the last interval of a source's coverage in the last hour.
func stateNow(t *testing.T, s *Server, source string) coverage.Interval {
	t.Helper()
	rows, err := s.Coverage(t.Context(), "sato", time.Now().Add(-time.Hour), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(rows, func(c control.SourceCoverage) bool { return c.Source == source })
	if i < 0 {
		t.Fatalf("%s has no coverage", source)
	}
	return rows[i].Intervals[len(rows[i].Intervals)-1]
}
