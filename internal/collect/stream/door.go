package stream

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

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/collect/sender"
	"github.com/konseki/konseki/internal/event"
)

// Door is what every receiver of this room has: where it listens, who may
// send, and where records go.
type Door struct {
	// Network is "tcp" or "tls", for syslog "udp" too; Address is host:port.
	Network, Address string
	// TLS is needed for "tls". Where it asks for client certificates, Identify
	// says whose they are.
	TLS *tls.Config
	To  collect.Appender
	// Identify tells who a sender is by its connection; a certificate that it
	// does not know is turned away. Nil: certificates prove nothing.
	Identify func(*tls.ConnectionState) (sender.Identity, bool)
	// Place says which source a record belongs to, and its zone: an IANA name
	// and "configured" or "assumed". Called by many goroutines. Nil, and an
	// empty source, mean the name of the protocol: "syslog", "relp", "fluent".
	Place func(who sender.Identity, peer netip.Addr, raw []byte) (source, zone, zoneFrom string)
	// Paces slows senders down: no more is read from a connection until its
	// sender may go on. A sender that proved nothing goes by its address.
	// Datagrams cannot be slowed down. Nil for no limit.
	Paces *sender.Paces
	// Loss is told of each loss as it happens, From and To left open; it must
	// be quick. Nil for nobody.
	Loss   func(event.Loss)
	Logger *slog.Logger
	// MaxFrame is the longest frame in one record, bytes. Default 1 MiB. Over a
	// connection a longer one is cut into records with the hint part; nothing
	// of it is lost.
	MaxFrame int
	// MaxConns is how many connections are open at once, default 4,096.
	MaxConns int
	// Idle closes a connection that has sent nothing for so long, default 4 h:
	// senders of plain TCP lose what they send into a closed connection.
	Idle time.Duration

	name     string // of the protocol
	kind     string // of the transport, and the door of its losses
	listener net.Listener
	commit   *committer
	labels   *labels
}

const (
	handshakeTime = 10 * time.Second
	acceptPause   = 100 * time.Millisecond // after a failed accept (no descriptors left)
)

// prepare fills the defaults in.
func (d *Door) prepare(name, kind string) {
	d.name, d.kind = name, kind
	d.MaxFrame = cmp.Or(d.MaxFrame, 1<<20)
	d.MaxConns = cmp.Or(d.MaxConns, 4096)
	d.Idle = cmp.Or(d.Idle, 4*time.Hour)
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	d.labels = &labels{}
	d.commit = newCommitter(d.To, d.unstored, d.Logger)
}

// listen opens the port for connections.
func (d *Door) listen() (net.Addr, error) {
	switch d.Network {
	case "tls":
		if d.TLS == nil {
			return nil, d.explain(errors.New("no certificate is configured"))
		}
	case "tcp":
	default:
		return nil, d.explain(fmt.Errorf("unknown network %q; use tcp or tls", d.Network))
	}
	l, err := net.Listen("tcp", d.Address)
	if err != nil {
		return nil, d.explain(err)
	}
	d.listener = l
	return l.Addr(), nil
}

func (d *Door) explain(err error) error {
	return fmt.Errorf("stream: %s %s %s: %w", d.name, d.Network, d.Address, err)
}

// serve runs the receiving until ctx ends, then stores what was received.
func (d *Door) serve(ctx context.Context, receive func(context.Context) error) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	var background sync.WaitGroup
	background.Go(func() { d.commit.run(ctx) })
	err := receive(inner)
	cancel()
	d.commit.close()
	background.Wait()
	if err != nil && ctx.Err() == nil {
		return d.explain(err)
	}
	return nil
}

// accept hands each connection to talk, which has it until it returns.
func (d *Door) accept(ctx context.Context, talk func(context.Context, *link)) error {
	stop := context.AfterFunc(ctx, func() { _ = d.listener.Close() })
	defer stop()
	defer func() { _ = d.listener.Close() }()
	room := make(chan struct{}, d.MaxConns)
	var open sync.WaitGroup
	defer open.Wait()
	for {
		conn, err := d.listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			d.Logger.Error("no connection could be accepted", "err", err)
			pause(ctx, acceptPause)
			continue
		}
		select {
		case room <- struct{}{}:
		default:
			_ = conn.Close()
			d.lose(event.Loss{Kind: event.LossRejected, Reason: event.WhyConnections}, peerOf(conn))
			continue
		}
		open.Go(func() {
			defer func() { <-room }()
			d.welcome(ctx, conn, talk)
		})
	}
}

