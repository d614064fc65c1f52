package vault

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/vault/audit"
	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"golang.org/x/mod/sumdb/note"
)

// sealedVault makes a closed vault of 500 records: segments 1-200 and 201-400,
// the rest in the write-ahead log, all sealed, in batches of 50.
func sealedVault(t testing.TB) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "vault")
	opts := quiet()
	opts.SegmentRecords, opts.BatchRecords = 200, 50
	v, err := OpenOrCreate(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		mustAppend(t, v, records(1+i*100, 100))
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func mustVerify(t testing.TB, dir string) *audit.Report {
	t.Helper()
	r, err := audit.Verify(t.Context(), dir, audit.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func segmentPath(dir string, first, last uint64) string {
	return filepath.Join(dir, ondisk.SegmentDir, ondisk.SegmentName(first, last))
}

// rewrite changes the rows of the second segment as somebody would who knows
// the format and is careful with everything but the log.
func rewrite(t *testing.T, dir string, change func(rows []ondisk.SegmentRow) []ondisk.SegmentRow) {
	t.Helper()
	rewriteFile(t, segmentPath(dir, 201, 400), change)
}

func rewriteFile(t *testing.T, path string, change func(rows []ondisk.SegmentRow) []ondisk.SegmentRow, options ...parquet.WriterOption) {
	t.Helper()
	rows, err := parquet.ReadFile[ondisk.SegmentRow](path)
	if err != nil {
		t.Fatal(err)
	}
	err = parquet.WriteFile(path, change(rows), append(options, parquet.Compression(&zstd.Codec{}))...)
	if err != nil {
		t.Fatal(err)
	}
}

// edit changes the bytes of a file.
func edit(t *testing.T, path string, change func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

// frames cuts the log file of the sealed vault into its head and its frames.
func frames(t *testing.T, b []byte) (head []byte, out [][]byte) {
	t.Helper()
	s := ondisk.NewWALScanner(bytes.NewReader(b), nil, int64(ondisk.WALHead), int64(len(b)))
	for at := int64(ondisk.WALHead); at < int64(len(b)); at = s.Pos {
		if _, err := s.Next(); err != nil {
			t.Fatal(err)
		}
		out = append(out, b[at:s.Pos])
	}
	return b[:ondisk.WALHead], out
}

func editFrames(t *testing.T, dir string, change func(f [][]byte) [][]byte) {
	t.Helper()
	edit(t, filepath.Join(dir, ondisk.WALDir, ondisk.WALName(3)), func(b []byte) []byte {
		head, f := frames(t, b)
		return append(slices.Clone(head), bytes.Join(change(f), nil)...)
	})
}

func TestVerifyFindsNothingWrongWithAnUntouchedVault(t *testing.T) {
	dir := sealedVault(t)
	var last [2]int64
	r, err := audit.Verify(t.Context(), dir, audit.VerifyOptions{Progress: func(done, total int64) { last = [2]int64{done, total} }})
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() || r.Records != 500 || r.Sealed != 500 || r.Unsealed != 0 || r.Segments != 2 || r.Batches != 10 || r.SealedAt.IsZero() {
		t.Fatalf("%+v", r)
	}
	if last[1] != 500 || last[0] < 400 {
		t.Errorf("progress ended at %v", last)
	}
}

// tamperings lists what is done to a sealed vault and what must be said of it.
func tamperings() []struct {
	name   string
	kind   string
	file   string
	record uint64
	do     func(t *testing.T, dir string)
} {
	segment := ondisk.SegmentDir + "/" + ondisk.SegmentName(201, 400)
	wal := ondisk.WALDir + "/" + ondisk.WALName(3)
	type rows = []ondisk.SegmentRow
	rewriting := func(change func(r rows) rows) func(*testing.T, string) {
		return func(t *testing.T, dir string) { rewrite(t, dir, change) }
	}
	framing := func(change func(f [][]byte) [][]byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) { editFrames(t, dir, change) }
	}
	logFile := func(name string, change func(b []byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) { edit(t, filepath.Join(dir, ondisk.LogDir, name), change) }
	}
	removing := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	flip := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
	return []struct {
		name   string
		kind   string
		file   string
		record uint64
		do     func(t *testing.T, dir string)
	}{
		{"raw byte in segment", audit.KindChanged, segment, 237, rewriting(func(r rows) rows { r[36].Raw[3] ^= 1; return r })},
		{"receive time in segment", audit.KindChanged, segment, 201, rewriting(func(r rows) rows { r[0].Received++; return r })},
		{"source in segment", audit.KindChanged, segment, 400, rewriting(func(r rows) rows { r[199].Source = "other"; return r })},
		{"transport in segment", audit.KindChanged, segment, 300, rewriting(func(r rows) rows { r[99].Transport += ";tz=UTC"; return r })},
		{"raw and check in segment", audit.KindChanged, segment, 201, rewriting(func(r rows) rows { r[36].Raw[3] ^= 1; r[36].Check = 7; return fixCheck(r) })},
		{"row taken out", audit.KindRemoved, segment, 260, rewriting(func(r rows) rows { return slices.Delete(r, 59, 60) })},
		{"row taken out, rest renumbered", audit.KindRemoved, segment, 260, rewriting(func(r rows) rows {
			r = slices.Delete(r, 59, 60)
			for i := range r {
				r[i].Seq = int64(201 + i)
			}
			return r
		})},
		{"last row taken out", audit.KindRemoved, segment, 400, rewriting(func(r rows) rows { return r[:199] })},
		{"rows swapped", audit.KindSwapped, segment, 210, rewriting(func(r rows) rows { r[9], r[19] = r[19], r[9]; return r })},
		{"content swapped", audit.KindSwapped, segment, 210, rewriting(func(r rows) rows { r[9].Raw, r[19].Raw = r[19].Raw, r[9].Raw; return r })},
		{"rows swapped and renumbered", audit.KindSwapped, segment, 210, rewriting(func(r rows) rows {
			r[9], r[19] = r[19], r[9]
			r[9].Seq, r[19].Seq = 210, 220
			return r
		})},
		{"row doubled", audit.KindInserted, segment, 210, rewriting(func(r rows) rows { return slices.Insert(r, 9, r[9]) })},
		{"row of another vault put in", audit.KindInserted, segment, 9999, rewriting(func(r rows) rows { r[9].Seq = 9999; return r })},
		{"byte of the file flipped", audit.KindUnreadable, segment, 201, func(t *testing.T, dir string) { edit(t, segmentPath(dir, 201, 400), flip) }},
		{"segment cut", audit.KindUnreadable, segment, 201, func(t *testing.T, dir string) {
			edit(t, segmentPath(dir, 201, 400), func(b []byte) []byte { return b[:len(b)-9] })
		}},
		{"segment deleted", audit.KindRemoved, segment, 201, removing(segment)},
		{"segment copied in", audit.KindForeign, ondisk.SegmentDir + "/x.parquet", 0, func(t *testing.T, dir string) {
			edit(t, segmentPath(dir, 201, 400), func(b []byte) []byte {
				if err := os.WriteFile(filepath.Join(dir, ondisk.SegmentDir, "x.parquet"), b, 0o600); err != nil {
					t.Fatal(err)
				}
				return b
			})
		}},
		{"byte in the log file", audit.KindChanged, wal, 450, framing(func(f [][]byte) [][]byte { f[49][40] ^= 1; return f })},
		{"byte in the log file, checksum mended", audit.KindChanged, wal, 401, framing(func(f [][]byte) [][]byte {
			f[49][len(f[49])-1] ^= 1
			putChecksum(f[49])
			return f
		})},
		{"frame taken out", audit.KindRemoved, wal, 450, framing(func(f [][]byte) [][]byte { return slices.Delete(f, 49, 50) })},
		{"frames swapped", audit.KindSwapped, wal, 450, framing(func(f [][]byte) [][]byte { f[49], f[59] = f[59], f[49]; return f })},
		{"frame doubled", audit.KindInserted, wal, 450, framing(func(f [][]byte) [][]byte { return slices.Insert(f, 49, f[49]) })},
		{"log file cut", audit.KindCut, ondisk.WALDir, 491, framing(func(f [][]byte) [][]byte { return f[:90] })},
		{"log file deleted", audit.KindCut, ondisk.WALDir, 401, removing(wal)},
		{"log file emptied", audit.KindUnreadable, wal, 401, func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, wal), func([]byte) []byte { return nil })
		}},
		{"entry of the tile log", audit.KindLog, ondisk.LogDir + "/tile/entries/000.p/10", 51, logFile("tile/entries/000.p/10", func(b []byte) []byte {
			return bytes.Replace(b, []byte("\n51\n"), []byte("\n52\n"), 1)
		})},
		{"tile", audit.KindLog, ondisk.LogDir + "/tile/0/000.p/10", 0, logFile("tile/0/000.p/10", flip)},
		{"tile log cut", audit.KindLog, ondisk.LogDir + "/tile/entries/000.p/10", 1, removing(ondisk.LogDir + "/tile/entries/000.p/10")},
		{"checkpoint", audit.KindCheckpoint, ondisk.LogDir + "/checkpoint", 0, logFile("checkpoint", flip)},
		{"checkpoint signed by another", audit.KindCheckpoint, ondisk.LogDir + "/checkpoint", 0, logFile("checkpoint", func(b []byte) []byte {
			text, _, _ := strings.Cut(string(b), "\n\n")
			name, _, _ := strings.Cut(text, "\n")
			key, _, _ := note.GenerateKey(nil, name)
			signer, _ := note.NewSigner(key)
			forged, _ := note.Sign(&note.Note{Text: text + "\n"}, signer)
			return forged
		})},
		{"checkpoint deleted", audit.KindCheckpoint, ondisk.LogDir + "/checkpoint", 0, removing(ondisk.LogDir + "/checkpoint")},
	}
}

