package server

import (
	"context"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
)

// lose seals what a door lost, so that loss is itself evidence.
func (s *Server) lose(l event.Loss) {
	rec, err := control.OwnRecord(event.SourceLoss, map[string]any{"at": time.Now(), "by": "konseki", "op": "loss", "losses": []event.Loss{l}})
	if err == nil {
		err = s.vault.Append(context.Background(), []event.Record{rec})
	}
	if err != nil {
		s.logger.Error("loss could not be recorded", "door", l.Door, "reason", l.Reason, "lost", l.Records, "error", err)
	}
}
