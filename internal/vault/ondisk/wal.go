package ondisk

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// The write-ahead log: files of frames, each frame a length, a CRC-32C and a
// record; see docs/format.md.
const (
	walMagic     = "KNSKWAL2"
	WALHead      = len(walMagic) + 8 + 8 + 4 + 4 // magic, first sequence, whose key, flags, CRC-32C of the rest
	walEncrypted = 1                             // flag: frames hold nonce ‖ AES-256-GCM(record)
	FrameHead    = 4 + 4
	frameExtra   = nonceLen + tagLen
	maxFrame     = maxPayload + frameExtra
	walSuffix    = ".wal"

	scanBlock = 256 << 10 // what a scanner reads at once
	markEvery = 256       // records between two remembered offsets
)

// ErrTorn says that a frame is cut short or damaged.
var ErrTorn = errors.New("frame is cut or damaged")

// WALFile is one file of the write-ahead log as far as it is durable. Its
// fields are guarded by Vault.mu; only the committer changes them.
type WALFile struct {
	Path     string
	Number   uint64
	First    uint64
	Count    uint64
	Size     int64 // durable bytes
	RawBytes int64
	Marks    []int64     // offset of every markEvery-th record
	Cipher   cipher.AEAD // nil: in the clear
	KeyOf    uint64      // first record of the file that the key was made for
	Closed   bool        // no record will be added
}

// End is the sequence after the last record.
func (f *WALFile) End() uint64 { return f.First + f.Count }

// Offset returns where to start scanning for seq, and which record is there.
func (f *WALFile) Offset(seq uint64) (off int64, at uint64) {
	if len(f.Marks) == 0 {
		return int64(WALHead), f.First
	}
	i := min((seq-f.First)/markEvery, uint64(len(f.Marks)-1))
	return f.Marks[i], f.First + i*markEvery
}

// WALName names a log file by its number.
func WALName(number uint64) string { return fmt.Sprintf("%06d%s", number, walSuffix) }

// ParseWALName reads the name of a log file; ok is false for any other.
func ParseWALName(name string) (number uint64, ok bool) {
	digits, found := strings.CutSuffix(name, walSuffix)
	if !found || len(digits) < 6 {
		return 0, false
	}
	number, err := strconv.ParseUint(digits, 10, 64)
	return number, err == nil && WALName(number) == name
}

// WALHeader writes the head of a log file.
func WALHeader(f *WALFile) []byte {
	b := append(make([]byte, 0, WALHead), walMagic...)
	b = binary.BigEndian.AppendUint64(b, f.First)
	b = binary.BigEndian.AppendUint64(b, f.KeyOf)
	var flags uint32
	if f.Cipher != nil {
		flags = walEncrypted
	}
	b = binary.BigEndian.AppendUint32(b, flags)
	return binary.BigEndian.AppendUint32(b, Checksum(b))
}

// ParseWALHeader reads the head of a log file.
func ParseWALHeader(b []byte) (f *WALFile, encrypted bool, err error) {
	if len(b) < WALHead || string(b[:len(walMagic)]) != walMagic {
		return nil, false, errors.New("not a write-ahead log of this version")
	}
	if binary.BigEndian.Uint32(b[WALHead-4:]) != Checksum(b[:WALHead-4]) {
		return nil, false, errors.New("header is damaged")
	}
	b = b[len(walMagic):]
	flags := binary.BigEndian.Uint32(b[16:])
	if flags > walEncrypted {
		return nil, false, fmt.Errorf("header has unknown flags %#x", flags)
	}
	f = &WALFile{First: binary.BigEndian.Uint64(b), KeyOf: binary.BigEndian.Uint64(b[8:]), Size: int64(WALHead)}
	return f, flags == walEncrypted, nil
}

// AppendFrame appends the frame of a record, encrypted if c is set.
func AppendFrame(dst []byte, r *event.Record, k *Kept, c cipher.AEAD) []byte {
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
	body := dst[start+FrameHead:]
	binary.BigEndian.PutUint32(dst[start:], uint32(len(body)))
	binary.BigEndian.PutUint32(dst[start+4:], Checksum(body))
	return dst
}

// WALScanner reads frames between two offsets. It never reuses a buffer, so
// that the payloads it gives may be kept.
type WALScanner struct {
	r    io.ReaderAt
	c    cipher.AEAD
	Pos  int64 // offset after the last frame given
	end  int64
	rest []byte // bytes read and not yet given
}

// NewWALScanner scans the frames from off to end, decrypting with c if it is
// set.
func NewWALScanner(r io.ReaderAt, c cipher.AEAD, off, end int64) *WALScanner {
	return &WALScanner{r: r, c: c, Pos: off, end: end}
}

// Next gives the next record, io.EOF at a clean end, or errTorn.
func (s *WALScanner) Next() (Payload, error) {
	if s.Pos == s.end {
		return Payload{}, io.EOF
	}
	if err := s.fill(FrameHead); err != nil {
		return Payload{}, err
	}
	n := int64(binary.BigEndian.Uint32(s.rest))
	if n < HeaderFixed || n > maxFrame {
		return Payload{}, ErrTorn
	}
	if err := s.fill(FrameHead + n); err != nil {
		return Payload{}, err
	}
	body := s.rest[FrameHead : FrameHead+n : FrameHead+n]
	if Checksum(body) != binary.BigEndian.Uint32(s.rest[4:]) {
		return Payload{}, ErrTorn
	}
	if s.c != nil {
		if len(body) < frameExtra {
			return Payload{}, ErrTorn
		}
		var err error
		if body, err = s.c.Open(nil, body[:nonceLen], body[nonceLen:], nil); err != nil {
			return Payload{}, ErrTorn
		}
	}
	p, err := parsePayload(body)
	if err != nil {
		return Payload{}, ErrTorn
	}
	s.rest = s.rest[FrameHead+n:]
	s.Pos += FrameHead + n
	return p, nil
}

