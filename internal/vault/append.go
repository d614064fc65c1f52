package vault

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"time"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/vault/ondisk"

	"github.com/konseki/konseki/internal/event"
)

const (
	groupBytes = 8 << 20 // a group commit takes in no more callers after this
	writeBytes = 4 << 20 // bytes handed to the disk at once
)

// walWriter is the log file being written.
type walWriter struct {
	sink ondisk.File
	file *ondisk.WALFile
	// failed is set when an fsync failed: what the kernel still holds of this
	// file is then unknown, so it gets no more records.
	failed bool
}

// request is one Append on its way to the committer.
type request struct {
	recs []event.Record
	kept []ondisk.Kept // what becomes of each Raw
	done chan error
}

func (r *request) bytes() (n int) {
	for i := range r.recs {
		n += ondisk.FrameHead + ondisk.HeaderFixed + len(r.recs[i].Source) + len(r.recs[i].Transport) + len(r.kept[i].Body)
	}
	return n
}

// Append makes recs durable and returns once they are: it assigns Seq, without
// gaps and in order, and Received where it is zero, in place. Concurrent calls
// share one fsync. On an error none of recs is acknowledged and their Seq is 0;
// a full disk gives an error that wraps syscall.ENOSPC, and later calls work
// again when there is space. Other errors: ErrTooLarge, ErrInvalid, ErrClosed.
// ctx counts until the records are handed over; then the outcome is awaited.
func (v *Vault) Append(ctx context.Context, recs []event.Record) error {
	for i := range recs {
		if err := checkRecord(&recs[i]); err != nil {
			return fmt.Errorf("vault: append: record %d of %d: %w", i+1, len(recs), err)
		}
	}
	if len(recs) == 0 {
		return nil
	}
	select {
	case <-v.stop:
		return fmt.Errorf("vault: append: %w", ErrClosed)
	default:
	}
	r := &request{recs: recs, kept: make([]ondisk.Kept, len(recs)), done: make(chan error, 1)}
	for i := range recs {
		var err error
		if r.kept[i], err = v.keep(&recs[i]); err != nil {
			return fmt.Errorf("vault: append: record %d of %d: %w", i+1, len(recs), err)
		}
	}
	select {
	case v.requests <- r:
	case <-v.stop:
		return fmt.Errorf("vault: append: %w", ErrClosed)
	case <-ctx.Done():
		return fmt.Errorf("vault: append: %w", context.Cause(ctx))
	}
	if err := <-r.done; err != nil {
		return fmt.Errorf("vault: append: %w", err)
	}
	return nil
}

// commitLoop is the one writer of the log.
func (v *Vault) commitLoop() {
	buf := make([]byte, 0, 64<<10)
	for {
		select {
		case r := <-v.requests:
			group := v.gather(r)
			var err error
			if buf, err = v.commit(group, buf); err != nil {
				v.report("append", err)
			} else {
				v.recovered("append")
			}
			for _, r := range group {
				r.done <- err
			}
			if cap(buf) > 2*writeBytes {
				buf = make([]byte, 0, writeBytes) // after a very large record
			}
		case <-v.stop:
			return
		}
	}
}

// gather takes in the callers that are waiting already.
func (v *Vault) gather(r *request) []*request {
	group := []*request{r}
	for size := r.bytes(); size < groupBytes; {
		select {
		case r := <-v.requests:
			group = append(group, r)
			size += r.bytes()
		default:
			return group
		}
	}
	return group
}

// commit writes a group and makes it durable, wholly or not at all.
func (v *Vault) commit(group []*request, buf []byte) ([]byte, error) {
	var count uint64
	for _, r := range group {
		count += uint64(len(r.recs))
	}
	if err := v.prepare(count); err != nil {
		return buf, err
	}
	w := v.active
	next := *w.file // a copy: readers see the group only when it is durable
	buf, err := w.write(&next, group, buf[:0], v.opts.Now)
	if err == nil {
		if err = w.sink.Sync(); err != nil {
			w.failed = true
		}
	}
	if err == nil && v.opts.Second != nil {
		err = v.second(w, &next)
	}
	if err != nil {
		for _, r := range group {
			for i := range r.recs {
				r.recs[i].Seq = 0
			}
		}
		// Give the space back. Should this fail as well, the next group is
		// written over what is left, and recovery stops at the first bad frame.
		return buf, errors.Join(err, w.sink.Truncate(w.file.Size))
	}
	v.publish(next)
	return buf, nil
}

// second gives a durable group to the second copy and waits for it.
func (v *Vault) second(w *walWriter, next *ondisk.WALFile) error {
	head := ondisk.WALHeader(&ondisk.WALFile{First: w.file.End(), KeyOf: w.file.KeyOf, Cipher: w.file.Cipher})
	frames := append(head, make([]byte, next.Size-w.file.Size)...)
	if _, err := w.sink.ReadAt(frames[len(head):], w.file.Size); err != nil {
		return err
	}
	if err := v.opts.Second(context.Background(), w.file.End(), next.End()-1, frames); err != nil {
		return fmt.Errorf("the second copy did not take the records: %w", err)
	}
	return nil
}

