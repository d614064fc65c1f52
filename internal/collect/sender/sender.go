// Package sender knows who may send records, for which sources, and how fast.
package sender

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/konseki/konseki/internal/event"
)

// Identity is who a sender proved to be. The zero Identity proved nothing.
type Identity struct {
	Name    string   // of the token or certificate
	How     string   // "token", "certificate"; "" when nothing was proved
	Sources []string // that it may write; "*" stands for all
}

// Proved reports whether the sender proved who it is.
func (i Identity) Proved() bool { return i.How != "" }

// May reports whether the sender may write records of a source. Konseki's own
// sources are nobody's.
func (i Identity) May(source string) bool {
	return Usable(source) && (slices.Contains(i.Sources, "*") || slices.Contains(i.Sources, source))
}

// Usable reports whether a sender may write under the name at all.
func Usable(source string) bool {
	return source != "" && len(source) <= 128 && !event.IsOwn(strings.ToLower(source))
}

// Mark writes into a transport who sent the record.
func (i Identity) Mark(t event.Transport) event.Transport {
	return t.With("sender", i.Name).With("auth", i.How)
}

// Certificate is a client certificate that may send: one with the SHA-256
// Fingerprint of its DER bytes (64 hex digits, colons allowed), or one that
// carries Name as common name or DNS name and was issued by the authority that
// the door trusts.
type Certificate struct {
	Name        string
	Fingerprint string
	Sources     []string
}

// ByCertificate finds who a client certificate belongs to. The door must have
// verified its chain where no fingerprint is given.
func ByCertificate(known []Certificate, state *tls.ConnectionState) (Identity, bool) {
	if state == nil || len(state.PeerCertificates) == 0 {
		return Identity{}, false
	}
	leaf := state.PeerCertificates[0]
	sum := sha256.Sum256(leaf.Raw)
	print := hex.EncodeToString(sum[:])
	for _, c := range known {
		if c.Fingerprint != "" && strings.EqualFold(strings.ReplaceAll(c.Fingerprint, ":", ""), print) ||
			c.Fingerprint == "" && len(state.VerifiedChains) > 0 && names(leaf, c.Name) {
			return Identity{Name: c.Name, How: "certificate", Sources: c.Sources}, true
		}
	}
	return Identity{}, false
}

func names(leaf *x509.Certificate, name string) bool {
	return name != "" && (leaf.Subject.CommonName == name || slices.Contains(leaf.DNSNames, name))
}

// Pace is how fast one sender may send. Zero is no limit.
type Pace struct {
	Records float64 // a second
	Bytes   float64 // a second
}

// Paces slows each sender down to its pace; others do not wait for it. It is
// safe for use by many goroutines.
type Paces struct {
	of func(name string) Pace

	mu      sync.Mutex
	senders map[string]*limits
}

type limits struct{ records, bytes *rate.Limiter }

// maxSenders bounds how many senders are remembered; addresses can be many.
const maxSenders = 16 << 10

// NewPaces returns the paces that of gives by name; of may be nil for none.
func NewPaces(of func(name string) Pace) *Paces {
	return &Paces{of: of, senders: map[string]*limits{}}
}

// burst is for how long a sender may save up what it did not send.
const burst = 10 * time.Second

func (p *Paces) limits(name string) *limits {
	if p == nil || p.of == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if l, ok := p.senders[name]; ok {
		return l
	}
	if len(p.senders) >= maxSenders {
		clear(p.senders)
	}
	pace := p.of(name)
	l := &limits{limiter(pace.Records), limiter(pace.Bytes)}
	p.senders[name] = l
	return l
}

func limiter(perSecond float64) *rate.Limiter {
	if perSecond <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond*burst.Seconds())))
}

// Wait takes records and bytes from a sender's allowance and waits until they
// are due: back-pressure for streams. It returns the context's error.
func (p *Paces) Wait(ctx context.Context, name string, records, bytes int) error {
	l := p.limits(name)
	if l == nil {
		return nil
	}
	t := time.NewTimer(max(take(l.records, records), take(l.bytes, bytes)))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Ask takes records and bytes and says how long the sender should wait before
// it sends more: what a request is answered with. 0 is not at all.
func (p *Paces) Ask(name string, records, bytes int) time.Duration {
	l := p.limits(name)
	if l == nil {
		return 0
	}
	return max(take(l.records, records), take(l.bytes, bytes))
}

// Owed says how long a sender should wait for what it has sent already. 0 is
// not at all.
func (p *Paces) Owed(name string) time.Duration {
	l := p.limits(name)
	if l == nil {
		return 0
	}
	return max(owed(l.records), owed(l.bytes))
}

func owed(l *rate.Limiter) time.Duration {
	if l == nil {
		return 0
	}
	return time.Duration(max(0, -l.Tokens()/float64(l.Limit())*float64(time.Second)))
}

// take reserves n, in steps that a limiter can hold.
func take(l *rate.Limiter, n int) (wait time.Duration) {
	for l != nil && n > 0 {
		step := min(n, l.Burst())
		wait = l.ReserveN(time.Now(), step).Delay()
		n -= step
	}
	return wait
}
