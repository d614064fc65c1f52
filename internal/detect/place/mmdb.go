package place

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
)

// ErrDatabase is returned for a file that is no database of addresses.
var ErrDatabase = errors.New("not a database of addresses in MaxMind DB format (.mmdb)")

// database reads a file in MaxMind DB format 2.0
// (https://maxmind.github.io/MaxMind-DB/): a binary search tree over the bits of
// an address whose leaves point into a section of typed values. It reads a few
// dozen bytes for each address and keeps nothing in memory, so a file that is
// truncated or rewritten meanwhile gives wrong answers but no crash.
type database struct {
	file      io.ReaderAt
	closer    io.Closer
	size      int64
	nodes     uint64
	bits      uint64 // of one record: 24, 28 or 32
	version   uint64 // of addresses: 4 or 6
	ipv4      uint64 // the node under which IPv4 stands
	dataStart int64
}

// located is what a database says of an address.
type located struct {
	country  string
	lat, lon float64
	exact    bool
}

const (
	metadataMark   = "\xab\xcd\xefMaxMind.com"
	metadataWithin = 128 << 10 // the mark stands within so many bytes of the end
	dataSeparator  = 16        // zero bytes between tree and data
)

func openDatabase(path string) (*database, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("place: open the address database: %w", err)
	}
	db, err := readDatabase(f)
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("place: %s: %w", path, err)
	}
	db.closer = f
	return db, nil
}

