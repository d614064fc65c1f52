package vault

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
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
		if err := os.Remove(f.path); err != nil {
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

// writeSegment writes the records of a log file as a segment: under another
// name first, synced, then renamed, so that a segment is always whole.
func (v *Vault) writeSegment(f *walFile) (Segment, error) {
	dir := filepath.Join(v.dir, segmentDir)
	seg := Segment{Name: segmentName(f.first, f.end()-1), First: f.first, Last: f.end() - 1, RawBytes: f.rawBytes}
	seg.Path = filepath.Join(dir, seg.Name)
	part := seg.Path + partSuffix
	in, err := os.Open(f.path)
	if err != nil {
		return Segment{}, err
	}
	defer in.Close()
	out, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return Segment{}, err
	}
	err = writeRows(out, newWALScanner(in, int64(walHead), f.size), f)
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return Segment{}, errors.Join(err, os.Remove(part))
	}
	info, err := os.Stat(part)
	if err != nil {
		return Segment{}, err
	}
	seg.Bytes = info.Size()
	if err := os.Rename(part, seg.Path); err != nil {
		return Segment{}, err
	}
	return seg, syncDir(dir)
}

// writeRows writes the Parquet file: row groups small enough that one record
// is found quickly, zstd throughout, no bounds for raw.
func writeRows(out *os.File, s *walScanner, f *walFile) error {
	w := parquet.NewGenericWriter[segmentRow](out,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault}),
		parquet.PageBufferSize(pageBytes),
		parquet.SkipPageBounds("raw"),
		parquet.SkipPageBounds("check"),
		parquet.CreatedBy("konseki", strconv.Itoa(formatVersion), ""),
		parquet.KeyValueMetadata(rawBytesKey, strconv.FormatInt(f.rawBytes, 10)),
	)
	rows := make([]segmentRow, 0, 256)
	var scratch []byte
	var inGroup int
	var groupRaw int64
	flush := func() error {
		_, err := w.Write(rows)
		rows = rows[:0]
		return err
	}
	names := make(intern)
	for seq := f.first; seq < f.end(); seq++ {
		p, err := s.next()
		if err != nil {
			return fmt.Errorf("record %d: %w", seq, err)
		}
		if inGroup == groupRows || inGroup > 0 && groupRaw+int64(len(p.raw)) > groupRawBytes {
			if err := errors.Join(flush(), w.Flush()); err != nil {
				return err
			}
			inGroup, groupRaw = 0, 0
		}
		leaf, grown := hashLeaf(scratch, p.header, p.raw)
		scratch = grown
		rows = append(rows, segmentRow{
			Seq: int64(p.seq), Received: p.received, Source: names.of(p.source), Transport: names.of(p.transport),
			Raw: p.raw, Check: checkOf(leaf),
		})
		inGroup++
		groupRaw += int64(len(p.raw))
		if len(rows) == cap(rows) {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return errors.Join(flush(), w.Close())
}

// intern keeps one copy of strings that come again and again.
type intern map[string]string

func (m intern) of(b []byte) string {
	if s, ok := m[string(b)]; ok {
		return s
	}
	if len(m) >= 4096 {
		clear(m)
	}
	s := string(b)
	m[s] = s
	return s
}
