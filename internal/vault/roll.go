package vault

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/konseki/konseki/internal/vault/ondisk"
)

// rollLoop turns closed log files into segments as they get sealed.
func (v *Vault) rollLoop() {
	for {
		select {
		case <-v.rolls:
			if err := v.roll(); err != nil {
				v.report("roll", err)
			} else {
				v.recovered("roll")
			}
		case <-v.quit:
			return
		}
	}
}

// roll turns every closed and sealed log file into a segment.
func (v *Vault) roll() error {
	v.rolling.Lock()
	defer v.rolling.Unlock()
	for {
		f := v.nextToRoll()
		if f == nil {
			return nil
		}
		var seg ondisk.Segment
		if f.Count > 0 {
			var err error
			if seg, err = v.writeSegment(f); err != nil {
				return fmt.Errorf("%s: %w", filepath.Base(f.Path), err)
			}
		}
		v.mu.Lock()
		if f.Count > 0 {
			v.segments = append(v.segments[:len(v.segments):len(v.segments)], seg)
		}
		v.files = v.files[1:]
		v.mu.Unlock()
		if err := v.disk.Remove(f.Path); err != nil {
			return err
		}
	}
}

func (v *Vault) nextToRoll() *ondisk.WALFile {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.files) == 0 {
		return nil
	}
	f := v.files[0]
	if !f.Closed || f.End()-1 > v.sealed {
		return nil
	}
	return new(*f)
}

// writeSegment writes the records of a log file as a segment.
func (v *Vault) writeSegment(f *ondisk.WALFile) (ondisk.Segment, error) {
	in, err := v.disk.Open(f.Path)
	if err != nil {
		return ondisk.Segment{}, err
	}
	defer in.Close()
	w, err := ondisk.NewSegmentWriter(v.disk, v.dir, v.ring, v.opts.Encrypt, f.First, f.End()-1, 0)
	if err != nil {
		return ondisk.Segment{}, err
	}
	if err := w.CopyWAL(ondisk.NewWALScanner(in, f.Cipher, int64(ondisk.WALHead), f.Size), f); err != nil {
		return ondisk.Segment{}, errors.Join(err, w.Abandon())
	}
	return w.Finish()
}
