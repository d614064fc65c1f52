package server

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/konseki/konseki/internal/collect/tail"
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
)

// tailFolder holds how far files and the journal were read.
const tailFolder = "tail"

// serveTails follows the files and the journal that the configuration names until
// the group ends.
func (s *Server) serveTails(run *group) error {
	if len(s.Config.Tail) == 0 && s.Config.Journald.Source == "" {
		return nil
	}
	dir := filepath.Join(s.Dir, tailFolder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	attest := func(ctx context.Context, a event.Attestation) error { return s.Attest(ctx, "konseki", a) }
	if len(s.Config.Tail) > 0 {
		sets, err := s.tailSets(host)
		if err != nil {
			return fmt.Errorf("server: %w", err)
		}
		t, err := tail.New(sets, tail.Options{
			File: filepath.Join(dir, "files.json"), To: s.vault, Attest: attest, Loss: s.Lost,
			Recognise: normalise.Recognise, Logger: s.logger,
		})
		if err != nil {
			return fmt.Errorf("server: %w", err)
		}
		run.start(t.Run)
	}
	if j := s.Config.Journald; j.Source != "" {
		t, err := tail.NewJournal(tail.JournalOptions{
			File: filepath.Join(dir, "journal.json"), Source: j.Source, Directory: j.Directory, Host: host,
			To: s.vault, Attest: attest, Loss: s.Lost, Logger: s.logger,
		})
		if err != nil {
			return fmt.Errorf("server: %w", err)
		}
		run.start(t.Run)
	}
	return nil
}

// tailSets says how the files that are followed are to be read.
func (s *Server) tailSets(host string) (sets []tail.Set, err error) {
	for _, e := range s.Config.Tail {
		set := tail.Set{
			Paths: e.Paths, Source: e.Source, Zone: e.Zone, ZoneFrom: "configured", Host: cmp.Or(e.Host, host), Format: e.Format,
		}
		if set.Zone == "" {
			set.Zone, set.ZoneFrom = s.zone(), s.zoneFrom()
		}
		if set.Begins, err = begins(e); err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	return sets, nil
}

func begins(e config.Tail) (*regexp.Regexp, error) {
	if e.Multiline == "" {
		return nil, nil
	}
	re, err := regexp.Compile(e.Multiline)
	if err != nil {
		return nil, fmt.Errorf("tail: %s: multiline: %w", e.Source, err)
	}
	return re, nil
}
