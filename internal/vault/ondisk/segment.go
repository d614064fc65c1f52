package ondisk

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	segmentSuffix = ".parquet"
	ageSuffix     = ".age"  // an encrypted segment
	PartSuffix    = ".part" // a segment being written
	rawBytesKey   = "konseki.raw_bytes"
	DroppedKey    = "konseki.dropped"
	receivedKey   = "konseki.last_received"
	sourcesKey    = "konseki.sources"

	groupRows     = 8192    // rows of a row group, at most
	groupRawBytes = 8 << 20 // raw bytes of a row group, but for one record
	pageBytes     = 1 << 20
	maxGroupBytes = 64 << 20 // a group that claims more is not ours
)

// Segment is a closed file of raw records. First and Last are sequences, both
// included, that the file accounts for; Bytes is the size of the file, RawBytes
// that of the records in it. Generation is 0 for the file that the write-ahead
// log became, and counts how often it was written again.
type Segment struct {
	Name       string
	Path       string
	First      uint64
	Last       uint64
	Bytes      int64
	RawBytes   int64
	Generation int
	Encrypted  bool
	// LastReceived is the latest receive time in it, and Sources are those of
	// its records, nil when there are more than 256.
	LastReceived time.Time
	Sources      []string

	Dropped  []Span // records that were let go without a trace in the file
	Shredded bool   // its key was destroyed
}

// Why says why its dropped records are gone.
func (s *Segment) Why() event.Gone {
	if s.Shredded {
		return event.Shredded
	}
	return event.Expired
}

// Records counts the records that are in the file, whole or let go.
func (s *Segment) Records() uint64 { return s.Last - s.First + 1 - Total(s.Dropped) }

// Span is a run of sequences, both ends included.
type Span struct{ First, Last uint64 }

// Total counts the records in spans.
func Total(spans []Span) (n uint64) {
	for _, s := range spans {
		n += s.Last - s.First + 1
	}
	return n
}

// Before counts the dropped records before seq.
func Before(spans []Span, seq uint64) (n uint64) {
	for _, s := range spans {
		if s.First >= seq {
			break
		}
		n += min(s.Last, seq-1) - s.First + 1
	}
	return n
}

// SpanOf finds the span that holds seq.
func SpanOf(spans []Span, seq uint64) (Span, bool) {
	i := sort.Search(len(spans), func(i int) bool { return spans[i].Last >= seq })
	if i == len(spans) || spans[i].First > seq {
		return Span{}, false
	}
	return spans[i], true
}

// SpansText writes spans as "1-20,25-25".
func SpansText(spans []Span) string {
	var b strings.Builder
	for i, s := range spans {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%d-%d", s.First, s.Last)
	}
	return b.String()
}

// ParseSpans reads spans that are in order, apart and within first to last.
func ParseSpans(text string, first, last uint64) ([]Span, error) {
	if text == "" {
		return nil, nil
	}
	var out []Span
	next := first
	for part := range strings.SplitSeq(text, ",") {
		a, b, _ := strings.Cut(part, "-")
		from, errA := strconv.ParseUint(a, 10, 63)
		to, errB := strconv.ParseUint(b, 10, 63)
		if errA != nil || errB != nil || from < next || to < from || to > last {
			return nil, fmt.Errorf("dropped records %q are not spans of %d to %d", part, first, last)
		}
		out = append(out, Span{First: from, Last: to})
		next = to + 2
	}
	return out, nil
}

// SegmentName names a segment that was never written again and is in the clear.
func SegmentName(first, last uint64) string { return SegmentFile(first, last, 0, false) }

// SegmentFile names a segment.
func SegmentFile(first, last uint64, generation int, encrypted bool) string {
	name := fmt.Sprintf("%012d-%012d", first, last)
	if generation > 0 {
		name += fmt.Sprintf(".r%d", generation)
	}
	name += segmentSuffix
	if encrypted {
		name += ageSuffix
	}
	return name
}

// ParseSegmentName reads the name of a segment; ok is false for any other.
func ParseSegmentName(name string) (s Segment, ok bool) {
	base, encrypted := strings.CutSuffix(name, ageSuffix)
	base, found := strings.CutSuffix(base, segmentSuffix)
	base, gen, again := strings.Cut(base, ".r")
	a, b, dash := strings.Cut(base, "-")
	if !found || !dash {
		return s, false
	}
	var errG, errA, errB error
	s = Segment{Name: name, Encrypted: encrypted}
	if again {
		s.Generation, errG = strconv.Atoi(gen)
	}
	s.First, errA = strconv.ParseUint(a, 10, 63)
	s.Last, errB = strconv.ParseUint(b, 10, 63)
	ok = errA == nil && errB == nil && errG == nil && s.First > 0 && s.First <= s.Last && SegmentFile(s.First, s.Last, s.Generation, encrypted) == name
	return s, ok
}

// LastOf is the last record that segments in order account for.
func LastOf(segments []Segment) uint64 {
	if len(segments) == 0 {
		return 0
	}
	return segments[len(segments)-1].Last
}

// ListSegments gives the files that are named as segments, by first record,
// those that a later generation stands for, and the names that are neither.
func ListSegments(d Disk, dir string) (segments, replaced []Segment, others []string, err error) {
	entries, err := d.ReadDir(dir)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, e := range entries {
		s, ok := ParseSegmentName(e.Name())
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, nil, err
		}
		if !ok || !info.Mode().IsRegular() {
			others = append(others, e.Name())
			continue
		}
		s.Path, s.Bytes = filepath.Join(dir, e.Name()), info.Size()
		segments = append(segments, s)
	}
	slices.SortFunc(segments, func(a, b Segment) int {
		return cmp.Or(cmp.Compare(a.First, b.First), -cmp.Compare(a.Generation, b.Generation), -cmp.Compare(a.Last, b.Last))
	})
	// A file written again stands for those it covers: an interrupted rewrite
	// leaves both. It was whole before it got its name.
	kept := segments[:0:0]
	for _, s := range segments {
		covered := slices.ContainsFunc(segments, func(o Segment) bool {
			return o.Generation > s.Generation && o.First <= s.First && o.Last >= s.Last
		})
		if covered {
			replaced = append(replaced, s)
			continue
		}
		kept = append(kept, s)
	}
	return kept, replaced, others, nil
}

// SegmentRow is the schema of a segment. Check is the first four bytes of the
// leaf, big-endian: not proof of anything, but when a batch does not match its
// root it tells which of its records was touched.
type SegmentRow struct {
	Seq       int64  `parquet:"seq,delta"`
	Received  int64  `parquet:"received,delta,timestamp(nanosecond)"`
	Source    string `parquet:"source,dict"`
	Transport string `parquet:"transport,dict"`
	Form      int32  `parquet:"form,dict"`
	Key       string `parquet:"key,dict"`
	Commit    []byte `parquet:"commit"`
	Raw       []byte `parquet:"raw"`
	Check     int32  `parquet:"check"`
}

// columns of a segment, in file order.
const (
	ColSeq = iota
	ColReceived
	ColSource
	ColTransport
	colForm
	ColKey
	ColCommit
	ColRaw
	colCheck
	colCount
)

// CheckOf is the check column's value for a leaf.
func CheckOf(leaf tlog.Hash) int32 {
	return int32(uint32(leaf[0])<<24 | uint32(leaf[1])<<16 | uint32(leaf[2])<<8 | uint32(leaf[3]))
}
