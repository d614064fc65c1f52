package server

import (
	"context"
	"fmt"

	"github.com/konseki/konseki/internal/vault"
)

// Shred makes what req names unreadable, in the vault and every copy of it, and
// derives its events away from the index.
func (s *Server) Shred(ctx context.Context, req vault.ShredRequest) (vault.ShredReport, error) {
	rep, err := s.Service.Shred(ctx, req)
	if err != nil {
		return rep, err
	}
	s.flow.covering.Lock()
	defer s.flow.covering.Unlock()
	for _, seg := range s.vault.Segments() {
		if !vault.Touches(seg, req) {
			continue
		}
		if err := s.index.Drop(ctx, seg.Name); err != nil {
			return rep, fmt.Errorf("server: %w", err)
		}
		x := segmentOf(seg)
		if err := s.index.Replace(ctx, x, s.flow.rowsOf(ctx, x)); err != nil {
			return rep, fmt.Errorf("server: %w", err)
		}
	}
	return rep, nil
}

// OpenVault opens the vault of a data folder without its index, for work on the
// vault alone.
func OpenVault(dir string, opts Options) (*vault.Vault, error) {
	v, err := openVault(dir, opts, &shipping{})
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	return v, nil
}
