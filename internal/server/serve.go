package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/vault/anchor"
	"github.com/konseki/konseki/internal/web"
)

// Addresses are where a serving konseki can be reached.
type Addresses struct {
	Web    string            // http(s)://host:port
	Ingest string            // http(s)://host:port/ingest/jsonlines
	Syslog map[string]string // by network: udp, tcp, tls
	RELP   map[string]string // by network: tcp, tls
	Fluent map[string]string // by network: tcp, tls
	Copies string            // https://host:port for what other vaults ship here; "" when it is shut
	// Link is the one-time sign-in link; empty when there are accounts and no
	// link was asked for.
	Link string
}

// ServeOptions say how to serve.
type ServeOptions struct {
	// AlwaysLink makes a one-time sign-in link even when there are accounts.
	AlwaysLink bool
	// Ready is told the addresses once everything listens.
	Ready func(Addresses)
	// AnchorAlarm, when set, is told of each new contradiction between an anchor
	// and the vault. It must not block. The log says it in any case.
	AnchorAlarm func(*anchor.Alarm)
}

// silenceCheck is how often silence is judged by the clock.
const silenceCheck = 10 * time.Second

// Serve opens the doors that the configuration names and the pages, and works
// until the context ends or a door fails. It closes nothing: Close does.
func (s *Server) Serve(ctx context.Context, opts ServeOptions) error {
	a, err := s.Accounts()
	if err != nil {
		return err
	}
	tlsConfig, err := s.tlsConfig()
	if err != nil {
		return err
	}
	door := senderDoor{known: senderCertificates(s.Config), slow: paces(s.Config)}
	if door.tls, err = askCertificates(tlsConfig, s.Config); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	run := &group{ctx: ctx, cancel: cancel}
	at := Addresses{Syslog: map[string]string{}, RELP: map[string]string{}, Fluent: map[string]string{}}
	if err := s.openStreams(run, door, &at); err != nil {
		return errors.Join(err, run.wait())
	}
	if err := s.openPages(run, a, tlsConfig, door, &at); err != nil {
		return errors.Join(err, run.wait())
	}
	run.start(s.expireDaily)
	run.start(s.patrol)
	if err := s.keepAnchors(run, opts.AnchorAlarm); err != nil {
		return errors.Join(err, run.wait())
	}
	if at.Copies, err = s.serveCopies(run); err != nil {
		return errors.Join(err, run.wait())
	}
	if err := s.servePulls(run); err != nil {
		return errors.Join(err, run.wait())
	}
	if err := s.serveTails(run); err != nil {
		return errors.Join(err, run.wait())
	}
	if s.flow.live != nil {
		run.start(func(ctx context.Context) error { return s.flow.watch(ctx, silenceCheck, s.Sources, s.Pulls) })
	}
	if opts.AlwaysLink || !a.HasUsers() {
		if at.Link, err = s.Invite(context.WithoutCancel(ctx), "konseki", auth.RoleAdmin, ""); err != nil {
			return errors.Join(err, run.wait())
		}
	}
	if opts.Ready != nil {
		opts.Ready(at)
	}
	<-ctx.Done()
	return run.wait()
}

func (s *Server) tlsConfig() (*tls.Config, error) {
	if s.Config.TLS.Certificate == "" {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(s.Config.TLS.Certificate, s.Config.TLS.Key)
	if err != nil {
		return nil, fmt.Errorf("server: tls: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
}

func (s *Server) zone() string { return s.Zone.String() }

func (s *Server) zoneFrom() string {
	if s.Config.Zone == "Local" {
		return "assumed"
	}
	return "configured"
}

// openPages opens the pages and the HTTP door of senders. The two are separate
// handlers: no page can be reached with a sender's token, and the other way round.
func (s *Server) openPages(run *group, a *auth.Auth, tlsConfig *tls.Config, door senderDoor, at *Addresses) error {
	pages, err := web.New(web.Options{Logger: s.logger, Auth: a, Ops: s.Service, Estate: s.Estate, Version: s.Version, DefaultLang: s.Config.Language, Zone: s.Zone})
	if err != nil {
		return fmt.Errorf("server: pages: %w", err)
	}
	senders := s.posts(a, door)
	both := http.NewServeMux()
	both.Handle("/ingest/", senders)
	both.Handle("/", pages)
	if s.Config.HTTP == "" { // the pages' address is also the senders'
		tlsConfig = door.tls
	}
	if at.Web, err = s.serveHTTP(run, s.Config.Web, tlsConfig, both); err != nil {
		return err
	}
	s.pages.Store(&at.Web)
	at.Ingest = at.Web + "/ingest/jsonlines"
	if s.Config.HTTP != "" {
		base, err := s.serveHTTP(run, s.Config.HTTP, door.tls, senders)
		if err != nil {
			return err
		}
		at.Ingest = base + "/ingest/jsonlines"
	}
	return nil
}

// serveHTTP listens and serves until the group ends.
func (s *Server) serveHTTP(run *group, address string, tlsConfig *tls.Config, h http.Handler) (base string, err error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("server: listen on %s: %w (is another konseki serving there?)", address, err)
	}
	scheme := "http://"
	if tlsConfig != nil {
		scheme = "https://"
		l = tls.NewListener(l, tlsConfig)
	}
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return run.ctx },
	}
	run.start(func(ctx context.Context) error {
		stopped := context.AfterFunc(ctx, func() {
			grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			_ = srv.Shutdown(grace)
		})
		defer stopped()
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("server: %s: %w", address, err)
		}
		return nil
	})
	return scheme + l.Addr().String(), nil
}
