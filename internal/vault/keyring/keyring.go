// Package keyring keeps the keys that a vault's files and protected records are encrypted with, and destroys them.
//
// Each key has a name and a purpose: one file of the vault, or one class of
// records such as a source or a person. To destroy a key is to make everything
// under it unreadable, in every copy, while the seal over it stays valid. The
// ring is one file, itself encrypted with age (https://age-encryption.org/v1)
// to an identity that is kept elsewhere or under a passphrase.
package keyring

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"filippo.io/age"
	"github.com/go-json-experiment/json"
	"github.com/konseki/konseki/internal/durable"
)

var (
	// ErrNoKey says that the ring has no key of that name.
	ErrNoKey = errors.New("no such key")
	// ErrDestroyed says that the key was destroyed: what it protected can no
	// longer be read by anyone.
	ErrDestroyed = errors.New("the key was destroyed")
	// ErrLocked says that the ring is encrypted and no key or passphrase to
	// open it was given.
	ErrLocked = errors.New("the keyring is locked: give its key file or passphrase file")
	// ErrWrongKey says that the key or passphrase does not open the ring.
	ErrWrongKey = errors.New("the key file or passphrase does not open the keyring")
	// ErrExists says that a file is there already.
	ErrExists = errors.New("file exists already")
)

// Names of files in the vault's folder.
const (
	FileName     = "keyring"          // the ring
	IdentityName = "keyring.identity" // the ring's identity under a passphrase
	nextIdentity = IdentityName + ".next"

	maxBytes    = 64 << 20
	maxKeyBytes = 64 << 10
	ageHead     = "age-encryption.org/v1"
	plainHead   = "konseki keyring 1\n"
)

// Key is one key of the ring.
type Key struct {
	Name      string    `json:"name"`
	Made      time.Time `json:"made"`
	Destroyed time.Time `json:"destroyed,omitzero"`
	// Secret is an age X25519 identity (AGE-SECRET-KEY-1…), empty once destroyed.
	Secret string `json:"secret,omitempty"`
}

// Unlock says how the ring is opened. With both members empty it is kept in
// the clear, guarded by file mode alone.
type Unlock struct {
	KeyFile        string // age identity file
	PassphraseFile string // its first line is the passphrase

	work int // scrypt work factor, for tests; 0 is age's own
}

// Ring holds the keys of one vault. Its methods may be called concurrently.
type Ring struct {
	dir string
	now func() time.Time

	mu        sync.Mutex
	keys      map[string]*Key
	recipient age.Recipient // nil: kept in the clear
}

// Open reads the ring in dir, the vault's folder; one that is not there is
// empty and is written with its first key. Errors: ErrLocked, ErrWrongKey.
func Open(dir string, unlock Unlock, now func() time.Time) (*Ring, error) {
	if now == nil {
		now = time.Now
	}
	r := &Ring{dir: dir, now: now, keys: map[string]*Key{}}
	path := filepath.Join(dir, FileName)
	b, err := durable.Read(path, maxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		if r.recipient, err = unlock.create(dir, IdentityName); err != nil {
			return nil, fmt.Errorf("keyring: %w", err)
		}
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	if err := checkMode(path); err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	if r.recipient, err = r.load(b, unlock); err != nil {
		return nil, fmt.Errorf("keyring: %s: %w", FileName, err)
	}
	return r, nil
}

func checkMode(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s can be read by others (mode %04o): run chmod 600 %s, and destroy or rotate the keys if it was copied", filepath.Base(path), info.Mode().Perm(), path)
	}
	return nil
}

// load reads the ring's bytes and returns to whom it is encrypted.
func (r *Ring) load(b []byte, unlock Unlock) (age.Recipient, error) {
	var recipient age.Recipient
	if bytes.HasPrefix(b, []byte(ageHead)) {
		id, plain, err := r.unlock(b, unlock)
		if err != nil {
			return nil, err
		}
		if b, err = io.ReadAll(io.LimitReader(plain, maxBytes)); err != nil {
			return nil, fmt.Errorf("damaged: %w: restore it from your recovery file", err)
		}
		recipient = id.Recipient()
	}
	return recipient, r.parse(b)
}

// unlock opens an encrypted ring. An interrupted Rewrap leaves two identities
// of which one opens it.
func (r *Ring) unlock(b []byte, unlock Unlock) (*age.X25519Identity, io.Reader, error) {
	id, err := unlock.identity(r.dir, IdentityName)
	if err == nil {
		plain, failed := age.Decrypt(bytes.NewReader(b), id)
		if failed == nil {
			return id, plain, nil
		}
		err = fmt.Errorf("%w (%v)", ErrWrongKey, failed) //nolint:errorlint // theirs says which stanza failed, no more
	}
	if unlock.PassphraseFile == "" || !errors.Is(err, ErrWrongKey) {
		return nil, nil, err
	}
	if id, next := unlock.identity(r.dir, nextIdentity); next == nil {
		if plain, failed := age.Decrypt(bytes.NewReader(b), id); failed == nil {
			return id, plain, nil
		}
	}
	return nil, nil, err
}

func (r *Ring) parse(b []byte) error {
	rest, ok := bytes.CutPrefix(b, []byte(plainHead))
	if !ok {
		return errors.New("not a keyring of this version: restore it from your recovery file")
	}
	for i, line := range bytes.Split(bytes.TrimSuffix(rest, []byte("\n")), []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var k Key
		if err := json.Unmarshal(line, &k, json.RejectUnknownMembers(true)); err != nil {
			return fmt.Errorf("line %d: %w: restore it from your recovery file", i+2, err)
		}
		if _, err := age.ParseX25519Identity(k.Secret); k.Destroyed.IsZero() && err != nil {
			return fmt.Errorf("line %d: key %q: %w: restore it from your recovery file", i+2, k.Name, err)
		}
		r.keys[k.Name] = &k
	}
	return nil
}

