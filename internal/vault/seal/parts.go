package seal

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// A record may be committed to in parts, so that some of them can be masked
// when it is disclosed; docs/adr/0008-parts.md says why it is made so.
const (
	partsHead = "konseki parts v1"
	keyedHead = "konseki keyed v1"
	SecretLen = 32
	saltLen   = 16
	maxParts  = 65536
)

// cutParts gives the end of every part of raw: it is cut wherever bytes of a
// word (letters, digits, underscore and everything beyond ASCII) and other
// bytes meet. What follows the last part that fits is in that part.
func cutParts(raw []byte) []int {
	ends := make([]int, 0, len(raw)/4+1)
	for i := 1; i < len(raw); i++ {
		if isWord(raw[i]) != isWord(raw[i-1]) {
			if len(ends) == maxParts-1 {
				break
			}
			ends = append(ends, i)
		}
	}
	return append(ends, len(raw))
}

func isWord(b byte) bool {
	return b >= 0x80 || b == '_' || '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'z'
}

// partSalt is the salt of one part: the first 16 bytes of SHA-256(secret ‖ i).
func partSalt(secret []byte, i int) (salt [saltLen]byte) {
	var b [SecretLen + 4]byte
	copy(b[:], secret)
	binary.BigEndian.PutUint32(b[SecretLen:], uint32(i))
	h := sha256.Sum256(b[:])
	copy(salt[:], h[:])
	return salt
}

// partHash commits to one part: SHA-256(0x00 ‖ salt ‖ bytes). scratch saves
// the allocation; it is returned grown.
func partHash(scratch []byte, salt [saltLen]byte, part []byte) (tlog.Hash, []byte) {
	scratch = append(scratch[:0], 0)
	scratch = append(scratch, salt[:]...)
	scratch = append(scratch, part...)
	return sha256.Sum256(scratch), scratch
}

// PartsContent is the content of a leaf of version 2:
// SHA-256("konseki parts v1" ‖ uint32 n ‖ part 0 ‖ … ‖ part n-1).
func PartsContent(secret, raw []byte) tlog.Hash {
	ends := cutParts(raw)
	all := binary.BigEndian.AppendUint32(append(make([]byte, 0, len(partsHead)+4+32*len(ends)), partsHead...), uint32(len(ends)))
	var scratch []byte
	start := 0
	for i, end := range ends {
		var h tlog.Hash
		h, scratch = partHash(scratch, partSalt(secret, i), raw[start:end])
		all = append(all, h[:]...)
		start = end
	}
	return sha256.Sum256(all)
}

// KeyedContent is the content of a leaf of version 3: SHA-256("konseki keyed v1"
// ‖ uint16 length of the key's name ‖ name ‖ content of the parts). The name is
// in it so that nobody can say of a record that another, destroyed key hid it.
func KeyedContent(key string, parts tlog.Hash) tlog.Hash {
	b := binary.BigEndian.AppendUint16([]byte(keyedHead), uint16(len(key)))
	b = append(append(b, key...), parts[:]...)
	return sha256.Sum256(b)
}

// Range is a run of bytes of a record, From included, To not.
type Range struct{ From, To int }

// Part is one part of a disclosed record: its salt and bytes, or, when it is
// masked, nothing but its hash.
type Part struct {
	Salt  []byte `json:"salt,omitempty"`
	Bytes []byte `json:"bytes,omitempty"`
	Hash  []byte `json:"hash,omitempty"`
}

// Disclosure is what is shown of a record's raw bytes: exactly one of secret,
// parts and content is set. docs/format.md says how to check one. It does not hide how many parts
// were masked, and so roughly how long they were, nor the source, the
// transport and the time of the record.
type Disclosure struct {
	// Secret shows the whole of a record that is committed to in parts.
	Secret []byte `json:"secret,omitempty"`
	// Parts shows some of its parts.
	Parts []Part `json:"parts,omitempty"`
	// Content shows nothing of a record, whichever way it is committed to.
	Content []byte `json:"content,omitempty"`
	// Key names the key that the record is kept under, with Secret or Parts.
	Key string `json:"key,omitempty"`
}

