package ondisk

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/konseki/konseki/internal/event"
	"golang.org/x/mod/sumdb/tlog"
)

// Limits of a record. They bound what a frame, a page and a proof may hold.
const (
	MaxRaw       = 16 << 20
	MaxSource    = 1 << 10
	MaxTransport = 64 << 10

	MaxKeyName = 512

	HeaderFixed = 8 + 8 + 4 + 4
	maxPayload  = HeaderFixed + MaxSource + MaxTransport + 3 + MaxKeyName + tlog.HashSize + MaxRaw + sealedExtra
)

// Form says how the raw bytes of a record are kept.
type Form byte

const (
	FormWhole     Form = 1 // in the clear, leaf version 1; no commit
	FormParts     Form = 2 // in the clear, leaf version 2; commit is the secret
	FormKeyed     Form = 3 // under a key, leaf version 3; commit is the content of the parts
	FormGoneWhole Form = 4 // let go, leaf version 1; commit is the content
	FormGoneParts Form = 5 // let go, leaf version 2; commit is the content
	FormGoneKeyed Form = 6 // let go, leaf version 3; commit is the content
)

func (f Form) valid() bool { return f >= FormWhole && f <= FormGoneKeyed }

// Version is that of the leaf.
func (f Form) Version() byte {
	switch f {
	case FormWhole, FormGoneWhole:
		return seal.LeafWhole
	case FormKeyed, FormGoneKeyed:
		return seal.LeafKeyed
	}
	return seal.LeafParts
}

// commitLen is the length that commit must have.
func (f Form) commitLen() int {
	if f == FormWhole {
		return 0
	}
	return tlog.HashSize
}

var errPayload = errors.New("malformed record")

// Payload is a record in the form in which it is kept.
type Payload struct {
	Seq       uint64
	Received  int64 // nanoseconds since 1970-01-01 UTC
	Source    []byte
	Transport []byte
	Header    []byte // seq, received, source and transport as hashed
	Form      Form
	Key       string // name of the key that body is under; formKeyed alone
	Commit    []byte // secret or content, see form
	Body      []byte // raw bytes, or what they became under the key; nil when gone
}

// parsePayload splits a record as it stands in the write-ahead log: header,
// form, key name behind a 16-bit length, commit, body. It refuses whatever
// appendPayload cannot have written.
func parsePayload(b []byte) (Payload, error) {
	if len(b) < HeaderFixed || len(b) > maxPayload {
		return Payload{}, errPayload
	}
	p := Payload{Seq: binary.BigEndian.Uint64(b), Received: int64(binary.BigEndian.Uint64(b[8:]))}
	rest := b[16:]
	var ok bool
	if p.Source, rest, ok = cutString(rest, MaxSource); !ok {
		return Payload{}, errPayload
	}
	if p.Transport, rest, ok = cutString(rest, MaxTransport); !ok {
		return Payload{}, errPayload
	}
	p.Header = b[:len(b)-len(rest)]
	if len(rest) < 3 {
		return Payload{}, errPayload
	}
	p.Form = Form(rest[0])
	n := int(binary.BigEndian.Uint16(rest[1:]))
	rest = rest[3:]
	if !p.Form.valid() || (p.Form == FormKeyed) != (n > 0) || n > MaxKeyName || len(rest) < n+p.Form.commitLen() {
		return Payload{}, errPayload
	}
	p.Key = string(rest[:n])
	rest = rest[n:]
	p.Commit, rest = rest[:p.Form.commitLen()], rest[p.Form.commitLen():]
	if len(rest) > MaxRaw+sealedExtra || p.Gone() && len(rest) > 0 {
		return Payload{}, errPayload
	}
	p.Body = rest[:len(rest):len(rest)]
	return p, nil
}

// appendPayload appends a record as parsePayload reads it.
func appendPayload(dst []byte, r *event.Record, k *Kept) []byte {
	dst = seal.AppendHeader(dst, r.Seq, r.Received.UnixNano(), r.Source, r.Transport)
	dst = append(dst, byte(k.Form))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(k.Key)))
	dst = append(dst, k.Key...)
	dst = append(dst, k.Commit...)
	return append(dst, k.Body...)
}

// Gone says that the bytes were let go under retention.
func (p *Payload) Gone() bool { return p.Form >= FormGoneWhole }

// RawLen is the number of raw bytes that are kept.
func (p *Payload) RawLen() int64 {
	if p.Form == FormKeyed {
		return int64(max(0, len(p.Body)-sealedExtra))
	}
	return int64(len(p.Body))
}

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

// Content is the content of the record's leaf, without any key.
func (p *Payload) Content() tlog.Hash {
	switch p.Form {
	case FormWhole:
		return sha256.Sum256(p.Body)
	case FormParts:
		return seal.PartsContent(p.Commit, p.Body)
	case FormKeyed:
		return seal.KeyedContent(p.Key, tlog.Hash(p.Commit))
	}
	return tlog.Hash(p.Commit)
}

// Leaf is the record's leaf. scratch saves the allocation; it is returned
// grown.
func (p *Payload) Leaf(scratch []byte) (tlog.Hash, []byte) {
	return seal.HashLeaf(scratch, p.Form.Version(), p.Header, p.Content())
}
