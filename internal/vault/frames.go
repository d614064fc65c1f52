package vault

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/konseki/konseki/internal/event"
)

// WriteFrames writes records first to last as a write-ahead log file of its
// own, header and frames, for a copy elsewhere. They must be in one file of the
// write-ahead log; once rolled into a segment they are ErrNotFound.
func (v *Vault) WriteFrames(ctx context.Context, w io.Writer, first, last uint64) error {
	if err := v.writeFrames(ctx, w, first, last); err != nil {
		return fmt.Errorf("vault: frames of %d to %d: %w", first, last, err)
	}
	return nil
}

func (v *Vault) writeFrames(ctx context.Context, w io.Writer, first, last uint64) error {
	v.mu.Lock()
	f, file, err := v.openWALLocked(first)
	v.mu.Unlock()
	if err != nil {
		return err
	}
	if f == nil || last >= f.end() || last < first {
		if file != nil {
			file.Close()
		}
		return ErrNotFound
	}
	defer file.Close()
	out := bufio.NewWriterSize(w, 1<<20)
	if _, err := out.Write(walHeader(&walFile{first: first, keyOf: f.keyOf, cipher: f.cipher})); err != nil {
		return err
	}
	var frame []byte
	err = readWAL(file, f, first, func(p *payload) error {
		if p.seq > last {
			return errEnough
		}
		if p.seq%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		frame = p.appendFrame(frame[:0], f)
		_, err := out.Write(frame)
		return err
	})
	if err != nil && err != errEnough { //nolint:errorlint // our own, never wrapped
		return err
	}
	return out.Flush()
}

// appendFrame writes a record again as it is kept in file f.
func (p *payload) appendFrame(dst []byte, f *walFile) []byte {
	rec := event.Record{Seq: p.seq, Received: timeOf(p.received), Source: string(p.source), Transport: string(p.transport)}
	return appendFrame(dst, &rec, &kept{form: p.form, key: p.key, commit: p.commit, body: p.body}, f.cipher)
}
