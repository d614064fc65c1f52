package stream

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"

	"github.com/konseki/konseki/internal/event"
)

// RELP receives syslog by the Reliable Event Logging Protocol of librelp,
// version 0 with the command "syslog", over TCP or TLS. Each frame is one
// record, and is answered "200 OK" once the vault has it; frames that came
// together are appended together. A sender keeps what was not answered and
// sends it again, so that nothing acknowledged is lost and nothing else is
// missing in the end, whichever side dies.
type RELP struct {
	Door
	unsure unsure
}

// Listen opens the port and returns its address.
func (s *RELP) Listen() (net.Addr, error) {
	s.prepare("relp", "relp")
	s.commit.linger = lingerShort
	return s.listen()
}

// Serve receives until ctx ends, then answers what it has received and stored.
// It returns nil when ctx ended. Listen comes first; a RELP serves once.
func (s *RELP) Serve(ctx context.Context) error {
	return s.serve(ctx, func(ctx context.Context) error { return s.accept(ctx, s.talk) })
}

// relpSession is one connection.
type relpSession struct {
	*link
	door    *RELP
	r       relpReader
	answers *answers
	opened  bool
	closed  bool // by the sender, in order
	buf     []byte
	resent  *resent
}

// errOver ends a session that has no more to say.
var errOver = errors.New("the session is over")

func (s *RELP) talk(_ context.Context, l *link) {
	c := &relpSession{
		link: l, door: s, answers: newAnswers(l.conn), resent: s.unsure.take(l.peer),
		r: relpReader{bufio.NewReaderSize(l, 16<<10)},
	}
	var writing sync.WaitGroup
	writing.Go(c.answers.run)
	var err error
	for err == nil {
		err = c.frame()
	}
	c.explain(err)
	c.answers.settle()
	if c.answers.promise() {
		c.answers.give([]byte("0 serverclose 0\n"))
	}
	c.answers.end()
	writing.Wait()
	if !c.closed {
		s.unsure.keep(l.peer, c.resent)
	}
}

// explain says why a session ended, and counts what was not RELP. Of a frame
// that was cut off nothing is lost: the sender has had no answer.
func (c *relpSession) explain(err error) {
	switch {
	case errors.Is(err, errRELP):
		c.door.Logger.Warn("a RELP connection was closed", "peer", c.peer, "err", err)
		c.lose(event.Loss{Kind: event.LossRejected, Reason: event.WhyForm})
	case !errors.Is(err, errOver) && !errors.Is(err, io.EOF):
		c.door.Logger.Debug("RELP connection ended", "peer", c.peer, "err", err)
	}
}

// frame takes one frame.
func (c *relpSession) frame() error {
	f, err := c.r.head()
	if err != nil {
		return err
	}
	switch {
	case f.command == "open":
		return c.open(f)
	case !c.opened:
		return c.refuse(f, "500 a session begins with open")
	case f.command == "syslog":
		return c.syslog(f)
	case f.command == "close":
		c.closed = true
		return errors.Join(c.answer(f, ""), errOver)
	}
	return c.refuse(f, "500 this command is not offered")
}

// maxOffers bounds what an open may say.
const maxOffers = 16 << 10

// open agrees on the version and the commands.
func (c *relpSession) open(f relpFrame) error {
	if f.size > maxOffers {
		return fmt.Errorf("%w: offers of %d bytes", errRELP, f.size)
	}
	var offers string
	var err error
	c.buf, err = c.r.data(f.size, maxOffers, c.buf, func(part []byte, _ int, _ bool) error {
		offers = string(part)
		return nil
	})
	if err != nil {
		return err
	}
	version, commands := "", ""
	for line := range strings.Lines(offers) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch name {
		case "relp_version":
			version = value
		case "commands":
			commands = value
		}
	}
	switch {
	case version == "":
		return c.refuse(f, "500 relp_version is missing")
	case !strings.Contains(","+commands+",", ",syslog,"):
		return c.refuse(f, "500 syslog is the one command here")
	}
	c.opened = true
	return c.answer(f, "200 OK\nrelp_version=0\nrelp_software=konseki\ncommands=syslog\n")
}

// answer answers a frame at once.
func (c *relpSession) answer(f relpFrame, text string) error {
	if !c.answers.promise() {
		return errOver
	}
	c.answers.give(response(f.txnr, text))
	return nil
}

// refuse answers a frame that cannot be taken and ends the session.
func (c *relpSession) refuse(f relpFrame, why string) error {
	return errors.Join(c.answer(f, why), fmt.Errorf("%w: %s: %s", errRELP, f.command, why))
}

func response(txnr, text string) []byte {
	if text == "" {
		return []byte(txnr + " rsp 0\n")
	}
	return fmt.Appendf(nil, "%s rsp %d %s\n", txnr, len(text), text)
}

// syslog takes one message and has it answered once it is stored.
func (c *relpSession) syslog(f relpFrame) error {
	if !c.answers.promise() {
		return errOver
	}
	answer := response(f.txnr, "200 OK")
	var err error
	c.buf, err = c.r.data(f.size, c.door.MaxFrame, c.buf, func(part []byte, number int, last bool) error {
		then := func() {}
		if last {
			c.again(part)
			then = func() { c.answers.give(answer) }
		}
		return c.take(part, number, then)
	})
	if err != nil {
		c.answers.give(nil)
	}
	return err
}

// take queues a message, or a part of one. Records that may not be written end
// the session: their sender keeps them until somebody allows it.
func (c *relpSession) take(raw []byte, part int, then func()) error {
	if part == 0 && len(bytes.TrimRight(raw, "\r\n\x00")) == 0 { // nothing to store
		then()
		return nil
	}
	rec, ok := c.door.record(c.door.kind, c.who, c.peer, raw, part)
	if !ok {
		return errOver
	}
	if !c.door.commit.add(rec, true, then) {
		return errOver
	}
	return c.wait(1, len(raw))
}

// again counts a message that the last connection of this sender may have
// brought already.
func (c *relpSession) again(raw []byte) {
	if c.resent.seen(raw) {
		source, _, _, _ := c.door.place(c.who, c.peer, raw)
		c.lose(event.Loss{Source: source, Kind: event.LossDuplicate, Reason: event.WhySameBatch, Bytes: int64(len(raw))})
	}
}
