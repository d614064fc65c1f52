package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Copy is a place out of this machine's reach that everything in the vault is
// shipped to (docs/copies.md).
type Copy struct {
	// To is s3://bucket/prefix, https://host:port of another konseki, or
	// file:///folder of a disk.
	To string `yaml:"to"`
	// Endpoint is the S3 server's address, https://host:port.
	Endpoint string `yaml:"endpoint,omitempty"`
	// Region of the bucket. Default us-east-1.
	Region string `yaml:"region,omitempty"`
	// AccessKeyFile and SecretKeyFile hold S3 credentials, one line each. They
	// need no right but to add.
	AccessKeyFile string `yaml:"access_key_file,omitempty"`
	SecretKeyFile string `yaml:"secret_key_file,omitempty"`
	// Certificate and Key, PEM files, are how another konseki knows this one.
	Certificate string `yaml:"certificate,omitempty"`
	Key         string `yaml:"key,omitempty"`
	// CAFile holds the authorities that the other side's certificate must come
	// from, PEM. Default: the machine's own.
	CAFile string `yaml:"ca_file,omitempty"`
	// Retention is how long nobody can delete an object, counted from the last
	// receive time in it. Default: as long as the source in it that is kept longest (keep).
	Retention event.Period `yaml:"retention,omitempty"`
	// Every is how often new records are shipped. Default 10s.
	Every time.Duration `yaml:"every,omitempty"`
}

// Receive is the door for what other vaults ship here. An empty address means
// that it stays shut, which is the default.
type Receive struct {
	// Listen is the address; TLS with a verified client certificate is the only
	// way in.
	Listen      string `yaml:"listen,omitempty"`
	Certificate string `yaml:"certificate,omitempty"`
	Key         string `yaml:"key,omitempty"`
	// ClientCAFile holds the authorities that senders' certificates must come from.
	ClientCAFile string `yaml:"client_ca_file,omitempty"`
	// Senders may add, each to its own folder, and neither read nor change.
	Senders []Party `yaml:"senders,omitempty"`
	// Readers may read everything, to restore a lost vault, and add nothing.
	Readers []Party `yaml:"readers,omitempty"`
}

// Party is known by the SHA-256 of its certificate, or by the common name in
// it.
type Party struct {
	Name        string `yaml:"name"`
	Fingerprint string `yaml:"fingerprint,omitempty"`
	CommonName  string `yaml:"common_name,omitempty"`
}

// What an append waits for.
const (
	AcknowledgeLocal = "local" // the record is on this machine's disk
	AcknowledgeCopy  = "copy"  // and in the first of the copies
)

func (c Config) checkCopies() error {
	seen := map[string]bool{}
	for i, o := range c.Copies {
		if err := o.check(); err != nil {
			return fmt.Errorf("copies: entry %d: %w", i+1, err)
		}
		if seen[o.To] {
			return fmt.Errorf("copies: %s stands twice", o.To)
		}
		seen[o.To] = true
	}
	switch c.Acknowledge {
	case "", AcknowledgeLocal:
	case AcknowledgeCopy:
		if len(c.Copies) == 0 {
			return errors.New("acknowledge: copy needs an entry in copies")
		}
	default:
		return fmt.Errorf("acknowledge: %q is neither local nor copy", c.Acknowledge)
	}
	r := c.Receive
	if r.Listen != "" && (r.Certificate == "" || r.Key == "" || r.ClientCAFile == "" || len(r.Senders) == 0) {
		return errors.New("receive: listen needs certificate, key, client_ca_file and at least one of senders")
	}
	return nil
}

func (c Copy) check() error {
	to, err := url.Parse(c.To)
	if err != nil {
		return fmt.Errorf("to: %q is no address", c.To)
	}
	if c.Every != 0 && (c.Every < 100*time.Millisecond || c.Every > time.Hour) {
		return fmt.Errorf("every: %s is outside 100ms to 1h", c.Every)
	}
	need := func(pairs ...string) error {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i+1] == "" {
				return fmt.Errorf("%s: %s is missing", c.To, pairs[i])
			}
		}
		return nil
	}
	switch to.Scheme {
	case "s3":
		return need("endpoint", c.Endpoint, "access_key_file", c.AccessKeyFile, "secret_key_file", c.SecretKeyFile)
	case "https":
		return need("certificate", c.Certificate, "key", c.Key)
	case "file":
		if !strings.HasPrefix(to.Path, "/") || to.Host != "" {
			return fmt.Errorf("to: %q: write file:///folder", c.To)
		}
		return nil
	}
	return fmt.Errorf("to: %q is neither s3://bucket/prefix, https://host:port nor file:///folder", c.To)
}
