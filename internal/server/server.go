// Package server wires the rooms, starts and stops them.
package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/konseki/konseki/internal/collect/pull"
	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/advised"
	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/control/known"
	"github.com/konseki/konseki/internal/control/masked"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/index/duckdb"
	"github.com/konseki/konseki/internal/query"
	"github.com/konseki/konseki/internal/sigma"
	"github.com/konseki/konseki/internal/vault"
	"github.com/konseki/konseki/internal/vault/anchor"
)

// Server is an open data folder with everything that works on it.
type Server struct {
	*masked.Service
	Config   config.Config
	Dir      string
	Problems []sigma.Problem // rules that were refused
	vault    *vault.Vault
	shipping *shipping
	index    *duckdb.Index
	flow     *flow
	logger   *slog.Logger
	cancel   context.CancelFunc
	running  sync.WaitGroup
	failed   error
	anchors  atomic.Pointer[anchor.Keeper] // while we serve
	pulls    atomic.Pointer[pull.Puller]   // while we serve and services are configured
	pages    atomic.Pointer[string]        // their address while we serve
}

// Options say how to open a data folder.
type Options struct {
	Version  string
	Logger   *slog.Logger
	Config   config.Config
	Create   bool                     // make the vault when the folder is absent or empty
	Progress func(done, total uint64) // while the index is rebuilt; may be nil
	Live     bool                     // judge silence by the clock, as serving does
	Reindex  bool                     // throw the index away and derive it again
}

// segmentRecords is how many records one segment holds. Rows that are not yet
// in a derived file are slower to ask, so segments are kept small.
const segmentRecords = 65_536

// Folders of a data folder.
const (
	vaultFolder = "vault"
	indexFolder = "index"
	rulesFolder = "rules"
	authFolder  = "auth"
)

