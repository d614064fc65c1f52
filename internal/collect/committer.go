package collect

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/event"
)

const (
	linger       = 5 * time.Millisecond // wait for company before an Append
	queueRecords = 16 << 10             // records waiting while one Append runs
	queueBytes   = 16 << 20
	retryAfter   = time.Second // after a failed Append
	drainTime    = 10 * time.Second
)

var errClosed = errors.New("collect: closed")

// committer appends the records of many senders together. Nothing it has taken
// is dropped while it runs: a failed Append is tried again until it succeeds.
type committer struct {
	to     Appender
	logger *slog.Logger
	lost   func([]event.Record) // told of what the end left unstored

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
	q.recs, q.ends, q.bytes = q.recs[:0], q.ends[:0], q.bytes[:0]
	if cap(q.bytes) > 1<<20 { // do not hold on to what a burst needed
		q.bytes = nil
	}
}

func newCommitter(to Appender, lost func([]event.Record), logger *slog.Logger) *committer {
	c := &committer{
		to: to, logger: logger, lost: lost, queue: &queue{},
		wake: make(chan struct{}, 1), filled: make(chan struct{}, 1),
	}
	c.changed.L = &c.mu
	return c
}

// add queues a record whose bytes are copied. With wait it waits for room;
// without, it reports false when there is none. It reports false once closed.
func (c *committer) add(rec event.Record, wait bool) bool {
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
	q.recs, q.ends = append(q.recs, rec), append(q.ends, len(q.bytes))
	signal(c.wake)
	if len(q.recs) >= batchRecords {
		signal(c.filled)
	}
	return true
}

func signal(ch chan struct{}) {
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
	signal(c.wake)
	signal(c.filled)
}

// run appends until the committer is closed and empty. After ctx has ended it
// goes on for drainTime at most; what it then still holds is counted as lost.
func (c *committer) run(ctx context.Context) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(drainTime, cancel) })
	defer stop()
	spare := &queue{}
	for {
		<-c.wake
		c.linger()
		c.mu.Lock()
		full, closed := c.queue, c.closed
		c.queue = spare
		c.mu.Unlock()
		c.changed.Broadcast()
		if len(full.recs) > 0 && !c.append(work, full.records()) {
			c.lost(full.recs)
		}
		full.reset()
		spare = full
		if closed {
			return
		}
	}
}

func (c *committer) linger() {
	t := time.NewTimer(linger)
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
