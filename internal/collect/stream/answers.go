package stream

import (
	"net"
	"sync"
	"time"
)

const (
	// maxOpen is how many answers a connection may be waiting for before no more
	// is read from it. Senders keep windows of some hundred frames at most.
	maxOpen = 1024
	// answerTime is how long a sender may take to read an answer.
	answerTime = 30 * time.Second
	// settleTime is how long the end waits for answers that are due.
	settleTime = 8 * time.Second
)

// answers writes what a sender waits for, in the order of the frames. Whoever
// gives an answer never waits for the sender to read it.
type answers struct {
	conn net.Conn

	mu      sync.Mutex
	changed sync.Cond
	open    int // promised and not yet written
	given   int // of them, those whose text is in ready
	ready   []byte
	ended   bool
}

func newAnswers(conn net.Conn) *answers {
	a := &answers{conn: conn}
	a.changed.L = &a.mu
	return a
}

// promise makes room for an answer; it waits while too many are open. It
// reports false when nothing can be answered any more.
func (a *answers) promise() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.open >= maxOpen && !a.ended {
		a.changed.Wait()
	}
	a.open++
	return !a.ended
}

// give hands over a promised answer.
func (a *answers) give(text []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ready = append(a.ready, text...)
	a.given++
	a.changed.Broadcast()
}

// run writes until end, or until the sender reads no more; then the connection
// is closed.
func (a *answers) run() {
	var writing []byte
	written := 0
	for {
		a.mu.Lock()
		a.open -= written
		a.changed.Broadcast()
		for a.given == 0 && !a.ended {
			a.changed.Wait()
		}
		writing, a.ready = a.ready, writing[:0]
		written, a.given = a.given, 0
		last := a.ended
		a.mu.Unlock()
		if len(writing) > 0 {
			err := a.conn.SetWriteDeadline(time.Now().Add(answerTime))
			if err == nil {
				_, err = a.conn.Write(writing)
			}
			if err != nil {
				a.end()
				_ = a.conn.Close()
				return
			}
		}
		if last {
			return
		}
	}
}

// settle waits until all that was promised has been given and written, for
// settleTime at most: until the vault has what was read.
func (a *answers) settle() {
	late := false
	timer := time.AfterFunc(settleTime, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		late = true
		a.changed.Broadcast()
	})
	defer timer.Stop()
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.open > 0 && !a.ended && !late {
		a.changed.Wait()
	}
}

// end lets run write what is given and end.
func (a *answers) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	a.changed.Broadcast()
}
