package vault

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/event"
	"golang.org/x/mod/sumdb/tlog"
)

// Limits of a record. They bound what a frame, a page and a proof may hold.
const (
	maxRaw       = 16 << 20
	maxSource    = 1 << 10
	maxTransport = 64 << 10

	maxKeyName = 512

	headerFixed = 8 + 8 + 4 + 4
	maxPayload  = headerFixed + maxSource + maxTransport + 3 + maxKeyName + tlog.HashSize + maxRaw + sealedExtra
)

// Versions of a leaf say how its content is made (docs/format.md): of the whole
// record, or of its parts.
const (
	leafWhole byte = 1
	leafParts byte = 2
)

// form says how the raw bytes of a record are kept.
type form byte

const (
	formWhole     form = 1 // in the clear, leaf version 1; no commit
	formParts     form = 2 // in the clear, leaf version 2; commit is the secret
	formKeyed     form = 3 // under a key, leaf version 2; commit is the content
	formGoneWhole form = 4 // let go, leaf version 1; commit is the content
	formGoneParts form = 5 // let go, leaf version 2; commit is the content
)

func (f form) valid() bool { return f >= formWhole && f <= formGoneParts }

// version is that of the leaf.
func (f form) version() byte {
	if f == formWhole || f == formGoneWhole {
		return leafWhole
	}
	return leafParts
}

// commitLen is the length that commit must have.
func (f form) commitLen() int {
	if f == formWhole {
		return 0
	}
	return tlog.HashSize
}

var errPayload = errors.New("malformed record")

// payload is a record in the form in which it is kept.
type payload struct {
	seq       uint64
	received  int64 // nanoseconds since 1970-01-01 UTC
	source    []byte
	transport []byte
	header    []byte // seq, received, source and transport as hashed
	form      form
	key       string // name of the key that body is under; formKeyed alone
	commit    []byte // secret or content, see form
	body      []byte // raw bytes, or what they became under the key; nil when gone
}

// appendHeader appends the canonical header of a record: big-endian sequence,
// receive time, then source and transport each behind a 32-bit length.
func appendHeader(dst []byte, seq uint64, received int64, source, transport string) []byte {
	dst = binary.BigEndian.AppendUint64(dst, seq)
	dst = binary.BigEndian.AppendUint64(dst, uint64(received))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(source)))
	dst = append(dst, source...)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(transport)))
	return append(dst, transport...)
}

// parsePayload splits a record as it stands in the write-ahead log: header,
// form, key name behind a 16-bit length, commit, body. It refuses whatever
// appendPayload cannot have written.
func parsePayload(b []byte) (payload, error) {
	if len(b) < headerFixed || len(b) > maxPayload {
		return payload{}, errPayload
	}
	p := payload{seq: binary.BigEndian.Uint64(b), received: int64(binary.BigEndian.Uint64(b[8:]))}
	rest := b[16:]
	var ok bool
	if p.source, rest, ok = cutString(rest, maxSource); !ok {
		return payload{}, errPayload
	}
	if p.transport, rest, ok = cutString(rest, maxTransport); !ok {
		return payload{}, errPayload
	}
	p.header = b[:len(b)-len(rest)]
	if len(rest) < 3 {
		return payload{}, errPayload
	}
	p.form = form(rest[0])
	n := int(binary.BigEndian.Uint16(rest[1:]))
	rest = rest[3:]
	if !p.form.valid() || (p.form == formKeyed) != (n > 0) || n > maxKeyName || len(rest) < n+p.form.commitLen() {
		return payload{}, errPayload
	}
	p.key = string(rest[:n])
	rest = rest[n:]
	p.commit, rest = rest[:p.form.commitLen()], rest[p.form.commitLen():]
	if len(rest) > maxRaw+sealedExtra || p.gone() && len(rest) > 0 {
		return payload{}, errPayload
	}
	p.body = rest[:len(rest):len(rest)]
	return p, nil
}

// appendPayload appends a record as parsePayload reads it.
func appendPayload(dst []byte, r *event.Record, k *kept) []byte {
	dst = appendHeader(dst, r.Seq, r.Received.UnixNano(), r.Source, r.Transport)
	dst = append(dst, byte(k.form))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(k.key)))
	dst = append(dst, k.key...)
	dst = append(dst, k.commit...)
	return append(dst, k.body...)
}

func (p *payload) gone() bool { return p.form == formGoneWhole || p.form == formGoneParts }

func cutString(b []byte, limit uint32) (s, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(b)
	if n > limit || uint64(n) > uint64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}

// content is the content of the record's leaf, without any key.
func (p *payload) content() tlog.Hash {
	switch p.form {
	case formWhole:
		return sha256.Sum256(p.body)
	case formParts:
		return partsContent(p.commit, p.body)
	}
	return tlog.Hash(p.commit)
}

// leaf is the record's leaf. scratch saves the allocation; it is returned
// grown.
func (p *payload) leaf(scratch []byte) (tlog.Hash, []byte) {
	return hashLeaf(scratch, p.form.version(), p.header, p.content())
}

// hashLeaf is SHA-256(0x00 ‖ version ‖ header ‖ content). The first byte is
// that of RFC 6962 §2.1.
func hashLeaf(scratch []byte, version byte, header []byte, content tlog.Hash) (tlog.Hash, []byte) {
	scratch = append(scratch[:0], 0, version)
	scratch = append(scratch, header...)
	scratch = append(scratch, content[:]...)
	return sha256.Sum256(scratch), scratch
}

// Leaf returns the leaf hash by which the vault seals a record that is
// committed to as a whole: SHA-256 over 0x00, the leaf version, the canonical
// header and the SHA-256 of Raw (see docs/format.md).
func Leaf(rec event.Record) [32]byte {
	return leafOf(rec, leafWhole, sha256.Sum256(rec.Raw))
}

func leafOf(rec event.Record, version byte, content tlog.Hash) tlog.Hash {
	h, _ := hashLeaf(nil, version, appendHeader(nil, rec.Seq, rec.Received.UnixNano(), rec.Source, rec.Transport), content)
	return h
}

// checkRecord says why a record cannot be kept, or nil.
func checkRecord(r *event.Record) error {
	switch {
	case len(r.Raw) > maxRaw:
		return fmt.Errorf("%w: %d bytes of raw record, at most %d", ErrTooLarge, len(r.Raw), maxRaw)
	case len(r.Source) > maxSource:
		return fmt.Errorf("%w: source name of %d bytes, at most %d", ErrTooLarge, len(r.Source), maxSource)
	case len(r.Transport) > maxTransport:
		return fmt.Errorf("%w: transport of %d bytes, at most %d", ErrTooLarge, len(r.Transport), maxTransport)
	case !utf8.ValidString(r.Source) || !utf8.ValidString(r.Transport):
		return fmt.Errorf("%w: source and transport must be UTF-8", ErrInvalid)
	}
	if !r.Received.IsZero() {
		if s := r.Received.Unix(); s >= math.MaxInt64/int64(time.Second) || s <= math.MinInt64/int64(time.Second) {
			return fmt.Errorf("%w: receive time %s is out of range", ErrInvalid, r.Received.Format(time.RFC3339))
		}
	}
	return nil
}

// checksum is the CRC-32C (RFC 3720 appendix B.4) that guards frames.
func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
