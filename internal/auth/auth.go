// Package auth knows who a person is: password, one-time link, API token, roles.
//
// Everything lies in one folder: users.json (accounts, API tokens, sign-in
// links) and sessions.json, both readable by their owner only. Of passwords,
// links, tokens and sessions only hashes are stored. Several processes may use
// the folder at once: a change made by one is seen by the others.
package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Roles, from the one that may do everything to the one that may only look.
const (
	RoleAdmin   = "admin"
	RoleAnalyst = "analyst"
	RoleViewer  = "viewer"
)

var (
	// ErrDenied is the one answer to every sign-in that does not succeed.
	ErrDenied = errors.New("auth: name or password is wrong")
	// ErrLink is the answer to a sign-in link that cannot be used.
	ErrLink = errors.New("auth: the sign-in link is unknown, used or older than 24 hours; ask for a new one")
	// ErrName refuses a name that cannot be an account's or a token's.
	ErrName = errors.New("auth: a name has 1 to 64 letters, digits, spaces or . _ - @ and begins and ends with a letter or digit")
	// ErrNameTaken refuses a name that another account or token has.
	ErrNameTaken = errors.New("auth: the name is taken; choose another")
	// ErrWeakPassword refuses a password that is too easy to guess.
	ErrWeakPassword = errors.New("auth: a password has at least 12 characters, not all alike, and does not hold the name")
	// ErrLongPassword refuses a password of more than 1,024 bytes.
	ErrLongPassword = errors.New("auth: a password has at most 1,024 bytes")
	// ErrRole refuses a role that does not exist.
	ErrRole = errors.New("auth: the role is one of admin, analyst, viewer")
	// ErrUnknown says that there is no account or token of a name.
	ErrUnknown = errors.New("auth: there is nothing of this name")
	// ErrLastAdmin refuses to remove the only administrator.
	ErrLastAdmin = errors.New("auth: this is the last administrator; make another one first")
	// ErrSources refuses an ingest token that may write nothing.
	ErrSources = errors.New(`auth: name at least one source the token may write, or "*" for all`)
	// ErrExposed refuses files that others than their owner can read.
	ErrExposed = errors.New("others than its owner can read it")
)

// ThrottledError refuses a sign-in because too many have failed.
type ThrottledError struct {
	// Retry is how long to wait.
	Retry time.Duration
}

// Error implements error.
func (e *ThrottledError) Error() string {
	return fmt.Sprintf("auth: too many failed sign-ins; try again in %s", e.Retry.Round(time.Second))
}

// Person is somebody signed in.
type Person struct {
	Name string `json:"name"`
	Role string `json:"role"`
}

// User is an account, without its secret.
type User struct {
	Name    string    `json:"name"`
	Role    string    `json:"role"`
	Created time.Time `json:"created"`
}

// Options configure Open. The zero value is right for a server.
type Options struct {
	// Now is the clock, time.Now if nil.
	Now    func() time.Time
	Logger *slog.Logger
	// Cost of hashing a password, DefaultCost if zero.
	Cost Cost
}

// Auth is an open folder of accounts. Its methods may be called by several
// goroutines at once.
type Auth struct {
	now     func() time.Time
	logger  *slog.Logger
	cost    Cost
	decoy   string        // hash of no password, to spend the same time on unknown names
	hashing chan struct{} // bounds the memory that hashing takes

	mu       sync.Mutex
	users    *document[usersFile]
	sessions *document[sessionsFile]
	throttle *throttle
}

// usersFile is users.json.
type usersFile struct {
	Version int      `json:"version"`
	Users   []user   `json:"users,omitempty"`
	Links   []link   `json:"links,omitempty"`
	Tokens  []apiKey `json:"tokens,omitempty"`
}

// user is an account with its Argon2id hash in PHC string form.
type user struct {
	Name     string    `json:"name"`
	Role     string    `json:"role"`
	Password string    `json:"password"`
	Created  time.Time `json:"created"`
}

