package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/manifest"
	"github.com/konseki/konseki/internal/vault/audit"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

func TestAManifestRegistersSourcesAndAbsences(t *testing.T) {
	t.Parallel()
	s := started(t)
	sum := imported(t, s, evidence(t))
	for _, f := range sum.Files {
		if want, _, _ := strings.Cut(f.Path, "/"); f.Source != want {
			t.Errorf("%s belongs to %q", f.Path, f.Source)
		}
	}
	sources, err := s.Sources(t.Context())
	if err != nil || len(sources) != 3 {
		t.Fatalf("%d sources, %v", len(sources), err)
	}
	vpn := sources[0]
	if vpn.ID != "vpn" || !vpn.Expected || vpn.Ack != "file" || vpn.Zone != "Asia/Tokyo" || vpn.Owner != "infra" || len(vpn.Absent) != 1 || vpn.Absent[0].State != coverage.Expired {
		t.Errorf("vpn is registered as %+v", vpn)
	}
	march := time.Date(2018, 3, 1, 0, 0, 0, 0, jst(1, 0, 0).Location())
	r, err := s.Ask(t.Context(), "sato", control.Ask{Kind: "login", Sources: []string{"vpn"}, From: march, To: march.AddDate(0, 0, 1)})
	if err != nil || r.Answer.Verdict != coverage.VerdictUnknown || r.Answer.Coverage[0].State != coverage.Expired || !strings.Contains(r.Answer.Because[0].EN, "kept for one month") {
		t.Errorf("VPN in March: %+v, %v", r, err)
	}
	r, err = s.Ask(t.Context(), "sato", control.Ask{Kind: "login", Account: "nobody", Sources: []string{"vpn"}, From: jst(1, 2, 0), To: jst(2, 2, 0)})
	if err != nil || r.Answer.Verdict != coverage.NotFoundCovered {
		t.Errorf("nobody's VPN sessions on the first day: %+v, %v", r.Answer, err)
	}
	short := control.Ask{Kind: "login", Account: "nobody", Sources: []string{"vpn"}, From: jst(1, 2, 10), To: jst(1, 2, 50)}
	if r, err = s.Ask(t.Context(), "sato", short); err != nil || r.Answer.Verdict != coverage.NotFoundCovered || r.Answer.Coverage[0].Events != 1 {
		t.Errorf("nobody's VPN sessions within an hour: %+v, %v", r.Answer, err)
	}
	short.From, short.To = jst(1, 2, 30), jst(1, 2, 50)
	if r, err = s.Ask(t.Context(), "sato", short); err != nil || r.Answer.Verdict != coverage.VerdictUnknown {
		t.Errorf("a window in which the VPN said nothing: %+v, %v", r.Answer, err)
	}
	for _, ev := range search(t, s, "source:server format:sshd OR source:server class:authentication").Events {
		if ev.Time.In(s.Zone).Year() != 2018 || ev.Quality.Zone != event.ZoneConfigured || !ev.Quality.YearInferred {
			t.Errorf("a line without year and zone is of %s (%s)", ev.Time, ev.Quality)
		}
	}
}

func TestBadManifestsAreRefusedWithTheReasonAndChangeNothing(t *testing.T) {
	t.Parallel()
	s := started(t)
	for text, want := range map[string]string{
		"zoen: x":          "zoen",
		"zone: Tokyo/Asia": "IANA zone",
		"sources: [{id: ok}, {id: a, zone: Nowhere/X}]":                                                        "IANA zone",
		"sources: [{id: ok}, {id: konseki.finding}]":                                                           "konseki.finding",
		"sources: [{id: ok}, {id: VPN}]":                                                                       "lower-case",
		"sources: [{id: ok}, {id: a, kind: toaster}]":                                                          "toaster",
		"sources: [{id: a, absent: [{from: 2018-04-02T00:00:00Z, to: 2018-04-01T00:00:00Z, state: expired}]}]": "begin before it ends",
		"sources: [{id: a, absent: [{from: 2018-04-01T00:00:00Z, to: 2018-04-02T00:00:00Z, state: lost}]}]":    "lost",
		"sources: {":                      manifest.Name,
		"# " + strings.Repeat("x", 1<<20): "larger than 1 MiB",
	} {
		dir := t.TempDir()
		put(t, dir, manifest.Name, text)
		put(t, dir, "vpn/x.log", vpnLine(jst(1, 0, 0), "tunnel-up", "sato", "198.51.100.10")+"\n")
		_, err := s.Import(t.Context(), "sato", control.Import{Paths: []string{dir}})
		if !errors.Is(err, control.ErrInvalid) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), manifest.Name) {
			t.Errorf("%.60q: error %v does not say %q", text, err, want)
		}
	}
	if n := s.Vault().Size(); n != 0 {
		t.Errorf("%d records were left", n)
	}
	dir := t.TempDir()
	put(t, dir, manifest.Name, "")
	put(t, dir, "vpn/x.log", vpnLine(jst(1, 0, 0), "tunnel-up", "sato", "198.51.100.10")+"\n")
	if sum := imported(t, s, dir); sum.Records != 1 || sum.Files[0].Source != "vpn" {
		t.Errorf("with an empty manifest: %+v", sum)
	}
}

