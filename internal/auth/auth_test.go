package auth

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const goodPassword = "correct horse battery"

// clock is a settable time.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	c.t = c.t.Add(d)
	c.mu.Unlock()
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)} }

func open(t testing.TB, dir string, c *clock) *Auth {
	t.Helper()
	a, err := Open(dir, Options{Now: c.now, Cost: Cost{Time: 1, Memory: 64, Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func folder(t testing.TB) string { return filepath.Join(t.TempDir(), "auth") }

// enrol makes an account through a link.
func enrol(t testing.TB, a *Auth, name, role string) Person {
	t.Helper()
	token, err := a.Invite(role)
	if err != nil {
		t.Fatal(err)
	}
	p, err := a.UseLink(token, name, goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLinkMakesTheFirstAdministratorOnce(t *testing.T) {
	a := open(t, folder(t), newClock())
	if a.HasUsers() {
		t.Fatal("a new folder has users")
	}
	token, err := a.Invite(RoleAdmin)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, password string
		want           error
	}{
		{"hanako", "short", ErrWeakPassword},
		{"hanako", "aaaaaaaaaaaaaaaaaa", ErrWeakPassword},
		{"hanako", "HANAKO-hanako-1", ErrWeakPassword},
		{"hanako", strings.Repeat("xy", 600), ErrLongPassword},
		{"", goodPassword, ErrName},
		{"a\x00b", goodPassword, ErrName},
		{"<script>", goodPassword, ErrName},
		{"\xff\xfe", goodPassword, ErrName},
	} {
		if _, err := a.UseLink(token, tt.name, tt.password); !errors.Is(err, tt.want) {
			t.Errorf("UseLink(%q, %q) = %v, want %v", tt.name, tt.password, err, tt.want)
		}
	}
	p, err := a.UseLink(token, " 花子 ", goodPassword)
	if err != nil || p != (Person{"花子", RoleAdmin}) {
		t.Fatalf("UseLink = %v, %v", p, err)
	}
	if _, err := a.UseLink(token, "jiro", goodPassword); !errors.Is(err, ErrLink) {
		t.Errorf("the second use gave %v, want ErrLink", err)
	}
	if !a.HasUsers() {
		t.Error("no users after the first")
	}
}

func TestLinkExpiresAfterADay(t *testing.T) {
	c := newClock()
	a := open(t, folder(t), c)
	token, err := a.Invite(RoleAdmin)
	if err != nil {
		t.Fatal(err)
	}
	c.add(24 * time.Hour)
	if _, err := a.UseLink(token, "hanako", goodPassword); !errors.Is(err, ErrLink) {
		t.Errorf("got %v, want ErrLink", err)
	}
}

func TestLinkRacesMakeOneAccount(t *testing.T) {
	a := open(t, folder(t), newClock())
	token, err := a.Invite(RoleAdmin)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	made := make(chan string, 8)
	for _, name := range strings.Fields("a1 b1 c1 d1 e1 f1 g1 h1") {
		wg.Go(func() {
			if p, err := a.UseLink(token, name, goodPassword); err == nil {
				made <- p.Name
			}
		})
	}
	wg.Wait()
	if len(made) != 1 || len(a.Users()) != 1 {
		t.Errorf("%d accounts made, %d listed; want 1", len(made), len(a.Users()))
	}
}

func TestSignInNeedsTheRightPassword(t *testing.T) {
	a := open(t, folder(t), newClock())
	enrol(t, a, "hanako", RoleAnalyst)
	p, token, err := a.SignIn("ＨＡＮＡＫＯ", goodPassword, "192.0.2.1")
	if err != nil || p != (Person{"hanako", RoleAnalyst}) {
		t.Fatalf("SignIn = %v, %v", p, err)
	}
	if got, ok := a.Session(token); !ok || got != p {
		t.Errorf("Session = %v, %v", got, ok)
	}
	for _, pair := range [][2]string{{"hanako", "wrong"}, {"nobody", goodPassword}, {"", ""}} {
		if _, token, err := a.SignIn(pair[0], pair[1], "192.0.2.2"); !errors.Is(err, ErrDenied) || token != "" {
			t.Errorf("SignIn(%q) = %q, %v, want ErrDenied", pair, token, err)
		}
	}
}

func TestUnknownNamesCostTheSameTime(t *testing.T) {
	a := open(t, folder(t), newClock())
	enrol(t, a, "hanako", RoleViewer)
	decoy, _, _, err := parsePHC(a.decoy)
	if err != nil || decoy != a.cost {
		t.Errorf("the decoy costs %+v, a password %+v: %v", decoy, a.cost, err)
	}
	for _, name := range []string{"hanako", "nobody"} {
		for range cap(a.hashing) { // whoever hashes has to wait
			a.hashing <- struct{}{}
		}
		done := make(chan error, 1)
		go func() {
			_, _, err := a.SignIn(name, "wrong password!", "192.0.2.1")
			done <- err
		}()
		select {
		case err := <-done:
			t.Errorf("%s was answered without hashing: %v", name, err)
		case <-time.After(50 * time.Millisecond):
			for range cap(a.hashing) {
				<-a.hashing
			}
			if err := <-done; !errors.Is(err, ErrDenied) {
				t.Error(err)
			}
		}
	}
}

func TestSessionsEndWhenIdleOrOld(t *testing.T) {
	c := newClock()
	dir := folder(t)
	a := open(t, dir, c)
	p := enrol(t, a, "hanako", RoleAdmin)
	start := func() string {
		token, err := a.StartSession(p)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	idle := start()
	c.add(12*time.Hour - time.Second)
	if _, ok := open(t, dir, c).Session(idle); !ok {
		t.Error("a session did not live through a restart")
	}
	c.add(12 * time.Hour)
	if _, ok := a.Session(idle); ok {
		t.Error("an idle session lives")
	}
	used := start()
	for range 7 * 24 / 11 {
		c.add(11 * time.Hour)
		if _, ok := a.Session(used); !ok {
			t.Fatal("a session in use ended early")
		}
	}
	c.add(11 * time.Hour)
	if _, ok := a.Session(used); ok {
		t.Error("a session of more than seven days lives")
	}
	out := start()
	a.SignOut(out)
	a.SignOut("no such session")
	if _, ok := a.Session(out); ok {
		t.Error("a session lives after signing out")
	}
}

func TestSessionsEndWithTheirAccount(t *testing.T) {
	c := newClock()
	a := open(t, folder(t), c)
	enrol(t, a, "root", RoleAdmin)
	p := enrol(t, a, "hanako", RoleViewer)
	token, err := a.StartSession(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.RemoveUser("hanako"); err != nil {
		t.Fatal(err)
	}
	c.add(time.Second)
	enrol(t, a, "hanako", RoleAdmin)
	if _, ok := a.Session(token); ok {
		t.Error("the session of a removed account opens another account of the name")
	}
	if err := a.RemoveUser("root"); err != nil {
		t.Fatal(err)
	}
	if err := a.RemoveUser("hanako"); !errors.Is(err, ErrLastAdmin) {
		t.Errorf("removing the last administrator gave %v", err)
	}
}

func TestSessionsOfOnePersonAreBounded(t *testing.T) {
	c := newClock()
	a := open(t, folder(t), c)
	p := enrol(t, a, "hanako", RoleAdmin)
	var first string
	for i := range sessionsAtOnce + 1 {
		token, err := a.StartSession(p)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = token
		}
		c.add(time.Second)
	}
	if _, ok := a.Session(first); ok {
		t.Error("the oldest session lives on")
	}
	if n := len(a.sessions.value.Sessions); n != sessionsAtOnce {
		t.Errorf("%d sessions, want %d", n, sessionsAtOnce)
	}
}

func TestGuessingIsSlowedDownPerNameAndAddress(t *testing.T) {
	c := newClock()
	a := open(t, folder(t), c)
	enrol(t, a, "hanako", RoleAdmin)
	denied := func(name, peer string) error {
		_, _, err := a.SignIn(name, "wrong", peer)
		return err
	}
	for range freeAttempts {
		if err := denied("hanako", "192.0.2.1"); !errors.Is(err, ErrDenied) {
			t.Fatal(err)
		}
	}
	for _, pair := range [][2]string{{"hanako", "192.0.2.1"}, {"hanako", "198.51.100.7"}, {"other", "192.0.2.1"}} {
		if throttled, ok := errors.AsType[*ThrottledError](denied(pair[0], pair[1])); !ok || throttled.Retry <= 0 {
			t.Errorf("%v is not throttled", pair)
		}
	}
	if _, _, err := a.SignIn("hanako", goodPassword, "192.0.2.1"); err == nil {
		t.Error("the right password passes while throttled")
	}
	c.add(2 * time.Second)
	if _, _, err := a.SignIn("hanako", goodPassword, "203.0.113.5"); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	for range 40 {
		denied("hanako", "192.0.2.9")
		c.add(20 * time.Minute)
	}
	if err := denied("hanako", "203.0.113.77"); !errors.Is(err, ErrDenied) {
		t.Errorf("the name is locked for longer than a minute: %v", err)
	}
}

func TestAnAddressIsNotClearedByItsOwnAccount(t *testing.T) {
	c := newClock()
	a := open(t, folder(t), c)
	enrol(t, a, "mallory", RoleViewer)
	guesses := 0
	for i := range 60 {
		if _, _, err := a.SignIn("victim"+string(rune('a'+i%26)), "wrong", "192.0.2.1"); errors.Is(err, ErrDenied) {
			guesses++
		}
		_, _, _ = a.SignIn("mallory", goodPassword, "192.0.2.1")
	}
	if guesses > 2*freeAttempts {
		t.Errorf("%d guesses at once", guesses)
	}
}

func TestThrottleCountsAnIPv6NetworkAsOne(t *testing.T) {
	if network("2001:db8::1") != network("[2001:db8::ffff]:443") || network("2001:db8:0:1::1") == network("2001:db8::1") {
		t.Error("a /64 is not one network")
	}
}

func TestThrottleStaysSmall(t *testing.T) {
	th := newThrottle()
	now := newClock().now()
	rapid.Check(t, func(r *rapid.T) {
		for range 50 {
			th.enter(rapid.String().Draw(r, "name"), rapid.String().Draw(r, "peer"), now)
		}
		for i := range maxTracked {
			th.enter(string(rune(i))+"x", "192.0.2.1", now.Add(time.Duration(i)*time.Hour))
		}
		if len(th.seen) > maxTracked+1 {
			r.Fatalf("%d tracked", len(th.seen))
		}
	})
}

func TestTokensAreShownOnceAndRevoked(t *testing.T) {
	dir := folder(t)
	a := open(t, dir, newClock())
	token, err := a.NewToken("fluentbit", []string{"vpn", "server"})
	if err != nil || !strings.HasPrefix(token, "kt_") {
		t.Fatalf("NewToken = %q, %v", token, err)
	}
	cli := open(t, dir, newClock()) // another process
	s, ok := cli.Token(token)
	if !ok || s.Name != "fluentbit" || len(s.Sources) != 2 || s.Role != "" {
		t.Fatalf("Token = %+v, %v", s, ok)
	}
	api, err := cli.NewAPIToken("dashboard", RoleViewer)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := a.Token(api); !ok || s.Role != RoleViewer || len(s.Sources) != 0 {
		t.Errorf("a token made by another process: %+v, %v", s, ok)
	}
	if got := a.Tokens(); len(got) != 2 || got[0].Name != "dashboard" {
		t.Errorf("Tokens = %+v", got)
	}
	if err := cli.RevokeToken("fluentbit"); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{token, "", "kt_", strings.Repeat("k", 1<<20), api + "x", strings.ToUpper(api)} {
		if s, ok := a.Token(bad); ok {
			t.Errorf("Token(%.40q) = %+v", bad, s)
		}
	}
	for _, err := range []error{
		second(a.NewToken("x", nil)), second(a.NewToken("dashboard", []string{"a"})),
		second(a.NewAPIToken("x", "root")), a.RevokeToken("absent"), second(a.Invite("")),
	} {
		if err == nil {
			t.Error("a bad request was accepted")
		}
	}
}

func second(_ string, err error) error { return err }

func TestNoSecretIsStored(t *testing.T) {
	dir := folder(t)
	a := open(t, dir, newClock())
	p := enrol(t, a, "hanako", RoleAdmin)
	link, _ := a.Invite(RoleAdmin)
	token, _ := a.NewToken("t", []string{"*"})
	session, _ := a.StartSession(p)
	for _, name := range []string{"users.json", "sessions.json"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{link, token, session, goodPassword} {
			if s == "" || strings.Contains(string(text), s) {
				t.Errorf("%s holds the secret %q", name, s)
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestOpenRefusesExposedFiles(t *testing.T) {
	dir := folder(t)
	enrol(t, open(t, dir, newClock()), "hanako", RoleAdmin)
	users := filepath.Join(dir, "users.json")
	for _, path := range []string{users, dir} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, info.Mode().Perm()|0o044); err != nil {
			t.Fatal(err)
		}
		_, err = Open(dir, Options{})
		if !errors.Is(err, ErrExposed) || !strings.Contains(err.Error(), "chmod") {
			t.Errorf("Open with %s readable by all: %v", path, err)
		}
		if err := os.Chmod(path, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenRefusesDamagedFiles(t *testing.T) {
	for _, text := range []string{"{", `{"users":1}`, `{"version":1,"surprise":true}`, "\x00\xff"} {
		dir := folder(t)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "users.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "users.json") {
			t.Errorf("Open with %q: %v", text, err)
		}
	}
}

func TestChangesOfTwoProcessesAreBothKept(t *testing.T) {
	dir := folder(t)
	c := newClock()
	a, b := open(t, dir, c), open(t, dir, c)
	var wg sync.WaitGroup
	for i, x := range []*Auth{a, b} {
		wg.Go(func() {
			for n := range 20 {
				if _, err := x.NewToken(string(rune('a'+i))+string(rune('a'+n)), []string{"*"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := len(a.Tokens()); n != 40 {
		t.Errorf("%d tokens, want 40", n)
	}
}

func TestPasswordHashReadsBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		password := rapid.String().Draw(r, "password")
		phc := hashPassword(password, Cost{Time: 1, Memory: 8, Threads: 1})
		if ok, err := checkPassword(phc, password); !ok || err != nil {
			r.Fatalf("its own password: %v, %v", ok, err)
		}
		if ok, _ := checkPassword(phc, password+"x"); ok {
			r.Fatal("another password passes")
		}
	})
}

func TestPasswordsAreTheSameHoweverTyped(t *testing.T) {
	phc := hashPassword("か\u3099っこうパスワード1", Cost{Time: 1, Memory: 8, Threads: 1})
	if ok, _ := checkPassword(phc, "がっこうパスワード1"); !ok {
		t.Error("a composed character differs from a decomposed one")
	}
}

func FuzzPHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=4294967295,t=1,p=1$AAAA$AAAA")
	f.Fuzz(func(t *testing.T, phc string) {
		c, salt, key, err := parsePHC(phc)
		if err == nil && (c.Memory > 1<<20 || c.Time == 0 || c.Time > 64 || c.Threads == 0 || len(salt) < 8 || len(key) < 16) {
			t.Errorf("accepted %q", phc)
		}
	})
}