// fixCheck sets every check to what the row now hashes to.
func fixCheck(rows []ondisk.SegmentRow) []ondisk.SegmentRow {
	for i := range rows {
		rows[i].Check = ondisk.CheckOf(seal.Leaf(rowRecord(rows[i])))
	}
	return rows
}

func TestG2VerifyNamesEveryTampering(t *testing.T) {
	for _, c := range tamperings() {
		t.Run(c.name, func(t *testing.T) {
			dir := sealedVault(t)
			c.do(t, dir)
			r := mustVerify(t, dir)
			found := slices.ContainsFunc(r.Problems, func(p audit.Problem) bool {
				return p.Kind == c.kind && p.Segment == c.file && p.Record == c.record
			})
			if !found {
				t.Fatalf("want %s in %s at %d, got %+v", c.kind, c.file, c.record, r.Problems)
			}
			if n := len(r.Problems); n > 5 {
				t.Errorf("%d problems for one tampering: %+v", n, r.Problems)
			}
		})
	}
}

func TestVerifyFindsAPinnedKeyMissing(t *testing.T) {
	dir := sealedVault(t)
	other := sealedVault(t)
	key, err := ondisk.ReadPublicKey(other)
	if err != nil {
		t.Fatal(err)
	}
	r, err := audit.Verify(t.Context(), dir, audit.VerifyOptions{PublicKey: key})
	if err != nil {
		t.Fatal(err)
	}
	if r.OK() || r.Problems[0].Kind != audit.KindForeign || r.Problems[1].Kind != audit.KindCheckpoint {
		t.Fatalf("%+v", r.Problems)
	}
}

