package vault

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/konseki/konseki/internal/event"
)

const (
	groupBytes = 8 << 20 // a group commit takes in no more callers after this
	writeBytes = 4 << 20 // bytes handed to the disk at once
)

// walWriter is the log file being written.
type walWriter struct {
	sink file
	file *walFile
	// failed is set when an fsync failed: what the kernel still holds of this
	// file is then unknown, so it gets no more records.
	failed bool
}

// request is one Append on its way to the committer.
type request struct {
	recs []event.Record
	kept []kept // what becomes of each Raw
	done chan error
}

func (r *request) bytes() (n int) {
	for i := range r.recs {
		n += frameHead + headerFixed + len(r.recs[i].Source) + len(r.recs[i].Transport) + len(r.kept[i].body)
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
	r := &request{recs: recs, kept: make([]kept, len(recs)), done: make(chan error, 1)}
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
		return buf, errors.Join(err, w.sink.Truncate(w.file.size))
	}
	v.publish(next)
	return buf, nil
}

// second gives a durable group to the second copy and waits for it.
func (v *Vault) second(w *walWriter, next *walFile) error {
	head := walHeader(&walFile{first: w.file.end(), keyOf: w.file.keyOf, cipher: w.file.cipher})
	frames := append(head, make([]byte, next.size-w.file.size)...)
	if _, err := w.sink.ReadAt(frames[len(head):], w.file.size); err != nil {
		return err
	}
	if err := v.opts.Second(context.Background(), w.file.end(), next.end()-1, frames); err != nil {
		return fmt.Errorf("the second copy did not take the records: %w", err)
	}
	return nil
}

// write assigns sequences and writes the group's frames after the file's end,
// keeping count in f.
func (w *walWriter) write(f *walFile, group []*request, buf []byte, clock func() time.Time) ([]byte, error) {
	now := time.Unix(0, clock().UnixNano()).UTC()
	for _, r := range group {
		for i := range r.recs {
			rec, k := &r.recs[i], &r.kept[i]
			rec.Seq = f.end()
			if rec.Received.IsZero() {
				rec.Received = now
			}
			f.add(f.size+int64(len(buf)), int64(len(k.body)))
			buf = appendFrame(buf, rec, k, f.cipher)
			if len(buf) < writeBytes {
				continue
			}
			if _, err := w.sink.WriteAt(buf, f.size); err != nil {
				return buf, err
			}
			f.size += int64(len(buf))
			buf = buf[:0]
		}
	}
	if _, err := w.sink.WriteAt(buf, f.size); err != nil {
		return buf, err
	}
	f.size += int64(len(buf))
	return buf, nil
}

// prepare makes v.active a file that count more records may go into.
func (v *Vault) prepare(count uint64) error {
	if w := v.active; w != nil {
		full := w.file.count > 0 && w.file.count+count > uint64(v.opts.SegmentRecords) || w.file.rawBytes >= v.opts.SegmentBytes ||
			v.cut.Swap(false) && w.file.count > rollOnClose
		if !full && !w.failed {
			return nil
		}
	}
	v.mu.Lock()
	number, first := v.nextNumber, v.size+1
	v.mu.Unlock()
	path := filepath.Join(v.dir, walDir, walName(number))
	f := &walFile{path: path, number: number, first: first, size: int64(walHead)}
	if v.opts.Encrypt {
		var err error
		if f.cipher, err = v.newWALKey(first); err != nil {
			return err
		}
		f.keyOf = first
	}
	s, err := v.disk.edit(path)
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
		old.file.closed = true
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
func (v *Vault) startFile(s file, f *walFile) error {
	if err := s.Truncate(0); err != nil {
		return err
	}
	if _, err := s.WriteAt(walHeader(f), 0); err != nil {
		return err
	}
	if err := s.Sync(); err != nil {
		return err
	}
	return v.disk.syncDir(filepath.Dir(f.path))
}

// publish shows a durable group to readers and to the sealer.
func (v *Vault) publish(next walFile) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f := v.active.file
	f.count, f.size, f.rawBytes, f.marks = next.count, next.size, next.rawBytes, next.marks
	v.size = f.end() - 1
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
