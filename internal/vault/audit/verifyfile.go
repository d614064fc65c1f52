package audit

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/konseki/konseki/internal/vault/ondisk"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault/keyring"
	"golang.org/x/mod/sumdb/tlog"
)

// row is a record as found in a file, reduced to what checking needs.
type row struct {
	seq  uint64
	leaf tlog.Hash
}

// chunk is some rows in file order.
type chunk struct {
	rows []row
	raw  int64
	own  []declared
	gone []goneRecord
	bad  []uint64 // records whose bytes are not those that their content commits to
	err  error
}

// checkSegment hashes the records of a segment and hands their leaves on.
func (a *audit) checkSegment(s ondisk.Segment) error {
	name := ondisk.SegmentDir + "/" + s.Name
	r, err := ondisk.OpenSegment(ondisk.OSDisk{}, s, a.ring)
	switch {
	case errors.Is(err, keyring.ErrDestroyed):
		a.dropped = append(a.dropped, ondisk.Span{First: s.First, Last: s.Last})
		a.let.destroyed(ondisk.FileKey(s.First, s.Generation), ondisk.Span{First: s.First, Last: s.Last}, name)
		return a.ctx.Err()
	case errors.Is(err, keyring.ErrLocked), errors.Is(err, keyring.ErrNoKey):
		return fmt.Errorf("%s: %w", name, err)
	case err != nil:
		a.problem(KindUnreadable, name, s.First, "records %d to %d: %v", s.First, s.Last, err)
		return a.ctx.Err()
	}
	defer func() { _ = r.Close() }()
	rows := make([]row, 0, min(s.Last-s.First+1, 1<<20))
	var lost [][2]uint64 // ranges in unreadable groups
	for _, d := range r.Dropped {
		lost = append(lost, [2]uint64{d.First, d.Last})
		a.dropped = append(a.dropped, d)
		a.let.gone = append(a.let.gone, goneSpan{d, name})
	}
	err = a.inOrder(len(r.Groups), func(g int) chunk { return a.hashGroup(r, g) }, func(g int, c chunk) {
		a.let.take(c, name)
		for _, seq := range c.bad {
			a.problem(KindChanged, name, seq, "record %d is not the one that was sealed", seq)
		}
		if c.err != nil {
			first, last := r.RowSeq(r.Starts[g]), r.RowSeq(r.Starts[g+1]-1)
			lost = append(lost, [2]uint64{first, last})
			a.problem(KindUnreadable, name, first, "records %d to %d: %v", first, last, c.err)
			return
		}
		rows = append(rows, c.rows...)
		a.report.RawBytes += c.raw
		a.tell(len(c.rows))
	})
	if err != nil {
		return err
	}
	return a.settle(name, rows, s.First, s.Last, lost, KindRemoved, true)
}

// inOrder runs jobs on all cores and takes their results in order.
func (a *audit) inOrder(n int, job func(int) chunk, take func(int, chunk)) error {
	workers := runtime.GOMAXPROCS(0)
	queue := make(chan chan chunk, workers)
	go func() {
		defer close(queue)
		for i := range n {
			done := make(chan chunk, 1)
			select {
			case queue <- done:
			case <-a.ctx.Done():
				return
			}
			go func() { done <- job(i) }()
		}
	}()
	i := 0
	for done := range queue {
		take(i, <-done)
		i++
	}
	return a.ctx.Err()
}

// hash adds one record to a chunk.
func (a *audit) hash(c *chunk, p *ondisk.Payload, scratch []byte) []byte {
	var leaf tlog.Hash
	leaf, scratch = p.Leaf(scratch)
	c.rows = append(c.rows, row{p.Seq, leaf})
	c.raw += p.RawLen()
	if p.Form > ondisk.FormParts {
		_, _, gone, err := ondisk.Reveal(a.ring, p)
		if err != nil {
			c.bad = append(c.bad, p.Seq)
		}
		if gone != event.Present {
			c.gone = append(c.gone, goneRecord{p.Seq, p.Key, gone})
		}
	}
	if isDeclaration(p.Source) {
		c.own = append(c.own, declared{p.Seq, string(p.Source), slices.Clone(p.Body)})
	}
	return scratch
}

