package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/collect/post"
	"github.com/konseki/konseki/internal/collect/sender"
	"github.com/konseki/konseki/internal/config"
)

// senderDoor is what the doors of senders share.
type senderDoor struct {
	known []sender.Certificate
	slow  *sender.Paces
	tls   *tls.Config // nil without TLS
}

// posts is the door of those that post over HTTP.
func (s *Server) posts(a *auth.Auth, door senderDoor) http.Handler {
	return post.New(s.vault, post.Options{
		Logger: s.logger,
		Authenticate: func(token string) (string, []string, bool) {
			who, ok := a.Token(token)
			return who.Name, who.Sources, ok
		},
		Certificates: door.known, Paces: door.slow,
		Place: func(string) (string, string) { return s.zone(), s.zoneFrom() },
		Loss:  s.Lost,
	})
}

// senderCertificates are those that may send.
func senderCertificates(c config.Config) []sender.Certificate {
	var list []sender.Certificate
	for _, s := range c.Senders {
		list = append(list, sender.Certificate{Name: s.Name, Fingerprint: s.Fingerprint, Sources: s.Sources})
	}
	return list
}

// paces is how fast each sender may send, over all doors together.
func paces(c config.Config) *sender.Paces {
	of := map[string]sender.Pace{}
	for _, s := range c.Senders {
		of[s.Name] = sender.Pace{Records: s.RecordsPerSecond, Bytes: s.BytesPerSecond}
	}
	return sender.NewPaces(func(name string) sender.Pace { return of[name] })
}

// askCertificates is the TLS of a door that asks senders for a certificate and
// lets in those without one, to prove otherwise who they are; nil without TLS.
// With tls.clients a certificate given must come from there. Else any is let
// through the handshake, and counts only by its fingerprint.
func askCertificates(base *tls.Config, c config.Config) (*tls.Config, error) {
	if base == nil || c.TLS.Clients == "" && len(c.Senders) == 0 {
		return base, nil
	}
	door := base.Clone()
	if c.TLS.Clients == "" {
		door.ClientAuth = tls.RequestClientCert
		return door, nil
	}
	text, err := os.ReadFile(c.TLS.Clients)
	if err != nil {
		return nil, fmt.Errorf("server: tls.clients: %w", err)
	}
	door.ClientCAs, door.ClientAuth = x509.NewCertPool(), tls.VerifyClientCertIfGiven
	if !door.ClientCAs.AppendCertsFromPEM(text) {
		return nil, errors.New("server: tls.clients: the file holds no certificate in PEM form")
	}
	return door, nil
}
