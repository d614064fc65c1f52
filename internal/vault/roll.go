package vault

import (
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"
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
		var seg Segment
		if f.count > 0 {
			var err error
			if seg, err = v.writeSegment(f); err != nil {
				return fmt.Errorf("%s: %w", filepath.Base(f.path), err)
			}
		}
		v.mu.Lock()
		if f.count > 0 {
			v.segments = append(v.segments[:len(v.segments):len(v.segments)], seg)
		}
		v.files = v.files[1:]
		v.mu.Unlock()
		if err := v.disk.remove(f.path); err != nil {
			return err
		}
	}
}

func (v *Vault) nextToRoll() *walFile {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.files) == 0 {
		return nil
	}
	f := v.files[0]
	if !f.closed || f.end()-1 > v.sealed {
		return nil
	}
	return new(*f)
}

// writeSegment writes the records of a log file as a segment.
func (v *Vault) writeSegment(f *walFile) (Segment, error) {
	in, err := v.disk.open(f.path)
	if err != nil {
		return Segment{}, err
	}
	defer in.Close()
	w, err := v.newSegmentWriter(f.first, f.end()-1, 0)
	if err != nil {
		return Segment{}, err
	}
	if err := w.copyWAL(newWALScanner(in, f.cipher, int64(walHead), f.size), f); err != nil {
		return Segment{}, errors.Join(err, w.abandon())
	}
	return w.finish()
}

func (w *segmentWriter) copyWAL(s *walScanner, f *walFile) error {
	var scratch []byte
	for seq := f.first; seq < f.end(); seq++ {
		p, err := s.next()
		if err != nil {
			return fmt.Errorf("record %d: %w", seq, err)
		}
		var leaf tlog.Hash
		leaf, scratch = p.leaf(scratch)
		if err := w.add(&p, checkOf(leaf)); err != nil {
			return err
		}
	}
	return nil
}
