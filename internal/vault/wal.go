package vault

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// The write-ahead log: files of frames, each frame a length, a CRC-32C and a
// record; see docs/format.md.
const (
	walMagic     = "KNSKWAL2"
	walHead      = len(walMagic) + 8 + 8 + 4 + 4 // magic, first sequence, whose key, flags, CRC-32C of the rest
	walEncrypted = 1                             // flag: frames hold nonce ‖ AES-256-GCM(record)
	frameHead    = 4 + 4
	frameExtra   = nonceLen + tagLen
	maxFrame     = maxPayload + frameExtra
	walSuffix    = ".wal"

	scanBlock = 256 << 10 // what a scanner reads at once
	markEvery = 256       // records between two remembered offsets
)

// errTorn says that a frame is cut short or damaged.
var errTorn = errors.New("frame is cut or damaged")

// walFile is one file of the write-ahead log as far as it is durable. Its
// fields are guarded by Vault.mu; only the committer changes them.
type walFile struct {
	path     string
	number   uint64
	first    uint64
	count    uint64
	size     int64 // durable bytes
	rawBytes int64
	marks    []int64     // offset of every markEvery-th record
	cipher   cipher.AEAD // nil: in the clear
	keyOf    uint64      // first record of the file that the key was made for
	closed   bool        // no record will be added
}

// end is the sequence after the last record.
func (f *walFile) end() uint64 { return f.first + f.count }

// offset returns where to start scanning for seq, and which record is there.
func (f *walFile) offset(seq uint64) (off int64, at uint64) {
	if len(f.marks) == 0 {
		return int64(walHead), f.first
	}
	i := min((seq-f.first)/markEvery, uint64(len(f.marks)-1))
	return f.marks[i], f.first + i*markEvery
}

func walName(number uint64) string { return fmt.Sprintf("%06d%s", number, walSuffix) }

func parseWALName(name string) (number uint64, ok bool) {
	digits, found := strings.CutSuffix(name, walSuffix)
	if !found || len(digits) < 6 {
		return 0, false
	}
	number, err := strconv.ParseUint(digits, 10, 64)
	return number, err == nil && walName(number) == name
}

func walHeader(f *walFile) []byte {
	b := append(make([]byte, 0, walHead), walMagic...)
	b = binary.BigEndian.AppendUint64(b, f.first)
	b = binary.BigEndian.AppendUint64(b, f.keyOf)
	var flags uint32
	if f.cipher != nil {
		flags = walEncrypted
	}
	b = binary.BigEndian.AppendUint32(b, flags)
	return binary.BigEndian.AppendUint32(b, checksum(b))
}

func parseWALHeader(b []byte) (f *walFile, encrypted bool, err error) {
	if len(b) < walHead || string(b[:len(walMagic)]) != walMagic {
		return nil, false, errors.New("not a write-ahead log of this version")
	}
	if binary.BigEndian.Uint32(b[walHead-4:]) != checksum(b[:walHead-4]) {
		return nil, false, errors.New("header is damaged")
	}
	b = b[len(walMagic):]
	flags := binary.BigEndian.Uint32(b[16:])
	if flags > walEncrypted {
		return nil, false, fmt.Errorf("header has unknown flags %#x", flags)
	}
	f = &walFile{first: binary.BigEndian.Uint64(b), keyOf: binary.BigEndian.Uint64(b[8:]), size: int64(walHead)}
	return f, flags == walEncrypted, nil
}

// appendFrame appends the frame of a record, encrypted if c is set.
func appendFrame(dst []byte, r *event.Record, k *kept, c cipher.AEAD) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
	if c != nil {
		dst = append(dst, make([]byte, nonceLen)...)
		nonce := dst[len(dst)-nonceLen:]
		rand.Read(nonce) // never fails
		at := len(dst)
		dst = appendPayload(dst, r, k)
		dst = slices.Grow(dst, tagLen)
		dst = c.Seal(dst[:at], dst[at-nonceLen:at], dst[at:], nil)
	} else {
		dst = appendPayload(dst, r, k)
	}
	body := dst[start+frameHead:]
	binary.BigEndian.PutUint32(dst[start:], uint32(len(body)))
	binary.BigEndian.PutUint32(dst[start+4:], checksum(body))
	return dst
}