func TestImportingTheSameAgainAddsNothingButItsCount(t *testing.T) {
	t.Parallel()
	dir, files := t.TempDir(), evidence(t)
	s := start(t, dir)
	first := imported(t, s, files)
	for range 2 {
		size := s.Vault().Size()
		again := imported(t, s, files)
		if again.Records != 0 || again.Findings != 0 || len(again.Files) != len(first.Files) {
			t.Errorf("the second import is %+v", again)
		}
		for _, f := range again.Files {
			if !f.Duplicate {
				t.Errorf("%s is no duplicate", f.Path)
			}
		}
		if n := s.Vault().Size() - size; n != 1 {
			t.Errorf("%d records were added, not one that counts the duplicates", n)
		}
		closed(t, s)
		s = start(t, dir)
	}
	closed(t, s)
}

func TestTwoPeopleWhoBringTheSameFilesSealThemOnce(t *testing.T) {
	t.Parallel()
	s, files := started(t), evidence(t)
	sums := make(chan *control.Imported, 2)
	for _, by := range []string{"sato", "mori"} {
		go func() {
			sum, err := s.Import(t.Context(), by, control.Import{Paths: []string{files}})
			if err != nil {
				t.Error(err)
			}
			sums <- sum
		}()
	}
	one, other := <-sums, <-sums
	if one == nil || other == nil || min(one.Records, other.Records) != 0 || max(one.Records, other.Records) == 0 {
		t.Errorf("the two brought %+v and %+v", one, other)
	}
}

func TestACancelledImportLeavesAVaultThatVerifiesAndReopens(t *testing.T) {
	t.Parallel()
	dir, files := t.TempDir(), t.TempDir()
	var lines []string
	for i := range 30_000 {
		lines = append(lines, vpnLine(jst(1, 0, 0).Add(time.Duration(i)*time.Second), "tunnel-up", fmt.Sprint("u", i%50), "198.51.100.10"))
	}
	put(t, files, "vpn/many.log", strings.Join(lines, "\n")+"\n")
	s := start(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if s.Vault().Wait(ctx, 1) == nil {
			cancel()
		}
	}()
	sum, err := s.Import(ctx, "sato", control.Import{Paths: []string{files}, Progress: func(collect.Progress) {}})
	cancel()
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	acknowledged := s.Vault().Size()
	closed(t, s)
	rep, err := audit.Verify(t.Context(), filepath.Join(dir, vaultFolder), audit.VerifyOptions{})
	if err != nil || !rep.OK() || rep.Sealed < acknowledged {
		t.Fatalf("%+v, %v; %d were acknowledged", rep, err, acknowledged)
	}
	s = start(t, dir)
	defer closed(t, s)
	if got := search(t, s, "source:vpn").Total; got == 0 || got > 30_000 {
		t.Errorf("%d events after reopening; the import said %+v", got, sum)
	}
	imported(t, s, files)
	r, err := s.Search(t.Context(), "sato", control.Search{Query: "source:vpn user:u7", Limit: 1})
	if err != nil || r.Total < 600 {
		t.Errorf("after importing again %d events of u7, %v", r.Total, err)
	}
}

func TestFilesThatCannotBeReadAreNamedAndTheRestIsImported(t *testing.T) {
	t.Parallel()
	s, dir := started(t), t.TempDir()
	put(t, dir, "vpn/a.log", vpnLine(jst(1, 0, 0), "tunnel-up", "sato", "198.51.100.10")+"\n")
	put(t, dir, "vpn/b.zip", "PK\x03\x04 torn")
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "vpn/c.log")); err != nil {
		t.Fatal(err)
	}
	sum := imported(t, s, dir)
	bad := map[string]string{}
	for _, f := range sum.Files {
		bad[f.Path] = f.Error
	}
	if !sum.Partial() || sum.Records < 1 || bad["vpn/a.log"] != "" || bad["vpn/b.zip"] == "" || !strings.Contains(bad["vpn/c.log"], "link") {
		t.Errorf("imported %+v", sum)
	}
}
