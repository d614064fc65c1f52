package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/vault/anchor"
)

// maxKeyFile bounds the file of a witness's key, which is one line.
const maxKeyFile = 4 << 10

// keepAnchors sends the checkpoints to the witnesses and the time-stamping
// authority of the configuration while we serve. What it cannot reach is
// trouble in its status, not a reason to stop taking records.
func (s *Server) keepAnchors(run *group, alarm func(*anchor.Alarm)) error {
	c := s.Config.Anchors
	if len(c.Witnesses) == 0 && c.Timestamp.URL == "" {
		return nil
	}
	witnesses, err := Witnesses(c)
	if err != nil {
		return err
	}
	opts := anchor.KeeperOptions{
		Dir: filepath.Join(s.Dir, vaultFolder), Witnesses: witnesses, Every: c.Every, Logger: s.logger, Alarm: alarm,
	}
	if c.Timestamp.URL != "" {
		roots, err := anchor.ReadRoots(c.Timestamp.CAFile)
		if err != nil {
			return fmt.Errorf("server: anchors: %w", err)
		}
		opts.Timestamp = &anchor.Authority{URL: c.Timestamp.URL, Roots: roots, Every: c.Timestamp.Every}
	}
	k, err := anchor.NewKeeper(opts)
	if err != nil {
		return fmt.Errorf("server: anchors: %w", err)
	}
	s.anchors.Store(k)
	run.start(k.Run)
	return nil
}

// Anchors gives what is known of each configured anchor; nil when none is, or
// when nothing serves yet.
func (s *Server) Anchors() []anchor.Status {
	k := s.anchors.Load()
	if k == nil {
		return nil
	}
	return k.Status()
}

// carried gives the anchors of the vault that hold, to go into a bundle whose
// evidence is under a log of so many entries.
func (s *Server) carried(ctx context.Context, size uint64) ([]anchor.Carried, error) {
	dir := filepath.Join(s.Dir, vaultFolder)
	if _, err := os.Stat(filepath.Join(dir, anchor.Folder)); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	c := s.Config.Anchors
	var opts anchor.CheckOptions
	var err error
	if opts.Witnesses, err = Witnesses(c); err != nil {
		return nil, err
	}
	if c.Timestamp.CAFile != "" {
		if opts.Roots, err = anchor.ReadRoots(c.Timestamp.CAFile); err != nil {
			return nil, fmt.Errorf("server: anchors: %w", err)
		}
	}
	list, err := anchor.Carry(ctx, dir, size, opts, c.Timestamp.CAFile)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	return list, nil
}

// Witnesses gives the witnesses of a configuration with their keys read.
func Witnesses(c config.Anchors) ([]anchor.Peer, error) {
	out := make([]anchor.Peer, 0, len(c.Witnesses))
	for _, w := range c.Witnesses {
		key := w.Key
		if w.KeyFile != "" {
			info, err := os.Stat(w.KeyFile)
			if err != nil {
				return nil, fmt.Errorf("server: witness %q: %w", w.Name, err)
			}
			if info.Size() > maxKeyFile {
				return nil, fmt.Errorf("server: witness %q: %s is longer than one key", w.Name, w.KeyFile)
			}
			b, err := os.ReadFile(w.KeyFile)
			if err != nil {
				return nil, fmt.Errorf("server: witness %q: %w", w.Name, err)
			}
			key = strings.TrimSpace(string(b))
		}
		out = append(out, anchor.Peer{Name: w.Name, URL: w.URL, Key: key})
	}
	return out, nil
}
