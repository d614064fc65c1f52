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

	headerFixed = 8 + 8 + 4 + 4
	maxPayload  = headerFixed + maxSource + maxTransport + maxRaw
)

// leafWhole is the version byte of a leaf whose content commitment is the
// SHA-256 of the whole record; version 2 is reserved for records committed to
// in parts (docs/adr/0001-leaf-format.md).
const leafWhole byte = 1

var errPayload = errors.New("malformed record")

// payload is a record in its canonical form, header then raw bytes, as it
// stands in the write-ahead log. All slices share one buffer.
type payload struct {
	seq       uint64
	received  int64 // nanoseconds since 1970-01-01 UTC
	source    []byte
	transport []byte
	header    []byte // seq, received, source and transport as hashed
	raw       []byte
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

// parsePayload splits a canonical record. It refuses whatever appendHeader
// cannot have written.
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
	if len(rest) > maxRaw {
		return payload{}, errPayload
	}
	p.raw = rest[:len(rest):len(rest)]
	p.header = b[:len(b)-len(rest)]
	return p, nil
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

// hashLeaf is the leaf of a record in whole form: SHA-256(0x00 ‖ version ‖
// header ‖ SHA-256(raw)). The first byte is that of RFC 6962 §2.1. scratch
// saves the allocation; it is returned grown.
func hashLeaf(scratch, header, raw []byte) (tlog.Hash, []byte) {
	content := sha256.Sum256(raw)
	scratch = append(scratch[:0], 0, leafWhole)
	scratch = append(scratch, header...)
	scratch = append(scratch, content[:]...)
	return sha256.Sum256(scratch), scratch
}

// Leaf returns the leaf hash by which the vault seals a record: SHA-256 over
// 0x00, the leaf version, the canonical header and the SHA-256 of Raw (see
// docs/format.md).
func Leaf(rec event.Record) [32]byte {
	h, _ := hashLeaf(nil, appendHeader(nil, rec.Seq, rec.Received.UnixNano(), rec.Source, rec.Transport), rec.Raw)
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
