package collect

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/konseki/konseki/internal/event"
)

// folder writes files into a new folder; a nil content makes a folder.
func folder(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func imported(t testing.TB, opts ImportOptions, paths ...string) ([]File, []event.Record) {
	t.Helper()
	var m memory
	files, err := Import(t.Context(), &m, paths, opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	return files, m.Recs
}

// brief gives "path records error" lines.
func brief(files []File) []string {
	var out []string
	for _, f := range files {
		s := fmt.Sprintf("%s %d", f.Path, f.Records)
		if f.Duplicate {
			s += " duplicate"
		}
		if f.Error != "" {
			s += " !"
		}
		out = append(out, s)
	}
	return out
}

func gz(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

type member struct {
	name, data string
	mode       os.FileMode
}

func zipped(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		h := &zip.FileHeader{Name: m.name, Method: zip.Deflate}
		h.SetMode(m.mode | 0o644)
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, m.data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Mode: 0o644, Size: int64(len(m.data)), Typeflag: tar.TypeReg}
		if m.mode&os.ModeSymlink != 0 {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, "/etc/passwd", 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, m.data[:h.Size])
	}
	w.Close()
	return b.Bytes()
}

func sumHex(data string) string {
	sum := sha256.Sum256([]byte(data))
	return hex.EncodeToString(sum[:])
}

func TestImportReadsFoldersAndArchives(t *testing.T) {
	zs, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	inner := tarred(t, member{name: "d/e.log", data: "e1\ne2\n"}, member{name: "f.log.gz", data: string(gz([]byte("f\n")))})
	dir := folder(t, map[string][]byte{
		"b.log":       []byte("b1\nb2"),
		"a/a.log":     []byte("a\n"),
		"empty.log":   nil,
		"c.log.gz":    append(gz([]byte("c1\nc")), gz([]byte("2\nc3\n"))...), // two members
		"d.bin":       zs.EncodeAll([]byte("zstd\n"), nil),
		"t.tar.gz":    gz(inner),
		"z.zip":       zipped(t, member{name: "x/y.log", data: "y1\ny2\n"}, member{name: "in.tar", data: string(tarred(t, member{name: "deep.log", data: "deep\n"}))}),
		"zz.zip":      zipped(t),
		"konseki.yml": []byte("skip: me\n"),
	})
	var told []string
	var m memory
	files, err := Import(t.Context(), &m, []string{dir}, ImportOptions{
		Place: func(path string, _ event.Shape) Place {
			return Place{Source: "server", Skip: path == "konseki.yml"}
		},
	}, func(f File) { told = append(told, f.Path) })
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"a/a.log 1", "b.log 2", "c.log.gz 3", "d.bin 1", "empty.log 0",
		"t.tar.gz!d/e.log 2", "t.tar.gz!f.log.gz 1", "z.zip!x/y.log 2", "z.zip!in.tar!deep.log 1", "zz.zip 0",
	}
	if diff := cmp.Diff(want, brief(files)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("a b1 b2 c1 c2 c3 zstd e1 e2 f y1 y2 deep", strings.Join(raws(m.Recs), " ")); diff != "" {
		t.Error(diff)
	}
	if len(told) != len(files) {
		t.Errorf("told of %d files, returned %d", len(told), len(files))
	}
	c := files[2]
	if c.SHA256 != sumHex("c1\nc2\nc3\n") || c.ID != c.SHA256[:16] || c.Bytes != 9 || c.First != 4 || c.Last != 6 || c.Source != "server" {
		t.Errorf("%+v", c)
	}
}

func TestImportWritesTheTransport(t *testing.T) {
	dir := folder(t, map[string][]byte{"利用者.csv": []byte("日時,利用者\n1,2\n")})
	files, recs := imported(t, ImportOptions{
		Recognise: func(name string, head []byte) event.Shape {
			if name != "利用者.csv" || string(head) != "日時,利用者\n1,2\n" {
				t.Errorf("Recognise(%q, %q)", name, head)
			}
			return event.Shape{Format: "csv", Framing: event.FrameCSV, Columns: []string{"日時", "a,b"}, Encoding: "shift_jis"}
		},
		Place: func(path string, shape event.Shape) Place {
			return Place{
				Source: "hr", Zone: "Asia/Tokyo", ZoneFrom: "configured", Host: "pc1",
				Reference: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
			}
		},
	}, filepath.Join(dir, "利用者.csv"))
	if len(recs) != 2 {
		t.Fatal(brief(files))
	}
	got := event.ParseTransport(recs[0].Transport)
	want := event.Transport{Kind: "file", Hints: []event.Hint{
		{Key: "id", Value: files[0].ID}, {Key: "path", Value: "利用者.csv"}, {Key: "format", Value: "csv"},
		{Key: "columns", Value: "%E6%97%A5%E6%99%82,a%2Cb"}, {Key: "enc", Value: "shift_jis"},
		{Key: "tz", Value: "Asia/Tokyo"}, {Key: "tzfrom", Value: "configured"}, {Key: "ref", Value: "2026-03-01T00:00:00Z"}, {Key: "host", Value: "pc1"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if recs[0].Received.IsZero() || !recs[0].Received.Equal(recs[1].Received) || recs[0].Source != "hr" {
		t.Errorf("%+v", recs)
	}
}

func TestImportKnowsDuplicates(t *testing.T) {
	dir := folder(t, map[string][]byte{"a": []byte("x\n"), "b": []byte("x\n"), "c": gz([]byte("known\n")), "d": nil, "e": nil})
	opts := ImportOptions{Known: func(sum string) bool { return sum == sumHex("known\n") }}
	files, _ := imported(t, opts, dir)
	if diff := cmp.Diff([]string{"a 1", "b 0 duplicate", "c 0 duplicate", "d 0", "e 0"}, brief(files)); diff != "" {
		t.Error(diff)
	}
	opts.Again = true
	files, _ = imported(t, opts, dir)
	if diff := cmp.Diff([]string{"a 1", "b 1", "c 1", "d 0", "e 0"}, brief(files)); diff != "" {
		t.Error(diff)
	}
}

func TestImportKeepsWhatATruncatedGzipHolds(t *testing.T) {
	var text strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&text, "line %d %x\n", i, i*7919)
	}
	whole := gz([]byte(text.String()))
	dir := folder(t, map[string][]byte{
		"cut.gz":    whole[:len(whole)/2],
		"flip.gz":   append(append([]byte{}, whole[:len(whole)-8]...), 0, 0, 0, 0, 0, 0, 0, 0),
		"header.gz": []byte("\x1f\x8b\x08"),
		"in.zip":    zipped(t, member{name: "cut.gz", data: string(whole[:len(whole)/3])}, member{name: "ok", data: "ok\n"}),
		"ok.log":    []byte("fine\n"),
	})
	files, recs := imported(t, ImportOptions{}, dir)
	for _, f := range files[:2] {
		if f.Error == "" || f.Records < 50_000 || f.Bytes == 0 {
			t.Errorf("%+v", f)
		}
	}
	if got := brief(files[2:]); got[0] != "header.gz 0 !" || !strings.HasSuffix(got[1], "!") || got[2] != "in.zip!ok 1" || got[3] != "ok.log 1" {
		t.Errorf("%q", got)
	}
	for i, r := range recs[:1000] {
		if want := fmt.Sprintf("line %d %x", i, i*7919); string(r.Raw) != want {
			t.Fatalf("record %d is %q, want %q", i, r.Raw, want)
		}
	}
}

func TestImportStopsBombs(t *testing.T) {
	zeros := string(make([]byte, 4<<20))
	limits := Limits{RatioFrom: 1 << 20, MaxRatio: 50}
	many := make([]member, 30)
	for i := range many {
		many[i] = member{name: fmt.Sprintf("m%02d", i), data: zeros[:100<<10] + fmt.Sprint(i)}
	}
	for name, data := range map[string][]byte{
		"bomb.gz":       gz([]byte(zeros)),
		"bomb.zip":      zipped(t, member{name: "zeros", data: zeros}, member{name: "after", data: zeros + "x"}),
		"layered.gz":    gz(gz([]byte(zeros))),
		"bomb.tar.gz":   gz(tarred(t, member{name: "zeros", data: zeros})),
		"crowd.zip":     zipped(t, many...),
		"zip.in.zip":    zipped(t, member{name: "in.zip", data: string(zipped(t, member{name: "zeros", data: zeros}))}),
		"zip.in.tar.gz": gz(tarred(t, member{name: "in.zip", data: string(zipped(t, member{name: "zeros", data: zeros}))})),
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, map[string][]byte{name: data, "zz.log": []byte("after\n")})
			files, recs := imported(t, ImportOptions{Limits: limits}, dir)
			n := len(files)
			if bomb := files[n-2]; n > 32 || !strings.Contains(bomb.Error, ErrBomb.Error()) {
				t.Errorf("%d files: %+v", n, bomb)
			}
			if last := files[n-1]; last.Path != "zz.log" || last.Records != 1 || recs[len(recs)-1].Seq != last.First {
				t.Errorf("the file after: %+v", last)
			}
		})
	}
}

