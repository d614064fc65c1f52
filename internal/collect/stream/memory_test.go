package stream

import (
	"github.com/konseki/konseki/internal/collect/collecttest"
	"github.com/konseki/konseki/internal/event"
)

// memory is a vault in memory that fails when it is told to.
type memory = collecttest.Memory

func raws(recs []event.Record) []string { return collecttest.Raws(recs) }
