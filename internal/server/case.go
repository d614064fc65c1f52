package server

import (
	"context"
	"fmt"

	"github.com/konseki/konseki/internal/investigate/script"
)

// ApplyCase does the work of a case file through the ordinary operations, as the
// person by, and runs the checks of the case.
func (s *Server) ApplyCase(ctx context.Context, by string, f *script.Script) error {
	if _, err := s.ApplyFile(ctx, by, f); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if _, err := s.Check(ctx, by, f.ID, "", ""); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}
