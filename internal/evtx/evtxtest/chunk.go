// Package evtxtest writes small Windows event log files for tests, sound ones and damaged ones.
package evtxtest

import (
	"encoding/binary"
	"hash/crc32"
	"time"
	"unicode/utf16"

	"github.com/konseki/konseki/internal/evtx"
)

const (
	chunkHeader  = 512
	recordHeader = 24
)

// Chunk is a chunk being written.
type Chunk struct {
	b         []byte
	names     map[string]int
	templates map[string]int
	last      int // where the last record begins
	first, id uint64
}

// NewChunk begins a chunk.
func NewChunk() *Chunk {
	return &Chunk{b: make([]byte, chunkHeader), names: map[string]int{}, templates: map[string]int{}}
}

// Len is how many bytes are written so far.
func (c *Chunk) Len() int { return len(c.b) }

// Record appends a record whose binary XML the function writes.
func (c *Chunk) Record(id uint64, at time.Time, write func(*Body)) {
	c.last = len(c.b)
	if c.first == 0 {
		c.first = id
	}
	c.id = id
	c.b = append(c.b, "**\x00\x00\x00\x00\x00\x00"...)
	c.b = binary.LittleEndian.AppendUint64(c.b, id)
	c.b = binary.LittleEndian.AppendUint64(c.b, FileTime(at))
	write(&Body{c: c})
	for len(c.b)%8 != 4 {
		c.b = append(c.b, 0)
	}
	size := uint32(len(c.b) - c.last + 4)
	binary.LittleEndian.PutUint32(c.b[c.last+4:], size)
	c.b = binary.LittleEndian.AppendUint32(c.b, size)
}

// Bytes ends the chunk: fills it up and writes its header with the checksums.
func (c *Chunk) Bytes() []byte {
	free := len(c.b)
	if free > evtx.ChunkSize {
		panic("evtxtest: more records than a chunk holds")
	}
	out := append(c.b[:free:free], make([]byte, evtx.ChunkSize-free)...)
	le := binary.LittleEndian
	copy(out, "ElfChnk\x00")
	for i, n := range []uint64{c.first, c.id, c.first, c.id} {
		le.PutUint64(out[8+8*i:], n)
	}
	for i, n := range []int{128, c.last, free} {
		le.PutUint32(out[40+4*i:], uint32(n))
	}
	le.PutUint32(out[52:], crc32.ChecksumIEEE(out[chunkHeader:free]))
	SealChunk(out)
	return out
}

// SealChunk writes the checksum of a chunk's header again after a change.
func SealChunk(chunk []byte) {
	sum := crc32.Update(crc32.ChecksumIEEE(chunk[:120]), crc32.IEEETable, chunk[128:chunkHeader])
	binary.LittleEndian.PutUint32(chunk[124:], sum)
}

// SealRecords writes the checksum of a chunk's records again after a change,
// and that of the header.
func SealRecords(chunk []byte) {
	free := binary.LittleEndian.Uint32(chunk[48:])
	binary.LittleEndian.PutUint32(chunk[52:], crc32.ChecksumIEEE(chunk[chunkHeader:free]))
	SealChunk(chunk)
}

// Header is the header of a file with so many chunks; flag 1 means dirty, 2 full.
func Header(chunks int, nextRecord uint64, flags uint32) []byte {
	b := make([]byte, evtx.HeaderSize)
	le := binary.LittleEndian
	copy(b, "ElfFile\x00")
	le.PutUint64(b[16:], uint64(max(chunks, 1)-1))
	le.PutUint64(b[24:], nextRecord)
	le.PutUint32(b[32:], 128)
	le.PutUint16(b[36:], 1)
	le.PutUint16(b[38:], 3)
	le.PutUint16(b[40:], evtx.HeaderSize)
	le.PutUint16(b[42:], uint16(chunks))
	le.PutUint32(b[120:], flags)
	le.PutUint32(b[124:], crc32.ChecksumIEEE(b[:120]))
	return b
}

// FileTime gives an instant in steps of 100 ns since 1601.
func FileTime(t time.Time) uint64 {
	return uint64(t.Unix()+11644473600)*10_000_000 + uint64(t.Nanosecond()/100)
}

// UTF16 gives a text in UTF-16LE.
func UTF16(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}
