package collect

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Reasons that Syslog gives to Loss.
const (
	// LossQueue counts datagrams that came faster than the vault takes them.
	LossQueue = "udp queue full"
	// LossKernel counts datagrams the operating system dropped; Linux only.
	LossKernel = "udp dropped by the system"
	// LossOversize counts datagrams longer than a record may be.
	LossOversize = "oversize"
	// LossRefused counts connections over the limit of a listener.
	LossRefused = "connection refused"
	// LossCut counts octet-counted frames of which only a part arrived; the
	// part is kept.
	LossCut = "frame cut off"
	// LossSource counts records that Place gave no usable source.
	LossSource = "no usable source"
)

// Syslog receives syslog over UDP (RFC 5426), TCP (RFC 6587, octet counting or
// line feeds, told per connection) or TLS (RFC 5425). It accepts any text: what
// the messages mean is for normalise. Syslog knows no acknowledgement; over TCP
// and TLS a full vault makes the sender wait.
type Syslog struct {
	// Network is "udp", "tcp" or "tls"; Address is host:port.
	Network, Address string
	// TLS is needed for "tls".
	TLS *tls.Config
	To  Appender
	// Place says which source a frame belongs to, and its zone as in Place.
	// Called by many goroutines. Nil, and an empty source, mean "syslog".
	Place func(peer netip.Addr, raw []byte) (source, zone, zoneFrom string)
	// Loss is told, at most once a second per reason, what was lost.
	Loss   func(reason string, n int64)
	Logger *slog.Logger
	// MaxFrame is the longest frame in one record, default 1 MiB. Over TCP a
	// longer one is cut into records with the hint part; nothing of it is lost.
	MaxFrame int
	// MaxConns is how many connections are open at once, default 4,096.
	MaxConns int
	// Idle closes a connection that has sent nothing for so long, default 4 h:
	// senders of plain TCP lose what they send into a closed connection.
	Idle time.Duration

	packets  *net.UDPConn
	listener net.Listener
	commit   *committer
	losses   *losses
	labels   labels
}

// Listen opens the port and returns its address.
func (s *Syslog) Listen() (net.Addr, error) {
	s.MaxFrame = cmp.Or(s.MaxFrame, 1<<20)
	s.MaxConns = cmp.Or(s.MaxConns, 4096)
	s.Idle = cmp.Or(s.Idle, 4*time.Hour)
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	s.losses = newLosses(s.Loss)
	s.commit = newCommitter(s.To, s.losses, s.Logger)
	addr, err := s.listen()
	if err != nil {
		return nil, fmt.Errorf("collect: syslog %s %s: %w", s.Network, s.Address, err)
	}
	return addr, nil
}

func (s *Syslog) listen() (net.Addr, error) {
	switch s.Network {
	case "udp":
		return s.listenPackets()
	case "tls":
		if s.TLS == nil {
			return nil, errors.New("no certificate is configured")
		}
	case "tcp":
	default:
		return nil, fmt.Errorf("unknown network %q; use udp, tcp or tls", s.Network)
	}
	l, err := net.Listen("tcp", s.Address)
	if err != nil {
		return nil, err
	}
	s.listener = l
	return l.Addr(), nil
}

// Serve receives until ctx ends, then stores what it has received. It returns
// nil when ctx ended. Listen comes first; a Syslog serves once.
func (s *Syslog) Serve(ctx context.Context) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	var background sync.WaitGroup
	background.Go(func() { s.commit.run(ctx) })
	background.Go(func() { s.losses.run(inner) })
	var err error
	if s.packets != nil {
		err = s.servePackets(inner)
	} else {
		err = s.serveConns(inner)
	}
	cancel()
	s.commit.close()
	background.Wait()
	s.losses.flush()
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("collect: syslog %s: %w", s.Network, err)
	}
	return nil
}

// take queues one frame. It reports false when the frame found no room, or
// when the syslog receiver is closing.
func (s *Syslog) take(peer netip.Addr, raw []byte, part int, wait bool) bool {
	var source, zone, zoneFrom string
	if s.Place != nil {
		source, zone, zoneFrom = s.Place(peer, raw)
	}
	if source = cmp.Or(source, "syslog"); !usableSource(source) {
		s.losses.add(LossSource, 1)
		return true
	}
	transport := s.labels.get(label{peer, zone, zoneFrom}, "syslog/"+s.Network)
	if part > 0 {
		transport += ";part=" + strconv.Itoa(part)
	}
	return s.commit.add(event.Record{Received: time.Now().UTC(), Source: source, Transport: transport, Raw: raw}, wait)
}

// labels keeps the transports of the senders seen lately.
type labels struct {
	mu    sync.Mutex
	known map[label]string
}

type label struct {
	peer           netip.Addr
	zone, zoneFrom string
}

func (l *labels) get(key label, kind string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t, ok := l.known[key]; ok {
		return t
	}
	if l.known == nil || len(l.known) >= 4096 {
		l.known = make(map[label]string)
	}
	t := event.Transport{Kind: kind}.With("peer", key.peer.String()).
		With("tz", key.zone).With("tzfrom", key.zoneFrom).String()
	l.known[key] = t
	return t
}
