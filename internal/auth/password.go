package auth

import (
	"cmp"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Cost is what hashing a password takes (Argon2id, RFC 9106). It is stored with
// each hash, so it can be raised later.
type Cost struct {
	Time    uint32 // passes
	Memory  uint32 // KiB
	Threads uint8
}

// DefaultCost is the second recommendation of RFC 9106 §4: 3 passes over
// 64 MiB in 4 lanes.
func DefaultCost() Cost { return Cost{Time: 3, Memory: 64 << 10, Threads: 4} }

func (c Cost) orDefault() Cost {
	d := DefaultCost()
	return Cost{cmp.Or(c.Time, d.Time), cmp.Or(c.Memory, d.Memory), cmp.Or(c.Threads, d.Threads)}
}

const (
	saltBytes = 16
	keyBytes  = 32
)

var errHash = errors.New("stored password hash is damaged")

// hashPassword gives the PHC string, "$argon2id$v=19$m=…,t=…,p=…$salt$key".
func hashPassword(password string, c Cost) string {
	var salt [saltBytes]byte
	rand.Read(salt[:]) // never fails (Go 1.24)
	key := argon2.IDKey(prepare(password), salt[:], c.Time, c.Memory, c.Threads, keyBytes)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Time, c.Threads,
		b64.EncodeToString(salt[:]), b64.EncodeToString(key))
}

// checkPassword reports whether the password is that of the PHC string.
func checkPassword(phc, password string) (bool, error) {
	c, salt, want, err := parsePHC(phc)
	if err != nil {
		return false, err
	}
	got := argon2.IDKey(prepare(password), salt, c.Time, c.Memory, c.Threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

func parsePHC(phc string) (c Cost, salt, key []byte, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &c.Threads); err != nil {
		return c, nil, nil, errHash
	}
	if c.Memory > 1<<20 || c.Time == 0 || c.Time > 64 || c.Threads == 0 {
		return c, nil, nil, errHash
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || len(salt) < 8 || len(key) < 16 || len(key) > 64 {
		return c, nil, nil, errHash
	}
	return c, salt, key, nil
}

// prepare makes the same bytes of a password however it was typed (RFC 8265
// §4.2.2: NFC).
func prepare(password string) []byte { return norm.NFC.Bytes([]byte(password)) }

// checkNewPassword refuses passwords that are too easy to guess.
func checkNewPassword(name, password string) error {
	if len(password) > 1024 {
		return ErrLongPassword
	}
	p := fold(password)
	short := utf8.RuneCountInString(norm.NFC.String(password)) < 12
	first, _ := utf8.DecodeRuneInString(p)
	alike := strings.Trim(p, string(first)) == ""
	holdsName := utf8.RuneCountInString(name) >= 3 && strings.Contains(p, fold(name))
	if short || alike || holdsName {
		return ErrWeakPassword
	}
	return nil
}
