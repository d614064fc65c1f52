package stream

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"

	"github.com/konseki/konseki/internal/event"
)

// Fluent receives the forward protocol of Fluentd and Fluent Bit, version 1:
// Message, Forward, PackedForward and CompressedPackedForward mode (gzip,
// Zstandard), over TCP or TLS. Each entry is one record, as JSON (see
// entryJSON). A message with the option chunk is answered once the vault has all
// of its entries, and the transport of these is "fluent"; without it the sender
// waits for nothing and it is "fluent/stream". The heartbeat over UDP is not
// answered: senders do without.
type Fluent struct {
	Door
	// SharedKey is what senders must know; "" for no handshake.
	SharedKey string
	// Users, where there are any, must prove who they are beside that.
	Users []FluentUser
	// Name is what konseki calls itself in the handshake. Default: the host's.
	Name string
	// MaxChunk is the longest message, bytes, packed and unpacked. Default 64 MiB.
	MaxChunk int
	// MaxHeld is how many bytes of messages that are still coming in are held for
	// all senders together, the first MiB of each not counted. Default 256 MiB.
	// Whoever needs more then is closed, to send again later: nobody waits.
	MaxHeld int64

	held   atomic.Int64
	chunks chunks
}

// Listen opens the port and returns its address.
func (s *Fluent) Listen() (net.Addr, error) {
	s.MaxFrame = cmp.Or(s.MaxFrame, 16<<20) // JSON cut in parts is JSON no more
	s.prepare("fluent", "fluent")
	s.commit.linger = lingerShort
	s.MaxChunk = cmp.Or(s.MaxChunk, 64<<20)
	s.MaxHeld = cmp.Or(s.MaxHeld, 256<<20)
	if s.Name == "" {
		s.Name, _ = os.Hostname()
	}
	s.chunks.seed = maphash.MakeSeed()
	return s.listen()
}

// Serve receives until ctx ends, then answers what it has received and stored.
// It returns nil when ctx ended. Listen comes first; a Fluent serves once.
func (s *Fluent) Serve(ctx context.Context) error {
	return s.serve(ctx, func(ctx context.Context) error { return s.accept(ctx, s.talk) })
}

// fluentSession is one connection.
type fluentSession struct {
	*link
	door    *Fluent
	r       *bufio.Reader
	answers *answers
	buf     []byte
	counted int64 // bytes of buf that count against MaxHeld
	asks    bool  // it has asked for answers: what has none, the sender keeps
}

func (s *Fluent) talk(_ context.Context, l *link) {
	c := &fluentSession{link: l, door: s, r: bufio.NewReaderSize(l, 64<<10), answers: newAnswers(l.conn)}
	if s.SharedKey != "" {
		if err := s.hello(l, c.r); err != nil {
			s.Logger.Warn("a Fluent connection was closed before it began", "peer", l.peer, "err", err)
			return
		}
	}
	var writing sync.WaitGroup
	writing.Go(c.answers.run)
	var err error
	for err == nil {
		err = c.message()
	}
	c.explain(err)
	c.answers.settle()
	c.answers.end()
	writing.Wait()
	c.release()
}

// explain counts what a session ended with. A message that was cut off is
// counted where its sender never asked for an answer, which stands at the end.
func (c *fluentSession) explain(err error) {
	reason := ""
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, errOver), errors.Is(err, errClosed):
		return
	case errors.Is(err, errMsgpack), errors.Is(err, errFluent):
		reason = event.WhyForm
	case errors.Is(err, errLong):
		reason = event.WhyOversize
	case errors.Is(err, errBomb):
		reason = event.WhyBomb
	case errors.Is(err, errBusy):
		reason = event.WhyBusy
	case len(c.buf) > 0 && !c.asks:
		reason = event.WhyFrameCut
	default:
		c.door.Logger.Debug("Fluent connection ended", "peer", c.peer, "err", err)
		return
	}
	c.door.Logger.Warn("a Fluent connection was closed", "peer", c.peer, "err", err)
	kind := event.LossRejected
	if reason == event.WhyFrameCut {
		kind = event.LossDropped
	}
	c.lose(event.Loss{Kind: kind, Reason: reason, Bytes: int64(len(c.buf))})
}

const freely = 1 << 20 // bytes of a message that do not count against MaxHeld

var errBusy = errors.New("too many long messages at once")

// grown counts the bytes of a message as they come.
func (c *fluentSession) grown(n int) error {
	more := int64(n-freely) - c.counted
	if more <= 0 {
		return nil
	}
	c.counted += more
	if c.door.held.Add(more) > c.door.MaxHeld {
		return errBusy
	}
	return nil
}

