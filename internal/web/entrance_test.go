package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/web/site"
)

// TestComingInIsNotedAndRefusedWhereItCannotBe: a wrong name may be a password,
// and is not kept.
func TestComingInIsNotedAndRefusedWhereItCannotBe(t *testing.T) {
	s := newSite(t)
	s.person("t.abe", auth.RoleAnalyst)
	s.session = ""
	enter := func(name, password string) url.Values { return url.Values{"name": {name}, "password": {password}} }
	s.post("/signin", enter("T.Abe", "wrong"), http.StatusForbidden)
	s.post("/signin", enter("correct horse battery", "t.abe"), http.StatusForbidden)
	s.post("/signin", enter("t.abe", "correct horse battery"), http.StatusSeeOther)
	token, err := s.auth.Invite(auth.RoleViewer)
	if err != nil {
		t.Fatal(err)
	}
	s.post("/signin/link", url.Values{"token": {token}, "name": {"guest"}, "password": {"another long one"}, "again": {"another long one"}}, http.StatusSeeOther)
	want := []string{"t.abe sign_in.failed  192.0.2.1", " sign_in.failed  192.0.2.1", "t.abe sign_in analyst 192.0.2.1", "guest account.made viewer 192.0.2.1"}
	if !slices.Equal(s.ops.Entries, want) {
		t.Errorf("noted %q", s.ops.Entries)
	}
	s.ops.Fail = errors.New("the disk is full")
	res := s.do("POST", "/signin", enter("t.abe", "correct horse battery"))
	if res.StatusCode != http.StatusInternalServerError || slices.ContainsFunc(res.Cookies(), func(c *http.Cookie) bool { return c.Name == site.SessionCookie && c.Value != "" }) {
		t.Errorf("who cannot be noted is let in: %d %s", res.StatusCode, res.Header)
	}
}

// TestAttemptsInTheWaitAreNotSealed: nobody can fill a vault by guessing.
func TestAttemptsInTheWaitAreNotSealed(t *testing.T) {
	s := newSite(t)
	s.session = ""
	for range 5 {
		s.post("/signin", url.Values{"name": {"t.abe"}, "password": {"wrong"}}, http.StatusForbidden)
	}
	for range 20 {
		s.post("/signin", url.Values{"name": {"t.abe"}, "password": {"wrong"}}, http.StatusTooManyRequests)
	}
	if len(s.ops.Entries) != 5 {
		t.Errorf("noted %q", s.ops.Entries)
	}
}

// TestWhoIsRemovedLeavesTheirWorkBehind: the next click leads to the sign-in
// page, what the person wrote stands under the name, and others go on with it.
func TestWhoIsRemovedLeavesTheirWorkBehind(t *testing.T) {
	s := newSite(t)
	admin := s.session
	s.session = s.person("t.abe", auth.RoleAnalyst)
	s.post(home+"/put/task", url.Values{"text.ja": {"委託先に記録を求める"}, "owner": {"t.abe"}, "status": {"open"}}, http.StatusSeeOther)
	if err := s.auth.RemoveUser("t.abe"); err != nil {
		t.Fatal(err)
	}
	if to, _ := s.post(home+"/put/task", url.Values{"text.ja": {"もう一つ"}, "status": {"open"}}, http.StatusFound); to != "/signin" {
		t.Errorf("leads to %q", to)
	}
	s.session = admin
	text := s.get(home, http.StatusOK)
	contains(t, text, "委託先に記録を求める", "t.abe")
	lacks(t, text, "もう一つ")
	c, err := s.ops.Case(t.Context(), "2018-001")
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(c.Tasks, func(k investigate.Task) bool { return k.Owner == "t.abe" && k.By == "t.abe" })
	if i < 0 {
		t.Fatal("the task is gone")
	}
	s.post(home+"/put/task", formOf(&c.Tasks[i], "owner", "k.sato"), http.StatusSeeOther)
}
