package evtx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

const (
	fileSignature   = "ElfFile\x00"
	chunkSignature  = "ElfChnk\x00"
	recordSignature = "**\x00\x00"
)

// Header is the header of a file.
type Header struct {
	FirstChunk, LastChunk uint64 // numbers of the oldest and of the newest chunk
	NextRecord            uint64 // identifier that the next record will get
	Major, Minor          uint16 // version of the format: 3.1 or 3.2
	Chunks                uint16 // chunks in the file; the newest may not be counted yet
	Dirty                 bool   // the file was open for writing when it was copied
	Full                  bool   // the log had reached its largest size
}

// IsFile reports whether data begins as a file does.
func IsFile(data []byte) bool { return bytes.HasPrefix(data, []byte(fileSignature)) }

// IsChunk reports whether data begins as a chunk does.
func IsChunk(data []byte) bool { return bytes.HasPrefix(data, []byte(chunkSignature)) }

// ParseHeader reads the header of a file from its first bytes, of which 128
// count. It returns ErrTruncated or ErrSignature where there is none, and with
// ErrChecksum the header all the same: the chunks can be read without it.
func ParseHeader(data []byte) (Header, error) {
	if !IsFile(data) {
		return Header{}, fmt.Errorf("evtx: file header: %w", ErrSignature)
	}
	if len(data) < 128 {
		return Header{}, fmt.Errorf("evtx: file header of %d bytes: %w", len(data), ErrTruncated)
	}
	le := binary.LittleEndian
	flags := le.Uint32(data[120:])
	h := Header{
		FirstChunk: le.Uint64(data[8:]), LastChunk: le.Uint64(data[16:]), NextRecord: le.Uint64(data[24:]),
		Minor: le.Uint16(data[36:]), Major: le.Uint16(data[38:]), Chunks: le.Uint16(data[42:]),
		Dirty: flags&1 != 0, Full: flags&2 != 0,
	}
	if crc32.ChecksumIEEE(data[:120]) != le.Uint32(data[124:]) {
		return h, fmt.Errorf("evtx: file header: %w", ErrChecksum)
	}
	return h, nil
}

// chunkHeader is what the header of a chunk says of its records.
type chunkHeader struct {
	lastID uint64
	free   int  // where the records end
	sound  bool // the header is as it was written
	intact bool // the records are, too
}

// parseChunkHeader reads the header of a chunk. The error says why the header,
// the extent of the records or the records themselves cannot be trusted; only a
// sound header says where the records end.
func parseChunkHeader(data []byte) (chunkHeader, error) {
	if !IsChunk(data) {
		return chunkHeader{}, fmt.Errorf("chunk header: %w", ErrSignature)
	}
	if len(data) < chunkHeaderSize {
		return chunkHeader{}, fmt.Errorf("chunk header: %w", ErrTruncated)
	}
	le := binary.LittleEndian
	sum := crc32.ChecksumIEEE(data[:120])
	if crc32.Update(sum, crc32.IEEETable, data[128:chunkHeaderSize]) != le.Uint32(data[124:]) {
		return chunkHeader{}, fmt.Errorf("chunk header: %w", ErrChecksum)
	}
	free := le.Uint32(data[48:])
	h := chunkHeader{lastID: le.Uint64(data[32:]), free: int(min(free, ChunkSize)), sound: true}
	switch {
	case h.free < chunkHeaderSize || free > ChunkSize:
		return chunkHeader{}, fmt.Errorf("chunk header: %w", ErrOffset)
	case h.free > len(data):
		h.free = len(data)
		return h, fmt.Errorf("records of the chunk: %w", ErrTruncated)
	case crc32.ChecksumIEEE(data[chunkHeaderSize:h.free]) != le.Uint32(data[52:]):
		return h, fmt.Errorf("records of the chunk: %w", ErrChecksum)
	}
	h.intact = true
	if len(data) < ChunkSize {
		return h, fmt.Errorf("unused end of the chunk: %w", ErrTruncated)
	}
	return h, nil
}
