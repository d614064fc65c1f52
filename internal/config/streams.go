package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// Streams holds the listen addresses of a door for lasting connections; an
// empty one stays shut.
type Streams struct {
	TCP string `yaml:"tcp,omitempty"`
	TLS string `yaml:"tls,omitempty"`
}

// Fluent is the door for Fluent Bit and Fluentd (docs/ways-in.md).
type Fluent struct {
	Streams `yaml:",inline"`
	// SharedKeyFile holds the key that senders know, one line. Default: none, and
	// anybody who reaches the door may send.
	SharedKeyFile string `yaml:"shared_key_file,omitempty"`
	// Users, where there are any, are who may send, each with a password of its
	// own beside the shared key.
	Users []FluentUser `yaml:"users,omitempty"`
}

// FluentUser is a sender by name and password.
type FluentUser struct {
	Name         string `yaml:"name"`
	PasswordFile string `yaml:"password_file"`
	// Sources are those that the user may write. Default: all.
	Sources []string `yaml:"sources,omitempty"`
}

func (c Config) checkStreams() error {
	for name, address := range map[string]string{"relp": c.RELP.TLS, "fluent": c.Fluent.TLS} {
		if address != "" && c.TLS.Certificate == "" {
			return fmt.Errorf("%s.tls: needs tls.certificate and tls.key", name)
		}
	}
	if err := c.Fluent.check(); err != nil {
		return fmt.Errorf("fluent: %w", err)
	}
	return nil
}

func (f Fluent) check() error {
	names := map[string]bool{}
	for _, u := range f.Users {
		switch {
		case f.SharedKeyFile == "":
			return errors.New("users: need shared_key_file too: the protocol asks for both")
		case u.Name == "" || u.PasswordFile == "":
			return errors.New("users: each has name and password_file")
		case names[u.Name]:
			return fmt.Errorf("users: %q stands twice", u.Name)
		}
		names[u.Name] = true
		for _, source := range u.Sources {
			if source == "" || event.IsOwn(strings.ToLower(source)) {
				return fmt.Errorf("users: %q: sources: %q is no source of a sender", u.Name, source)
			}
		}
	}
	return nil
}
