package server

import (
	"archive/zip"
	"bytes"
	"io"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/report"
	"github.com/konseki/konseki/internal/report/exchange"
	"github.com/konseki/konseki/internal/vault/anchor"
)

// exported is the bundle of a case, and what its verification says.
func exported(t *testing.T, s *Server, caseID string, masks ...string) (map[string]string, *report.BundleReport) {
	t.Helper()
	var out bytes.Buffer
	if err := s.Export(t.Context(), "sato", caseID, masks, &out); err != nil {
		t.Fatal(err)
	}
	raw := bytes.NewReader(out.Bytes())
	rep, err := report.VerifyBundle(raw, raw.Size(), s.vault.Status().PublicKey)
	if err != nil || !rep.OK {
		t.Fatalf("%+v, %v", rep, err)
	}
	z, err := zip.NewReader(raw, raw.Size())
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(content)
	}
	return files, rep
}

// TestABundleSaysWhatWasLetGo closes a case, lets what it cites go, and exports.
func TestABundleSaysWhatWasLetGo(t *testing.T) {
	t.Parallel()
	s := start(t, aged(t, 500), keeps(event.Days(400)))
	if _, err := s.OpenCase(t.Context(), "sato", "c1", event.Phrase{EN: "Intrusion"}); err != nil {
		t.Fatal(err)
	}
	for _, cites := range [][]uint64{{21, 23}, {21, 901}, {901}} {
		p := investigate.Statement{Text: event.Phrase{EN: "a sentence"}, Certainty: investigate.Confirmed, Cites: cites}
		if _, err := s.Put(t.Context(), "sato", "c1", &p, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.CloseCase(t.Context(), "sato", "c1", event.Phrase{EN: "over"}); err != nil {
		t.Fatal(err)
	}
	expired(t, s, false)
	files, rep := exported(t, s, "c1")
	if len(rep.Unshown) != 2 || rep.Unshown[0].Record != 21 || rep.Unshown[0].Why != "expired" || rep.Unshown[0].Declared == 0 {
		t.Errorf("of what is gone it says %+v", rep.Unshown)
	}
	var states []report.Standing
	for _, p := range rep.Proven {
		states = append(states, p.State)
	}
	if want := []report.Standing{report.StandsUnshown, report.StandsPartly, report.StandsProven}; !slices.Equal(states, want) {
		t.Errorf("the sentences are %v, want %v", states, want)
	}
	if n := strings.Count(files["events.jsonl"], "\n"); n != 1 {
		t.Errorf("%d events are written for others, of one record that is left", n)
	}
	closed(t, s)
}

// TestABundleCarriesTheAnchorsOfItsVault has a witness remember the log.
func TestABundleCarriesTheAnchorsOfItsVault(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "witness")
	key, err := anchor.InitWitness(dir, "osaka.example")
	if err != nil {
		t.Fatal(err)
	}
	w, err := anchor.OpenWitness(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(w.Handler())
	t.Cleanup(func() { web.Close(); _ = w.Close() })
	s := opened(t, func(o *Options) {
		o.Config.Anchors.Witnesses = []config.Witness{{Name: "osaka", URL: web.URL, Key: key}}
	})
	if _, err := w.AddLog(s.vault.Status().PublicKey); err != nil {
		t.Fatal(err)
	}
	if err := s.vault.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	k, err := anchor.NewKeeper(anchor.KeeperOptions{Dir: filepath.Join(s.Dir, vaultFolder), Witnesses: []anchor.Peer{{Name: "osaka", URL: web.URL, Key: key}}})
	if err == nil {
		err = k.Once(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	_, rep := exported(t, s, "c1")
	if len(rep.Anchors) != 1 || !rep.Anchors[0].Held || rep.Anchors[0].Who != "osaka.example" || rep.Anchored == 0 {
		t.Errorf("%+v, %d records anchored", rep.Anchors, rep.Anchored)
	}
}

// TestACaseIsWrittenForOtherToolsWithPublicNames masks too, in the bundle as
// alone, unless somebody says why not.
func TestACaseIsWrittenForOtherToolsWithPublicNames(t *testing.T) {
	t.Parallel()
	s := opened(t)
	e := investigate.Entity{Type: "account", Real: "staff01", Public: event.Phrase{JA: "社員 A", EN: "employee A"}, Role: "staff"}
	if _, err := s.Put(t.Context(), "sato", "c1", &e, 0); err != nil {
		t.Fatal(err)
	}
	files, _ := exported(t, s, "c1")
	for _, f := range exchange.Formats() {
		var out strings.Builder
		n, err := s.Exchange(t.Context(), auth.Person{Name: "sato", Role: auth.RoleViewer}, "c1", casework.Exchange{Format: f.Name, Lang: "ja"}, &out)
		if err != nil || f.Name != "stix" && n.Lines == 0 {
			t.Fatalf("%s: %+v, %v", f.Name, n, err)
		}
		if files[f.File] != out.String() {
			t.Errorf("%s is written otherwise in the bundle", f.Name)
		}
		if strings.Contains(out.String(), "staff01") || f.Name != "stix" && !strings.Contains(out.String(), "社員 A") {
			t.Errorf("%s shows the real name:\n%s", f.Name, out.String())
		}
	}
	var out strings.Builder
	real := casework.Exchange{Format: "csv", Lang: "en", Unmask: "for the forensic firm"}
	if _, err := s.Exchange(t.Context(), auth.Person{Name: "sato", Role: auth.RoleViewer}, "c1", real, &out); err == nil {
		t.Error("a reader is given real names")
	}
	if _, err := s.Exchange(t.Context(), auth.Person{Name: "sato", Role: auth.RoleAnalyst}, "c1", real, &out); err != nil || !strings.Contains(out.String(), "staff01") {
		t.Errorf("an analyst who says why is not: %v", err)
	}
	if _, err := s.Exchange(t.Context(), auth.Person{Name: "sato"}, "c1", casework.Exchange{Format: "xlsx", Lang: "en"}, io.Discard); err == nil || !strings.Contains(err.Error(), "csv, jsonl") {
		t.Errorf("an unknown format: %v", err)
	}
}
