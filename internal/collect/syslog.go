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
	// Loss is told of each loss as it happens, From and To left open; it must
	// be quick. Nil for nobody.
	Loss   func(event.Loss)
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
	s.commit = newCommitter(s.To, s.unstored, s.Logger)
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
	var err error
	if s.packets != nil {
		err = s.servePackets(inner)
	} else {
		err = s.serveConns(inner)
	}
	cancel()
	s.commit.close()
	background.Wait()
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("collect: syslog %s: %w", s.Network, err)
	}
	return nil
}

// take queues one frame. It reports false when the frame found no room, or
// when the syslog receiver is closing; the frame is then counted as lost.
func (s *Syslog) take(peer netip.Addr, raw []byte, part int, wait bool) bool {
	source, zone, zoneFrom := s.place(peer, raw)
	if !usableSource(source) {
		s.lose(event.Loss{Kind: event.LossRejected, Reason: event.WhyNoSource, Bytes: int64(len(raw))}, peer)
		return true
	}
	transport := s.labels.get(label{peer, zone, zoneFrom}, "syslog/"+s.Network)
	if part > 0 {
		transport += ";part=" + strconv.Itoa(part)
	}
	if s.commit.add(event.Record{Received: time.Now().UTC(), Source: source, Transport: transport, Raw: raw}, wait) {
		return true
	}
	reason := event.WhyUDPQueue
	if wait { // only the end makes it fail
		reason = event.WhyStopped
	}
	s.lose(event.Loss{Source: source, Kind: event.LossDropped, Reason: reason, Bytes: int64(len(raw))}, peer)
	return false
}

// place says where a frame belongs.
func (s *Syslog) place(peer netip.Addr, raw []byte) (source, zone, zoneFrom string) {
	if s.Place != nil {
		source, zone, zoneFrom = s.Place(peer, raw)
	}
	return cmp.Or(source, "syslog"), zone, zoneFrom
}

// lose counts one loss, or as many as it says.
func (s *Syslog) lose(l event.Loss, peer netip.Addr) {
	if s.Loss == nil {
		return
	}
	l.Door, l.Records = "syslog/"+s.Network, max(1, l.Records)
	if !usableSource(l.Source) {
		l.Source = ""
	}
	if peer.IsValid() {
		l.Host = peer.String()
	}
	s.Loss(l)
}

// unstored counts records that were taken and not stored before the end.
func (s *Syslog) unstored(recs []event.Record) {
	for _, rec := range recs {
		peer, _ := netip.ParseAddr(event.ParseTransport(rec.Transport).Get("peer"))
		s.lose(event.Loss{Source: rec.Source, Kind: event.LossDropped, Reason: event.WhyStopped, Bytes: int64(len(rec.Raw))}, peer)
	}
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
