package config

import (
	"errors"
	"fmt"
	"net/url"
	"time"
)

// Anchors says what remembers the vault's checkpoints outside: witnesses and a
// time-stamping authority (docs/anchors.md). Default: nothing does.
type Anchors struct {
	// Every is how often the checkpoint is looked at and, when it grew, sent to
	// the witnesses. Default 1m.
	Every time.Duration `yaml:"every,omitempty"`
	// Witnesses speak C2SP tlog-witness, such as konseki witness.
	Witnesses []Witness `yaml:"witnesses,omitempty"`
	// Timestamp is the RFC 3161 authority; none when its url is empty.
	Timestamp Timestamp `yaml:"timestamp,omitempty"`
}

// Witness names one witness: its address and its verifier key, given as text or
// as a file that holds it.
type Witness struct {
	Name    string `yaml:"name"`
	URL     string `yaml:"url"`
	Key     string `yaml:"key,omitempty"`
	KeyFile string `yaml:"key_file,omitempty"`
}

// Timestamp names a time-stamping authority and the PEM file of the certificate
// authorities that its certificates must lead to.
type Timestamp struct {
	URL    string `yaml:"url,omitempty"`
	CAFile string `yaml:"ca_file,omitempty"`
	// Every is how long a timestamp is good enough while the vault grows.
	// Default 1h.
	Every time.Duration `yaml:"every,omitempty"`
}

func (a Anchors) check() error {
	if a.Every != 0 && (a.Every < time.Second || a.Every > 24*time.Hour) {
		return fmt.Errorf("every: %s is outside 1s to 24h", a.Every)
	}
	names := map[string]bool{}
	for _, w := range a.Witnesses {
		switch {
		case w.Name == "":
			return errors.New("witnesses: each has a name")
		case names[w.Name]:
			return fmt.Errorf("witnesses: %q stands twice", w.Name)
		case (w.Key == "") == (w.KeyFile == ""):
			return fmt.Errorf("witnesses: %q has either key or key_file: what konseki witness init printed", w.Name)
		case !isAddress(w.URL):
			return fmt.Errorf("witnesses: %q: url: %q is not an address such as https://witness.example", w.Name, w.URL)
		}
		names[w.Name] = true
	}
	t := a.Timestamp
	switch {
	case t.URL == "" && (t.CAFile != "" || t.Every != 0):
		return errors.New("timestamp: url is missing")
	case t.URL == "":
		return nil
	case !isAddress(t.URL):
		return fmt.Errorf("timestamp: url: %q is not an address such as http://tsa.example/tsr", t.URL)
	case t.CAFile == "":
		return errors.New("timestamp: ca_file is missing: without it nobody can tell the authority's tokens from others")
	case t.Every != 0 && (t.Every < time.Minute || t.Every > 30*24*time.Hour):
		return fmt.Errorf("timestamp: every: %s is outside 1m to 720h", t.Every)
	}
	return nil
}

func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.RawQuery == "" && u.Fragment == ""
}