// fill makes at least n bytes available in rest.
func (s *WALScanner) fill(n int64) error {
	have := int64(len(s.rest))
	if have >= n {
		return nil
	}
	left := s.end - s.Pos
	if left < n {
		return ErrTorn
	}
	buf := make([]byte, min(max(n, scanBlock), left))
	copy(buf, s.rest)
	if _, err := s.r.ReadAt(buf[have:], s.Pos+have); err != nil {
		if errors.Is(err, io.EOF) {
			return ErrTorn
		}
		return err
	}
	s.rest = buf
	return nil
}

// SkipTo moves the scanner so that next gives the record seq.
func (s *WALScanner) SkipTo(at, seq uint64) error {
	for ; at < seq; at++ {
		if _, err := s.Next(); err != nil {
			return err
		}
	}
	return nil
}

// ciphers finds the key of an encrypted log file by the first record of the
// file that the key was made for.
type ciphers func(first uint64) (cipher.AEAD, error)

// OpenWAL reads the header of a log file and gives a scanner over all of it.
func OpenWAL(file File, name string, keys ciphers) (f *WALFile, size int64, err error) {
	info, err := file.Stat()
	if err != nil {
		return nil, 0, err
	}
	head := make([]byte, WALHead)
	if _, err := file.ReadAt(head, 0); err != nil {
		if !errors.Is(err, io.EOF) {
			return nil, 0, fmt.Errorf("%s: %w", name, err)
		}
		return nil, info.Size(), fmt.Errorf("%s: %w", name, ErrTorn)
	}
	f, encrypted, err := ParseWALHeader(head)
	if err != nil {
		return nil, info.Size(), fmt.Errorf("%s: %w: %w", name, err, ErrTorn)
	}
	f.Number, _ = ParseWALName(name)
	if encrypted {
		if f.Cipher, err = keys(f.KeyOf); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", name, err)
		}
	}
	return f, info.Size(), nil
}

// ReadWALFile reads what is whole in one file: frames whose sequences count up
// from the header's first to, at most, limit-1. It reports the bytes after
// that as torn; it changes nothing.
func ReadWALFile(d Disk, path string, limit uint64, keys ciphers) (f *WALFile, torn int64, err error) {
	file, err := d.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	f, size, err := OpenWAL(file, filepath.Base(path), keys)
	if err != nil {
		return nil, size, err
	}
	f.Path = path
	s := NewWALScanner(file, f.Cipher, int64(WALHead), size)
	for f.End() < limit {
		p, err := s.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, ErrTorn) || err == nil && p.Seq != f.End() {
			break
		}
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		f.Add(f.Size, int64(len(p.Body)))
		f.Size = s.Pos
	}
	return f, size - f.Size, nil
}

// Add counts one record whose frame begins at off.
func (f *WALFile) Add(off, raw int64) {
	if f.Count%markEvery == 0 {
		f.Marks = append(f.Marks, off)
	}
	f.Count++
	f.RawBytes += raw
}

// Checksum is the CRC-32C (RFC 3720 appendix B.4) that guards frames.
func Checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// ErrEnough ends reading without an error.
var ErrEnough = errors.New("enough")

// ReadWAL gives the records of one log file from seq on.
func ReadWAL(file io.ReaderAt, f *WALFile, seq uint64, yield func(*Payload) error) error {
	off, at := f.Offset(seq)
	s := NewWALScanner(file, f.Cipher, off, f.Size)
	if err := s.SkipTo(at, seq); err != nil {
		return err
	}
	for {
		p, err := s.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := yield(&p); err != nil {
			return err
		}
	}
}

// TimeOf gives a receive time, UTC.
func TimeOf(nanos int64) time.Time { return time.Unix(0, nanos).UTC() }

// AppendFrame writes a record again as it is kept in file f.
func (p *Payload) AppendFrame(dst []byte, f *WALFile) []byte {
	rec := event.Record{Seq: p.Seq, Received: TimeOf(p.Received), Source: string(p.Source), Transport: string(p.Transport)}
	return AppendFrame(dst, &rec, &Kept{Form: p.Form, Key: p.Key, Commit: p.Commit, Body: p.Body}, f.Cipher)
}

// StepOver moves past a damaged frame if the frame after it is whole.
func (s *WALScanner) StepOver() bool {
	if len(s.rest) < FrameHead {
		return false
	}
	n := int64(binary.BigEndian.Uint32(s.rest))
	if n < HeaderFixed || n > maxFrame || s.Pos+FrameHead+n > s.end {
		return false
	}
	after := NewWALScanner(s.r, s.c, s.Pos+FrameHead+n, s.end)
	if _, err := after.Next(); err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	*s = *NewWALScanner(s.r, s.c, s.Pos+FrameHead+n, s.end)
	return true
}

// ListWAL gives the log files in order.
func ListWAL(d Disk, dir string) ([]string, error) {
	entries, err := d.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if _, ok := ParseWALName(e.Name()); ok && e.Type() == fs.FileMode(0) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	slices.SortFunc(paths, func(a, b string) int {
		na, _ := ParseWALName(filepath.Base(a))
		nb, _ := ParseWALName(filepath.Base(b))
		return int(int64(na) - int64(nb))
	})
	return paths, nil
}
