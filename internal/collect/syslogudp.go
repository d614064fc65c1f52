package collect

import (
	"context"
	"errors"
	"net"
)

// socketBuffer is asked of the system for bursts; it may grant less.
const socketBuffer = 8 << 20

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
	if err := countDrops(s.packets); err != nil {
		s.Logger.Warn("drops by the system cannot be counted", "err", err)
	}
	return s.packets.LocalAddr(), nil
}

// servePackets takes each datagram as one frame (RFC 5426 §3.1).
func (s *Syslog) servePackets(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = s.packets.Close() })
	defer stop()
	defer func() { _ = s.packets.Close() }()
	buf, oob := make([]byte, 64<<10), make([]byte, 128)
	var dropped uint32 // as the system counts, modulo 2³²
	for {
		n, on, _, peer, err := s.packets.ReadMsgUDPAddrPort(buf, oob)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // such as an ICMP answer to nobody
			s.Logger.Debug("udp", "err", err)
			continue
		}
		if d, ok := drops(oob[:on]); ok && d != dropped {
			s.losses.add(LossKernel, int64(d-dropped))
			dropped = d
		}
		if n > s.MaxFrame {
			s.losses.add(LossOversize, 1)
			continue
		}
		if n > 0 && !s.take(peer.Addr().Unmap(), buf[:n], 0, false) {
			s.losses.add(LossQueue, 1)
		}
	}
}
