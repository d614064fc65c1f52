package vault

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/konseki/konseki/internal/vault/ondisk"
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
	if f == nil || last >= f.End() || last < first {
		if file != nil {
			file.Close()
		}
		return ondisk.ErrNotFound
	}
	defer file.Close()
	out := bufio.NewWriterSize(w, 1<<20)
	if _, err := out.Write(ondisk.WALHeader(&ondisk.WALFile{First: first, KeyOf: f.KeyOf, Cipher: f.Cipher})); err != nil {
		return err
	}
	var frame []byte
	err = ondisk.ReadWAL(file, f, first, func(p *ondisk.Payload) error {
		if p.Seq > last {
			return ondisk.ErrEnough
		}
		if p.Seq%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		frame = p.AppendFrame(frame[:0], f)
		_, err := out.Write(frame)
		return err
	})
	if err != nil && err != ondisk.ErrEnough { //nolint:errorlint // our own, never wrapped
		return err
	}
	return out.Flush()
}
