package server

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/replay"
)

// ApplyCase does the work of a case script through the ordinary operations, as
// the person by.
func (s *Server) ApplyCase(ctx context.Context, by string, c *replay.CaseScript) error {
	if _, err := s.OpenCase(ctx, by, c.ID, c.Title); err != nil {
		return fmt.Errorf("server: case %s: %w", c.ID, err)
	}
	for i, r := range c.Timeline {
		row := control.Row{At: r.At, Precision: r.Precision, Kind: r.Kind, Source: r.Source, Text: r.Text, Query: r.Query}
		if _, err := s.AddRow(ctx, by, c.ID, row); err != nil {
			return fmt.Errorf("server: case %s: timeline row %d: %w", c.ID, i+1, err)
		}
	}
	for _, st := range c.Statements {
		_, err := s.AddStatement(ctx, by, c.ID, control.Statement{
			ID: st.ID, Text: st.Text, Certainty: investigate.Certainty(st.Certainty), Query: st.Query, Sources: st.Sources,
			From: st.From, To: st.To, Reason: st.Reason,
		})
		if err != nil {
			return fmt.Errorf("server: case %s: statement %s: %w", c.ID, st.ID, err)
		}
	}
	for _, q := range c.Questions {
		_, err := s.AddQuestion(ctx, by, c.ID, control.Question{
			ID: q.ID, Board: q.Board, Text: q.Text, Query: q.Query, Sources: q.Sources, From: q.From, To: q.To, Conclusion: q.Conclusion,
		})
		if err != nil {
			return fmt.Errorf("server: case %s: question %s: %w", c.ID, q.ID, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Sections)) {
		if err := s.SetSection(ctx, by, c.ID, name, c.Sections[name]); err != nil {
			return fmt.Errorf("server: case %s: section %s: %w", c.ID, name, err)
		}
	}
	return nil
}
