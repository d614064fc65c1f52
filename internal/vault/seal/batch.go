package seal

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	batchHead = "konseki batch v1"
	MaxBatch  = 1 << 20 // records of a batch
)

var errEntry = errors.New("not a batch entry")

// Batch is what one entry of the log states: the tree over count records from
// first on has this root.
type Batch struct {
	First, Count uint64
	Root         tlog.Hash
	Sealed       time.Time
}

// End is the sequence after the last record.
func (b Batch) End() uint64 { return b.First + b.Count }

// Encode gives the entry's text: five lines, each ended by a line feed.
func (b Batch) Encode() []byte {
	return fmt.Appendf(nil, "%s\n%d\n%d\n%s\n%s\n", batchHead, b.First, b.Count,
		base64.StdEncoding.EncodeToString(b.Root[:]), b.Sealed.UTC().Format(time.RFC3339Nano))
}

// ParseBatch reads an entry; it accepts only what encode writes.
func ParseBatch(entry []byte) (Batch, error) {
	lines := strings.Split(string(entry), "\n")
	if len(lines) != 6 || lines[0] != batchHead {
		return Batch{}, errEntry
	}
	var b Batch
	var err [4]error
	b.First, err[0] = strconv.ParseUint(lines[1], 10, 63)
	b.Count, err[1] = strconv.ParseUint(lines[2], 10, 31)
	b.Root, err[2] = tlog.ParseHash(lines[3])
	b.Sealed, err[3] = time.Parse(time.RFC3339Nano, lines[4])
	if e := errors.Join(err[:]...); e != nil || b.First == 0 || b.Count == 0 || b.Count > MaxBatch {
		return Batch{}, errEntry
	}
	if string(b.Encode()) != string(entry) {
		return Batch{}, errEntry
	}
	return b, nil
}
