package server

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/collect/pull"
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

// pullFolder holds how far each stream of a service was pulled.
const pullFolder = "pull"

// pulledBy is who attests what pulling proves.
const pulledBy = "konseki pull"

// OpenPulls prepares pulling what the configuration names; nil when it names
// nothing. Only one Puller of a data folder may work at a time, which the
// vault's lock ensures.
func (s *Server) OpenPulls() (*pull.Puller, error) {
	var all []pull.Config
	for _, entry := range s.Config.Pull {
		list, err := pullsOf(entry, time.Now())
		if err != nil {
			return nil, fmt.Errorf("server: %w", err)
		}
		all = append(all, list...)
	}
	if len(all) == 0 {
		return nil, nil
	}
	p, err := pull.New(all, pull.Options{Dir: filepath.Join(s.Dir, pullFolder), To: s.vault, Attest: s.attestPull, Logger: s.logger})
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	return p, nil
}

// pullsOf opens the streams of one entry, in order of their names.
func pullsOf(e config.Pull, now time.Time) (out []pull.Config, err error) {
	sources := e.Sources(pull.Streams(e.Service))
	for _, stream := range slices.Sorted(maps.Keys(sources)) {
		svc, err := pull.Open(pull.Settings{
			Service: e.Service, Stream: stream, URL: e.URL, Login: e.LoginURL, CAFile: e.CAFile,
			TokenFile: e.TokenFile, KeyFile: e.KeyFile, Subject: e.Subject, Tenant: e.Tenant, Client: e.Client, SecretFile: e.SecretFile,
			Bucket: e.Bucket, BucketRegion: e.BucketRegion, Account: e.Account, Trail: e.Trail,
			AccessKeyFile: e.AccessKeyFile, SecretKeyFile: e.SecretKeyFile, PublicKeysFile: e.PublicKeysFile,
		})
		if err != nil {
			return nil, err
		}
		c := pull.Config{Name: e.Service, Stream: stream, Source: sources[stream], Service: svc, Every: e.Every, Lag: e.Lag, Reread: e.Reread}
		if !e.Since.Endless() {
			c.Since = now.Sub(e.Since.Before(now))
		}
		out = append(out, c)
	}
	return out, nil
}

// attestPull seals what pulling proves of a source's completeness.
func (s *Server) attestPull(ctx context.Context, a event.Attestation) error {
	return s.Attest(ctx, pulledBy, a)
}

// servePulls pulls until the group ends.
func (s *Server) servePulls(run *group) error {
	p, err := s.OpenPulls()
	if err != nil || p == nil {
		return err
	}
	s.pulls.Store(p)
	run.start(p.Run)
	return nil
}

// Pulls tells how far each stream of the services is, while they are pulled.
func (s *Server) Pulls() []pull.Status {
	if p := s.pulls.Load(); p != nil {
		return p.Status()
	}
	return nil
}

// pulling tells the pages how far each stream of the services is.
func (s *Server) pulling() []coverage.Pull {
	var out []coverage.Pull
	for _, p := range s.Pulls() {
		out = append(out, coverage.Pull{
			API: p.API, Source: p.Source, Asked: p.Asked, Succeeded: p.LastSuccess, Complete: p.Complete, Proven: p.Proven, Next: p.Next,
			Failing: p.Failing, Failures: p.Failures, Error: p.Error, Lag: p.Lag, Records: p.Records, Wrong: p.Wrong,
		})
	}
	return out
}