func TestImportRefusesMembersThatLeaveTheArchive(t *testing.T) {
	members := []member{
		{name: "../up.log", data: "1\n"}, {name: "/etc/cron.d/x", data: "2\n"}, {name: `..\..\up.log`, data: "3\n"},
		{name: "C:/x.log", data: "4\n"}, {name: "a/../../x", data: "5\n"}, {name: "ok/../fine.log", data: "fine\n"},
		{name: "link", data: "/etc/passwd", mode: os.ModeSymlink},
	}
	dir := folder(t, map[string][]byte{"a.zip": zipped(t, members...), "b.tar": tarred(t, members...)})
	files, recs := imported(t, ImportOptions{Again: true}, dir)
	if diff := cmp.Diff([]string{"fine", "fine"}, raws(recs)); diff != "" {
		t.Error(diff)
	}
	if len(files) != 14 {
		t.Fatal(brief(files))
	}
	for _, f := range files {
		leaves := !strings.HasSuffix(f.Path, "fine.log") && !strings.HasSuffix(f.Path, "!link")
		if leaves != (f.Error == ErrLeaves.Error()) {
			t.Errorf("%s: %q", f.Path, f.Error)
		}
		if strings.HasSuffix(f.Path, "!link") && f.Error != ErrSymlink.Error() {
			t.Errorf("%s: %q", f.Path, f.Error)
		}
	}
}