// settle compares the rows of a file with the sequences it should hold, names
// what stands wrong, and hands the leaves on in order.
func (a *audit) settle(name string, rows []row, first, last uint64, lost [][2]uint64, missing string, checks bool) error {
	a.report.Records += uint64(len(rows))
	if !inSequence(rows, first, last) {
		rows = a.sortOut(name, rows, first, last, lost, missing)
	}
	for _, r := range rows {
		if r.seq > a.sealed {
			a.report.Unsealed++
			continue
		}
		if err := a.leaf(r.seq, r.leaf, name, checks); err != nil {
			return err
		}
	}
	return nil
}

func inSequence(rows []row, first, last uint64) bool {
	for i, r := range rows {
		if r.seq != first+uint64(i) {
			return false
		}
	}
	return uint64(len(rows)) == last-first+1
}

// sortOut names the rows that are foreign, doubled, out of place or missing,
// and returns the others in order.
func (a *audit) sortOut(name string, rows []row, first, last uint64, lost [][2]uint64, missing string) []row {
	seen := make(map[uint64]row, len(rows))
	var order []uint64
	for _, r := range rows {
		if r.seq < first || r.seq > last {
			a.problem(KindInserted, name, r.seq, "record %d does not belong in a file of records %d to %d", r.seq, first, last)
			continue
		}
		if _, twice := seen[r.seq]; twice {
			a.problem(KindInserted, name, r.seq, "record %d stands twice", r.seq)
			continue
		}
		seen[r.seq] = r
		order = append(order, r.seq)
	}
	a.misplaced(name, order)
	next := first
	for _, seq := range append(slices.Sorted(maps.Keys(seen)), last+1) {
		if seq > next {
			a.holes(name, next, seq-1, lost, missing)
		}
		next = seq + 1
	}
	sorted := make([]row, 0, len(seen))
	for _, seq := range slices.Sorted(maps.Keys(seen)) {
		sorted = append(sorted, seen[seq])
	}
	return sorted
}

// misplaced names the records that are not where their sequence puts them.
func (a *audit) misplaced(name string, order []uint64) {
	sorted := slices.Sorted(slices.Values(order))
	at := make(map[uint64]uint64) // record that belongs here -> record that is here
	for i, seq := range order {
		if seq != sorted[i] {
			at[sorted[i]] = seq
		}
	}
	for _, seq := range slices.Sorted(maps.Keys(at)) {
		here := at[seq]
		switch {
		case at[here] != seq:
			a.problem(KindSwapped, name, here, "record %d stands in the place of %d", here, seq)
		case seq < here:
			a.problem(KindSwapped, name, seq, "records %d and %d stand in each other's place", seq, here)
		}
	}
}

// holes names missing records, but for those already said to be unreadable or
// let go.
func (a *audit) holes(name string, first, last uint64, lost [][2]uint64, kind string) {
	slices.SortFunc(lost, func(a, b [2]uint64) int { return cmp.Compare(a[0], b[0]) })
	for _, l := range lost {
		if l[1] < first || l[0] > last {
			continue
		}
		if l[0] > first {
			a.gap(first, l[0]-1, kind, name, "the file does not hold what it should")
		}
		first = l[1] + 1
	}
	if first <= last {
		a.gap(first, last, kind, name, "the file does not hold what it should")
	}
}

// checkWALs reads the log files from record next on, and returns the record
// after the last one found.
func (a *audit) checkWALs(paths []string, next uint64) (uint64, error) {
	limits := make([]uint64, len(paths))
	limit := uint64(math.MaxUint64)
	for i := len(paths) - 1; i >= 0; i-- {
		limits[i] = limit
		if first, err := walFirst(paths[i]); err == nil {
			limit = first
		}
	}
	for i, path := range paths {
		name := ondisk.WALDir + "/" + filepath.Base(path)
		end, err := a.checkWAL(path, name, next, limits[i])
		switch {
		case ondisk.IsGone(err): // rolled meanwhile: its records are in a new segment
			if end, err = a.checkRolled(next); err != nil {
				return 0, err
			}
		case err != nil:
			return 0, err
		}
		next = max(next, end)
	}
	return next, nil
}