func readDatabase(f io.ReaderAt) (*database, error) {
	size, err := sizeOf(f)
	if err != nil {
		return nil, err
	}
	tail := make([]byte, min(size, metadataWithin))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the metadata: %w", err)
	}
	at := bytes.LastIndex(tail, []byte(metadataMark))
	if at < 0 {
		return nil, ErrDatabase
	}
	meta := &section{file: f, start: size - int64(len(tail)) + int64(at+len(metadataMark)), end: size, left: maxSteps}
	db := &database{file: f, size: size}
	var major uint64
	err = meta.each(0, func(key string, value int64) error {
		switch key {
		case "node_count":
			return meta.number(value, &db.nodes)
		case "record_size":
			return meta.number(value, &db.bits)
		case "ip_version":
			return meta.number(value, &db.version)
		case "binary_format_major_version":
			return meta.number(value, &major)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := db.check(major); err != nil {
		return nil, err
	}
	if db.version == 6 { // IPv4 stands under ::/96
		db.ipv4, err = db.walk(0, make([]byte, 12))
	}
	return db, err
}

func (db *database) check(major uint64) error {
	tree := db.nodes * (db.bits / 4)
	switch {
	case major != 2, db.bits != 24 && db.bits != 28 && db.bits != 32, db.version != 4 && db.version != 6, db.nodes > 1<<32:
		return fmt.Errorf("%w: version %d, records of %d bits, IPv%d", ErrDatabase, major, db.bits, db.version)
	case tree+dataSeparator > uint64(db.size):
		return fmt.Errorf("%w: it is cut short", ErrDatabase)
	}
	db.dataStart = int64(tree) + dataSeparator
	return nil
}

func sizeOf(f io.ReaderAt) (int64, error) {
	switch f := f.(type) {
	case *os.File:
		info, err := f.Stat()
		if err != nil {
			return 0, fmt.Errorf("read the size: %w", err)
		}
		return info.Size(), nil
	case interface{ Size() int64 }:
		return f.Size(), nil
	}
	return 0, ErrDatabase
}

func (db *database) close() error { return db.closer.Close() }

// look finds an address. What cannot be read is not found.
func (db *database) look(addr netip.Addr) (located, bool) {
	value, ok := db.find(addr)
	if !ok {
		return located{}, false
	}
	data := &section{file: db.file, start: db.dataStart, end: db.size, left: maxSteps}
	var l located
	err := data.each(value, func(key string, at int64) error {
		switch key {
		case "country":
			return data.each(at, func(key string, at int64) error {
				if key == "iso_code" {
					return data.text(at, &l.country)
				}
				return nil
			})
		case "location":
			return data.each(at, func(key string, at int64) error {
				switch key {
				case "latitude":
					return data.real(at, &l.lat)
				case "longitude":
					return data.real(at, &l.lon)
				}
				return nil
			})
		}
		return nil
	})
	l.exact = onEarth(l.lat, l.lon)
	return l, err == nil && (l.country != "" || l.exact)
}

// find gives the offset of an address's value.
func (db *database) find(addr netip.Addr) (int64, bool) {
	from := uint64(0)
	switch {
	case addr.Is4():
		from = db.ipv4
	case db.version == 4:
		return 0, false
	}
	node, err := db.walk(from, addr.AsSlice())
	if err != nil || node < db.nodes+dataSeparator { // the number of nodes itself means "nothing known"
		return 0, false
	}
	return int64(node - db.nodes - dataSeparator), true
}

// walk follows bits down the tree to a node, or beyond the nodes to a value.
func (db *database) walk(node uint64, bits []byte) (uint64, error) {
	for i := 0; i < len(bits)*8 && node < db.nodes; i++ {
		next, err := db.child(node, bits[i/8]>>(7-i%8)&1)
		if err != nil {
			return 0, err
		}
		node = next
	}
	return node, nil
}

// child reads the left (0) or right (1) record of a node.
func (db *database) child(node uint64, side byte) (uint64, error) {
	var b [8]byte
	n := db.bits / 4
	if _, err := db.file.ReadAt(b[:n], int64(node*n)); err != nil {
		return 0, fmt.Errorf("place: read the tree: %w", err)
	}
	switch {
	case db.bits == 24 && side == 0:
		return uint64(b[0])<<16 | uint64(b[1])<<8 | uint64(b[2]), nil
	case db.bits == 24:
		return uint64(b[3])<<16 | uint64(b[4])<<8 | uint64(b[5]), nil
	case db.bits == 28 && side == 0:
		return uint64(b[3]>>4)<<24 | uint64(b[0])<<16 | uint64(b[1])<<8 | uint64(b[2]), nil
	case db.bits == 28:
		return uint64(b[3]&15)<<24 | uint64(b[4])<<16 | uint64(b[5])<<8 | uint64(b[6]), nil
	case side == 0:
		return uint64(binary.BigEndian.Uint32(b[:4])), nil
	}
	return uint64(binary.BigEndian.Uint32(b[4:8])), nil
}

// A section is a stretch of typed values, which are read by their offsets in it.
type section struct {
	file       io.ReaderAt
	start, end int64
	left       int // values that may still be read
}

// maxSteps bounds the values read for one question; maxText the length of a text.
const (
	maxSteps = 4096
	maxText  = 256
)

// The types of values that are read; others are passed over.
const (
	typePointer = 1
	typeText    = 2
	typeDouble  = 3
	typeMap     = 7
	typeArray   = 11
	typeBoolean = 14
	typeFloat   = 15
)

// A head is the control bytes of a value, pointers followed.
type head struct {
	kind int
	size int64
	body int64 // offset of what follows the control bytes
	next int64 // offset behind the value, or -1 for a map or array not yet read
}

// head reads the control bytes at an offset.
func (s *section) head(at int64) (head, error) {
	h, err := s.plainHead(at)
	if err != nil || h.kind != typePointer {
		return h, err
	}
	next := h.next
	if h, err = s.plainHead(h.body); err != nil {
		return h, err
	}
	if h.kind == typePointer {
		return h, ErrDatabase // a pointer to a pointer
	}
	h.next = next
	return h, nil
}

func (s *section) plainHead(at int64) (head, error) {
	if s.left--; s.left < 0 || at < 0 || at >= s.end-s.start {
		return head{}, ErrDatabase
	}
	var b [6]byte
	n, err := s.file.ReadAt(b[:min(int64(len(b)), s.end-s.start-at)], s.start+at)
	if n == 0 {
		return head{}, fmt.Errorf("place: read a value: %w", err)
	}
	h := head{kind: int(b[0] >> 5)}
	if h.kind == typePointer {
		return pointer(b, at)
	}
	used := int64(1)
	if h.kind == 0 {
		h.kind = 7 + int(b[1])
		used = 2
	}
	h.size = int64(b[0] & 31)
	switch h.size {
	case 29:
		h.size, used = 29+int64(b[used]), used+1
	case 30:
		h.size, used = 285+int64(b[used])<<8+int64(b[used+1]), used+2
	case 31:
		h.size, used = 65821+int64(b[used])<<16+int64(b[used+1])<<8+int64(b[used+2]), used+3
	}
	h.body = at + used
	h.next = h.body + h.size
	switch h.kind {
	case typeMap, typeArray:
		h.next = -1
	case typeBoolean:
		h.next = h.body
	}
	return h, nil
}

// pointer reads a pointer: its target is the body.
func pointer(b [6]byte, at int64) (head, error) {
	low := int64(b[0] & 7)
	switch b[0] >> 3 & 3 {
	case 0:
		return head{kind: typePointer, body: low<<8 + int64(b[1]), next: at + 2}, nil
	case 1:
		return head{kind: typePointer, body: low<<16 + int64(b[1])<<8 + int64(b[2]) + 2048, next: at + 3}, nil
	case 2:
		return head{kind: typePointer, body: low<<24 + int64(b[1])<<16 + int64(b[2])<<8 + int64(b[3]) + 526336, next: at + 4}, nil
	}
	return head{kind: typePointer, body: int64(binary.BigEndian.Uint32(b[1:5])), next: at + 5}, nil
}

// each calls f with the keys of a map and the offsets of their values.
func (s *section) each(at int64, f func(key string, value int64) error) error {
	m, err := s.head(at)
	if err != nil {
		return err
	}
	if m.kind != typeMap {
		return ErrDatabase
	}
	at = m.body
	for range m.size {
		k, err := s.head(at)
		if err != nil {
			return err
		}
		var key string
		if err := s.text(at, &key); err != nil {
			return err
		}
		if err := f(key, k.next); err != nil {
			return err
		}
		if at, err = s.skip(k.next, 0); err != nil {
			return err
		}
	}
	return nil
}

// skip gives the offset behind a value.
func (s *section) skip(at int64, depth int) (int64, error) {
	h, err := s.head(at)
	if err != nil || h.next >= 0 {
		return h.next, err
	}
	const deepest = 16
	if depth == deepest {
		return 0, ErrDatabase
	}
	values := h.size
	if h.kind == typeMap {
		values *= 2
	}
	at = h.body
	for range values {
		if at, err = s.skip(at, depth+1); err != nil {
			return 0, err
		}
	}
	return at, nil
}

func (s *section) bytes(h head, most int64) ([]byte, error) {
	if h.size > most || h.body+h.size > s.end-s.start {
		return nil, ErrDatabase
	}
	b := make([]byte, h.size)
	if n, err := s.file.ReadAt(b, s.start+h.body); n < len(b) {
		return nil, fmt.Errorf("place: read a value: %w", err)
	}
	return b, nil
}

func (s *section) text(at int64, to *string) error {
	h, err := s.head(at)
	if err != nil {
		return err
	}
	if h.kind != typeText {
		return ErrDatabase
	}
	b, err := s.bytes(h, maxText)
	*to = string(b)
	return err
}

// number reads an unsigned integer of up to eight bytes.
func (s *section) number(at int64, to *uint64) error {
	h, err := s.head(at)
	if err != nil {
		return err
	}
	b, err := s.bytes(h, 8)
	if err != nil {
		return err
	}
	*to = 0
	for _, c := range b {
		*to = *to<<8 | uint64(c)
	}
	return nil
}

// real reads a double or float.
func (s *section) real(at int64, to *float64) error {
	h, err := s.head(at)
	if err != nil {
		return err
	}
	b, err := s.bytes(h, 8)
	switch {
	case err != nil:
		return err
	case h.kind == typeDouble && len(b) == 8:
		*to = math.Float64frombits(binary.BigEndian.Uint64(b))
	case h.kind == typeFloat && len(b) == 4:
		*to = float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	default:
		return ErrDatabase
	}
	return nil
}