func TestImportBoundsMembersAndDepth(t *testing.T) {
	five := make([]member, 5)
	for i := range five {
		five[i] = member{name: fmt.Sprint(i), data: fmt.Sprintln(i)}
	}
	nested := []byte("deep\n")
	for range 5 {
		nested = zipped(t, member{name: "in", data: string(nested)})
	}
	dir := folder(t, map[string][]byte{"five.zip": zipped(t, five...), "five.tar": tarred(t, five...)})
	files, recs := imported(t, ImportOptions{Limits: Limits{MaxMembers: 3}, Again: true}, dir)
	if diff := cmp.Diff([]string{"0", "1", "2", "0", "1", "2"}, raws(recs)); diff != "" {
		t.Error(diff)
	}
	for _, i := range []int{3, 7} {
		if files[i].Error != ErrMembers.Error() {
			t.Errorf("%+v", files[i])
		}
	}
	files, _ = imported(t, ImportOptions{}, folder(t, map[string][]byte{"nest.zip": nested})+"/nest.zip")
	if last := files[len(files)-1]; last.Error != ErrDepth.Error() || last.Path != "nest.zip!in!in!in!in" {
		t.Errorf("%+v", last)
	}
}

func TestImportRefusesWhatIsNoFile(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.log": []byte("a\n")})
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "b.link")); err != nil {
		t.Skip(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "c.pipe"), 0o600); err != nil {
		t.Skip(err)
	}
	files, _ := imported(t, ImportOptions{}, dir, "/dev/zero", filepath.Join(dir, "absent"))
	if diff := cmp.Diff([]string{"a.log 1", "b.link 0 !", "c.pipe 0 !", "zero 0 !", "absent 0 !"}, brief(files)); diff != "" {
		t.Error(diff)
	}
	if files[1].Error != ErrSymlink.Error() || files[2].Error != ErrNotRegular.Error() || files[3].Error != ErrNotRegular.Error() {
		t.Errorf("%+v", files)
	}
}

func TestImportRefusesKonsekisOwnSources(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.log": []byte("a\n")})
	for _, source := range []string{"", "konseki.case", "Konseki.case"} {
		files, recs := imported(t, ImportOptions{Place: func(string, event.Shape) Place { return Place{Source: source} }}, dir)
		if len(recs) != 0 || files[0].Error == "" {
			t.Errorf("source %q: %+v", source, files)
		}
	}
}