// maxKeyName is the longest name of a key.
const maxKeyName = 512

// Mask stands in the text of a disclosed record for each run of masked parts.
const Mask = "█████"

var errDisclosure = errors.New("malformed disclosure")

// Commits computes the content of the leaf from what is shown, and the text a
// reader may see: the bytes shown, with Mask for each run that is not.
func (d *Disclosure) Commits(raw []byte) (content tlog.Hash, shown []byte, err error) {
	switch {
	case d == nil:
		return sha256.Sum256(raw), raw, nil
	case len(d.Key) > maxKeyName:
	case len(d.Content) == tlog.HashSize && d.Parts == nil && d.Secret == nil && d.Key == "":
		return tlog.Hash(d.Content), []byte(Mask), nil
	case len(d.Secret) == SecretLen && d.Parts == nil && d.Content == nil:
		return d.under(PartsContent(d.Secret, raw)), raw, nil
	case len(d.Parts) > 0 && len(d.Parts) <= maxParts && d.Secret == nil && d.Content == nil:
		content, shown, err = d.join()
		return d.under(content), shown, err
	}
	return content, nil, fmt.Errorf("%w: one of secret (32 bytes), parts and content (32 bytes) is wanted", errDisclosure)
}

// under gives the content of a leaf from that of its parts.
func (d *Disclosure) under(parts tlog.Hash) tlog.Hash {
	if d.Key == "" {
		return parts
	}
	return KeyedContent(d.Key, parts)
}

// fits says whether a disclosure can be of a leaf of that version.
func (d *Disclosure) fits(version byte) bool {
	switch {
	case d == nil:
		return version == LeafWhole
	case len(d.Content) > 0:
		return version >= LeafWhole && version <= LeafKeyed
	case d.Key == "":
		return version == LeafParts
	}
	return version == LeafKeyed
}

func (d *Disclosure) join() (content tlog.Hash, shown []byte, err error) {
	all := binary.BigEndian.AppendUint32([]byte(partsHead), uint32(len(d.Parts)))
	var scratch []byte
	masked := false
	for i, p := range d.Parts {
		switch {
		case len(p.Hash) == tlog.HashSize && p.Salt == nil && p.Bytes == nil:
			all = append(all, p.Hash...)
			if !masked {
				shown = append(shown, Mask...)
			}
			masked = true
		case p.Hash == nil && len(p.Salt) == saltLen:
			var h tlog.Hash
			h, scratch = partHash(scratch, [saltLen]byte(p.Salt), p.Bytes)
			all = append(all, h[:]...)
			shown = append(shown, p.Bytes...)
			masked = false
		default:
			return content, nil, fmt.Errorf("%w: part %d has neither a salt of %d bytes nor a hash of %d", errDisclosure, i, saltLen, tlog.HashSize)
		}
	}
	return sha256.Sum256(all), shown, nil
}

// DiscloseParts shows raw but for the parts that overlap one of hide.
func DiscloseParts(secret, raw []byte, hide []Range) *Disclosure {
	if len(hide) == 0 {
		return &Disclosure{Secret: secret}
	}
	d := &Disclosure{}
	var scratch []byte
	start := 0
	for i, end := range cutParts(raw) {
		salt, part := partSalt(secret, i), raw[start:end]
		if overlaps(hide, start, end) {
			var h tlog.Hash
			h, scratch = partHash(scratch, salt, part)
			d.Parts = append(d.Parts, Part{Hash: h[:]})
		} else {
			d.Parts = append(d.Parts, Part{Salt: salt[:], Bytes: part})
		}
		start = end
	}
	return d
}

func overlaps(hide []Range, from, to int) bool {
	for _, r := range hide {
		if r.From < to && from < r.To {
			return true
		}
	}
	return false
}
