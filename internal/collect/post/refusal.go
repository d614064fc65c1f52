package post

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/event"
)

// refusal is why a request, or the rest of it, was not taken.
type refusal struct {
	status  int
	why     string // reason of the loss; "" where no records came
	text    string // what the sender should do
	fault   fault
	after   time.Duration // when to try again
	records int64         // refused, where known
	own     any           // the answer in the protocol's own form; nil for the usual one
}

// Error implements error.
func (r *refusal) Error() string { return r.text }

// fault tells refusals apart for protocols that have numbers for them.
type fault int

const (
	faultOther   fault = iota
	faultNoToken       // none was sent
	faultScheme        // it was sent in a form that is not known
	faultToken         // it is unknown or revoked
	faultSource        // none that the sender may write
)

func refuse(status int, why, format string, args ...any) *refusal {
	return &refusal{status: status, why: why, text: fmt.Sprintf(format, args...)}
}

// as says which fault it is.
func (r *refusal) as(f fault) *refusal {
	r.fault = f
	return r
}

// with gives the answer in the protocol's own form.
func (r *refusal) with(own any) *refusal {
	r.own = own
	return r
}

// malformed is the refusal of a body that is not what its protocol says.
func malformed(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, event.WhyForm, format, args...)
}

var (
	errLine  = errors.New("a line is longer than the limit")
	errBody  = errors.New("the body is larger than the limit")
	errBusy  = errors.New("too many bodies at once")
	errVault = errors.New("the vault could not store the rest")
)

// explain says what an error of reading or storing means to the sender.
func (v *visit) explain(err error) *refusal {
	switch limits := v.door.opts.Limits; {
	case errors.Is(err, syscall.ENOSPC):
		return &refusal{status: http.StatusServiceUnavailable, why: event.WhyVault, text: "the vault's disk is full; the rest was not stored", records: v.unstored}
	case errors.Is(err, errVault):
		return &refusal{status: http.StatusServiceUnavailable, why: event.WhyVault, text: "the vault could not store the rest; try again", records: v.unstored}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refuse(http.StatusRequestTimeout, event.WhyDamaged, "the body came too slowly; what was stored is counted here")
	case errors.Is(err, errBusy):
		return refuse(http.StatusServiceUnavailable, event.WhyBusy, "too many bodies at once; try again")
	case errors.Is(err, errLine):
		return refuse(http.StatusRequestEntityTooLarge, event.WhyOversize, "the line after the last one stored is longer than %d bytes; it and what follows were not stored", limits.MaxLine)
	case errors.Is(err, errEntry):
		return malformed("%v after the entries stored, or ends inside an entry", errEntry)
	case errors.Is(err, errBody):
		return refuse(http.StatusRequestEntityTooLarge, event.WhyOversize, "the body is larger than %d bytes unpacked; send smaller batches", v.most)
	case errors.Is(err, collect.ErrBomb):
		return refuse(http.StatusRequestEntityTooLarge, event.WhyBomb, "the body %v", collect.ErrBomb)
	default:
		return refuse(http.StatusBadRequest, event.WhyDamaged, "the body ended early or is damaged; what was stored is counted here")
	}
}
