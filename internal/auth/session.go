package auth

import (
	"maps"
	"time"
)

const (
	sessionIdle    = 12 * time.Hour
	sessionLife    = 7 * 24 * time.Hour
	sessionsAtOnce = 32              // of one person; the oldest gives way
	sessionWrite   = 5 * time.Minute // how stale the stored time of use may be
)

// sessionsFile is sessions.json: sessions by the digest of their token.
type sessionsFile struct {
	Sessions map[string]session `json:"sessions,omitempty"`
}

type session struct {
	Name    string    `json:"name"`
	Started time.Time `json:"started"`
	Used    time.Time `json:"used"`
	// Account is when the account was made: one of the same name made later is
	// somebody else.
	Account time.Time `json:"account"`
}

func (s session) over(now time.Time) bool {
	return now.Sub(s.Used) >= sessionIdle || now.Sub(s.Started) >= sessionLife
}

// SignIn checks a password and starts a session; peer is the address it came
// from. The error is ErrDenied, a *ThrottledError, or one of storing.
func (a *Auth) SignIn(name, password, peer string) (Person, string, error) {
	a.mu.Lock()
	wait := a.throttle.enter(fold(name[:min(len(name), 256)]), peer, a.now())
	account := user{Password: a.decoy}
	found := a.read().user(name)
	if found != nil {
		account = *found
	}
	a.mu.Unlock()
	if wait > 0 {
		return Person{}, "", &ThrottledError{Retry: wait}
	}
	if len(password) > 1024 {
		return Person{}, "", ErrDenied
	}
	a.hashing <- struct{}{}
	ok, err := checkPassword(account.Password, password)
	<-a.hashing
	if err != nil {
		a.logger.Error("account cannot be used", "name", name, "err", err)
	}
	if !ok || found == nil {
		return Person{}, "", ErrDenied
	}
	a.mu.Lock()
	a.throttle.forgive(fold(name), peer)
	a.mu.Unlock()
	person := Person{Name: account.Name, Role: account.Role}
	token, err := a.StartSession(person)
	if err != nil {
		return Person{}, "", err
	}
	return person, token, nil
}

// StartSession starts a session for a person whose identity has been proven
// otherwise (a link). It returns the secret for the cookie.
func (a *Auth) StartSession(p Person) (string, error) {
	token, hash := secret("")
	a.mu.Lock()
	defer a.mu.Unlock()
	u := a.read().user(p.Name)
	if u == nil {
		return "", ErrDenied
	}
	now := a.now().UTC()
	fresh := session{Name: u.Name, Started: now, Used: now, Account: u.Created}
	err := a.sessions.change(func(f *sessionsFile) error {
		if f.Sessions == nil {
			f.Sessions = make(map[string]session)
		}
		maps.DeleteFunc(f.Sessions, func(_ string, s session) bool { return s.over(now) })
		f.makeRoom(u.Name)
		f.Sessions[hash] = fresh
		return nil
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// makeRoom ends a person's oldest session when there are too many.
func (f *sessionsFile) makeRoom(name string) {
	oldest, n := "", 0
	for hash, s := range f.Sessions {
		if s.Name != name {
			continue
		}
		n++
		if oldest == "" || s.Used.Before(f.Sessions[oldest].Used) {
			oldest = hash
		}
	}
	if n >= sessionsAtOnce {
		delete(f.Sessions, oldest)
	}
}

// Session tells whose a session is, with the role the person has now.
func (a *Auth) Session(token string) (Person, bool) {
	if len(token) > 128 {
		return Person{}, false
	}
	hash := digest(token)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.sessions.load(); err != nil {
		a.logger.Error("sessions cannot be read again; the state before holds", "err", err)
	}
	s, ok := a.sessions.value.Sessions[hash]
	now := a.now()
	if !ok || s.over(now) {
		return Person{}, false
	}
	u := a.read().user(s.Name)
	if u == nil || !u.Created.Equal(s.Account) {
		return Person{}, false
	}
	if now.Sub(s.Used) >= sessionWrite {
		a.touch(hash, now.UTC())
	}
	return Person{Name: u.Name, Role: u.Role}, true
}

// touch notes that a session is in use.
func (a *Auth) touch(hash string, now time.Time) {
	err := a.sessions.change(func(f *sessionsFile) error {
		if s, ok := f.Sessions[hash]; ok {
			s.Used = now
			f.Sessions[hash] = s
		}
		return nil
	})
	if err != nil {
		a.logger.Error("use of a session not stored", "err", err)
	}
}

// SignOut ends a session.
func (a *Auth) SignOut(token string) {
	hash := digest(token)
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.sessions.change(func(f *sessionsFile) error {
		delete(f.Sessions, hash)
		return nil
	})
	if err != nil {
		a.logger.Error("end of a session not stored", "err", err)
	}
}
