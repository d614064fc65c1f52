package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Tail names files of this host that are followed as they are written
// (docs/ways-in.md).
type Tail struct {
	// Paths are patterns that begin with /: * and ? within a name, [a-z], and ** for
	// folders at any depth. Links are not followed.
	Paths []string `yaml:"paths"`
	// Source names the records.
	Source string `yaml:"source"`
	// Host is the machine that wrote the files, for records that do not say.
	// Default: this one.
	Host string `yaml:"host,omitempty"`
	// Zone is the IANA zone of times that state none. Default: zone.
	Zone string `yaml:"zone,omitempty"`
	// Format is the format of the records. Default: recognised.
	Format string `yaml:"format,omitempty"`
	// Multiline is a regular expression that matches the first line of a record; the
	// lines after it that it does not match belong to the same record. Default: by
	// format.
	Multiline string `yaml:"multiline,omitempty"`
}

// Journald is the journal of this host.
type Journald struct {
	// Source names the records; without it the journal is not read.
	Source string `yaml:"source,omitempty"`
	// Directory holds the journal's files. Default: where systemd keeps them.
	Directory string `yaml:"directory,omitempty"`
}

func checkTail(list []Tail, j Journald) error {
	for i, t := range list {
		if err := t.check(); err != nil {
			return fmt.Errorf("tail: entry %d (%s): %w", i+1, t.Source, err)
		}
		for k := range i {
			if list[k].Source == t.Source {
				return fmt.Errorf("tail: entry %d: source %q is that of entry %d; name all its paths there", i+1, t.Source, k+1)
			}
		}
	}
	if j.Source == "" && j.Directory != "" {
		return errors.New("journald: source is missing")
	}
	if j.Source != "" {
		if err := checkSourceName(j.Source); err != nil {
			return fmt.Errorf("journald: %w", err)
		}
	}
	return nil
}

func (t Tail) check() error {
	if len(t.Paths) == 0 {
		return errors.New("paths is missing")
	}
	for _, p := range t.Paths {
		if _, err := filepath.Match(p, ""); err != nil || !filepath.IsAbs(p) {
			return fmt.Errorf("paths: %q is no pattern that begins with /", p)
		}
	}
	if err := checkSourceName(t.Source); err != nil {
		return err
	}
	if _, err := time.LoadLocation(t.Zone); err != nil || t.Zone == "Local" {
		return fmt.Errorf("zone: %q is not an IANA zone such as Asia/Tokyo", t.Zone)
	}
	if _, err := regexp.Compile(t.Multiline); err != nil {
		return fmt.Errorf("multiline: %w", err)
	}
	return nil
}

func checkSourceName(name string) error {
	if name == "" || event.IsOwn(strings.ToLower(name)) || len(name) > 128 {
		return fmt.Errorf("source: %q: 1 to 128 bytes, and not beginning with %s", name, event.OwnPrefix)
	}
	return nil
}
