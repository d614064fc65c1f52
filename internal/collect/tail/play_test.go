package tail

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// line is the next of the numbered lines, which are all different.
func (b *bench) line(length int) string {
	b.next++
	return "line " + strconv.Itoa(b.next) + strings.Repeat("x", length)
}

// lines writes a line for each length.
func (b *bench) lines(lengths ...int) {
	for _, n := range lengths {
		b.write(b.line(n) + "\n")
	}
}

// halves writes a line that is seen before it is whole.
func (b *bench) halves(length int) {
	line := b.line(length)
	b.write(line[:6])
	b.poll()
	b.write(line[6:] + "\n")
}

// shift makes room for a newly rotated file, and names it.
func (b *bench) shift() string {
	pause(5 * time.Millisecond) // file systems keep times by the tick: what is rotated within one has no order
	for n := 6; n >= 1; n-- {
		for _, ext := range []string{"", ".gz"} {
			from := b.rotated(n) + ext
			if _, err := os.Stat(from); err == nil {
				b.must(os.Rename(from, b.rotated(n+1)+ext))
			}
		}
	}
	return b.rotated(1)
}

func (b *bench) rotated(n int) string { return b.log + "." + strconv.Itoa(n) }

func (b *bench) exists() bool {
	info, err := os.Stat(b.log)
	return err == nil && info.Size() > 0
}

func (b *bench) rotate() {
	if b.exists() {
		b.must(os.Rename(b.log, b.shift()))
	}
}

// pack does what gzip does: the time stays, the original goes.
func (b *bench) pack(n int) {
	path := b.rotated(n)
	info, err := os.Stat(path)
	if err != nil {
		return
	}
	b.must(os.WriteFile(path+".gz", b.packed(path), 0o600))
	b.must(os.Chtimes(path+".gz", info.ModTime(), info.ModTime()))
	b.must(os.Remove(path))
}

func (b *bench) packed(path string) []byte {
	text, err := os.ReadFile(path)
	b.must(err)
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err = z.Write(text)
	b.must(errors.Join(err, z.Close()))
	return out.Bytes()
}

func (b *bench) copyTruncate() {
	if !b.exists() {
		return
	}
	b.copy(b.log, b.shift(), 1<<62)
	b.truncate()
}

// copyTruncateSlowly is looked at while the copy is being made, and after that.
func (b *bench) copyTruncateSlowly() {
	if !b.exists() {
		return
	}
	info, err := os.Stat(b.log)
	b.must(err)
	to := b.shift()
	b.copy(b.log, to, info.Size()/2)
	b.poll()
	b.copy(b.log, to, 1<<62)
	b.poll()
	b.truncate()
}

// packSlowly is looked at while the file is being packed, and after that.
func (b *bench) packSlowly(n int) {
	path := b.rotated(n)
	if _, err := os.Stat(path); err != nil {
		return
	}
	text := b.packed(path)
	b.must(os.WriteFile(path+".gz", text[:len(text)/2], 0o600))
	b.poll()
	b.must(os.WriteFile(path+".gz", text, 0o600))
	b.poll()
	b.pack(n)
}

func (b *bench) truncate() {
	b.must(os.Truncate(b.log, 0))
	pause(5 * time.Millisecond)
}

// copy copies as many bytes of a file.
func (b *bench) copy(from, to string, n int64) {
	in, err := os.Open(from)
	b.must(err)
	out, err := os.Create(to)
	b.must(err)
	_, err = io.Copy(out, io.LimitReader(in, n))
	b.must(errors.Join(err, out.Close(), in.Close()))
}

// killAfterAppend kills between an append and the checkpoint.
func (b *bench) killAfterAppend() {
	type killed struct{}
	func() {
		defer func() {
			if p := recover(); p != nil && p != any(killed{}) {
				panic(p)
			}
		}()
		b.vault.kill = func() { b.vault.mu.Unlock(); defer b.vault.mu.Lock(); panic(killed{}) }
		b.poll()
	}()
	b.vault.kill = nil
	b.kill()
	b.start()
}

// restart kills, does what is done meanwhile, and starts again.
func (b *bench) restart(meanwhile func()) {
	b.kill()
	meanwhile()
	b.start()
}

// check makes sure that no line came twice or before another.
func (b *bench) check() {
	got := b.vault.lines()
	for i, line := range got {
		if i > 0 && number(line) <= number(got[i-1]) {
			b.fatal(line + " comes after " + got[i-1])
		}
	}
}

func number(line string) int {
	n, _ := strconv.Atoi(strings.Trim(strings.TrimPrefix(line, "line "), "x"))
	return n
}

// missing are the numbers of the lines that did not come.
func (b *bench) missing() (out []int) {
	have := map[int]bool{}
	for _, l := range b.vault.lines() {
		have[number(l)] = true
	}
	for i := 1; i <= b.next; i++ {
		if !have[i] {
			out = append(out, i)
		}
	}
	return out
}

// each makes sure that each line has come, once and in order.
func (b *bench) each(t *testing.T) {
	t.Helper()
	b.poll()
	b.check()
	if missing := b.missing(); len(missing) > 0 {
		t.Errorf("of %d lines are missing %v; files %v", b.next, missing, listing(b.dir))
	}
}
