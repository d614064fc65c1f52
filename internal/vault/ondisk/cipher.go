package ondisk

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/konseki/konseki/internal/vault/seal"

	"filippo.io/age"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault/keyring"
	"golang.org/x/mod/sumdb/tlog"
)

// Kept is what becomes of a record's raw bytes on the disk.
type Kept struct {
	Form   Form
	Key    string
	Commit []byte
	Body   []byte
}

// The bytes that sealing under a key adds to raw: nonce, secret and tag.
const (
	nonceLen    = 12
	tagLen      = 16
	sealedExtra = nonceLen + seal.SecretLen + tagLen

	ClassPrefix = "records " // names of keys of records
	filePrefix  = "file "    // names of keys of files
)

// SealBody gives nonce ‖ AES-256-GCM(secret ‖ raw), bound to content.
func SealBody(id *age.X25519Identity, content tlog.Hash, secret, raw []byte) ([]byte, error) {
	c, err := recordCipher(id)
	if err != nil {
		return nil, err
	}
	out := make([]byte, nonceLen, sealedExtra+len(raw))
	rand.Read(out) // never fails
	plain := append(append(make([]byte, 0, seal.SecretLen+len(raw)), secret...), raw...)
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
	secret, raw = plain[:seal.SecretLen], plain[seal.SecretLen:]
	if seal.PartsContent(secret, raw) != tlog.Hash(content) {
		return nil, nil, errSealedBody
	}
	return secret, raw, nil
}

// recordCipher and walCipher derive AES-256-GCM keys from an identity of the
// keyring: SHA-256 of a purpose and the identity's text.
func recordCipher(id *age.X25519Identity) (cipher.AEAD, error) {
	return newCipher("konseki record v1", id)
}

// WALCipher derives the AES-256-GCM key of a log file from its identity in the
// keyring.
func WALCipher(id *age.X25519Identity) (cipher.AEAD, error) { return newCipher("konseki wal v1", id) }

func newCipher(purpose string, id *age.X25519Identity) (cipher.AEAD, error) {
	key := sha256.Sum256([]byte(purpose + "\n" + id.String()))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// FileKey names the key of a file by its first record and generation.
func FileKey(first uint64, generation int) string {
	name := fmt.Sprintf("%s%012d", filePrefix, first)
	if generation > 0 {
		name += fmt.Sprintf(".r%d", generation)
	}
	return name
}

// WALKeys finds the keys of encrypted log files in a keyring.
func WALKeys(ring *keyring.Ring) ciphers {
	return func(first uint64) (cipher.AEAD, error) {
		if ring == nil {
			return nil, keyring.ErrLocked
		}
		id, err := ring.Get(FileKey(first, 0))
		if err != nil {
			return nil, err
		}
		return WALCipher(id)
	}
}

// Reveal gives the raw bytes of a record as kept, and its secret if it is
// committed to in parts. What cannot be read is said in gone; an error means
// that it should be readable and is not.
func Reveal(ring *keyring.Ring, p *Payload) (raw, secret []byte, gone event.Gone, err error) {
	switch p.Form {
	case FormWhole:
		return p.Body, nil, event.Present, nil
	case FormParts:
		return p.Body, p.Commit, event.Present, nil
	case FormKeyed:
		if ring == nil {
			return nil, nil, event.Locked, nil
		}
		id, err := ring.Get(p.Key)
		switch {
		case errors.Is(err, keyring.ErrDestroyed):
			return nil, nil, event.Shredded, nil
		case errors.Is(err, keyring.ErrNoKey):
			return nil, nil, event.Locked, nil
		case err != nil:
			return nil, nil, event.Present, err
		}
		secret, raw, err = openBody(id, p.Commit, p.Body)
		return raw, secret, event.Present, err
	}
	return nil, nil, event.Expired, nil
}
