package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/mod/sumdb/note"
)

// spoiled is a copy of a vault to be damaged. What a damage needs and this
// vault does not have makes it not apply.
type spoiled struct {
	t   *testing.T
	dir string
}

type damage struct {
	name string
	harm func(*spoiled) bool // false when it does not apply
}

// unsealed are damages of what no leaf covers, so that one verifier may
// refuse them and the other not look.
func unsealed(name string) bool {
	return slices.Contains([]string{
		"a whole record with a key", "a whole record with a commit", "a restoration under way",
		"a record let go given bytes", "a record of parts let go given bytes",
	}, name)
}

// copy copies the vault with its modes: konseki refuses a keyring that others can read.
func (d *spoiled) copy(from string) {
	d.check(filepath.WalkDir(from, func(name string, e fs.DirEntry, err error) error {
		to := d.dir + strings.TrimPrefix(name, from)
		if err != nil || e.IsDir() {
			return errors.Join(err, os.MkdirAll(to, 0o700))
		}
		content, err := os.ReadFile(name)
		return errors.Join(err, os.WriteFile(to, content, 0o600))
	}))
}

func (d *spoiled) path(name string) string { return filepath.Join(d.dir, name) }

// find gives the files that a pattern matches, in order.
func (d *spoiled) find(pattern string) []string {
	names, err := filepath.Glob(d.path(pattern))
	if err != nil {
		d.t.Fatal(err)
	}
	return names
}

