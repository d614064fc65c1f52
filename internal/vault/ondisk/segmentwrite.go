package ondisk

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"filippo.io/age"
	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"
	"github.com/konseki/konseki/internal/vault/keyring"
	"github.com/parquet-go/parquet-go"
	pzstd "github.com/parquet-go/parquet-go/compress/zstd"
	"golang.org/x/mod/sumdb/tlog"
)

// SegmentWriter writes a segment: under another name first, synced, then
// renamed, so that a segment is always whole.
type SegmentWriter struct {
	disk    Disk
	ring    *keyring.Ring
	seg     Segment
	file    File
	cipher  io.WriteCloser // nil: in the clear
	rows    *parquet.GenericWriter[SegmentRow]
	pending []SegmentRow
	inGroup int
	inRaw   int64 // raw bytes of the row group
	names   Intern
	sources map[string]bool
	next    uint64 // the record to come
}

// maxSources is how many source names a footer lists.
const maxSources = 256

// NewSegmentWriter begins the segment that accounts for records first to last.
func NewSegmentWriter(d Disk, dir string, ring *keyring.Ring, encrypt bool, first, last uint64, generation int) (*SegmentWriter, error) {
	w := &SegmentWriter{disk: d, ring: ring, names: make(Intern), sources: map[string]bool{}, next: first, pending: make([]SegmentRow, 0, 256)}
	w.seg = Segment{First: first, Last: last, Generation: generation, Encrypted: encrypt}
	w.seg.Name = SegmentFile(first, last, generation, w.seg.Encrypted)
	w.seg.Path = filepath.Join(dir, SegmentDir, w.seg.Name)
	f, err := d.Edit(w.seg.Path + PartSuffix)
	if err != nil {
		return nil, err
	}
	w.file = f
	if err := w.begin(); err != nil {
		return nil, errors.Join(err, w.Abandon())
	}
	return w, nil
}

func (w *SegmentWriter) begin() error {
	if err := w.file.Truncate(0); err != nil {
		return err
	}
	var out io.Writer = &appending{file: w.file}
	if w.seg.Encrypted {
		id, err := w.ring.Make(FileKey(w.seg.First, w.seg.Generation))
		if err != nil {
			return err
		}
		if w.cipher, err = age.Encrypt(out, id.Recipient()); err != nil {
			return err
		}
		out = w.cipher
	}
	w.rows = parquet.NewGenericWriter[SegmentRow](out,
		parquet.Compression(&pzstd.Codec{Level: zstd.SpeedBetterCompression}),
		parquet.PageBufferSize(pageBytes),
		parquet.SkipPageBounds("raw"),
		parquet.SkipPageBounds("commit"),
		parquet.SkipPageBounds("check"),
		parquet.CreatedBy("konseki", strconv.Itoa(FormatVersion), ""),
	)
	return nil
}

// Add writes the next record; those between the last one and it are dropped.
// The payload's bytes are copied or compressed before add returns, at the
// latest when the next 256 records have been added.
func (w *SegmentWriter) Add(p *Payload, check int32) error {
	w.drop(p.Seq)
	if w.inGroup == groupRows || w.inGroup > 0 && w.inRaw+int64(len(p.Body)) > groupRawBytes {
		if err := errors.Join(w.flush(), w.rows.Flush()); err != nil {
			return err
		}
		w.inGroup, w.inRaw = 0, 0
	}
	w.pending = append(w.pending, SegmentRow{
		Seq: int64(p.Seq), Received: p.Received, Source: w.names.Of(p.Source), Transport: w.names.Of(p.Transport),
		Form: int32(p.Form), Key: p.Key, Commit: p.Commit, Raw: p.Body, Check: check,
	})
	if t := time.Unix(0, p.Received).UTC(); t.After(w.seg.LastReceived) {
		w.seg.LastReceived = t
	}
	if len(w.sources) <= maxSources && !w.sources[string(p.Source)] {
		w.sources[string(p.Source)] = true
	}
	w.inGroup++
	w.inRaw += int64(len(p.Body))
	w.seg.RawBytes += int64(len(p.Body))
	w.next = p.Seq + 1
	if len(w.pending) == cap(w.pending) {
		return w.flush()
	}
	return nil
}

// drop notes that the records up to seq are not in the file.
func (w *SegmentWriter) drop(seq uint64) {
	if seq <= w.next {
		return
	}
	w.seg.Dropped = append(w.seg.Dropped, Span{First: w.next, Last: seq - 1})
	w.next = seq
}

func (w *SegmentWriter) flush() error {
	_, err := w.rows.Write(w.pending)
	clear(w.pending)
	w.pending = w.pending[:0]
	return err
}

// Finish makes the segment durable under its name.
func (w *SegmentWriter) Finish() (Segment, error) {
	w.drop(w.seg.Last + 1)
	w.describe()
	if len(w.seg.Dropped) > 0 {
		w.rows.SetKeyValueMetadata(DroppedKey, SpansText(w.seg.Dropped))
	}
	err := errors.Join(w.flush(), w.rows.Close())
	if err == nil && w.cipher != nil {
		err = w.cipher.Close()
	}
	if err == nil {
		err = w.file.Sync()
	}
	if err != nil {
		return Segment{}, errors.Join(err, w.Abandon())
	}
	info, err := w.file.Stat()
	if err != nil {
		return Segment{}, errors.Join(err, w.Abandon())
	}
	w.seg.Bytes = info.Size()
	if err := w.file.Close(); err != nil {
		return Segment{}, errors.Join(err, w.disk.Remove(w.seg.Path+PartSuffix))
	}
	if err := w.disk.Rename(w.seg.Path+PartSuffix, w.seg.Path); err != nil {
		return Segment{}, err
	}
	return w.seg, w.disk.SyncDir(filepath.Dir(w.seg.Path))
}

// describe writes what a reader of the footer alone should know.
func (w *SegmentWriter) describe() {
	w.rows.SetKeyValueMetadata(rawBytesKey, strconv.FormatInt(w.seg.RawBytes, 10))
	w.rows.SetKeyValueMetadata(receivedKey, w.seg.LastReceived.Format(time.RFC3339Nano))
	if len(w.sources) > maxSources {
		return
	}
	w.seg.Sources = slices.Sorted(maps.Keys(w.sources))
	if b, err := json.Marshal(w.seg.Sources); err == nil {
		w.rows.SetKeyValueMetadata(sourcesKey, string(b))
	}
}

// Abandon removes what was written.
func (w *SegmentWriter) Abandon() error {
	return errors.Join(w.file.Close(), w.disk.Remove(w.seg.Path+PartSuffix))
}

// Intern keeps one copy of strings that come again and again.
type Intern map[string]string

// Of gives the one copy of b as a string.
func (m Intern) Of(b []byte) string {
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

// CopyWAL adds every record of a log file.
func (w *SegmentWriter) CopyWAL(s *WALScanner, f *WALFile) error {
	var scratch []byte
	for seq := f.First; seq < f.End(); seq++ {
		p, err := s.Next()
		if err != nil {
			return fmt.Errorf("record %d: %w", seq, err)
		}
		var leaf tlog.Hash
		leaf, scratch = p.Leaf(scratch)
		if err := w.Add(&p, CheckOf(leaf)); err != nil {
			return err
		}
	}
	return nil
}