// release forgets a message.
func (c *fluentSession) release() {
	c.door.held.Add(-c.counted)
	c.counted = 0
	if c.buf = c.buf[:0]; cap(c.buf) > freely {
		c.buf = nil
	}
}

// message takes one message.
func (c *fluentSession) message() error {
	var err error
	if c.buf, err = readValue(c.r, c.buf, c.door.MaxChunk, c.grown); err != nil {
		return err
	}
	if len(c.buf) == 1 && c.buf[0] == 0xc0 { // nil: somebody tries whether the door is open
		c.release()
		return nil
	}
	m, err := parseFluent(c.buf, c.door.MaxChunk)
	if err != nil {
		return err
	}
	n, err := c.take(m)
	if err != nil {
		return err
	}
	if m.chunk != nil && c.door.chunks.seen(m.chunk, m.entries) {
		source, _, _, _ := c.door.place(c.who, c.peer, c.buf[:0])
		c.lose(event.Loss{Source: source, Kind: event.LossDuplicate, Reason: event.WhySameBatch, Records: int64(n), Bytes: int64(len(c.buf))})
	}
	size := len(c.buf)
	c.release()
	return c.wait(n, size)
}

// take queues the entries of a message and has it answered once they are
// stored. Each is held back until the next is there: the last one answers.
func (c *fluentSession) take(m fluentMessage) (n int, err error) {
	kind, then := "fluent/stream", func() {}
	var answer func()
	if m.chunk == nil {
		then = nil
	} else {
		c.asks = true
		if !c.answers.promise() {
			return 0, errOver
		}
		kind, answer = "fluent", func() { c.answers.give(appendChunk(m.chunk)) }
		defer func() {
			if err != nil {
				c.answers.give(nil)
			}
		}()
		m.chunk = bytes.Clone(m.chunk)
	}
	var held []byte
	n, err = m.each(func(raw []byte) error {
		if err := c.queue(kind, held, then); err != nil {
			return err
		}
		held = append(held[:0], raw...)
		return nil
	})
	switch {
	case err != nil:
		return n, err
	case n == 0 && answer != nil:
		answer()
		return 0, nil
	case m.size > uint64(n):
		c.door.Logger.Warn("a message announced more entries than it held", "peer", c.peer, "announced", m.size, "held", n)
	}
	return n, c.queue(kind, held, answer)
}

// queue hands on one record, in parts where it is too long for one. then is of
// the last part; the others are told to nobody, or count as lost, as it is.
func (c *fluentSession) queue(kind string, raw []byte, then func()) error {
	if len(raw) == 0 {
		return nil
	}
	number := 0
	for limit := c.door.MaxFrame; len(raw) > limit; raw = raw[limit:] {
		number++
		before := then
		if then != nil {
			before = func() {}
		}
		if err := c.add(kind, raw[:limit], number, before); err != nil {
			return err
		}
	}
	if number > 0 {
		number++
	}
	return c.add(kind, raw, number, then)
}

func (c *fluentSession) add(kind string, raw []byte, number int, then func()) error {
	rec, ok := c.door.record(kind, c.who, c.peer, raw, number)
	if !ok {
		return errOver
	}
	if !c.door.commit.add(rec, true, then) {
		if then == nil {
			c.lose(event.Loss{Source: rec.Source, Kind: event.LossDropped, Reason: event.WhyStopped, Bytes: int64(len(raw))})
		}
		return errClosed
	}
	return nil
}

// appendChunk is the answer to a chunk: {"ack": chunk}.
func appendChunk(chunk []byte) []byte {
	return appendString(appendString([]byte{0x81}, "ack"), string(chunk[:min(len(chunk), 1<<16-1)]))
}

// maxChunks is how many chunks are known again.
const maxChunks = 4096

// chunks remembers what came lately under which chunk id, to count what is sent
// again because an answer was lost. It is stored again all the same, as
// everywhere: a record more does less harm than one that is missing.
type chunks struct {
	mu    sync.Mutex
	seed  maphash.Seed
	known map[uint64]bool
	order []uint64
	next  int
}

func (k *chunks) seen(chunk, entries []byte) bool {
	var h maphash.Hash
	h.SetSeed(k.seed)
	fmt.Fprintf(&h, "%d ", len(chunk))
	_, _ = h.Write(chunk)
	_, _ = h.Write(entries)
	sum := h.Sum64()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known[sum] {
		return true
	}
	if k.known == nil {
		k.known = map[uint64]bool{}
	}
	k.known[sum] = true
	if len(k.order) < maxChunks {
		k.order = append(k.order, sum)
		return false
	}
	delete(k.known, k.order[k.next])
	k.order[k.next] = sum
	k.next = (k.next + 1) % maxChunks
	return false
}
