// Package collect receives bytes and hands on Records, acknowledging a sender only when the vault has them; one protocol per file.
//
// Files and archives come in through [Import], what is posted over HTTP through
// the room post, lasting connections and datagrams through the room stream. All
// of them treat what they read as hostile: everything is bounded, nothing is
// dropped without being counted.
package collect

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// Appender is where Records go: the vault.
type Appender interface {
	// Append stores the records and sets their Seq, contiguous and in order.
	// They are durable when it returns nil; on an error none is. It keeps no
	// reference to recs or their Raw.
	Append(ctx context.Context, recs []event.Record) error
}

var (
	// ErrBomb marks an archive that unpacks to more than the limits allow.
	ErrBomb = errors.New("unpacks to far more than its size explains; unpack it by hand if it is genuine")
	// ErrMembers marks an archive with more members than the limits allow.
	ErrMembers = errors.New("holds too many files; unpack it by hand and import the folder")
	// ErrDepth marks archives nested deeper than the limits allow.
	ErrDepth = errors.New("archives are nested too deeply; unpack the outer ones by hand")
	// ErrLeaves marks a member whose path would leave its archive.
	ErrLeaves = errors.New("path leaves the archive; refused")
	// ErrEncrypted marks a member that only a password opens.
	ErrEncrypted = errors.New("is encrypted; unpack it with its password first")
	// ErrNotRegular marks what is neither a regular file nor a folder.
	ErrNotRegular = errors.New("not a regular file; refused")
	// ErrSymlink marks a symbolic or hard link, which is never followed.
	ErrSymlink = errors.New("is a link and was not followed; import what it points to")
	// ErrChanged marks a file that was written to while it was imported.
	ErrChanged = errors.New("changed while it was read; the SHA-256 is that of its state before")
	// ErrSource marks a source name that is missing or reserved.
	ErrSource = errors.New("no usable source name; names that begin with " + event.OwnPrefix + " are konseki's own")
)

// Limits bound what one input may cost. A zero field means its default.
type Limits struct {
	// MaxLine is the longest line, CSV record or piece of a binary file in one
	// Record, bytes. What is longer is cut into Records that carry the hint
	// part=1, 2, …. Default 1 MiB.
	MaxLine int
	// MaxRecord is the largest JSON value in one Record, bytes; a larger one is
	// taken line by line. Default 16 MiB, which is also the vault's limit.
	MaxRecord int
	// MaxUnpacked is the largest archive member, bytes unpacked. Default 64 GiB.
	MaxUnpacked int64
	// MaxRatio is how many times the size of the outermost file all that is
	// unpacked from it may reach, once that exceeds RatioFrom bytes. Default 200.
	MaxRatio int64
	// RatioFrom is where MaxRatio begins to count, bytes. Default 64 MiB.
	RatioFrom int64
	// MaxMembers is how many members the archives of one file may have in all.
	// Default 100,000.
	MaxMembers int
	// MaxDepth is how deep archives may be nested; a compressed tar counts
	// once. Default 3.
	MaxDepth int
}

// DefaultLimits returns the limits that apply where none are set.
func DefaultLimits() Limits {
	return Limits{
		MaxLine: 1 << 20, MaxRecord: 16 << 20,
		MaxUnpacked: 64 << 30, MaxRatio: 200, RatioFrom: 64 << 20,
		MaxMembers: 100_000, MaxDepth: 3,
	}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	return Limits{
		MaxLine: max(16, cmp.Or(l.MaxLine, d.MaxLine)), MaxRecord: max(16, cmp.Or(l.MaxRecord, d.MaxRecord)),
		MaxUnpacked: cmp.Or(l.MaxUnpacked, d.MaxUnpacked), MaxRatio: cmp.Or(l.MaxRatio, d.MaxRatio),
		RatioFrom: cmp.Or(l.RatioFrom, d.RatioFrom), MaxMembers: cmp.Or(l.MaxMembers, d.MaxMembers),
		MaxDepth: cmp.Or(l.MaxDepth, d.MaxDepth),
	}
}

// usableSource reports whether a sender may write under the name.
func usableSource(name string) bool {
	return name != "" && len(name) <= 128 &&
		!strings.HasPrefix(strings.ToLower(name), event.OwnPrefix)
}
