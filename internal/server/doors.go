package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/konseki/konseki/internal/collect/sender"
	"github.com/konseki/konseki/internal/collect/stream"
	"github.com/konseki/konseki/internal/config"
)

// receiver is a door for lasting connections or datagrams.
type receiver interface {
	Listen() (net.Addr, error)
	Serve(ctx context.Context) error
}

// openStreams opens the doors for lasting connections that are configured.
func (s *Server) openStreams(run *group, shared senderDoor, at *Addresses) error {
	c := s.Config
	fluentDoor, err := fluentDoors(c.Fluent, shared.tls)
	if err != nil {
		return err
	}
	doors := []struct {
		address string
		make    func(stream.Door) receiver
		base    stream.Door
		bound   map[string]string
	}{
		{c.Syslog.UDP, syslogDoor, s.door("syslog", "udp", shared), at.Syslog},
		{c.Syslog.TCP, syslogDoor, s.door("syslog", "tcp", shared), at.Syslog},
		{c.Syslog.TLS, syslogDoor, s.door("syslog", "tls", shared), at.Syslog},
		{c.RELP.TCP, relpDoor, s.door("syslog", "tcp", shared), at.RELP},
		{c.RELP.TLS, relpDoor, s.door("syslog", "tls", shared), at.RELP},
		{c.Fluent.TCP, fluentDoor, s.door("fluent", "tcp", shared), at.Fluent},
		{c.Fluent.TLS, fluentDoor, s.door("fluent", "tls", shared), at.Fluent},
	}
	for _, d := range doors {
		if d.address == "" {
			continue
		}
		d.base.Address = d.address
		bound, err := s.openDoor(run, d.make(d.base))
		if err != nil {
			return err
		}
		d.bound[d.base.Network] = bound
	}
	return nil
}

func syslogDoor(d stream.Door) receiver { return &stream.Syslog{Door: d} }

func relpDoor(d stream.Door) receiver { return &stream.RELP{Door: d} }

// fluentDoors reads the secrets of the Fluent door and says how to make one.
func fluentDoors(c config.Fluent, asks *tls.Config) (func(stream.Door) receiver, error) {
	key, err := secret("fluent: shared_key_file", c.SharedKeyFile)
	if err != nil {
		return nil, err
	}
	var users []stream.FluentUser
	for _, u := range c.Users {
		password, err := secret("fluent: users: "+u.Name+": password_file", u.PasswordFile)
		if err != nil {
			return nil, err
		}
		sources := u.Sources
		if len(sources) == 0 {
			sources = []string{"*"}
		}
		users = append(users, stream.FluentUser{Name: u.Name, Password: password, Sources: sources})
	}
	return func(d stream.Door) receiver {
		if key != "" { // proves as much as a certificate does
			d.TLS = asks
		}
		return &stream.Fluent{Door: d, SharedKey: key, Users: users}
	}, nil
}

// secret reads a file of one line; "" where none is named. An empty file would
// leave a door open that was meant to be shut.
func secret(setting, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("server: %s: %w", setting, err)
	}
	line := strings.TrimSpace(string(text))
	if line == "" {
		return "", fmt.Errorf("server: %s: %s is empty", setting, path)
	}
	return line, nil
}

// openDoor makes a door serve and says where.
func (s *Server) openDoor(run *group, r receiver) (address string, err error) {
	addr, err := r.Listen()
	if err != nil {
		return "", fmt.Errorf("server: %w", err)
	}
	run.start(r.Serve)
	return addr.String(), nil
}

// door is what all doors for lasting connections have in common. What no source
// matches goes to one source for each protocol; RELP brings syslog.
func (s *Server) door(protocol, network string, shared senderDoor) stream.Door {
	return stream.Door{
		Network: network, TLS: demandCertificates(shared.tls), To: s.vault, Logger: s.logger, Loss: s.Lost,
		Paces: shared.slow, Identify: identify(shared.known),
		Place: func(who sender.Identity, peer netip.Addr, raw []byte) (string, string, string) {
			return s.place(protocol, who, peer, raw)
		},
	}
}

// demandCertificates is the TLS of a door where nothing but a certificate can
// prove who sends: with an authority for clients it lets in nobody else.
func demandCertificates(base *tls.Config) *tls.Config {
	if base == nil || base.ClientCAs == nil {
		return base
	}
	door := base.Clone()
	door.ClientAuth = tls.RequireAndVerifyClientCert
	return door
}

// identify tells senders by their certificates: those that the configuration
// names, and those that the authority for clients gave one, by the name in it.
// The latter may send; which source their records belong to is not theirs to say.
// A certificate that nobody vouches for proves nothing.
func identify(known []sender.Certificate) func(*tls.ConnectionState) (sender.Identity, bool) {
	return func(state *tls.ConnectionState) (sender.Identity, bool) {
		if who, ok := sender.ByCertificate(known, state); ok || len(state.VerifiedChains) == 0 {
			return who, true
		}
		leaf := state.PeerCertificates[0]
		name := leaf.Subject.CommonName
		if name == "" && len(leaf.DNSNames) > 0 {
			name = leaf.DNSNames[0]
		}
		return sender.Identity{Name: name, How: "certificate", Sources: []string{"*"}}, true
	}
}