// write assigns sequences and writes the group's frames after the file's end,
// keeping count in f.
func (w *walWriter) write(f *ondisk.WALFile, group []*request, buf []byte, clock func() time.Time) ([]byte, error) {
	now := time.Unix(0, clock().UnixNano()).UTC()
	for _, r := range group {
		for i := range r.recs {
			rec, k := &r.recs[i], &r.kept[i]
			rec.Seq = f.End()
			if rec.Received.IsZero() {
				rec.Received = now
			}
			f.Add(f.Size+int64(len(buf)), int64(len(k.Body)))
			buf = ondisk.AppendFrame(buf, rec, k, f.Cipher)
			if len(buf) < writeBytes {
				continue
			}
			if _, err := w.sink.WriteAt(buf, f.Size); err != nil {
				return buf, err
			}
			f.Size += int64(len(buf))
			buf = buf[:0]
		}
	}
	if _, err := w.sink.WriteAt(buf, f.Size); err != nil {
		return buf, err
	}
	f.Size += int64(len(buf))
	return buf, nil
}

// prepare makes v.active a file that count more records may go into.
func (v *Vault) prepare(count uint64) error {
	if w := v.active; w != nil {
		full := w.file.Count > 0 && w.file.Count+count > uint64(v.opts.SegmentRecords) || w.file.RawBytes >= v.opts.SegmentBytes ||
			v.cut.Swap(false) && w.file.Count > rollOnClose
		if !full && !w.failed {
			return nil
		}
	}
	v.mu.Lock()
	number, first := v.nextNumber, v.size+1
	v.mu.Unlock()
	path := filepath.Join(v.dir, ondisk.WALDir, ondisk.WALName(number))
	f := &ondisk.WALFile{Path: path, Number: number, First: first, Size: int64(ondisk.WALHead)}
	if v.opts.Encrypt {
		var err error
		if f.Cipher, err = v.newWALKey(first); err != nil {
			return err
		}
		f.KeyOf = first
	}
	s, err := v.disk.Edit(path)
	if err != nil {
		return err
	}
	if err := v.startFile(s, f); err != nil {
		if v.active != nil {
			// The new file may be on the disk with its header, and a file ends
			// where the next one begins: nothing may go into the old one again.
			v.active.failed = true
		}
		return errors.Join(err, s.Close())
	}
	old := v.active
	v.active = &walWriter{sink: s, file: f}
	v.mu.Lock()
	v.files = append(v.files, f)
	v.nextNumber++
	if old != nil {
		old.file.Closed = true
	}
	v.mu.Unlock()
	if old != nil {
		_ = old.sink.Close() // synced after every group
		v.nudge()
	}
	return nil
}

// startFile writes the header of a log file over whatever an earlier attempt
// left, and makes the file and its name durable.
func (v *Vault) startFile(s ondisk.File, f *ondisk.WALFile) error {
	if err := s.Truncate(0); err != nil {
		return err
	}
	if _, err := s.WriteAt(ondisk.WALHeader(f), 0); err != nil {
		return err
	}
	if err := s.Sync(); err != nil {
		return err
	}
	return v.disk.SyncDir(filepath.Dir(f.Path))
}

// publish shows a durable group to readers and to the sealer.
func (v *Vault) publish(next ondisk.WALFile) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f := v.active.file
	f.Count, f.Size, f.RawBytes, f.Marks = next.Count, next.Size, next.RawBytes, next.Marks
	v.size = f.End() - 1
	if v.tailSince.IsZero() {
		v.tailSince = v.opts.Now()
	}
	close(v.changed)
	v.changed = make(chan struct{})
	if v.size-v.integrated >= uint64(v.opts.BatchRecords) {
		v.nudge()
	}
}

// nudge wakes the sealer if it sleeps.
func (v *Vault) nudge() {
	select {
	case v.early <- struct{}{}:
	default:
	}
}

// report keeps a failure for Status and says it in the log.
func (v *Vault) report(work string, err error) {
	v.mu.Lock()
	v.trouble = work + ": " + err.Error()
	v.mu.Unlock()
	v.opts.Logger.Error("vault work failed", "work", work, "error", err)
}

// recovered forgets the failure of some work once that work succeeds again.
func (v *Vault) recovered(work string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.trouble) > len(work) && v.trouble[:len(work)+1] == work+":" {
		v.trouble = ""
	}
}

// checkRecord says why a record cannot be kept, or nil.
func checkRecord(r *event.Record) error {
	switch {
	case len(r.Raw) > ondisk.MaxRaw:
		return fmt.Errorf("%w: %d bytes of raw record, at most %d", ErrTooLarge, len(r.Raw), ondisk.MaxRaw)
	case len(r.Source) > ondisk.MaxSource:
		return fmt.Errorf("%w: source name of %d bytes, at most %d", ErrTooLarge, len(r.Source), ondisk.MaxSource)
	case len(r.Transport) > ondisk.MaxTransport:
		return fmt.Errorf("%w: transport of %d bytes, at most %d", ErrTooLarge, len(r.Transport), ondisk.MaxTransport)
	case !utf8.ValidString(r.Source) || !utf8.ValidString(r.Transport):
		return fmt.Errorf("%w: source and transport must be UTF-8", ErrInvalid)
	}
	if !r.Received.IsZero() {
		if s := r.Received.Unix(); s >= math.MaxInt64/int64(time.Second) || s <= math.MinInt64/int64(time.Second) {
			return fmt.Errorf("%w: receive time %s is out of range", ErrInvalid, r.Received.Format(time.RFC3339))
		}
	}
	return nil
}
