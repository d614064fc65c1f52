package post

import (
	"bytes"

	"github.com/klauspost/compress/gzip"

	"github.com/konseki/konseki/internal/collect/collecttest"
	"github.com/konseki/konseki/internal/event"
)

// memory is a vault in memory that fails when it is told to.
type memory = collecttest.Memory

func raws(recs []event.Record) []string { return collecttest.Raws(recs) }

func gz(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}
