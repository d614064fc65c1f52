package server

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
)

// TestWhoMayComeInIsSealed follows an account from its invitation to its end.
func TestWhoMayComeInIsSealed(t *testing.T) {
	t.Parallel()
	s, ctx := started(t), t.Context()
	if _, err := s.Invite(ctx, "sato", "boss", ""); !errors.Is(err, auth.ErrRole) {
		t.Error(err)
	}
	link, err := s.Invite(ctx, "sato", auth.RoleAnalyst, "https://konseki.example")
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(link)
	if err != nil || at.Host != "konseki.example" || at.Path != "/signin/link" {
		t.Fatal(link, err)
	}
	a, err := s.Accounts()
	if err != nil {
		t.Fatal(err)
	}
	abe, err := a.UseLink(at.Query().Get("token"), "t.abe", "correct horse battery")
	if err != nil || abe.Role != auth.RoleAnalyst {
		t.Fatal(abe, err)
	}
	session, err := a.StartSession(abe)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(ctx, "sato", "T.Abe"); err != nil {
		t.Fatal(err)
	}
	if _, in := a.Session(session); in {
		t.Error("the session of an account that was removed goes on")
	}
	if err := s.Remove(ctx, "sato", "t.abe"); !errors.Is(err, auth.ErrUnknown) {
		t.Error(err)
	}
	if _, err := s.AddToken(ctx, "sato", "shop", []string{"app"}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // within a minute, and yet two acts
		if err := s.RevokeToken(ctx, "sato", "shop"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AddToken(ctx, "sato", "shop", []string{"app"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Noted(ctx, "sato", "sign_in", "admin", "2001:DB8::7"); err != nil {
		t.Fatal(err)
	}
	r, err := s.Search(ctx, "sato", control.Search{Query: "source:konseki.access", Oldest: true})
	if err != nil {
		t.Fatal(err)
	}
	if r.Answer.Verdict != coverage.Found || len(r.Answer.Coverage) != 1 || r.Answer.Coverage[0].State != coverage.Complete || !r.Answer.To.After(r.Events[0].Time) {
		t.Errorf("%+v", r.Answer)
	}
	none, err := s.Search(ctx, "sato", control.Search{Query: "source:konseki.access event_code:shred"})
	if err != nil || none.Answer.Verdict != coverage.NotFoundCovered {
		t.Errorf("nobody did it, but that is %+v %v", none, err)
	}
	var got []string
	for _, ev := range r.Events {
		got = append(got, strings.TrimSpace(strings.Join([]string{ev.ActorUser, ev.EventCode, ev.Statement, ev.SrcIP}, " ")))
	}
	if want := "sato account.invite analyst, sato account.remove T.Abe, sato token.add shop, sato token.revoke shop, sato token.add shop, sato token.revoke shop, sato token.add shop, sato sign_in admin 2001:db8::7"; strings.Join(got, ", ") != want {
		t.Errorf("sealed %s", strings.Join(got, ", "))
	}
}
