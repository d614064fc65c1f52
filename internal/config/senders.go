package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// Sender is one that may send over the network (docs/ways-in.md): by its client
// certificate, with the SHA-256 Fingerprint of it or, issued by an authority of
// tls.clients, with Name as its common name or DNS name. An entry with the name
// of an API token only sets how fast the holder of that token may send.
type Sender struct {
	Name        string `yaml:"name"`
	Fingerprint string `yaml:"fingerprint,omitempty"`
	// Sources are those that the holder of the certificate may write; "*" stands
	// for all. Default: none.
	Sources []string `yaml:"sources,omitempty"`
	// RecordsPerSecond and BytesPerSecond bound how fast it may send; ten seconds'
	// worth may come at once. Default: no bound.
	RecordsPerSecond float64 `yaml:"records_per_second,omitempty"`
	BytesPerSecond   float64 `yaml:"bytes_per_second,omitempty"`
}

func (c Config) checkSenders() error {
	names := map[string]bool{}
	for _, s := range c.Senders {
		if err := s.check(); err != nil {
			return fmt.Errorf("senders: %w", err)
		}
		if names[s.Name] {
			return fmt.Errorf("senders: %q stands twice", s.Name)
		}
		names[s.Name] = true
		if s.Fingerprint != "" && c.TLS.Certificate == "" {
			return fmt.Errorf("senders: %q: a certificate is only seen over TLS: set tls.certificate and tls.key", s.Name)
		}
	}
	if c.TLS.Clients != "" && c.TLS.Certificate == "" {
		return errors.New("tls: clients needs certificate and key")
	}
	return nil
}

func (s Sender) check() error {
	if s.Name == "" {
		return errors.New("each has a name")
	}
	print, err := hex.DecodeString(strings.ReplaceAll(s.Fingerprint, ":", ""))
	if s.Fingerprint != "" && (err != nil || len(print) != 32) {
		return fmt.Errorf("%q: fingerprint: write the SHA-256 of the certificate, 64 hex digits: openssl x509 -in FILE -noout -fingerprint -sha256", s.Name)
	}
	for _, source := range s.Sources {
		if source == "" || event.IsOwn(strings.ToLower(source)) {
			return fmt.Errorf("%q: sources: %q is no source of a sender", s.Name, source)
		}
	}
	if s.RecordsPerSecond < 0 || s.BytesPerSecond < 0 {
		return fmt.Errorf("%q: records_per_second and bytes_per_second are more than 0, or left out for no bound", s.Name)
	}
	return nil
}
