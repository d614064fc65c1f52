package config

import (
	"errors"
	"fmt"
	"path"
	"regexp"
)

// Encrypt is the encryption of the vault at rest. The keys are in the vault's
// keyring, which opens with a key file (an age identity) or a passphrase; both
// belong on another machine or medium than the vault's copies.
type Encrypt struct {
	// Files encrypts every new file of the vault. The index is derived and is
	// not encrypted: keep the data folder on an encrypted disk as well.
	Files bool `yaml:"files,omitempty"`
	// KeyFile and PassphraseFile open the keyring; one of them, mode 0600.
	KeyFile        string `yaml:"key_file,omitempty"`
	PassphraseFile string `yaml:"passphrase_file,omitempty"`
}

func (e Encrypt) check() error {
	switch {
	case e.KeyFile != "" && e.PassphraseFile != "":
		return errors.New("encrypt: give key_file or passphrase_file, not both")
	case e.Files && e.KeyFile == "" && e.PassphraseFile == "":
		return errors.New("encrypt: files needs key_file or passphrase_file; make one with: konseki key new FILE")
	}
	return nil
}

// Protect says how the records of some sources are kept. The first entry whose
// pattern fits a source counts.
type Protect struct {
	// Source is a pattern such as "app*"; see path.Match.
	Source string `yaml:"source"`
	// Parts commits to records in parts, so that words of them can be masked
	// in what is handed to others.
	Parts bool `yaml:"parts,omitempty"`
	// Key keeps raw bytes under a key that can be destroyed: "source", one for
	// the source, or "subject", one for each person or customer.
	Key string `yaml:"key,omitempty"`
	// Subject is a regular expression (RE2) whose first group finds the
	// subject in a record. Records without one are under the source's key.
	Subject string `yaml:"subject,omitempty"`
}

func (p Protect) check() error {
	if _, err := path.Match(p.Source, "x"); err != nil || p.Source == "" {
		return fmt.Errorf("source: %q is not a pattern such as app*", p.Source)
	}
	switch p.Key {
	case "", "source":
		if p.Subject != "" {
			return errors.New("subject: is for key: subject")
		}
		if p.Key == "" && !p.Parts {
			return errors.New("asks for nothing: give parts: true or key: source")
		}
	case "subject":
		re, err := regexp.Compile(p.Subject)
		if err != nil {
			return fmt.Errorf("subject: %w", err)
		}
		if re.NumSubexp() < 1 {
			return fmt.Errorf(`subject: %q has no group: write for example customer_id=(\d+)`, p.Subject)
		}
	default:
		return fmt.Errorf("key: %q is neither source nor subject", p.Key)
	}
	return nil
}

// checkProtection checks both sections.
func (c Config) checkProtection() error {
	if err := c.Encrypt.check(); err != nil {
		return err
	}
	for i, p := range c.Protect {
		if err := p.check(); err != nil {
			return fmt.Errorf("protect: entry %d: %w", i+1, err)
		}
	}
	return nil
}
