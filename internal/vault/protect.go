package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault/keyring"
	"golang.org/x/mod/sumdb/tlog"
)

// Protection says how records of a kind are to be kept. The zero value keeps
// them whole and in the clear.
type Protection struct {
	// Parts commits to a record in parts, so that some can be masked when it
	// is disclosed.
	Parts bool
	// Key, when set, names the key that the raw bytes are kept under, at most
	// 500 bytes: destroying it makes all of its records unreadable, here and in
	// every copy. Such records are committed to in parts.
	Key string
}

// kept is what becomes of a record's raw bytes on the disk.
type kept struct {
	form   form
	key    string
	commit []byte
	body   []byte
}

// The bytes that sealing under a key adds to raw: nonce, secret and tag.
const (
	nonceLen    = 12
	tagLen      = 16
	sealedExtra = nonceLen + secretLen + tagLen

	classPrefix = "records " // names of keys of records
	filePrefix  = "file "    // names of keys of files
)

// keep brings a record's raw bytes into the form in which they are kept.
func (v *Vault) keep(rec *event.Record) (kept, error) {
	var p Protection
	if v.opts.Protect != nil && !strings.HasPrefix(rec.Source, event.OwnPrefix) {
		p = v.opts.Protect(rec.Source, rec.Raw)
	}
	if p.Key == "" && !p.Parts {
		return kept{form: formWhole, body: rec.Raw}, nil
	}
	secret := make([]byte, secretLen)
	rand.Read(secret) // never fails
	if p.Key == "" {
		return kept{form: formParts, commit: secret, body: rec.Raw}, nil
	}
	if len(p.Key) > maxKeyName-len(classPrefix) {
		return kept{}, fmt.Errorf("%w: key name of %d bytes, at most %d", ErrTooLarge, len(p.Key), maxKeyName-len(classPrefix))
	}
	k := kept{form: formKeyed, key: classPrefix + p.Key}
	id, err := v.ring.Make(k.key)
	if err != nil {
		return kept{}, fmt.Errorf("%w: records of a destroyed key cannot be kept: change the protection of source %q", err, rec.Source)
	}
	content := partsContent(secret, rec.Raw)
	k.commit = content[:]
	k.body, err = sealBody(id, content, secret, rec.Raw)
	return k, err
}

// sealBody gives nonce ‖ AES-256-GCM(secret ‖ raw), bound to content.
func sealBody(id *age.X25519Identity, content tlog.Hash, secret, raw []byte) ([]byte, error) {
	c, err := recordCipher(id)
	if err != nil {
		return nil, err
	}
	out := make([]byte, nonceLen, sealedExtra+len(raw))
	rand.Read(out) // never fails
	plain := append(append(make([]byte, 0, secretLen+len(raw)), secret...), raw...)
	return c.Seal(out, out, plain, content[:]), nil
}

var errSealedBody = errors.New("the record cannot be decrypted: it was changed, or its key is another")

// openBody undoes sealBody and checks that what it finds is what was sealed.
func openBody(id *age.X25519Identity, content, body []byte) (secret, raw []byte, err error) {
	c, err := recordCipher(id)
	if err != nil {
		return nil, nil, err
	}
	if len(body) < sealedExtra {
		return nil, nil, errSealedBody
	}
	plain, err := c.Open(nil, body[:nonceLen], body[nonceLen:], content)
	if err != nil {
		return nil, nil, errSealedBody
	}
	secret, raw = plain[:secretLen], plain[secretLen:]
	if partsContent(secret, raw) != tlog.Hash(content) {
		return nil, nil, errSealedBody
	}
	return secret, raw, nil
}

// recordCipher and walCipher derive AES-256-GCM keys from an identity of the
// keyring: SHA-256 of a purpose and the identity's text.
func recordCipher(id *age.X25519Identity) (cipher.AEAD, error) {
	return newCipher("konseki record v1", id)
}
func walCipher(id *age.X25519Identity) (cipher.AEAD, error) { return newCipher("konseki wal v1", id) }

func newCipher(purpose string, id *age.X25519Identity) (cipher.AEAD, error) {
	key := sha256.Sum256([]byte(purpose + "\n" + id.String()))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// newWALKey makes the key of a file that begins with record first.
func (v *Vault) newWALKey(first uint64) (cipher.AEAD, error) {
	id, err := v.ring.Make(fileKey(first, 0))
	if err != nil {
		return nil, err
	}
	return walCipher(id)
}

// fileKey names the key of a file by its first record and generation.
func fileKey(first uint64, generation int) string {
	name := fmt.Sprintf("%s%012d", filePrefix, first)
	if generation > 0 {
		name += fmt.Sprintf(".r%d", generation)
	}
	return name
}

// walKeys finds the keys of encrypted log files in a keyring.
func walKeys(ring *keyring.Ring) ciphers {
	return func(first uint64) (cipher.AEAD, error) {
		if ring == nil {
			return nil, keyring.ErrLocked
		}
		id, err := ring.Get(fileKey(first, 0))
		if err != nil {
			return nil, err
		}
		return walCipher(id)
	}
}

// reveal gives the raw bytes of a record as kept, and its secret if it is
// committed to in parts. What cannot be read is said in gone; an error means
// that it should be readable and is not.
func reveal(ring *keyring.Ring, p *payload) (raw, secret []byte, gone event.Gone, err error) {
	switch p.form {
	case formWhole:
		return p.body, nil, event.Present, nil
	case formParts:
		return p.body, p.commit, event.Present, nil
	case formKeyed:
		if ring == nil {
			return nil, nil, event.Locked, nil
		}
		id, err := ring.Get(p.key)
		switch {
		case errors.Is(err, keyring.ErrDestroyed):
			return nil, nil, event.Shredded, nil
		case errors.Is(err, keyring.ErrNoKey):
			return nil, nil, event.Locked, nil
		case err != nil:
			return nil, nil, event.Present, err
		}
		secret, raw, err = openBody(id, p.commit, p.body)
		return raw, secret, event.Present, err
	}
	return nil, nil, event.Expired, nil
}
