package server

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/event"
)

// TestNobodySeesAPlantedSecret looks at records with a password and a card in
// every way that operations offer.
func TestNobodySeesAPlantedSecret(t *testing.T) {
	t.Parallel()
	s := started(t)
	const password, card = "Kx9!trombone", "4111111111111111"
	dir := t.TempDir()
	lines := `{"time":"2018-03-01T10:00:00Z","level":"error","user":"d","password":"` + password + `","msg":"login of d with ` + password + ` failed"}` + "\n" +
		`{"time":"2018-03-01T10:00:01Z","user":"d","msg":"paid by card ` + card + ` cvv=987","statement":"ALTER USER d IDENTIFIED BY '` + password + `'"}` + "\n"
	if err := os.WriteFile(filepath.Join(dir, "app.log"), []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	imported(t, s, dir)
	openCase(t, s)
	ctx := t.Context()
	see := func(what string, v any, err error) {
		t.Helper()
		text := fmt.Sprintf("%+v", v)
		if err != nil && !errors.Is(err, control.ErrInvalid) {
			t.Fatal(what, err)
		}
		if strings.Contains(text, password) || strings.Contains(text, card) || strings.Contains(text, "cvv=987") {
			t.Errorf("%s shows it: %.2000s", what, text)
		}
	}
	found, err := s.Search(ctx, "viewer", control.Search{Query: "source:jsonlines", Limit: 10})
	if err != nil || len(found.Events) != 2 {
		t.Fatal(found, err)
	}
	see("search", found.Events, nil)
	seqs := []uint64{found.Events[0].Record, found.Events[1].Record}
	for _, seq := range seqs {
		r, err := s.Record(ctx, "viewer", seq)
		see("record", *r, err)
		see("raw", string(r.Record.Raw), nil)
		if !r.Masked {
			t.Error("the record does not say that it is masked")
		}
	}
	facets, err := s.Facets(ctx, "viewer", control.Search{})
	see("facets", facets, err)
	pivot, err := s.Pivot(ctx, "viewer", "user", "d", time.Time{}, time.Time{})
	see("pivot", *pivot, err)
	list, err := s.Findings(ctx, "viewer", control.Search{})
	see("findings", list, err)
	stories, err := s.Stories(ctx, "viewer", control.StoryQuery{Level: "low", Budget: -1})
	see("stories", *stories, err)
	if _, err := s.Put(ctx, "sato", "c1", &control.Row{At: jst(1, 19, 0), Text: event.Phrase{EN: "password: " + password}, Cites: seqs}, 0); err != nil {
		t.Fatal(err)
	}
	c, err := s.Case(ctx, "c1")
	see("case", *c, err)
	for _, format := range []string{"md", "html"} {
		var b bytes.Buffer
		err := s.Report(ctx, "viewer", "c1", casework.Document{Lang: "ja", Format: format}, &b)
		see("report "+format, b.String(), err)
	}
	if n, err := s.Search(ctx, "viewer", control.Search{Query: `"` + password + `"`}); err != nil || n.Total == 0 {
		t.Errorf("what is masked is not found by its text: %v %v", n, err)
	}
}

// TestUnmaskingIsForThoseWhoMayAndIsRecordedFirst also says why.
func TestUnmaskingIsForThoseWhoMayAndIsRecordedFirst(t *testing.T) {
	t.Parallel()
	s := started(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "app.log"), []byte(`{"time":"2018-03-01T10:00:00Z","password":"Kx9!trombone"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	imported(t, s, dir)
	found, err := s.Search(t.Context(), "sato", control.Search{Query: "source:jsonlines"})
	if err != nil || len(found.Events) != 1 {
		t.Fatal(found, err)
	}
	seq := found.Events[0].Record
	for _, bad := range []struct{ role, reason string }{{auth.RoleViewer, "please"}, {"", "please"}, {auth.RoleAnalyst, " "}} {
		if r, err := s.Unmask(t.Context(), auth.Person{Name: "v", Role: bad.role}, seq, bad.reason); r != nil || !errors.Is(err, control.ErrInvalid) {
			t.Errorf("%+v: %v, %v", bad, r, err)
		}
	}
	for _, role := range []string{auth.RoleAdmin, auth.RoleAnalyst} {
		r, err := s.Unmask(t.Context(), auth.Person{Name: "k-" + role, Role: role}, seq, "was it typed here?")
		if err != nil || !strings.Contains(r.Text, "Kx9!trombone") || r.Masked {
			t.Fatalf("%s: %+v, %v", role, r, err)
		}
		last, err := s.Vault().Get(t.Context(), s.Vault().Size())
		if err != nil || last.Source != event.SourceAccess || !strings.Contains(string(last.Raw), `"op":"unmask"`) ||
			!strings.Contains(string(last.Raw), "was it typed here?") || !strings.Contains(string(last.Raw), "k-"+role) {
			t.Errorf("recorded: %s, %v", last.Raw, err)
		}
	}
}
