package stream

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/collect/sender"
	"github.com/konseki/konseki/internal/event"
)

const (
	// socketBuffer is asked of the system for bursts; it may grant less.
	socketBuffer = 8 << 20
	// dropsEvery is how often the system is asked what it dropped.
	dropsEvery = time.Second
	// lastReads is how long after the end the system is asked for what it
	// received before.
	lastReads = 100 * time.Millisecond
)

func (s *Syslog) listenPackets() (net.Addr, error) {
	addr, err := net.ResolveUDPAddr("udp", s.Address)
	if err != nil {
		return nil, err
	}
	if s.packets, err = net.ListenUDP("udp", addr); err != nil {
		return nil, err
	}
	if err := s.packets.SetReadBuffer(socketBuffer); err != nil {
		s.Logger.Warn("the system grants no larger receive buffer", "err", err)
	}
	if _, err := drops(s.packets); err != nil {
		s.Logger.Warn("drops by the system cannot be counted", "err", err)
	}
	return s.packets.LocalAddr(), nil
}

// servePackets takes each datagram as one frame (RFC 5426 §3.1). At the end it
// takes what the system still holds: to the senders that has arrived.
func (s *Syslog) servePackets(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = s.packets.SetReadDeadline(time.Now().Add(lastReads)) })
	defer stop()
	inner, cancel := context.WithCancel(ctx)
	var counting sync.WaitGroup
	defer func() { _ = s.packets.Close() }()
	defer counting.Wait()
	defer cancel()
	counting.Go(func() { s.countDrops(inner) })
	buf := make([]byte, 64<<10)
	for {
		n, peer, err := s.packets.ReadFromUDPAddrPort(buf)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // such as an ICMP answer to nobody
			s.Logger.Debug("udp", "err", err)
			continue
		}
		from := peer.Addr().Unmap()
		if n > s.MaxFrame {
			source, _, _, _ := s.place(sender.Identity{}, from, buf[:s.MaxFrame])
			s.lose(event.Loss{Source: source, Kind: event.LossRejected, Reason: event.WhyOversize, Bytes: int64(n)}, from)
			continue
		}
		if n > 0 {
			s.take(sender.Identity{}, from, buf[:n], 0, false)
		}
	}
}

// countDrops counts what the system dropped on the socket, a last time when
// the context ends.
func (s *Syslog) countDrops(ctx context.Context) {
	tick := time.NewTicker(dropsEvery)
	defer tick.Stop()
	var known uint32
	for ended := false; !ended; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			ended = true
		}
		if now, err := drops(s.packets); err == nil && now != known {
			s.lose(event.Loss{Kind: event.LossDropped, Reason: event.WhyUDPSystem, Records: int64(now - known)}, netip.Addr{})
			known = now
		}
	}
}