// Open opens a data folder: the vault, its index (what is missing of it is
// derived again) and detection. It refuses to guess: a folder without a vault
// is an error unless Options.Create says otherwise.
func Open(ctx context.Context, dir string, opts Options) (*Server, error) {
	if opts.Progress == nil {
		opts.Progress = func(uint64, uint64) {}
	}
	ship := &shipping{}
	v, err := openVault(dir, opts, ship)
	if err != nil {
		return nil, err
	}
	s := &Server{Config: opts.Config, Dir: dir, vault: v, shipping: ship, logger: opts.Logger}
	if err := ship.open(dir, opts, v); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.open(ctx, opts); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func openVault(dir string, opts Options, ship *shipping) (*vault.Vault, error) {
	o := vaultOptions(opts)
	o.Second = ship.secondOf(opts.Config)
	path := filepath.Join(dir, vaultFolder)
	if !opts.Create {
		return vault.Open(path, o)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("server: data folder: %w", err)
	}
	return vault.OpenOrCreate(path, o)
}

func (s *Server) open(ctx context.Context, opts Options) error {
	if err := PolicyOf(opts.Config).Check(); err != nil {
		return fmt.Errorf("server: konseki.yaml: %w", err)
	}
	pack, problems, err := loadPack(s.Dir, opts.Config)
	if err != nil {
		return err
	}
	s.Problems = problems
	for _, p := range problems {
		s.logger.Warn("rule refused", "file", p.File, "line", p.Line, "reason", p.Reason)
	}
	folder := filepath.Join(s.Dir, indexFolder)
	if opts.Reindex {
		if err := os.RemoveAll(folder); err != nil {
			return fmt.Errorf("server: drop the index: %w", err)
		}
	}
	s.index, err = duckdb.Open(folder, duckdb.Options{Logger: s.logger, Version: indexVersion(pack), Records: s.vault.Records})
	if err != nil {
		return fmt.Errorf("server: index: %w", err)
	}
	s.flow = newFlow(s.vault, s.index, pack, s.logger)
	s.flow.late = cmp.Or(opts.Config.Late, config.Default().Late)
	s.Service = masked.New(casework.New(advised.New(known.New(control.New(control.Deps{
		Vault: s.vault, Dir: filepath.Join(s.Dir, vaultFolder), Index: s.index, Flow: s.flow, Zone: opts.Config.Location(), Keep: PolicyOf(opts.Config),
		Budget: opts.Config.Detect.Budget, Version: opts.Version, Rules: len(pack.Engine.Rules()) + len(pack.Correlations), Logger: s.logger, Now: time.Now,
	})))))
	s.flow.own, s.flow.advise, s.Raise, s.Escalation = s.Service, s.Advise, s.flow.raise, escalationOf(opts.Config.Advisory)
	s.Service.Outside, s.Service.Pulling, s.Service.Anchors = s.outside, s.pulling, s.carried
	found, err := s.flow.rebuild(ctx, opts.Progress)
	if err != nil {
		return err
	}
	if err := s.remember(ctx); err != nil {
		return err
	}
	s.catchUp(ctx)
	if err := s.flow.raise(ctx, found); err != nil {
		return err
	}
	if opts.Live {
		if s.flow.live, err = s.warm(ctx); err != nil {
			return err
		}
	}
	s.start()
	if err := s.flow.Sync(ctx); err != nil {
		return err
	}
	s.flow.forget()
	if err := s.ExpectSources(ctx, opts.Config.Sources); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return s.EndInterrupted(ctx)
}

func (s *Server) start() {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.running.Go(func() {
		if err := s.flow.run(ctx); err != nil {
			s.logger.Error("indexing stopped", "error", err)
			s.failed = err
		}
	})
	s.running.Go(func() { s.lossLoop(ctx) })
}

// remember folds konseki's own records: those of closed segments are found
// through the index, those in the tail follow through the flow. Findings and
// sources of the tail are folded first, so that deriving the tail again does
// not raise or register them again, and losses, so that it counts none twice.
func (s *Server) remember(ctx context.Context) error {
	if err := s.rememberCovered(ctx); err != nil {
		return err
	}
	for rec, err := range s.vault.Records(ctx, s.flow.reached()+1) {
		if err != nil {
			return fmt.Errorf("server: read the tail: %w", err)
		}
		if rec.Source == event.SourceFinding || rec.Source == event.SourceRegistry || rec.Source == event.SourceLoss {
			s.Apply(rec)
		}
	}
	return nil
}

func (s *Server) rememberCovered(ctx context.Context) error {
	plan, err := query.Parse(`source:("`+event.SourceRegistry+`" OR "`+event.SourceCase+`" OR "`+event.SourceImport+`" OR "`+event.SourceFinding+`" OR "`+event.SourceLoss+`" OR "`+event.SourceHold+`" OR "`+event.SourceMute+`" OR "`+event.SourceCoverage+`" OR "`+event.SourceExpiry+`" OR "`+event.SourceEstate+`" OR "`+event.SourceAdvisory+`" OR "`+event.SourceShred+`")`, query.Options{})
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	var seqs []uint64
	req := index.Request{Plan: plan, Own: true, Oldest: true, Limit: index.MaxLimit}
	for {
		page, err := s.index.Search(ctx, req)
		if err != nil {
			return fmt.Errorf("server: own records: %w", err)
		}
		for i := range page.Events {
			switch ev := &page.Events[i]; {
			case ev.ClassUID == event.ClassFinding:
				s.MarkRaised(ev.SessionUID, ev.Record) // there are many, and their id is all that is needed at first
			case ev.Source == event.SourceLoss:
				s.FoldLoss(ev) // there may be many
			default:
				seqs = append(seqs, ev.Record)
			}
		}
		if req.After = page.Next; req.After == "" {
			break
		}
	}
	slices.Sort(seqs)
	for _, seq := range slices.Compact(seqs) {
		rec, err := s.vault.Get(ctx, seq)
		if err != nil {
			return fmt.Errorf("server: own record %d: %w", seq, err)
		}
		s.Apply(rec)
	}
	return nil
}

// Vault gives the doors where they append.
func (s *Server) Vault() *vault.Vault { return s.vault }

// Seal puts everything under a checkpoint now.
func (s *Server) Seal(ctx context.Context) error { return s.vault.Seal(ctx) }

// Close stops everything and seals what is left. What the vault rolls into a
// segment at the end is covered too, so that opening again is quick.
func (s *Server) Close() error {
	if s.cancel != nil {
		s.cancel()
		s.running.Wait()
	}
	errs := []error{s.failed}
	if s.cancel != nil {
		errs = append(errs, s.lastLosses())
	}
	errs = append(errs, s.shipping.close(s.vault, s.logger), s.vault.Close())
	if s.index != nil {
		if s.flow != nil && s.failed == nil {
			errs = append(errs, s.flow.cover(context.Background()))
		}
		errs = append(errs, s.index.Close())
	}
	return errors.Join(errs...)
}
