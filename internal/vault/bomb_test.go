package vault

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/konseki/konseki/internal/vault/audit"
	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// bombCodec writes pages that unpack to far more than they say.
type bombCodec struct{ blast int }

func (c *bombCodec) String() string                            { return "ZSTD" }
func (c *bombCodec) CompressionCodec() format.CompressionCodec { return format.Zstd }
func (c *bombCodec) Decode(dst, _ []byte) ([]byte, error)      { return dst, nil }
func (c *bombCodec) Encode(dst, src []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b) // a stream does not say how long it is
	if err != nil {
		return nil, err
	}
	_, _ = w.Write(src)
	zeros := make([]byte, 1<<20)
	for range c.blast {
		_, _ = w.Write(zeros)
	}
	return append(dst[:0], b.Bytes()...), w.Close()
}

func TestABombPageIsRefusedInBoundedMemory(t *testing.T) {
	dir := sealedVault(t)
	path := segmentPath(dir, 201, 400)
	rows, err := parquet.ReadFile[ondisk.SegmentRow](path)
	if err != nil {
		t.Fatal(err)
	}
	const blast = 512 // MiB of every page
	if err := parquet.WriteFile(path, rows, parquet.Compression(&bombCodec{blast})); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 4<<20 {
		t.Fatalf("the bomb has %d bytes: %v", info.Size(), err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := mustVerify(t, dir)
	runtime.ReadMemStats(&after)
	if len(r.Problems) == 0 || r.Problems[0].Kind != audit.KindUnreadable || r.Problems[0].Record != 201 {
		t.Errorf("%+v", r.Problems)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
		t.Errorf("%d MiB were allocated", used>>20)
	}
	reader, err := ondisk.OpenSegment(ondisk.OSDisk{}, ondisk.Segment{Path: path, First: 201, Last: 400}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := reader.From(201, func(*ondisk.Payload) error { return nil }); err == nil {
		t.Error("it was read")
	}
}

// TestColumnsAreWhatTheParquetReaderSays holds our reader of pages against the
// library's, on every column and from every row.
func TestColumnsAreWhatTheParquetReaderSays(t *testing.T) {
	for _, options := range [][]parquet.WriterOption{
		{parquet.Compression(&parquet.Zstd), parquet.PageBufferSize(700)},
		{parquet.Compression(&parquet.Uncompressed), parquet.DataPageVersion(1), parquet.PageBufferSize(900)},
		{parquet.Compression(&parquet.Zstd), parquet.DefaultEncodingFor(parquet.ByteArray, &parquet.Plain), parquet.MaxRowsPerRowGroup(77)},
	} {
		rows := make([]ondisk.SegmentRow, 300)
		for i, r := range records(1, len(rows)) {
			rows[i] = ondisk.SegmentRow{
				Seq: int64(i + 1), Received: r.Received.UnixNano(), Source: r.Source, Transport: r.Transport,
				Form: int32(ondisk.FormWhole), Commit: []byte{}, Raw: r.Raw, Check: int32(i * i),
			}
			if i%7 == 3 {
				rows[i].Form, rows[i].Commit = int32(ondisk.FormParts), bytes.Repeat([]byte{byte(i)}, seal.SecretLen)
			}
		}
		path := filepath.Join(t.TempDir(), "s")
		if err := parquet.WriteFile(path, rows, options...); err != nil {
			t.Fatal(err)
		}
		r, err := ondisk.OpenSegment(ondisk.OSDisk{}, ondisk.Segment{Path: path, First: 1, Last: 300}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for skip := uint64(0); skip < 300; skip += 13 {
			i := int(skip)
			err := r.From(skip+1, func(p *ondisk.Payload) error {
				got := ondisk.SegmentRow{
					Seq: int64(p.Seq), Received: p.Received, Source: string(p.Source), Transport: string(p.Transport),
					Form: int32(p.Form), Commit: p.Commit, Raw: p.Body, Check: rows[i].Check,
				}
				if got.Seq != rows[i].Seq || got.Received != rows[i].Received || got.Source != rows[i].Source || got.Transport != rows[i].Transport ||
					got.Form != rows[i].Form || !bytes.Equal(got.Commit, rows[i].Commit) || !bytes.Equal(got.Raw, rows[i].Raw) {
					t.Fatalf("row %d is %+v, want %+v", i, got, rows[i])
				}
				i++
				return nil
			})
			if err != nil || i != 300 {
				t.Fatalf("from row %d to %d: %v", skip, i, err)
			}
		}
	}
}
