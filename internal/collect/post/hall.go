package post

import "sync"

// hall is where requests are while they are read: so many, with so many bytes in
// memory, and half of either for one sender.
type hall struct {
	maxRequests int
	maxBytes    int64

	mu sync.Mutex
	in share
	of map[string]*share // by sender
}

// share is what is taken up, by all or by one.
type share struct {
	requests int
	bytes    int64
}

// enter lets a request in; each is to leave again.
func (h *hall) enter(sender string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	own := h.of[sender]
	if own == nil {
		own = &share{}
	}
	if h.in.requests >= h.maxRequests || own.requests >= (h.maxRequests+1)/2 {
		return false
	}
	h.of[sender] = own
	own.requests++
	h.in.requests++
	return true
}

// claim takes memory for one who has entered.
func (h *hall) claim(sender string, n int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	own := h.of[sender]
	if h.in.bytes+n > h.maxBytes || own.bytes+n > (h.maxBytes+1)/2 {
		return false
	}
	own.bytes += n
	h.in.bytes += n
	return true
}

// leave gives back the place and the memory claimed.
func (h *hall) leave(sender string, n int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	own := h.of[sender]
	own.bytes -= n
	h.in.bytes -= n
	own.requests--
	h.in.requests--
	if own.requests == 0 {
		delete(h.of, sender)
	}
}

// full reports whether nobody more would be let in.
func (h *hall) full() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.in.requests >= h.maxRequests || h.in.bytes >= h.maxBytes
}
