// Package copies ships what the vault writes to stores out of its machine's reach, takes in what other vaults ship, and brings a lost vault back.
//
// A Store only ever grows: what was put cannot be changed or removed by whoever
// put it. There are three: a bucket with S3 Object Lock, another konseki over
// mutual TLS, and a folder on a disk that is mounted elsewhere or write-once.
// docs/copies.md has the names of the objects and the rules.
package copies

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// Errors that callers decide on.
var (
	// ErrDiffers says that the name holds other content: somebody else wrote it,
	// or another vault ships there. It is never retried silently.
	ErrDiffers = errors.New("the copy holds other content under this name")
	// ErrTaken says that the name is taken and its content cannot be read with
	// these credentials.
	ErrTaken = errors.New("the name is taken in the copy and cannot be read")
	// ErrNotFound says that the store has no such object.
	ErrNotFound = errors.New("the copy has no such object")
	// ErrName says that a name is not one of an object.
	ErrName = errors.New("not the name of an object")
	// ErrFull says that the store has no space left.
	ErrFull = errors.New("the copy has no space left")
	// ErrUnlocked says that a bucket would let its objects be deleted.
	ErrUnlocked = errors.New("the bucket has no object lock")
	// ErrAhead says that a copy has records that the vault does not.
	ErrAhead = errors.New("the copy is ahead of the vault")
	// ErrRefused says that the store does not let us do this.
	ErrRefused = errors.New("the copy refuses this")
)

// Object is something to put into a store.
type Object struct {
	Name   string
	Size   int64
	SHA256 [32]byte
	// Until is the instant before which the store must let nobody remove it,
	// where the store can promise that; zero means the store's default.
	Until time.Time
	// Open gives the content from its beginning, each time anew.
	Open func() (io.ReadCloser, error)
}

// Info is what a store tells of an object.
type Info struct {
	Name   string
	Size   int64
	SHA256 [32]byte  // zero where the store does not know
	Time   time.Time // when it was put
}

// Store keeps objects. Its methods may be called by many goroutines.
type Store interface {
	// Put returns once the object is durable there. Putting equal content again
	// is no error; other content under the name is ErrDiffers, or ErrTaken where
	// it cannot be compared.
	Put(ctx context.Context, o Object) error
	// List gives the objects whose names begin with prefix, in no certain
	// order. Names come checked.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
	// Get opens the first content that was put under the name, or gives
	// ErrNotFound. A read fails at the end where the store knows the content's
	// sum and it does not match.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// String names the store as configured, without secrets.
	String() string
}

// checker is a store that can tell at the start whether it will do.
type checker interface {
	Check(ctx context.Context) error
}