// walScanner reads frames between two offsets. It never reuses a buffer, so
// that the payloads it gives may be kept.
type walScanner struct {
	r    io.ReaderAt
	c    cipher.AEAD
	pos  int64 // offset after the last frame given
	end  int64
	rest []byte // bytes read and not yet given
}

func newWALScanner(r io.ReaderAt, c cipher.AEAD, off, end int64) *walScanner {
	return &walScanner{r: r, c: c, pos: off, end: end}
}

// next gives the next record, io.EOF at a clean end, or errTorn.
func (s *walScanner) next() (payload, error) {
	if s.pos == s.end {
		return payload{}, io.EOF
	}
	if err := s.fill(frameHead); err != nil {
		return payload{}, err
	}
	n := int64(binary.BigEndian.Uint32(s.rest))
	if n < headerFixed || n > maxFrame {
		return payload{}, errTorn
	}
	if err := s.fill(frameHead + n); err != nil {
		return payload{}, err
	}
	body := s.rest[frameHead : frameHead+n : frameHead+n]
	if checksum(body) != binary.BigEndian.Uint32(s.rest[4:]) {
		return payload{}, errTorn
	}
	if s.c != nil {
		if len(body) < frameExtra {
			return payload{}, errTorn
		}
		var err error
		if body, err = s.c.Open(nil, body[:nonceLen], body[nonceLen:], nil); err != nil {
			return payload{}, errTorn
		}
	}
	p, err := parsePayload(body)
	if err != nil {
		return payload{}, errTorn
	}
	s.rest = s.rest[frameHead+n:]
	s.pos += frameHead + n
	return p, nil
}

// fill makes at least n bytes available in rest.
func (s *walScanner) fill(n int64) error {
	have := int64(len(s.rest))
	if have >= n {
		return nil
	}
	left := s.end - s.pos
	if left < n {
		return errTorn
	}
	buf := make([]byte, min(max(n, scanBlock), left))
	copy(buf, s.rest)
	if _, err := s.r.ReadAt(buf[have:], s.pos+have); err != nil {
		if errors.Is(err, io.EOF) {
			return errTorn
		}
		return err
	}
	s.rest = buf
	return nil
}

// skipTo moves the scanner so that next gives the record seq.
func (s *walScanner) skipTo(at, seq uint64) error {
	for ; at < seq; at++ {
		if _, err := s.next(); err != nil {
			return err
		}
	}
	return nil
}

// ciphers finds the key of an encrypted log file by the first record of the
// file that the key was made for.
type ciphers func(first uint64) (cipher.AEAD, error)

// openWAL reads the header of a log file and gives a scanner over all of it.
func openWAL(file file, name string, keys ciphers) (f *walFile, size int64, err error) {
	info, err := file.Stat()
	if err != nil {
		return nil, 0, err
	}
	head := make([]byte, walHead)
	if _, err := file.ReadAt(head, 0); err != nil {
		if !errors.Is(err, io.EOF) {
			return nil, 0, fmt.Errorf("%s: %w", name, err)
		}
		return nil, info.Size(), fmt.Errorf("%s: %w", name, errTorn)
	}
	f, encrypted, err := parseWALHeader(head)
	if err != nil {
		return nil, info.Size(), fmt.Errorf("%s: %w: %w", name, err, errTorn)
	}
	f.number, _ = parseWALName(name)
	if encrypted {
		if f.cipher, err = keys(f.keyOf); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", name, err)
		}
	}
	return f, info.Size(), nil
}

// readWALFile reads what is whole in one file: frames whose sequences count up
// from the header's first to, at most, limit-1. It reports the bytes after
// that as torn; it changes nothing.
func readWALFile(d disk, path string, limit uint64, keys ciphers) (f *walFile, torn int64, err error) {
	file, err := d.open(path)
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	f, size, err := openWAL(file, filepath.Base(path), keys)
	if err != nil {
		return nil, size, err
	}
	f.path = path
	s := newWALScanner(file, f.cipher, int64(walHead), size)
	for f.end() < limit {
		p, err := s.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, errTorn) || err == nil && p.seq != f.end() {
			break
		}
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		f.add(f.size, int64(len(p.body)))
		f.size = s.pos
	}
	return f, size - f.size, nil
}

// add counts one record whose frame begins at off.
func (f *walFile) add(off, raw int64) {
	if f.count%markEvery == 0 {
		f.marks = append(f.marks, off)
	}
	f.count++
	f.rawBytes += raw
}