func (d *spoiled) read(name string) []byte {
	b, err := os.ReadFile(name)
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

func (d *spoiled) write(name string, content []byte) bool {
	d.check(os.WriteFile(name, content, 0o600))
	return true
}

func (d *spoiled) check(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// edit changes the n-th file that matches; from the end when n is negative.
func edit(pattern string, n int, change func([]byte) []byte) func(*spoiled) bool {
	return func(d *spoiled) bool {
		names := d.find(pattern)
		if n < 0 {
			n += len(names)
		}
		if n < 0 || n >= len(names) {
			return false
		}
		if content := change(d.read(names[n])); content != nil {
			return d.write(names[n], content)
		}
		return false
	}
}

// flip changes one bit at a share of the length of the file.
func flip(share float64) func([]byte) []byte {
	return func(b []byte) []byte {
		b[int(share*float64(len(b)-1))] ^= 1
		return b
	}
}

func flipAt(at int) func([]byte) []byte {
	return func(b []byte) []byte {
		if at < 0 {
			at += len(b)
		}
		b[at] ^= 1
		return b
	}
}

func cutTo(share float64) func([]byte) []byte {
	return func(b []byte) []byte { return b[:int(share*float64(len(b)))] }
}

func swapText(from, to string) func([]byte) []byte {
	return func(b []byte) []byte {
		if !bytes.Contains(b, []byte(from)) {
			return nil
		}
		return bytes.Replace(b, []byte(from), []byte(to), 1)
	}
}

// remove deletes what matches, the n-th or all when n is 99.
func remove(pattern string, n int) func(*spoiled) bool {
	return func(d *spoiled) bool {
		names := d.find(pattern)
		if n == 99 {
			for _, name := range names {
				d.check(os.RemoveAll(name))
			}
			return len(names) > 0
		}
		if n < 0 {
			n += len(names)
		}
		if n < 0 || n >= len(names) {
			return false
		}
		d.check(os.RemoveAll(names[n]))
		return true
	}
}

// flipAnywhere flips one bit of one byte somewhere in the evidence.
func (d *spoiled) flipAnywhere(seed uint64) bool {
	random := rand.New(rand.NewPCG(seed, 77))
	var names []string
	var sizes []int64
	total := int64(0)
	d.check(filepath.WalkDir(d.dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		names, sizes, total = append(names, name), append(sizes, info.Size()), total+info.Size()
		return err
	}))
	at := random.Int64N(total)
	for i, name := range names {
		if at < sizes[i] {
			b := d.read(name)
			b[at] ^= 1 << random.IntN(8)
			d.t.Logf("seed %d: %s at %d of %d", seed, strings.TrimPrefix(name, d.dir), at, sizes[i])
			return d.write(name, b)
		}
		at -= sizes[i]
	}
	return false
}

func damages() []damage {
	return slices.Concat(fileDamages(), logDamages(), frameDamages(), rowDamages(), ringDamages())
}

// fileDamages are done to whole files and to bytes of them.
func fileDamages() []damage {
	const seg, wal = "segments/*", "wal/*.wal"
	return []damage{
		{"flip in format", edit("format", 0, flip(0.9))},
		{"flip in key.pub's name", edit("key.pub", 0, flip(0.1))},
		{"flip in key.pub's key", edit("key.pub", 0, flip(0.8))},
		{"flip at the start of a segment", edit(seg, 0, flipAt(1))},
		{"flip early in a segment", edit(seg, 1, flip(0.05))},
		{"flip in the middle of a segment", edit(seg, 1, flip(0.4))},
		{"flip late in a segment", edit(seg, 1, flip(0.6))},
		{"flip in the last segment", edit(seg, -1, flip(0.3))},
		{"flip at the end of a segment", edit(seg, 0, flipAt(-1))},
		{"flip in a segment's footer length", edit(seg, 0, flipAt(-8))},
		{"flip in the log file's magic", edit(wal, 0, flipAt(3))},
		{"flip in the log file's first sequence", edit(wal, 0, flipAt(15))},
		{"flip in the log file's key number", edit(wal, 0, flipAt(23))},
		{"flip in the log file's flags", edit(wal, 0, flipAt(27))},
		{"flip in the log file's first length", edit(wal, 0, flipAt(35))},
		{"flip in the log file's first checksum", edit(wal, 0, flipAt(36))},
		{"flip in the log file's first record", edit(wal, 0, flipAt(70))},
		{"flip in the log file's middle", edit(wal, 0, flip(0.5))},
		{"flip at the log file's end", edit(wal, -1, flipAt(-1))},
		{"no segment 1", remove(seg, 0)},
		{"no segment 2", remove(seg, 1)},
		{"no last segment", remove(seg, -1)},
		{"no segments", remove("segments", 0)},
		{"no log file", remove(wal, -1)},
		{"no log files", remove("wal", 0)},
		{"no checkpoint", remove("log/checkpoint", 0)},
		{"no entries", remove("log/tile/entries", 0)},
		{"no hash tiles", remove("log/tile/0", 0)},
		{"no log", remove("log", 0)},
		{"no key.pub", remove("key.pub", 0)},
		{"no format", remove("format", 0)},
		{"no private key", remove("key", 0)},
		{"no lock", remove("lock", 0)},
		{"no log state", remove("log/.state", 0)},
		{"segment cut in half", edit(seg, 1, cutTo(0.5))},
		{"segment cut by a little", edit(seg, 1, cutTo(0.99))},
		{"segment emptied", edit(seg, 0, cutTo(0))},
		{"log file cut in half", edit(wal, -1, cutTo(0.5))},
		{"log file without its last byte", edit(wal, -1, func(b []byte) []byte { return b[:len(b)-1] })},
		{"log file cut to its header", edit(wal, -1, func(b []byte) []byte { return b[:32] })},
		{"log file cut in its header", edit(wal, -1, func(b []byte) []byte { return b[:20] })},
		{"log file emptied", edit(wal, -1, cutTo(0))},
		{"garbage behind the log file", edit(wal, -1, func(b []byte) []byte { return append(b, "garbage of some length"...) })},
		{"zeros behind the log file", edit(wal, -1, func(b []byte) []byte { return append(b, make([]byte, 64)...) })},
		{"garbage behind a segment", edit(seg, 0, func(b []byte) []byte { return append(b, "garbage"...) })},
		{"two segments exchanged", func(d *spoiled) bool {
			s := d.find(seg)
			a, b := d.read(s[0]), d.read(s[1])
			return d.write(s[0], b) && d.write(s[1], a)
		}},
		{"a segment in place of another", func(d *spoiled) bool { s := d.find(seg); return d.write(s[1], d.read(s[0])) }},
		{"a segment under a second name", func(d *spoiled) bool {
			s := d.find(seg)
			return d.write(strings.Replace(s[0], "-0000000000", "-0000000001", 1), d.read(s[0]))
		}},
		{"a segment renamed to more records", func(d *spoiled) bool {
			s := d.find(seg)
			d.check(os.Rename(s[len(s)-1], strings.Replace(s[len(s)-1], "-0000000000", "-0000000001", 1)))
			return true
		}},
		{"a file that is none of the vault's", func(d *spoiled) bool { return d.write(d.path("segments/evil.parquet"), []byte("PAR1")) }},
		{"a text among the segments", func(d *spoiled) bool { return d.write(d.path("segments/README"), []byte("hello")) }},
		{"a file being written", func(d *spoiled) bool { return d.write(d.find(seg)[0]+".part", []byte("half")) }},
		{"a strange file in the log folder", func(d *spoiled) bool { return d.write(d.path("wal/notes.txt"), []byte("hello")) }},
		{"a copy of a segment written again", again(0, 0)},
		{"another segment as one written again", again(0, 1)},
		{"rubbish as a segment written again", func(d *spoiled) bool { return d.write(generation(d.find(seg)[0], ".r7"), []byte("PAR1rubbishPAR1")) }},
		{"a restoration under way", func(d *spoiled) bool { return d.write(d.path("restoring"), nil) }},
		{"format of another number", edit("format", 0, swapText("vault 2", "vault 3"))},
		{"format without its line feed", edit("format", 0, swapText("\n", ""))},
		{"a second public key", edit("key.pub", 0, func(b []byte) []byte { return append(b, strangerKey("konseki/second")+"\n"...) })},
		{"a second public key of another origin", edit("key.pub", 0, func(b []byte) []byte { return append(b, strangerKey("konseki/else")+"\n"...) })},
		{"another public key", edit("key.pub", 0, func([]byte) []byte { return []byte(strangerKey("konseki/second") + "\n") })},
		{"a blank line in key.pub", edit("key.pub", 0, func(b []byte) []byte { return append(b, '\n') })},
	}
}

// generation gives the name of a segment when it was written again.
func generation(name, r string) string {
	stem, rest, _ := strings.Cut(name, ".")
	_ = rest
	if strings.HasSuffix(name, ".age") {
		return stem + r + ".parquet.age"
	}
	return stem + r + ".parquet"
}

func again(as, of int) func(*spoiled) bool {
	return func(d *spoiled) bool {
		s := d.find("segments/*")
		return d.write(generation(s[as], ".r7"), d.read(s[of]))
	}
}

// stranger is a signer of the same name as the vault's log with a key of its own.
func stranger(origin string) (signer note.Signer, public string) {
	private, public, err := note.GenerateKey(zeros{}, origin)
	if err != nil {
		panic(err)
	}
	if signer, err = note.NewSigner(private); err != nil {
		panic(err)
	}
	return signer, public
}

func strangerKey(origin string) string { _, public := stranger(origin); return public }

// zeros makes the stranger's key the same in every run.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// resigned signs a checkpoint's text, after a change, with a strange key.
func resigned(change func(string) string) func([]byte) []byte {
	return func(b []byte) []byte {
		text, _, _ := strings.Cut(string(b), "\n\n")
		signer, _ := stranger("konseki/second")
		out, err := note.Sign(&note.Note{Text: change(text + "\n")}, signer)
		if err != nil {
			panic(err)
		}
		return out
	}
}

func same(s string) string { return s }

// logDamages are done to the checkpoint and the tile log.
func logDamages() []damage {
	const cp, entries = "log/checkpoint", "log/tile/entries/*.p/*"
	last := func(d *spoiled) string { e := d.find(entries); return e[len(e)-1] }
	onEntries := func(change func([][]byte) [][]byte) func(*spoiled) bool {
		return func(d *spoiled) bool {
			for _, name := range d.find(entries) {
				list := split(d.read(name))
				if len(list) > 2 {
					d.write(name, join(change(list)))
				}
			}
			return true
		}
	}
	return []damage{
		{"flip in the checkpoint's origin", edit(cp, 0, flipAt(2))},
		{"flip in the checkpoint's size", edit(cp, 0, flipAt(15))},
		{"flip in the checkpoint's root", edit(cp, 0, flipAt(25))},
		{"flip in the checkpoint's signature", edit(cp, 0, flipAt(-20))},
		{"checkpoint without signature", edit(cp, 0, func(b []byte) []byte { text, _, _ := bytes.Cut(b, []byte("—")); return text })},
		{"checkpoint of a stranger", edit(cp, 0, resigned(same))},
		{"checkpoint with a cosignature", edit(cp, 0, func(b []byte) []byte { return append(b, tailOf(resigned(same)(slices.Clone(b)))...) })},
		{"checkpoint with a broken line", edit(cp, 0, func(b []byte) []byte { return append(b, "— nobody\n"...) })},
		{"checkpoint without its last line feed", edit(cp, 0, func(b []byte) []byte { return b[:len(b)-1] })},
		{"checkpoint of another origin", edit(cp, 0, resigned(func(s string) string { return strings.Replace(s, "second", "secund", 1) }))},
		{"checkpoint emptied", edit(cp, 0, cutTo(0))},
		{"everything signed by a stranger", func(d *spoiled) bool {
			return edit(cp, 0, resigned(same))(d) && d.write(d.path("key.pub"), []byte(strangerKey("konseki/second")+"\n"))
		}},
		{"an older log of fewer batches, signed by a stranger", func(d *spoiled) bool {
			list := split(d.read(last(d)))
			sum := rootOf(list[:6])
			text := "konseki/second\n6\n" + base64.StdEncoding.EncodeToString(sum[:]) + "\n"
			return edit(cp, 0, resigned(func(string) string { return text }))(d) &&
				d.write(d.path("key.pub"), []byte(strangerKey("konseki/second")+"\n"))
		}},
		{"flip in the entries", func(d *spoiled) bool { n := last(d); return d.write(n, flip(0.5)(d.read(n))) }},
		{"flip at the end of the entries", func(d *spoiled) bool { n := last(d); return d.write(n, flipAt(-2)(d.read(n))) }},
		{"entries cut", func(d *spoiled) bool { n := last(d); return d.write(n, cutTo(0.7)(d.read(n))) }},
		{"garbage behind the entries", func(d *spoiled) bool { n := last(d); return d.write(n, append(d.read(n), "garbage"...)) }},
		{"an entry doubled", onEntries(func(e [][]byte) [][]byte { return append(e[:1:1], e...) })},
		{"two entries exchanged", onEntries(func(e [][]byte) [][]byte { e[0], e[1] = e[1], e[0]; return e })},
		{"an entry less", onEntries(func(e [][]byte) [][]byte { return e[1:] })},
		{"an entry changed", onEntries(func(e [][]byte) [][]byte { e[1] = bytes.Replace(e[1], []byte("2026"), []byte("2025"), 1); return e })},
		{"flip in a hash tile", func(d *spoiled) bool {
			for _, n := range d.find("log/tile/0/*.p/*") {
				d.write(n, flip(0.3)(d.read(n)))
			}
			return true
		}},
		{"hash tiles cut", func(d *spoiled) bool {
			for _, n := range d.find("log/tile/0/*.p/*") {
				d.write(n, cutTo(0.3)(d.read(n)))
			}
			return true
		}},
		{"stale tiles gone", func(d *spoiled) bool {
			e := d.find(entries)
			slices.SortFunc(e, func(a, b string) int { return len(a)*1000 - len(b)*1000 + strings.Compare(a, b) })
			for _, n := range e[:len(e)-1] {
				d.check(os.Remove(n))
			}
			return len(e) > 1
		}},
	}
}

func tailOf(b []byte) []byte {
	_, tail, _ := bytes.Cut(b, []byte("\n\n"))
	return tail
}

// split and join are the entries of a bundle, each behind its length.
func split(b []byte) (out [][]byte) {
	for len(b) > 2 {
		n := int(binary.BigEndian.Uint16(b))
		out, b = append(out, b[2:2+n]), b[2+n:]
	}
	return out
}

func join(list [][]byte) (out []byte) {
	for _, e := range list {
		out = append(binary.BigEndian.AppendUint16(out, uint16(len(e))), e...)
	}
	return out
}

// rootOf is the RFC 6962 tree hash over entries.
func rootOf(list [][]byte) [32]byte {
	if len(list) == 1 {
		return sha256.Sum256(append([]byte{0}, list[0]...))
	}
	k := 1
	for k*2 < len(list) {
		k *= 2
	}
	l, r := rootOf(list[:k]), rootOf(list[k:])
	return sha256.Sum256(slices.Concat([]byte{1}, l[:], r[:]))
}

// frames are the records of a log file, each with its eight bytes before.
func frames(b []byte) (head []byte, out [][]byte) {
	head, b = b[:32], b[32:]
	for len(b) >= 8 {
		n := 8 + int(binary.BigEndian.Uint32(b))
		out, b = append(out, slices.Clone(b[:n])), b[n:]
	}
	return head, out
}

func sumFrame(f []byte) {
	binary.BigEndian.PutUint32(f, uint32(len(f)-8))
	binary.BigEndian.PutUint32(f[4:], crc32.Checksum(f[8:], crc32.MakeTable(crc32.Castagnoli)))
}

func onFrames(change func([][]byte) [][]byte) func(*spoiled) bool {
	return edit("wal/*.wal", -1, func(b []byte) []byte {
		head, list := frames(b)
		return append(slices.Clone(head), slices.Concat(change(list)...)...)
	})
}

// frameDamages are done to records in the write-ahead log, their checksums made right again.
func frameDamages() []damage {
	resum := func(at int, change func(f []byte) []byte) func(*spoiled) bool {
		return onFrames(func(f [][]byte) [][]byte {
			f[at] = change(f[at])
			sumFrame(f[at])
			return f
		})
	}
	return []damage{
		{"a frame less", onFrames(func(f [][]byte) [][]byte { return slices.Delete(f, 3, 4) })},
		{"the first frame less", onFrames(func(f [][]byte) [][]byte { return f[1:] })},
		{"the last frame less", onFrames(func(f [][]byte) [][]byte { return f[:len(f)-1] })},
		{"two frames exchanged", onFrames(func(f [][]byte) [][]byte { f[1], f[2] = f[2], f[1]; return f })},
		{"a frame doubled", onFrames(func(f [][]byte) [][]byte { return slices.Insert(f, 1, f[1]) })},
		{"the last frame doubled", onFrames(func(f [][]byte) [][]byte { return append(f, f[len(f)-1]) })},
		{"a record changed in the log", resum(2, flipAt(-3))},
		{"a record's time changed in the log", resum(2, flipAt(8+15))},
		{"a record's sequence changed in the log", resum(2, flipAt(8+7))},
		{"a record's source changed in the log", resum(2, flipAt(8+21))},
		{"a record longer in the log", resum(2, func(f []byte) []byte { return append(f, 'x') })},
		{"a record shorter in the log", resum(2, func(f []byte) []byte { return f[:len(f)-1] })},
		{"a record of impossible length in the log", resum(2, func(f []byte) []byte { return f[:20] })},
		{"a record added to the log with a gap", onFrames(func(f [][]byte) [][]byte {
			more := slices.Clone(f[len(f)-1])
			binary.BigEndian.PutUint64(more[8:], binary.BigEndian.Uint64(more[8:])+5)
			sumFrame(more)
			return append(f, more)
		})},
		{"an old frame at the end of the log", onFrames(func(f [][]byte) [][]byte { return append(f, f[0]) })},
		{"a tail and then an old frame", onFrames(func(f [][]byte) [][]byte {
			more := slices.Clone(f[len(f)-1])
			binary.BigEndian.PutUint64(more[8:], binary.BigEndian.Uint64(more[8:])+1)
			sumFrame(more)
			return append(f, more, f[0])
		})},
		{"a tail doubled", onFrames(func(f [][]byte) [][]byte {
			more := slices.Clone(f[len(f)-1])
			binary.BigEndian.PutUint64(more[8:], binary.BigEndian.Uint64(more[8:])+1)
			sumFrame(more)
			return append(f, more, more)
		})},
		{"a record added to the log", onFrames(func(f [][]byte) [][]byte {
			more := slices.Clone(f[len(f)-1])
			binary.BigEndian.PutUint64(more[8:], binary.BigEndian.Uint64(more[8:])+1)
			sumFrame(more)
			return append(f, more)
		})},
	}
}

// row is a row of a segment as docs/format.md gives it.
type row struct {
	Seq       uint64 `parquet:"seq,delta"`
	Received  int64  `parquet:"received,delta,timestamp(nanosecond)"`
	Source    string `parquet:"source,dict"`
	Transport string `parquet:"transport,dict"`
	Form      int32  `parquet:"form,dict"`
	Key       string `parquet:"key,dict"`
	Commit    []byte `parquet:"commit"`
	Raw       []byte `parquet:"raw"`
	Check     int32  `parquet:"check"`
}

// rewrite writes a segment again with other rows or metadata; encrypted ones are left alone.
func rewrite(change func(rows []row, notes map[string]string) []row) func(*spoiled) bool {
	return func(d *spoiled) bool {
		names := d.find("segments/*.parquet")
		if len(names) < 2 {
			return false
		}
		content := d.read(names[1])
		f, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
		d.check(err)
		notes := map[string]string{}
		for _, kv := range f.Metadata().KeyValueMetadata {
			notes[kv.Key] = kv.Value
		}
		rows, err := parquet.Read[row](bytes.NewReader(content), int64(len(content)))
		d.check(err)
		if rows = change(rows, notes); rows == nil {
			return false
		}
		var out bytes.Buffer
		opts := []parquet.WriterOption{parquet.Compression(&parquet.Zstd)}
		for k, v := range notes {
			opts = append(opts, parquet.KeyValueMetadata(k, v))
		}
		w := parquet.NewGenericWriter[row](&out, opts...)
		_, err = w.Write(rows)
		d.check(err)
		d.check(w.Close())
		return d.write(names[1], out.Bytes())
	}
}

// one changes one row that has the form; 0 is any.
func one(form int32, change func(*row)) func(*spoiled) bool {
	return rewrite(func(rows []row, _ map[string]string) []row {
		for i := len(rows) / 2; i < len(rows); i++ {
			if form == 0 || rows[i].Form == form {
				change(&rows[i])
				return rows
			}
		}
		return nil
	})
}

func rows(change func([]row) []row) func(*spoiled) bool {
	return rewrite(func(r []row, _ map[string]string) []row { return change(r) })
}

// rowDamages are done to records in segments.
func rowDamages() []damage {
	let := func(form int32) func(r *row) {
		return func(r *row) {
			if r.Form == 1 {
				sum := sha256.Sum256(r.Raw)
				r.Commit = sum[:]
			}
			r.Form, r.Key, r.Raw = form, "", nil
		}
	}
	return []damage{
		{"a segment written by another program", rows(func(r []row) []row { return r })},
		{"a record's bytes changed", one(0, func(r *row) { r.Raw = append(r.Raw, 'x') })},
		{"a whole record's bytes changed", one(1, func(r *row) { r.Raw[3] ^= 1 })},
		{"a record in parts changed", one(2, func(r *row) { r.Raw[3] ^= 1 })},
		{"a record in parts with another secret", one(2, func(r *row) { r.Commit[3] ^= 1 })},
		{"a record under a key with another content", one(3, func(r *row) { r.Commit[3] ^= 1 })},
		{"a record under a key changed", one(3, func(r *row) { r.Raw[20] ^= 1 })},
		{"a record under a key emptied", one(3, func(r *row) { r.Raw = nil })},
		{"a record under another key", one(3, func(r *row) { r.Key = "records else" })},
		{"a record without its key's name", one(3, func(r *row) { r.Key = "" })},
		{"a record let go changed", one(4, func(r *row) { r.Commit[3] ^= 1 })},
		{"a record let go given bytes", one(4, func(r *row) { r.Raw = []byte("forged") })},
		{"a record of parts let go given bytes", one(5, func(r *row) { r.Raw = []byte("forged") })},
		{"a record let go made whole", one(4, func(r *row) { r.Form, r.Raw, r.Commit = 1, []byte("forged"), nil })},
		{"a record's form 1 made 4, undeclared", one(1, let(4))},
		{"a record's form 2 made 5, undeclared", one(2, func(r *row) { r.Commit, r.Raw, r.Form = make([]byte, 32), nil, 5 })},
		{"a record's form 3 made 5, undeclared", one(3, let(5))},
		{"a record's form 4 made 5", one(4, func(r *row) { r.Form = 5 })},
		{"a record's form 5 made 4", one(5, func(r *row) { r.Form = 4 })},
		{"a record of no known form", one(0, func(r *row) { r.Form = 6 })},
		{"a whole record with a commit", one(1, func(r *row) { r.Commit = make([]byte, 32) })},
		{"a whole record with a key", one(1, func(r *row) { r.Key = "records vpn" })},
		{"a record's source changed", one(0, func(r *row) { r.Source += "x" })},
		{"a record's transport changed", one(0, func(r *row) { r.Transport = "" })},
		{"a record received a nanosecond later", one(0, func(r *row) { r.Received++ })},
		{"a wrong check", one(0, func(r *row) { r.Check ^= 1 })},
		{"a record's sequence changed", one(0, func(r *row) { r.Seq += 1000 })},
		{"two records exchanged", rows(func(r []row) []row { r[1], r[2] = r[2], r[1]; return r })},
		{"two records' sequences exchanged", rows(func(r []row) []row { r[1].Seq, r[2].Seq = r[2].Seq, r[1].Seq; return r })},
		{"two records of two batches exchanged", rows(func(r []row) []row {
			n := len(r) - 1
			r[1].Seq, r[n].Seq = r[n].Seq, r[1].Seq
			r[1], r[n] = r[n], r[1]
			return r
		})},
		{"a record removed", rows(func(r []row) []row { return slices.Delete(r, 5, 6) })},
		{"the first record removed", rows(func(r []row) []row { return r[1:] })},
		{"the last record removed", rows(func(r []row) []row { return r[:len(r)-1] })},
		{"a record doubled", rows(func(r []row) []row { return slices.Insert(r, 5, r[5]) })},
		{"a record added", rows(func(r []row) []row { more := r[len(r)-1]; more.Seq++; return append(r, more) })},
		{"all records removed", rows(func([]row) []row { return []row{} })},
		{"twenty records removed and called dropped", rewrite(func(r []row, notes map[string]string) []row {
			notes["konseki.dropped"] = span(r[0].Seq, r[19].Seq)
			return r[20:]
		})},
		{"records called dropped that are there", rewrite(func(r []row, notes map[string]string) []row {
			notes["konseki.dropped"] = span(r[0].Seq, r[19].Seq)
			return r
		})},
		{"dropped not said", rewrite(func(r []row, notes map[string]string) []row {
			if notes["konseki.dropped"] == "" {
				return nil
			}
			delete(notes, "konseki.dropped")
			return r
		})},
		{"dropped nonsense", rewrite(func(r []row, notes map[string]string) []row { notes["konseki.dropped"] = "many"; return r })},
		{"raw_bytes wrong", rewrite(func(r []row, notes map[string]string) []row { notes["konseki.raw_bytes"] = "7"; return r })},
		{"no metadata", rewrite(func(r []row, notes map[string]string) []row { clear(notes); return r })},
	}
}

// ringDamages are done to the keyring.
func ringDamages() []damage {
	line := func(name string, change func(string) string) func(*spoiled) bool {
		return edit("keyring", 0, func(b []byte) []byte {
			if !bytes.HasPrefix(b, []byte("konseki keyring")) || !bytes.Contains(b, []byte(name)) {
				return nil
			}
			var out strings.Builder
			for l := range strings.Lines(string(b)) {
				if strings.Contains(l, name) {
					l = change(l)
				}
				out.WriteString(l)
			}
			return []byte(out.String())
		})
	}
	gone := func(string) string { return "" }
	destroyed := func(l string) string {
		i, j := strings.Index(l, `"secret":"`), strings.LastIndex(l, `"`)
		if i < 0 {
			return l
		}
		return l[:i] + `"destroyed":"2026-03-01T02:00:00Z` + l[j:]
	}
	return []damage{
		{"no keyring", remove("keyring", 0)},
		{"keyring emptied", edit("keyring", 0, cutTo(0))},
		{"flip in the keyring", edit("keyring", 0, flip(0.5))},
		{"flip in the keyring's first line", edit("keyring", 0, flipAt(3))},
		{"a key of records gone from the keyring", line("records vpn", gone)},
		{"a key of records destroyed and nothing said", line("records vpn", destroyed)},
		{"a key of a file gone from the keyring", line("file 000000000061", gone)},
		{"a key of a file destroyed and nothing said", line("file 000000000061", destroyed)},
	}
}

func span(first, last uint64) string { return fmt.Sprintf("%d-%d", first, last) }