// welcome agrees on TLS, finds out who it is and talks.
func (d *Door) welcome(ctx context.Context, conn net.Conn, talk func(context.Context, *link)) {
	defer func() { _ = conn.Close() }()
	// Whoever waits in a read learns of the end by the deadline, so that what
	// has been read of a frame is still taken.
	plain := conn
	stop := context.AfterFunc(ctx, func() { _ = plain.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	l := &link{door: d, ctx: ctx, conn: conn, peer: peerOf(conn)}
	if d.Network == "tls" && !d.secure(ctx, l) {
		return
	}
	talk(ctx, l)
}

// secure makes a link of TLS and says whether it may go on.
func (d *Door) secure(ctx context.Context, l *link) bool {
	t := tls.Server(l.conn, d.TLS)
	hurry, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	if err := t.HandshakeContext(hurry); err != nil {
		d.Logger.Warn("tls handshake", "peer", l.peer, "err", err)
		if ctx.Err() == nil {
			d.lose(event.Loss{Kind: event.LossRejected, Reason: event.WhyHandshake}, l.peer)
		}
		return false
	}
	l.conn = t
	state := t.ConnectionState()
	if d.Identify == nil || len(state.PeerCertificates) == 0 {
		return true
	}
	who, known := d.Identify(&state)
	if !known {
		d.Logger.Warn("a certificate of no known sender", "peer", l.peer, "subject", state.PeerCertificates[0].Subject.String())
		d.lose(event.Loss{Kind: event.LossRejected, Reason: event.WhyToken}, l.peer)
		return false
	}
	l.who = who
	return true
}

// place says where a record belongs, and whether its sender may write there.
func (d *Door) place(who sender.Identity, peer netip.Addr, raw []byte) (source, zone, zoneFrom, refused string) {
	if d.Place != nil {
		source, zone, zoneFrom = d.Place(who, peer, raw)
	}
	source = cmp.Or(source, d.name)
	switch {
	case !sender.Usable(source):
		refused = event.WhyNoSource
	case who.Proved() && !who.May(source):
		refused = event.WhyForbidden
	}
	return source, zone, zoneFrom, refused
}

// record makes a record of a frame, or counts it as refused.
func (d *Door) record(kind string, who sender.Identity, peer netip.Addr, raw []byte, part int) (event.Record, bool) {
	source, zone, zoneFrom, refused := d.place(who, peer, raw)
	if refused != "" {
		d.lose(event.Loss{Kind: event.LossRejected, Reason: refused, Bytes: int64(len(raw))}, peer)
		return event.Record{}, false
	}
	transport := d.labels.get(label{kind, who.Name, who.How, peer, zone, zoneFrom}, who)
	if part > 0 {
		transport += ";part=" + strconv.Itoa(part)
	}
	return event.Record{Received: time.Now().UTC(), Source: source, Transport: transport, Raw: raw}, true
}

// lose counts one loss, or as many as it says.
func (d *Door) lose(l event.Loss, peer netip.Addr) {
	if d.Loss == nil {
		return
	}
	l.Door, l.Records = cmp.Or(l.Door, d.kind), max(1, l.Records)
	if !sender.Usable(l.Source) {
		l.Source = ""
	}
	if peer.IsValid() {
		l.Host = peer.String()
	}
	d.Loss(l)
}

// unstored counts records that were taken and not stored before the end.
func (d *Door) unstored(recs []event.Record) {
	for _, rec := range recs {
		peer, _ := netip.ParseAddr(event.ParseTransport(rec.Transport).Get("peer"))
		d.lose(event.Loss{Source: rec.Source, Kind: event.LossDropped, Reason: event.WhyStopped, Bytes: int64(len(rec.Raw))}, peer)
	}
}

// link is one connection and who is at its other end.
type link struct {
	door *Door
	ctx  context.Context
	conn net.Conn
	peer netip.Addr
	who  sender.Identity
}

// Read gives each read a deadline: who sends nothing for long is let go.
func (l *link) Read(p []byte) (int, error) {
	if err := l.conn.SetReadDeadline(time.Now().Add(l.door.Idle)); err != nil {
		return 0, err
	}
	if err := l.ctx.Err(); err != nil { // ended just before the deadline was moved
		return 0, err
	}
	return l.conn.Read(p)
}

// name is what the sender's pace goes by.
func (l *link) name() string { return cmp.Or(l.who.Name, l.peer.String()) }

// wait slows the sender down to its pace. Its error is that of the end.
func (l *link) wait(records, size int) error {
	return l.door.Paces.Wait(l.ctx, l.name(), records, size)
}

// lose counts a loss of this sender.
func (l *link) lose(loss event.Loss) { l.door.lose(loss, l.peer) }

// peerOf is the address of a connection's other end.
func peerOf(conn net.Conn) netip.Addr {
	a, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// labels keeps the transports of the senders seen lately.
type labels struct {
	mu    sync.Mutex
	known map[label]string
}

type label struct {
	kind, name, how string
	peer            netip.Addr
	zone, zoneFrom  string
}

func (l *labels) get(key label, who sender.Identity) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t, ok := l.known[key]; ok {
		return t
	}
	if l.known == nil || len(l.known) >= 4096 {
		l.known = make(map[label]string)
	}
	t := who.Mark(event.Transport{Kind: key.kind}.With("peer", key.peer.String())).
		With("tz", key.zone).With("tzfrom", key.zoneFrom).String()
	l.known[key] = t
	return t
}