func TestImportCutsALineOf50MB(t *testing.T) {
	line := strings.Repeat("0123456789", 5<<20)
	dir := folder(t, map[string][]byte{"long.log": []byte("before\n" + line + "\nafter\n"), "value.json": []byte(`["` + line + `"]`)})
	files, recs := imported(t, ImportOptions{Recognise: func(name string, _ []byte) event.Shape {
		if name == "value.json" {
			return event.Shape{Framing: event.FrameJSON}
		}
		return event.Shape{}
	}}, dir)
	var long strings.Builder
	for _, r := range recs[1:51] {
		if len(r.Raw) > 1<<20 {
			t.Fatalf("a record of %d bytes", len(r.Raw))
		}
		long.Write(r.Raw)
	}
	if long.String() != line || string(recs[51].Raw) != "after" {
		t.Error("the line is not whole again")
	}
	if part := event.ParseTransport(recs[50].Transport).Get("part"); part != "50" {
		t.Errorf("part=%s", part)
	}
	if files[1].Records != 51 || files[1].Error != "" {
		t.Errorf("%+v", files[1])
	}
}

func TestImportKeepsBinaryAndInvalidText(t *testing.T) {
	data := []byte("\x00\x01\xff\xfe\n\xc3\x28\n\x00")
	dir := folder(t, map[string][]byte{"x.bin": data, "y.log": data[4:]})
	_, recs := imported(t, ImportOptions{Recognise: func(name string, _ []byte) event.Shape {
		if name == "x.bin" {
			return event.Shape{Framing: event.FrameBinary}
		}
		return event.Shape{}
	}}, dir)
	if diff := cmp.Diff([]string{string(data), "", "\xc3\x28", "\x00"}, raws(recs)); diff != "" {
		t.Error(diff)
	}
}

func TestImportReadsJapaneseNamesInZips(t *testing.T) {
	name := string([]byte{0x8e, 0x96, 0x8c, 0x8f}) + "/a.log" // 事件 in Shift_JIS
	dir := folder(t, map[string][]byte{"a.zip": zipped(t, member{name: name, data: "a\n"})})
	files, _ := imported(t, ImportOptions{}, dir)
	if got := brief(files); got[0] != "a.zip!事件/a.log 1" {
		t.Error(got)
	}
}

func TestImportReportsWhatWasAcknowledgedWhenTheDiskIsFull(t *testing.T) {
	var text bytes.Buffer
	for i := range 20_000 {
		fmt.Fprintln(&text, "line", i)
	}
	dir := folder(t, map[string][]byte{"a.log": []byte("first\n"), "b.log": text.Bytes(), "c.log": []byte("never\n")})
	m := memory{Fail: func(call int) error {
		if call == 3 {
			return fmt.Errorf("wal: %w", syscall.ENOSPC)
		}
		return nil
	}}
	files, err := Import(t.Context(), &m, []string{dir}, ImportOptions{}, nil)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v", err)
	}
	if len(files) != 2 || files[0].Records != 1 || files[1].Records != 2*batchRecords-1 || files[1].Last != uint64(len(m.Recs)) || files[1].Error == "" {
		t.Errorf("%+v", files)
	}
}

func TestImportEndsWithItsContext(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.log": bytes.Repeat([]byte("line\n"), 100_000)})
	ctx, cancel := context.WithCancel(t.Context())
	var calls atomic.Int64
	m := memory{Before: func() {
		if calls.Add(1) == 3 {
			cancel()
		}
	}}
	files, err := Import(ctx, &m, []string{dir, dir}, ImportOptions{}, nil)
	if !errors.Is(err, context.Canceled) || len(files) != 1 || files[0].Records != int64(len(m.Recs)) {
		t.Errorf("%v, %+v, %d records", err, files, len(m.Recs))
	}
}

func TestImportNoticesAFileThatChanges(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789abcde\n"), 1<<17) // larger than what is read once
	dir := folder(t, map[string][]byte{"a.log": text})
	files, recs := imported(t, ImportOptions{Recognise: func(string, []byte) event.Shape {
		changed := bytes.Replace(text, []byte("9a"), []byte("XX"), 1)
		if err := os.WriteFile(filepath.Join(dir, "a.log"), changed, 0o644); err != nil {
			t.Fatal(err)
		}
		return event.Shape{}
	}}, dir)
	if files[0].Error != ErrChanged.Error() || len(recs) != 1<<17 {
		t.Errorf("%+v", files[0])
	}
}

