package vault

import (
	"errors"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"filippo.io/age"
	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	pzstd "github.com/parquet-go/parquet-go/compress/zstd"
)

// segmentWriter writes a segment: under another name first, synced, then
// renamed, so that a segment is always whole.
type segmentWriter struct {
	v       *Vault
	seg     Segment
	file    file
	cipher  io.WriteCloser // nil: in the clear
	rows    *parquet.GenericWriter[segmentRow]
	pending []segmentRow
	inGroup int
	inRaw   int64 // raw bytes of the row group
	names   intern
	sources map[string]bool
	next    uint64 // the record to come
}

// maxSources is how many source names a footer lists.
const maxSources = 256

// newSegmentWriter begins the segment that accounts for records first to last.
func (v *Vault) newSegmentWriter(first, last uint64, generation int) (*segmentWriter, error) {
	w := &segmentWriter{v: v, names: make(intern), sources: map[string]bool{}, next: first, pending: make([]segmentRow, 0, 256)}
	w.seg = Segment{First: first, Last: last, Generation: generation, Encrypted: v.opts.Encrypt}
	w.seg.Name = segmentFile(first, last, generation, w.seg.Encrypted)
	w.seg.Path = filepath.Join(v.dir, segmentDir, w.seg.Name)
	f, err := v.disk.edit(w.seg.Path + partSuffix)
	if err != nil {
		return nil, err
	}
	w.file = f
	if err := w.begin(); err != nil {
		return nil, errors.Join(err, w.abandon())
	}
	return w, nil
}

func (w *segmentWriter) begin() error {
	if err := w.file.Truncate(0); err != nil {
		return err
	}
	var out io.Writer = &appending{file: w.file}
	if w.seg.Encrypted {
		id, err := w.v.ring.Make(fileKey(w.seg.First, w.seg.Generation))
		if err != nil {
			return err
		}
		if w.cipher, err = age.Encrypt(out, id.Recipient()); err != nil {
			return err
		}
		out = w.cipher
	}
	w.rows = parquet.NewGenericWriter[segmentRow](out,
		parquet.Compression(&pzstd.Codec{Level: zstd.SpeedBetterCompression}),
		parquet.PageBufferSize(pageBytes),
		parquet.SkipPageBounds("raw"),
		parquet.SkipPageBounds("commit"),
		parquet.SkipPageBounds("check"),
		parquet.CreatedBy("konseki", strconv.Itoa(formatVersion), ""),
	)
	return nil
}

// add writes the next record; those between the last one and it are dropped.
// The payload's bytes are copied or compressed before add returns, at the
// latest when the next 256 records have been added.
func (w *segmentWriter) add(p *payload, check int32) error {
	w.drop(p.seq)
	if w.inGroup == groupRows || w.inGroup > 0 && w.inRaw+int64(len(p.body)) > groupRawBytes {
		if err := errors.Join(w.flush(), w.rows.Flush()); err != nil {
			return err
		}
		w.inGroup, w.inRaw = 0, 0
	}
	w.pending = append(w.pending, segmentRow{
		Seq: int64(p.seq), Received: p.received, Source: w.names.of(p.source), Transport: w.names.of(p.transport),
		Form: int32(p.form), Key: p.key, Commit: p.commit, Raw: p.body, Check: check,
	})
	if t := time.Unix(0, p.received).UTC(); t.After(w.seg.LastReceived) {
		w.seg.LastReceived = t
	}
	if len(w.sources) <= maxSources && !w.sources[string(p.source)] {
		w.sources[string(p.source)] = true
	}
	w.inGroup++
	w.inRaw += int64(len(p.body))
	w.seg.RawBytes += int64(len(p.body))
	w.next = p.seq + 1
	if len(w.pending) == cap(w.pending) {
		return w.flush()
	}
	return nil
}

// drop notes that the records up to seq are not in the file.
func (w *segmentWriter) drop(seq uint64) {
	if seq <= w.next {
		return
	}
	w.seg.dropped = append(w.seg.dropped, span{w.next, seq - 1})
	w.next = seq
}

func (w *segmentWriter) flush() error {
	_, err := w.rows.Write(w.pending)
	clear(w.pending)
	w.pending = w.pending[:0]
	return err
}

// finish makes the segment durable under its name.
func (w *segmentWriter) finish() (Segment, error) {
	w.drop(w.seg.Last + 1)
	w.describe()
	if len(w.seg.dropped) > 0 {
		w.rows.SetKeyValueMetadata(droppedKey, spansText(w.seg.dropped))
	}
	err := errors.Join(w.flush(), w.rows.Close())
	if err == nil && w.cipher != nil {
		err = w.cipher.Close()
	}
	if err == nil {
		err = w.file.Sync()
	}
	if err != nil {
		return Segment{}, errors.Join(err, w.abandon())
	}
	info, err := w.file.Stat()
	if err != nil {
		return Segment{}, errors.Join(err, w.abandon())
	}
	w.seg.Bytes = info.Size()
	if err := w.file.Close(); err != nil {
		return Segment{}, errors.Join(err, w.v.disk.remove(w.seg.Path+partSuffix))
	}
	if err := w.v.disk.rename(w.seg.Path+partSuffix, w.seg.Path); err != nil {
		return Segment{}, err
	}
	return w.seg, w.v.disk.syncDir(filepath.Dir(w.seg.Path))
}

// describe writes what a reader of the footer alone should know.
func (w *segmentWriter) describe() {
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

// abandon removes what was written.
func (w *segmentWriter) abandon() error {
	return errors.Join(w.file.Close(), w.v.disk.remove(w.seg.Path+partSuffix))
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