func TestOpenRefusesAVaultWithAPartMissing(t *testing.T) {
	for _, name := range []string{ondisk.FormatName, ondisk.KeyName, ondisk.PubName, ondisk.WALDir, ondisk.SegmentDir, ondisk.LogDir + "/checkpoint", ondisk.LogDir + "/" + ondisk.TreeState,
		ondisk.SegmentDir + "/" + ondisk.SegmentName(1, 200)} {
		t.Run(name, func(t *testing.T) {
			dir := sealedVault(t)
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			_, err := Open(dir, quiet())
			if !errors.Is(err, ondisk.ErrIncomplete) || !strings.Contains(err.Error(), filepath.Base(name)) && !strings.Contains(err.Error(), "record 1") {
				t.Fatalf("Open: %v", err)
			}
		})
	}
}

func TestG8OpenRefusesANewerFormatAndAReadableKey(t *testing.T) {
	dir := sealedVault(t)
	edit(t, filepath.Join(dir, ondisk.FormatName), func([]byte) []byte { return []byte("konseki vault 3\n") })
	if _, err := Open(dir, quiet()); !errors.Is(err, ondisk.ErrIncomplete) || !strings.Contains(err.Error(), "newer") {
		t.Errorf("newer format: %v", err)
	}
	dir = sealedVault(t)
	if err := os.Chmod(filepath.Join(dir, ondisk.KeyName), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, quiet()); !errors.Is(err, ondisk.ErrIncomplete) || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("readable key: %v", err)
	}
}

func TestOpenRefusesToCutSealedRecords(t *testing.T) {
	for _, keep := range []int{0, 90} {
		dir := sealedVault(t)
		editFrames(t, dir, func(f [][]byte) [][]byte { return f[:keep] })
		if _, err := Open(dir, quiet()); !errors.Is(err, seal.ErrTampered) {
			t.Errorf("%d of 100 frames left: %v", keep, err)
		}
	}
}
