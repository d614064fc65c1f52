package auth

import (
	"net/netip"
	"time"
)

const (
	freeAttempts = 5                // before the first wait
	nameWait     = time.Minute      // longest wait for a name: others must not lock a person out for long
	peerWait     = 15 * time.Minute // longest wait for an address
	forgetAfter  = time.Hour
	maxTracked   = 10_000 // names and addresses
)

// throttle slows down guessing. Every attempt counts as failed until it has
// succeeded, so many at once gain nothing.
type throttle struct{ seen map[string]attempts }

type attempts struct {
	failed int
	last   time.Time
	until  time.Time
}

func newThrottle() *throttle { return &throttle{seen: make(map[string]attempts)} }

func throttleKeys(name, peer string) (string, string) { return "name " + name, "peer " + network(peer) }

// network is what one sender holds many addresses of: an IPv6 /64.
func network(peer string) string {
	addr, err := netip.ParseAddr(peer)
	if err != nil {
		if ap, err := netip.ParseAddrPort(peer); err == nil {
			addr = ap.Addr()
		}
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}

// enter counts an attempt, or returns how long to wait before the next.
func (t *throttle) enter(name, peer string, now time.Time) time.Duration {
	byName, byPeer := throttleKeys(name, peer)
	wait := max(t.seen[byName].until.Sub(now), t.seen[byPeer].until.Sub(now))
	if wait > 0 {
		return wait
	}
	t.prune(now)
	t.count(byName, now, nameWait)
	t.count(byPeer, now, peerWait)
	return 0
}

func (t *throttle) count(key string, now time.Time, longest time.Duration) {
	a := t.seen[key]
	if now.Sub(a.last) > forgetAfter {
		a = attempts{}
	}
	a.failed++
	a.last = now
	if over := a.failed - freeAttempts; over >= 0 {
		a.until = now.Add(min(longest, time.Second<<min(over, 20)))
	}
	t.seen[key] = a
}

// forgive takes back a success: the name is clear again, but an address does
// not become so by having one account of its own.
func (t *throttle) forgive(name, peer string) {
	byName, byPeer := throttleKeys(name, peer)
	delete(t.seen, byName)
	if a, ok := t.seen[byPeer]; ok {
		a.failed--
		a.until = time.Time{}
		t.seen[byPeer] = a
	}
}

// prune bounds the memory: first what is over, then whoever failed least.
func (t *throttle) prune(now time.Time) {
	if len(t.seen) < maxTracked {
		return
	}
	for key, a := range t.seen {
		if now.Sub(a.last) > forgetAfter {
			delete(t.seen, key)
		}
	}
	for failed := 1; len(t.seen) >= maxTracked; failed *= 2 {
		for key, a := range t.seen {
			if a.failed <= failed && !a.until.After(now) || failed > 1<<20 {
				delete(t.seen, key)
			}
		}
	}
}