// checkRolled checks the segments made since the files were listed.
func (a *audit) checkRolled(next uint64) (uint64, error) {
	segments, _, _, err := ondisk.ListSegments(ondisk.OSDisk{}, filepath.Join(a.dir, ondisk.SegmentDir))
	if err != nil {
		return 0, err
	}
	for _, s := range segments {
		if s.First == next && s.First <= a.sealed {
			if err := a.checkSegment(s); err != nil {
				return 0, err
			}
			next = s.Last + 1
		}
	}
	return next, nil
}

func walFirst(path string) (uint64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	head := make([]byte, ondisk.WALHead)
	if _, err := f.ReadAt(head, 0); err != nil {
		return 0, err
	}
	w, _, err := ondisk.ParseWALHeader(head)
	if err != nil {
		return 0, err
	}
	return w.First, nil
}

// checkWAL hashes the records of one log file. A file that the segments hold
// wholly is what an interrupted roll left, and is passed over.
func (a *audit) checkWAL(path, name string, next, limit uint64) (uint64, error) {
	first, err := walFirst(path)
	before := ondisk.SegmentDir + "/" + ondisk.SegmentName(next, max(next, first-1)) // what should be there if anything is missing
	switch {
	case ondisk.IsGone(err):
		return 0, err
	case err != nil:
		if next <= a.sealed {
			a.problem(KindUnreadable, name, next, "the head of the file: %v", err)
		}
		return next, nil
	case first > next:
		a.gap(next, first-1, KindRemoved, before, "the file is missing")
	case limit != math.MaxUint64 && limit <= next:
		return next, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	w, size, err := ondisk.OpenWAL(file, filepath.Base(path), ondisk.WALKeys(a.ring))
	if err != nil {
		return 0, err
	}
	rows, lost, seq, err := a.readRows(ondisk.NewWALScanner(file, w.Cipher, int64(ondisk.WALHead), size), name, first, limit)
	if err != nil {
		return 0, err
	}
	if limit != math.MaxUint64 && seq < limit {
		a.gap(seq, limit-1, KindCut, name, "the file ends or is damaged before them")
	}
	if first < next { // partly in segments
		rows = slices.DeleteFunc(rows, func(r row) bool { return r.seq < next })
		first = next
	}
	if len(rows) == 0 && len(lost) == 0 {
		return max(next, seq), nil
	}
	return seq, a.settle(name, rows, first, seq-1, lost, KindRemoved, false)
}

// readRows reads frames until they end. A damaged frame is named and stepped
// over when a whole one follows it.
func (a *audit) readRows(s *ondisk.WALScanner, name string, seq, limit uint64) (rows []row, lost [][2]uint64, end uint64, err error) {
	var c chunk
	defer func() { a.let.take(c, name) }()
	var scratch []byte
	for seq < limit {
		if seq%4096 == 0 && a.ctx.Err() != nil {
			return nil, nil, 0, a.ctx.Err()
		}
		p, err := s.Next()
		if errors.Is(err, ondisk.ErrTorn) && seq <= a.sealed && s.StepOver() {
			a.problem(KindChanged, name, seq, "the frame of record %d does not match its checksum", seq)
			lost = append(lost, [2]uint64{seq, seq})
			seq++
			continue
		}
		if errors.Is(err, io.EOF) || errors.Is(err, ondisk.ErrTorn) {
			break
		}
		if err != nil {
			return nil, nil, 0, fmt.Errorf("%s: %w", name, err)
		}
		if p.Seq != seq && p.Seq > a.sealed {
			break // what a failed write left after the last good frame
		}
		if p.Seq > a.sealed && a.report.TailSince.IsZero() {
			a.report.TailSince = ondisk.TimeOf(p.Received)
		}
		scratch = a.hash(&c, &p, scratch)
		rows = c.rows
		a.report.RawBytes += p.RawLen()
		seq = max(seq, p.Seq) + 1
		if len(rows)%8192 == 0 {
			a.tell(8192)
		}
	}
	return rows, lost, seq, nil
}