// Open opens the folder, making it if it is not there. It refuses a folder or
// files that others can read.
func Open(dir string, opts Options) (*Auth, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	a := &Auth{
		now: opts.Now, logger: opts.Logger, cost: opts.Cost.orDefault(),
		hashing: make(chan struct{}, 2), throttle: newThrottle(),
	}
	a.decoy = hashPassword(rand.Text(), a.cost)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	if err := private(dir); err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	a.users = newDocument[usersFile](dir, "users.json")
	a.sessions = newDocument[sessionsFile](dir, "sessions.json")
	if err := errors.Join(a.users.load(), a.sessions.load()); err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	return a, nil
}

// HasUsers reports whether there is any account.
func (a *Auth) HasUsers() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.read().Users) > 0
}

// Users lists the accounts by name.
func (a *Auth) Users() []User {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []User
	for _, u := range a.read().Users {
		list = append(list, User{u.Name, u.Role, u.Created})
	}
	slices.SortFunc(list, func(x, y User) int { return strings.Compare(x.Name, y.Name) })
	return list
}

// Named is the name of the account that somebody means, as it was made; "" where
// there is none, whose name may be a password typed into the wrong field.
func (a *Auth) Named(name string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if u := a.read().user(name); u != nil {
		return u.Name
	}
	return ""
}

// RemoveUser removes an account; its sessions end at once. The last
// administrator stays.
func (a *Auth) RemoveUser(name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.users.change(func(f *usersFile) error {
		u := f.user(name)
		if u == nil {
			return ErrUnknown
		}
		admins := 0
		for _, other := range f.Users {
			if other.Role == RoleAdmin {
				admins++
			}
		}
		if u.Role == RoleAdmin && admins == 1 {
			return ErrLastAdmin
		}
		key := fold(name)
		f.Users = slices.DeleteFunc(f.Users, func(u user) bool { return fold(u.Name) == key })
		return nil
	})
}

// read returns the accounts as they are now on the disk. When the file cannot
// be read any more, the last state that could be is kept.
func (a *Auth) read() *usersFile {
	if err := a.users.load(); err != nil {
		a.logger.Error("accounts cannot be read again; the state before holds", "err", err)
	}
	return &a.users.value
}

func (f *usersFile) user(name string) *user {
	key := fold(name)
	for i := range f.Users {
		if fold(f.Users[i].Name) == key {
			return &f.Users[i]
		}
	}
	return nil
}

// fold is the form in which names are compared: Ａｌｉｃｅ is alice.
func fold(name string) string { return strings.ToLower(norm.NFKC.String(name)) }

// cleanName normalises and checks a name.
func cleanName(name string) (string, error) {
	if len(name) > 1024 || !utf8.ValidString(name) {
		return "", ErrName
	}
	name = strings.TrimSpace(norm.NFC.String(name))
	runes := []rune(name)
	if len(runes) == 0 || len(runes) > 64 || !plainRune(runes[0]) || !plainRune(runes[len(runes)-1]) {
		return "", ErrName
	}
	for _, r := range runes {
		if !plainRune(r) && !strings.ContainsRune(" ._-@", r) {
			return "", ErrName
		}
	}
	return name, nil
}

// plainRune accepts letters and digits, and the marks that complete a letter
// (dakuten that no composed form exists for).
func plainRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

func validRole(role string) bool {
	return role == RoleAdmin || role == RoleAnalyst || role == RoleViewer
}

// secret makes a random secret of 256 bits and the hash to keep of it.
func secret(prefix string) (token, hash string) {
	var b [32]byte
	rand.Read(b[:]) // never fails (Go 1.24)
	token = prefix + base64.RawURLEncoding.EncodeToString(b[:])
	return token, digest(token)
}

// digest is what is stored of a random secret. A plain hash is enough: there
// is nothing to guess. Comparing digests leaks nothing of use by its timing,
// since nobody can choose a digest.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
