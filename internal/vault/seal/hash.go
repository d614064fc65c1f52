// Package seal is the cryptography of the vault: leaves, batches, checkpoints and the proofs made of them; it reads no files.
//
// Everything that a stranger needs to verify a record is here, and nothing else.
// docs/format.md describes every byte.
package seal

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/konseki/konseki/internal/event"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrTampered says that sealed evidence does not match its seal.
var ErrTampered = errors.New("sealed evidence does not match its seal")

// Versions of a leaf say how its content is made (docs/format.md): of the whole
// record, of its parts, or of its parts and the name of the key they are under.
const (
	LeafWhole byte = 1
	LeafParts byte = 2
	LeafKeyed byte = 3
)

// HashLeaf is SHA-256(0x00 ‖ version ‖ header ‖ content). The first byte is
// that of RFC 6962 §2.1.
func HashLeaf(scratch []byte, version byte, header []byte, content tlog.Hash) (tlog.Hash, []byte) {
	scratch = append(scratch[:0], 0, version)
	scratch = append(scratch, header...)
	scratch = append(scratch, content[:]...)
	return sha256.Sum256(scratch), scratch
}

// Leaf returns the leaf hash by which the vault seals a record that is
// committed to as a whole: SHA-256 over 0x00, the leaf version, the canonical
// header and the SHA-256 of Raw (see docs/format.md).
func Leaf(rec event.Record) [32]byte {
	return LeafOf(rec, LeafWhole, sha256.Sum256(rec.Raw))
}

// LeafOf is the leaf of a record with the given version and content.
func LeafOf(rec event.Record, version byte, content tlog.Hash) tlog.Hash {
	h, _ := HashLeaf(nil, version, AppendHeader(nil, rec.Seq, rec.Received.UnixNano(), rec.Source, rec.Transport), content)
	return h
}

// AppendHeader appends the canonical header of a record: big-endian sequence,
// receive time, then source and transport each behind a 32-bit length.
func AppendHeader(dst []byte, seq uint64, received int64, source, transport string) []byte {
	dst = binary.BigEndian.AppendUint64(dst, seq)
	dst = binary.BigEndian.AppendUint64(dst, uint64(received))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(source)))
	dst = append(dst, source...)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(transport)))
	return append(dst, transport...)
}