func TestImportTellsItsProgress(t *testing.T) {
	big := bytes.Repeat([]byte("some line of text\n"), 300_000)
	dir := folder(t, map[string][]byte{"a.log": big, "b.gz": gz(big)})
	var last Progress
	calls := 0
	imported(t, ImportOptions{Again: true, Progress: func(p Progress) {
		if p.Done < last.Done || p.Done > p.Total {
			t.Errorf("%+v after %+v", p, last)
		}
		last = p
		calls++
	}}, dir)
	if last.Done != last.Total || last.Records != 600_000 || calls < 2 {
		t.Errorf("%+v in %d calls", last, calls)
	}
}

func TestImportStaysSmall(t *testing.T) {
	line := []byte("2026-03-01T12:00:00+09:00 host prog[1]: message of some length\n")
	dir := folder(t, map[string][]byte{"a.tar": tarred(t, member{name: "a.log", data: string(bytes.Repeat(line, 1_500_000))})})
	var peak uint64
	m := memory{Drop: true, Before: func() {
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		peak = max(peak, s.HeapInuse)
	}}
	runtime.GC()
	if _, err := Import(t.Context(), &m, []string{dir}, ImportOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	if peak > 64<<20+uint64(len(line))*1_500_000*2 {
		t.Errorf("heap of %d MiB", peak>>20)
	}
	if m.Size != 1_500_000 {
		t.Errorf("%d records", m.Size)
	}
}

// FuzzArchive: nothing in an archive may crash or hang the import.
func FuzzArchive(f *testing.F) {
	f.Add(gz([]byte("a\nb\n")))
	f.Add(zipped(f, member{name: "a", data: "1\n"}, member{name: "../b", data: "2\n"}))
	f.Add(tarred(f, member{name: "a", data: "1\n"}))
	f.Add(gz(tarred(f, member{name: "a", data: "1\n"})))
	f.Add(zipped(f, member{name: "a.gz", data: string(gz([]byte("x")))}))
	f.Add([]byte("BZh91AY&SY"))
	f.Add([]byte("\x28\xb5\x2f\xfd\x04\x00\x09\x00\x00a\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(dir, "in")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		m := memory{}
		limits := Limits{MaxUnpacked: 1 << 20, RatioFrom: 1 << 20, MaxMembers: 100}
		files, err := Import(t.Context(), &m, []string{path}, ImportOptions{Limits: limits}, nil)
		if err != nil || len(files) == 0 {
			t.Fatalf("%v, %d files", err, len(files))
		}
		var n int64
		for _, file := range files {
			n += file.Records
		}
		if n != int64(len(m.Recs)) {
			t.Fatalf("%d records in the summary, %d stored", n, len(m.Recs))
		}
	})
}

func BenchmarkImportLines(b *testing.B) {
	line := []byte("203.0.113.7 - - [01/Mar/2026:12:00:00 +0900] \"GET /index.html HTTP/1.1\" 200 512\n")
	const n = 1_000_000
	dir := folder(b, map[string][]byte{"a.log": bytes.Repeat(line, n)})
	b.SetBytes(int64(len(line)) * n)
	for b.Loop() {
		m := memory{Drop: true}
		if _, err := Import(b.Context(), &m, []string{dir}, ImportOptions{}, nil); err != nil || m.Size != n {
			b.Fatal(err, m.Size)
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkImportJSON(b *testing.B) {
	line := []byte(`{"time":"2026-03-01T12:00:00+09:00","host":"web1","user":"hanako","src":"203.0.113.7","path":"/index.html","status":200}` + "\n")
	const n = 500_000
	dir := folder(b, map[string][]byte{"a.json.gz": gz(bytes.Repeat(line, n))})
	b.SetBytes(int64(len(line)) * n)
	opts := ImportOptions{Limits: Limits{MaxRatio: 1 << 20}, Recognise: func(string, []byte) event.Shape { return event.Shape{Framing: event.FrameJSON} }}
	for b.Loop() {
		m := memory{Drop: true}
		if _, err := Import(b.Context(), &m, []string{dir}, opts, nil); err != nil || m.Size != n {
			b.Fatal(err, m.Size)
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "records/s")
}
