package keyring

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"filippo.io/age"
	"github.com/konseki/konseki/internal/durable"
)

// create returns to whom a new ring is encrypted: nobody, the identity in the
// key file, or a new identity that is kept beside the ring under the
// passphrase.
func (u Unlock) create(dir, name string) (age.Recipient, error) {
	switch {
	case u.KeyFile != "" && u.PassphraseFile != "":
		return nil, errors.New("give a key file or a passphrase file, not both")
	case u.KeyFile != "":
		id, err := readIdentity(u.KeyFile)
		if err != nil {
			return nil, err
		}
		return id.Recipient(), nil
	case u.PassphraseFile != "":
		return u.createIdentity(dir, name)
	}
	return nil, nil
}

func (u Unlock) createIdentity(dir, name string) (age.Recipient, error) {
	pass, err := firstLine(u.PassphraseFile)
	if err != nil {
		return nil, err
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	to, err := age.NewScryptRecipient(pass)
	if err != nil {
		return nil, err
	}
	if u.work > 0 {
		to.SetWorkFactor(u.work)
	}
	var out bytes.Buffer
	if err := encrypt(&out, to, []byte(id.String()+"\n")); err != nil {
		return nil, err
	}
	return id.Recipient(), durable.Replace(filepath.Join(dir, name), out.Bytes(), 0o600)
}

// identity opens what an encrypted ring is encrypted to.
func (u Unlock) identity(dir, name string) (*age.X25519Identity, error) {
	switch {
	case u.KeyFile != "":
		return readIdentity(u.KeyFile)
	case u.PassphraseFile == "":
		return nil, ErrLocked
	}
	pass, err := firstLine(u.PassphraseFile)
	if err != nil {
		return nil, err
	}
	b, err := durable.Read(filepath.Join(dir, name), maxKeyBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: it opens with a key file, not with a passphrase", ErrWrongKey)
	}
	if err != nil {
		return nil, err
	}
	with, err := age.NewScryptIdentity(pass)
	if err != nil {
		return nil, err
	}
	plain, err := age.Decrypt(bytes.NewReader(b), with)
	if err != nil {
		return nil, fmt.Errorf("%w (%v)", ErrWrongKey, err) //nolint:errorlint // theirs says which stanza failed, no more
	}
	b, err = io.ReadAll(io.LimitReader(plain, maxKeyBytes))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", IdentityName, err)
	}
	return parseIdentity(b)
}

// readIdentity reads an age identity file with one X25519 identity.
func readIdentity(path string) (*age.X25519Identity, error) {
	if err := checkMode(path); err != nil {
		return nil, err
	}
	b, err := durable.Read(path, maxKeyBytes)
	if err != nil {
		return nil, err
	}
	id, err := parseIdentity(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: make one with `konseki key new FILE` or age-keygen", filepath.Base(path), err)
	}
	return id, nil
}

func parseIdentity(b []byte) (*age.X25519Identity, error) {
	ids, err := age.ParseIdentities(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	if len(ids) != 1 {
		return nil, fmt.Errorf("%d identities where one is wanted", len(ids))
	}
	id, ok := ids[0].(*age.X25519Identity)
	if !ok {
		return nil, errors.New("not an X25519 identity (AGE-SECRET-KEY-1…)")
	}
	return id, nil
}

// NewKeyFile writes a new age identity to a new file that only its owner may
// read, and returns its recipient ("age1…").
func NewKeyFile(path string) (recipient string, err error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fmt.Errorf("keyring: new key file: %w", err)
	}
	text := "# public key: " + id.Recipient().String() + "\n" + id.String() + "\n"
	if err := writeNew(path, []byte(text)); err != nil {
		return "", fmt.Errorf("keyring: new key file: %w", err)
	}
	return id.Recipient().String(), nil
}

// Recipient returns the recipient ("age1…") of a key file.
func Recipient(keyFile string) (string, error) {
	id, err := readIdentity(keyFile)
	if err != nil {
		return "", fmt.Errorf("keyring: %w", err)
	}
	return id.Recipient().String(), nil
}

func writeNew(path string, b []byte) error {
	if _, err := durable.Read(path, maxBytes); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrExists, path)
	}
	return durable.Replace(path, b, 0o600)
}

// Import puts an exported ring in place in dir, the folder of a vault without
// one, opened with the holder's key file and kept as unlock says.
func Import(dir string, exported []byte, holder string, unlock Unlock) error {
	id, err := readIdentity(holder)
	if err != nil {
		return fmt.Errorf("keyring: import: %w", err)
	}
	plain, err := age.Decrypt(bytes.NewReader(exported), id)
	if err != nil {
		return fmt.Errorf("keyring: import: %w (%v)", ErrWrongKey, err) //nolint:errorlint // theirs says which stanza failed, no more
	}
	b, err := io.ReadAll(io.LimitReader(plain, maxBytes))
	if err != nil {
		return fmt.Errorf("keyring: import: damaged: %w", err)
	}
	if _, err := durable.Read(filepath.Join(dir, FileName), maxBytes); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keyring: import: %w: %s", ErrExists, filepath.Join(dir, FileName))
	}
	r, err := Open(dir, unlock, nil)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.parse(b); err != nil {
		return fmt.Errorf("keyring: import: %w", err)
	}
	if err := r.save(); err != nil {
		return fmt.Errorf("keyring: import: %w", err)
	}
	return nil
}
