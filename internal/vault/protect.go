package vault

import (
	"crypto/cipher"
	"crypto/rand"
	"fmt"

	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/konseki/konseki/internal/event"
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

// keep brings a record's raw bytes into the form in which they are kept.
func (v *Vault) keep(rec *event.Record) (ondisk.Kept, error) {
	var p Protection
	if v.opts.Protect != nil && !event.IsOwn(rec.Source) {
		p = v.opts.Protect(rec.Source, rec.Raw)
	}
	if p.Key == "" && !p.Parts {
		return ondisk.Kept{Form: ondisk.FormWhole, Body: rec.Raw}, nil
	}
	secret := make([]byte, seal.SecretLen)
	rand.Read(secret) // never fails
	if p.Key == "" {
		return ondisk.Kept{Form: ondisk.FormParts, Commit: secret, Body: rec.Raw}, nil
	}
	if len(p.Key) > ondisk.MaxKeyName-len(ondisk.ClassPrefix) {
		return ondisk.Kept{}, fmt.Errorf("%w: key name of %d bytes, at most %d", ErrTooLarge, len(p.Key), ondisk.MaxKeyName-len(ondisk.ClassPrefix))
	}
	k := ondisk.Kept{Form: ondisk.FormKeyed, Key: ondisk.ClassPrefix + p.Key}
	id, err := v.ring.Make(k.Key)
	if err != nil {
		return ondisk.Kept{}, fmt.Errorf("%w: records of a destroyed key cannot be kept: change the protection of source %q", err, rec.Source)
	}
	content := seal.PartsContent(secret, rec.Raw)
	k.Commit = content[:]
	k.Body, err = ondisk.SealBody(id, content, secret, rec.Raw)
	return k, err
}

// newWALKey makes the key of a file that begins with record first.
func (v *Vault) newWALKey(first uint64) (cipher.AEAD, error) {
	id, err := v.ring.Make(ondisk.FileKey(first, 0))
	if err != nil {
		return nil, err
	}
	return ondisk.WALCipher(id)
}
