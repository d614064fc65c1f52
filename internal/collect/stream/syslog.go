package stream

import (
	"bufio"
	"context"
	"net"
	"net/netip"

	"github.com/konseki/konseki/internal/collect/sender"
	"github.com/konseki/konseki/internal/event"
)

// Syslog receives syslog over UDP (RFC 5426), TCP (RFC 6587, octet counting or
// line feeds, told per connection) or TLS (RFC 5425). It accepts any text: what
// the messages mean is for normalise. Syslog knows no acknowledgement; over TCP
// and TLS a full vault makes the sender wait.
type Syslog struct {
	Door
	packets *net.UDPConn
}

// Listen opens the port and returns its address.
func (s *Syslog) Listen() (net.Addr, error) {
	s.prepare("syslog", "syslog/"+s.Network)
	if s.Network != "udp" {
		return s.listen()
	}
	addr, err := s.listenPackets()
	if err != nil {
		return nil, s.explain(err)
	}
	return addr, nil
}

// Serve receives until ctx ends, then stores what it has received. It returns
// nil when ctx ended. Listen comes first; a Syslog serves once.
func (s *Syslog) Serve(ctx context.Context) error {
	if s.packets != nil {
		return s.serve(ctx, s.servePackets)
	}
	return s.serve(ctx, func(ctx context.Context) error { return s.accept(ctx, s.talk) })
}

// talk takes the frames of one connection.
func (s *Syslog) talk(ctx context.Context, l *link) {
	f := &frames{
		r: bufio.NewReaderSize(l, 16<<10), limit: s.MaxFrame,
		take: func(raw []byte, part int) bool {
			return s.take(l.who, l.peer, raw, part, true) && l.wait(1, len(raw)) == nil
		},
		cut: func(part []byte) {
			source, _, _, _ := s.place(l.who, l.peer, part)
			l.lose(event.Loss{Source: source, Kind: event.LossDropped, Reason: event.WhyFrameCut, Bytes: int64(len(part))})
		},
	}
	if err := f.run(); err != nil {
		s.Logger.Debug("syslog connection ended", "peer", l.peer, "err", err)
	}
}

// take queues one frame. It reports false when the frame found no room, or
// when the receiver is closing; the frame is then counted as lost.
func (s *Syslog) take(who sender.Identity, peer netip.Addr, raw []byte, part int, wait bool) bool {
	rec, ok := s.record(s.kind, who, peer, raw, part)
	if !ok || s.commit.add(rec, wait, nil) {
		return true
	}
	reason := event.WhyUDPQueue
	if wait { // only the end makes it fail
		reason = event.WhyStopped
	}
	s.lose(event.Loss{Source: rec.Source, Kind: event.LossDropped, Reason: reason, Bytes: int64(len(raw))}, peer)
	return false
}