// Make returns the key of that name, making it first if there is none; a new
// key is durable before it is returned. Error: ErrDestroyed.
func (r *Ring) Make(name string) (*age.X25519Identity, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k := r.keys[name]; k != nil {
		return k.identity()
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fmt.Errorf("keyring: make %q: %w", name, err)
	}
	r.keys[name] = &Key{Name: name, Made: r.now().UTC(), Secret: id.String()}
	if err := r.save(); err != nil {
		delete(r.keys, name)
		return nil, fmt.Errorf("keyring: make %q: %w", name, err)
	}
	return id, nil
}

// Get returns the key of that name. Errors: ErrNoKey, ErrDestroyed.
func (r *Ring) Get(name string) (*age.X25519Identity, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.keys[name]
	if k == nil {
		return nil, fmt.Errorf("keyring: %q: %w", name, ErrNoKey)
	}
	return k.identity()
}

func (k *Key) identity() (*age.X25519Identity, error) {
	if !k.Destroyed.IsZero() {
		return nil, fmt.Errorf("keyring: %q: %w on %s", k.Name, ErrDestroyed, k.Destroyed.Format(time.RFC3339))
	}
	return age.ParseX25519Identity(k.Secret)
}

// Destroy forgets the secrets of the keys named, durably, and keeps their
// names with the time. Keys that the ring does not have are ErrNoKey, and then
// none is destroyed; keys destroyed before stay so.
func (r *Ring) Destroy(names ...string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := map[string]Key{}
	for _, name := range names {
		k := r.keys[name]
		if k == nil {
			return fmt.Errorf("keyring: destroy %q: %w", name, ErrNoKey)
		}
		old[name] = *k
	}
	for _, name := range names {
		if k := r.keys[name]; k.Destroyed.IsZero() {
			k.Destroyed, k.Secret = r.now().UTC(), ""
		}
	}
	if err := r.save(); err != nil {
		for name, k := range old {
			r.keys[name] = &k
		}
		return fmt.Errorf("keyring: destroy: %w", err)
	}
	return nil
}

// Keys lists the keys by name, without their secrets.
func (r *Ring) Keys() []Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]Key, 0, len(r.keys))
	for _, k := range r.keys {
		public := *k
		public.Secret = ""
		out = append(out, public)
	}
	slices.SortFunc(out, func(a, b Key) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Encrypted says whether the ring itself is encrypted.
func (r *Ring) Encrypted() bool { return r.recipient != nil }

// Rewrap encrypts the ring to another key file or passphrase from now on. The
// keys in it stay the same: nothing else has to be written again.
func (r *Ring) Rewrap(unlock Unlock) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.recipient
	recipient, err := unlock.create(r.dir, nextIdentity)
	if err != nil {
		return fmt.Errorf("keyring: rewrap: %w", err)
	}
	r.recipient = recipient
	if err := r.save(); err != nil {
		r.recipient = old
		return fmt.Errorf("keyring: rewrap: %w", err)
	}
	if unlock.PassphraseFile == "" {
		return nil
	}
	// Until here both identities are there: whichever the ring is encrypted to.
	if err := os.Rename(filepath.Join(r.dir, nextIdentity), filepath.Join(r.dir, IdentityName)); err != nil {
		return fmt.Errorf("keyring: rewrap: %w", err)
	}
	return nil
}

// Export writes the ring as it is on disk, encrypted to one more holder's
// recipient ("age1…"): a recovery file to keep offline. It goes stale with
// every key that is made or destroyed.
func (r *Ring) Export(w io.Writer, recipient string) error {
	to, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		return fmt.Errorf("keyring: export: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := encrypt(w, to, r.encode()); err != nil {
		return fmt.Errorf("keyring: export: %w", err)
	}
	return nil
}

func (r *Ring) encode() []byte {
	var out bytes.Buffer
	out.WriteString(plainHead)
	names := make([]string, 0, len(r.keys))
	for name := range r.keys {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		b, _ := json.Marshal(r.keys[name]) // strings and times
		out.Write(append(b, '\n'))
	}
	return out.Bytes()
}

func encrypt(w io.Writer, to age.Recipient, b []byte) error {
	e, err := age.Encrypt(w, to)
	if err != nil {
		return err
	}
	if _, err := e.Write(b); err != nil {
		return err
	}
	return e.Close()
}

// save writes the ring under another name, synced, then renames it.
func (r *Ring) save() error {
	b := r.encode()
	if r.recipient != nil {
		var out bytes.Buffer
		if err := encrypt(&out, r.recipient, b); err != nil {
			return err
		}
		b = out.Bytes()
	}
	return durable.Replace(filepath.Join(r.dir, FileName), b, 0o600)
}

// firstLine is the passphrase in a file.
func firstLine(path string) (string, error) {
	if err := checkMode(path); err != nil {
		return "", err
	}
	b, err := durable.Read(path, maxKeyBytes)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	line = strings.TrimSuffix(line, "\r")
	if line == "" {
		return "", fmt.Errorf("%s: its first line, the passphrase, is empty", filepath.Base(path))
	}
	return line, nil
}
