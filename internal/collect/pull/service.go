package pull

import (
	"context"
	"errors"
	"time"

	"github.com/konseki/konseki/internal/event"
)

var (
	// ErrCursor says that a service no longer knows the place where its pages
	// were left; the window is then read again from its beginning.
	ErrCursor = errors.New("the service no longer knows this page")
	// ErrThrottled says that a service wants to be asked later.
	ErrThrottled = errors.New("the service asks to wait")
	// ErrRefused says that a service does not accept the credentials.
	ErrRefused = errors.New("the service refuses the credentials or they lack a permission (docs/pull.md tells which)")
	// ErrPage marks an answer that is not what the service documents.
	ErrPage = errors.New("the answer is not a whole page")
	// ErrSetting marks a configuration that cannot work.
	ErrSetting = errors.New("pull: setting")
)

// Service is one stream of one service. Its methods are called by one goroutine
// at a time.
type Service interface {
	// Traits tell how the service behaves.
	Traits() Traits
	// Page gives one page of the events of a window. On an error nothing of the
	// page was given.
	Page(ctx context.Context, q Query) (Page, error)
	// ID is the service's own identity of an event, "" where it states none.
	ID(raw []byte) string
}

// Traits are what a service documents about itself.
type Traits struct {
	Keeps  time.Duration // how long the service keeps events; 0 when it does not say
	Window time.Duration // the longest window it can be asked for; 0 for any
	Lag    time.Duration // by when an event can usually be had
	Reread time.Duration // how far back to look again for late ones
	Every  time.Duration // how often to ask
}

// Query asks for one page of the events of [From, To).
type Query struct {
	From, To time.Time
	Cursor   string // Page.Next of the page before; "" for the first
	Memory   []byte // Page.Memory given last, from any window
}

// Page is one answer. A page may be empty and still have a next one.
type Page struct {
	Events [][]byte // each as it stands in the answer, byte for byte
	Path   string   // the file they stand in, where the service keeps files
	Next   string   // cursor of the next page; "" when this was the last
	Memory []byte   // what the service wants to be told next time; nil for what it was
	// Proofs are what the page itself proves. Source is filled in by the Puller.
	Proofs []event.Attestation
	// Now is the service's clock when it answered; zero when it did not say.
	Now time.Time
}
