package collect

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/event"
)

const (
	handshakeTime = 10 * time.Second
	acceptPause   = 100 * time.Millisecond // after a failed accept (no descriptors left)
	maxCount      = 9                      // digits of an octet count
)

func (s *Syslog) serveConns(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { s.listener.Close() })
	defer stop()
	defer s.listener.Close()
	room := make(chan struct{}, s.MaxConns)
	var open sync.WaitGroup
	defer open.Wait()
	for {
		conn, err := s.listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			s.Logger.Error("no connection could be accepted", "err", err)
			pause(ctx, acceptPause)
			continue
		}
		select {
		case room <- struct{}{}:
		default:
			conn.Close()
			s.lose(event.Loss{Kind: event.LossRejected, Reason: event.WhyConnections}, peerOf(conn))
			continue
		}
		open.Go(func() {
			defer func() { <-room }()
			s.serveConn(ctx, conn)
		})
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func (s *Syslog) serveConn(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	// Whoever waits in a read learns of the end by the deadline, so that what
	// has been read of a frame is still taken.
	plain := conn
	stop := context.AfterFunc(ctx, func() { plain.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	peer := peerOf(conn)
	if s.Network == "tls" {
		t := tls.Server(conn, s.TLS)
		hurry, cancel := context.WithTimeout(ctx, handshakeTime)
		err := t.HandshakeContext(hurry)
		cancel()
		if err != nil {
			s.Logger.Warn("tls handshake", "peer", peer, "err", err)
			if ctx.Err() == nil {
				s.lose(event.Loss{Kind: event.LossRejected, Reason: event.WhyHandshake}, peer)
			}
			return
		}
		conn = t
	}
	f := &frames{
		r: bufio.NewReaderSize(&impatient{ctx, conn, s.Idle}, 16<<10), limit: s.MaxFrame,
		take: func(raw []byte, part int) bool { return s.take(peer, raw, part, true) },
		cut: func(part []byte) {
			source, _, _ := s.place(peer, part)
			s.lose(event.Loss{Source: source, Kind: event.LossDropped, Reason: event.WhyFrameCut, Bytes: int64(len(part))}, peer)
		},
	}
	if err := f.run(); err != nil {
		s.Logger.Debug("syslog connection ended", "peer", peer, "err", err)
	}
}

// peerOf is the address of a connection's other end.
func peerOf(conn net.Conn) netip.Addr {
	a, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}

// impatient gives each read a deadline.
type impatient struct {
	ctx  context.Context
	conn net.Conn
	idle time.Duration
}

func (c *impatient) Read(p []byte) (int, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(c.idle)); err != nil {
		return 0, err
	}
	if err := c.ctx.Err(); err != nil { // ended just before the deadline was moved
		return 0, err
	}
	return c.conn.Read(p)
}

// frames reads the frames of one connection.
type frames struct {
	r     *bufio.Reader
	limit int
	take  func(raw []byte, part int) bool
	cut   func(part []byte) // told what there is of a frame that was cut off
	buf   []byte
}

// run reads until the connection or the receiver ends. A connection that
// begins with a count, a space and "<" counts octets (RFC 6587 §3.4.1) as long
// as its counts are in order; anything else is lines (§3.4.2).
func (f *frames) run() error {
	counted, err := f.count()
	for counted > 0 && err == nil {
		if err = f.octets(counted); err == nil {
			counted, err = f.count()
		}
	}
	for err == nil {
		err = f.line()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// count reads the count that begins an octet-counted frame. It takes nothing
// and returns 0 where there is none.
func (f *frames) count() (int, error) {
	if err := f.skipFeeds(); err != nil {
		return 0, err
	}
	n := 0
	for i := range maxCount + 1 {
		head, _ := f.r.Peek(i + 1)
		if len(head) <= i { // digits and the end: a line
			return 0, nil
		}
		switch c := head[i]; {
		case c >= '1' && c <= '9', c == '0' && i > 0:
			n = n*10 + int(c-'0')
		case c == ' ' && i > 0:
			if next, _ := f.r.Peek(i + 2); len(next) < i+2 || next[i+1] != '<' {
				return 0, nil
			}
			_, err := f.r.Discard(i + 1)
			return n, err
		default:
			return 0, nil
		}
	}
	return 0, nil
}

// skipFeeds passes over line feeds: some senders end counted frames with one.
func (f *frames) skipFeeds() error {
	for {
		head, err := f.r.Peek(1)
		if err != nil || head[0] != '\n' {
			return err
		}
		if _, err := f.r.Discard(1); err != nil {
			return err
		}
	}
}

// octets reads a frame of n bytes, in parts if it is longer than the limit.
func (f *frames) octets(n int) error {
	part := 0
	for n > f.limit {
		part++
		if err := f.some(f.limit, part); err != nil {
			return err
		}
		n -= f.limit
	}
	if part > 0 {
		part++
	}
	return f.some(n, part)
}

// some takes exactly n bytes as a record, or what there is of them.
func (f *frames) some(n, part int) error {
	f.buf = f.buf[:0]
	for len(f.buf) < n {
		want := min(n-len(f.buf), f.r.Size())
		got, err := f.r.Peek(min(want, max(1, f.r.Buffered())))
		f.buf = append(f.buf, got...)
		if _, derr := f.r.Discard(len(got)); derr != nil {
			return derr
		}
		if err != nil {
			f.cut(f.buf)
			return errors.Join(err, f.give(part))
		}
	}
	return f.give(part)
}

// line takes one line, in parts if it is longer than the limit.
func (f *frames) line() error {
	f.buf = f.buf[:0]
	for part := 0; ; {
		got, err := f.r.ReadSlice('\n')
		text := bytes.TrimSuffix(got, []byte("\n"))
		for len(f.buf)+len(text) > f.limit {
			room := f.limit - len(f.buf)
			f.buf, text = append(f.buf, text[:room]...), text[room:]
			part++
			if err := f.give(part); err != nil {
				return err
			}
			f.buf = f.buf[:0]
		}
		f.buf = append(f.buf, text...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if part > 0 {
			part++
		}
		return errors.Join(f.give(part), err)
	}
}

// give hands on the bytes gathered; an empty frame is none.
func (f *frames) give(part int) error {
	if len(bytes.TrimRight(f.buf, "\r\x00")) == 0 && part == 0 {
		return nil
	}
	if !f.take(f.buf, part) {
		return errClosed
	}
	return nil
}
