package stream

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/event"
)

const (
	linger       = 5 * time.Millisecond // wait for company before an Append
	lingerShort  = time.Millisecond     // where senders wait for an answer
	appendAtOnce = 4096                 // records with which lingering ends
	queueRecords = 16 << 10             // records waiting while one Append runs
	queueBytes   = 16 << 20
	retryAfter   = time.Second // after a failed Append
	drainTime    = 10 * time.Second
)

var errClosed = errors.New("stream: closed")

// committer appends the records of many senders together, in the order they
// were added. Nothing it has taken is dropped while it runs: a failed Append is
// tried again until it succeeds.
type committer struct {
	to     collect.Appender
	logger *slog.Logger
	lost   func([]event.Record) // told of what the end left unstored
	linger time.Duration

	mu      sync.Mutex
	changed sync.Cond // room in the queue, or closed
	queue   *queue
	closed  bool
	wake    chan struct{} // holds a token when the queue is not empty
	filled  chan struct{} // holds a token when lingering is no use
}

// queue holds records with their bytes side by side.
type queue struct {
	recs  []event.Record
	ends  []int // where each record's bytes end
	bytes []byte
	then  []func() // called for each record once it is stored; nil for nobody
}

func (q *queue) fits(n int) bool {
	return len(q.recs) == 0 || len(q.recs) < queueRecords && len(q.bytes)+n <= queueBytes
}

// records gives the records their bytes.
func (q *queue) records() []event.Record {
	from := 0
	for i, end := range q.ends {
		q.recs[i].Raw = q.bytes[from:end:end]
		from = end
	}
	return q.recs
}

func (q *queue) reset() {
	clear(q.recs)
	clear(q.then)
	q.recs, q.ends, q.bytes, q.then = q.recs[:0], q.ends[:0], q.bytes[:0], q.then[:0]
	if cap(q.bytes) > 1<<20 { // do not hold on to what a burst needed
		q.bytes = nil
	}
}

func newCommitter(to collect.Appender, lost func([]event.Record), logger *slog.Logger) *committer {
	c := &committer{
		to: to, logger: logger, lost: lost, queue: &queue{}, linger: linger,
		wake: make(chan struct{}, 1), filled: make(chan struct{}, 1),
	}
	c.changed.L = &c.mu
	return c
}

// add queues a record whose bytes are copied. With wait it waits for room;
// without, it reports false when there is none. It reports false once closed.
// then is called once this record, and all that the caller added before it, are
// stored; it must not block. Who is never told keeps the record.
func (c *committer) add(rec event.Record, wait bool, then func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.closed && !c.queue.fits(len(rec.Raw)) {
		if !wait {
			return false
		}
		c.changed.Wait()
	}
	if c.closed {
		return false
	}
	q := c.queue
	q.bytes = append(q.bytes, rec.Raw...)
	rec.Raw = nil
	q.recs, q.ends, q.then = append(q.recs, rec), append(q.ends, len(q.bytes)), append(q.then, then)
	wake(c.wake)
	if len(q.recs) >= appendAtOnce {
		wake(c.filled)
	}
	return true
}

func wake(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// close lets no more records in and ends run once the queue is appended.
func (c *committer) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.changed.Broadcast()
	wake(c.wake)
	wake(c.filled)
}

// run appends until the committer is closed and empty. After ctx has ended it
// goes on for drainTime at most; what it then still holds is not stored.
func (c *committer) run(ctx context.Context) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(drainTime, cancel) })
	defer stop()
	spare := &queue{}
	for given := false; ; {
		<-c.wake
		c.gather()
		c.mu.Lock()
		full, closed := c.queue, c.closed
		c.queue = spare
		c.mu.Unlock()
		c.changed.Broadcast()
		// Nothing is stored after what was not: then speaks for all before it.
		given = given || len(full.recs) > 0 && !c.append(work, full.records())
		c.tell(full, !given)
		full.reset()
		spare = full
		if closed {
			return
		}
	}
}

// tell says what became of the records of a queue. Those whose senders wait to
// be told are not lost when they are not stored: they are sent again.
func (c *committer) tell(q *queue, stored bool) {
	var lost []event.Record
	for i, then := range q.then {
		switch {
		case stored && then != nil:
			then()
		case !stored && then == nil:
			lost = append(lost, q.recs[i])
		}
	}
	if len(lost) > 0 {
		c.lost(lost)
	}
}

func (c *committer) gather() {
	t := time.NewTimer(c.linger)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.filled:
	}
}

func (c *committer) append(ctx context.Context, recs []event.Record) bool {
	for warned := false; ; warned = true {
		err := c.to.Append(ctx, recs)
		if err == nil {
			return true
		}
		if !warned {
			c.logger.Error("records are waiting: the vault does not take them", "records", len(recs), "err", err)
		}
		t := time.NewTimer(retryAfter)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return false
		}
	}
}
