// Package evtx reads Windows event log files.
//
// A file is a header and chunks of 64 KiB; a chunk stands for itself: its
// records refer to names and templates within it and never outside. [Reader]
// takes one chunk at a time and gives its records as trees, from which come
// JSON and flat fields. Every offset, size and count is taken for an
// attacker's: reading a chunk is bounded in time and memory whatever it says,
// and what cannot be read is told as [Damage] while the rest is read.
//
// Written from "Windows XML Event Log (EVTX) format" (libyal project) and
// Microsoft's MS-EVEN6, section 2.2.12 (binary XML).
package evtx

import "errors"

const (
	// HeaderSize is the size of the block that a file begins with, bytes.
	HeaderSize = 4096
	// ChunkSize is the size of a chunk, bytes.
	ChunkSize = 65536

	chunkHeaderSize = 512
	recordHeader    = 24 // signature, size, identifier, time
	recordTrailer   = 4  // the size again
)

// What reading a chunk may cost. A chunk that Windows writes stays far below.
const (
	maxName      = 512       // characters of a name
	maxDepth     = 64        // elements within elements
	maxTemplates = 16        // templates within templates
	maxWork      = 1 << 20   // bytes of binary XML read in one chunk
	maxEvent     = 512 << 10 // what an event may expand to, about its size in bytes
	maxEvents    = 4 << 20   // what all events of a chunk may expand to
	maxInterned  = 1 << 14   // names remembered from chunk to chunk
)

// What can be wrong with a file, a chunk or a record.
var (
	// ErrSignature marks data that does not begin as it must.
	ErrSignature = errors.New("the signature is missing")
	// ErrChecksum marks a header, or the records of a chunk, that changed
	// after the checksum was written.
	ErrChecksum = errors.New("the checksum does not match")
	// ErrTruncated marks data that ends too early.
	ErrTruncated = errors.New("the data ends too early")
	// ErrSize marks a record whose two sizes differ or leave the chunk.
	ErrSize = errors.New("the size of the record is wrong")
	// ErrGap marks bytes among the records that belong to none.
	ErrGap = errors.New("the bytes are no record")
	// ErrToken marks binary XML that breaks the grammar.
	ErrToken = errors.New("the binary XML is not well formed")
	// ErrOffset marks a reference that leads out of the chunk.
	ErrOffset = errors.New("a reference leads out of the chunk")
	// ErrLoop marks a template that contains itself.
	ErrLoop = errors.New("a template contains itself")
	// ErrDepth marks elements or templates nested too deeply.
	ErrDepth = errors.New("elements are nested too deeply")
	// ErrTooLarge marks an event, or a chunk, that expands to more than any
	// that Windows writes.
	ErrTooLarge = errors.New("the events expand to far more than a chunk can hold")
)
