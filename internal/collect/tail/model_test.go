package tail

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// model is a log that is written and rotated while it is followed.
type model struct {
	*bench
	t    *rapid.T
	next int
}

func (m *model) line() string {
	m.next++
	return "line " + strconv.Itoa(m.next) + strings.Repeat("x", rapid.IntRange(0, 300).Draw(m.t, "length"))
}

func (m *model) Write(*rapid.T) {
	for range rapid.IntRange(1, 12).Draw(m.t, "lines") {
		m.write(m.line() + "\n")
	}
}

// WriteInHalves writes a line that is seen before it is whole.
func (m *model) WriteInHalves(*rapid.T) {
	line := m.line()
	m.write(line[:6])
	m.poll()
	m.write(line[6:] + "\n")
}

func (m *model) Poll(*rapid.T) { m.poll() }

// shift makes room for a newly rotated file, and names it.
func (m *model) shift(suffix string) string {
	pause(5 * time.Millisecond) // file systems keep times by the tick: what is rotated within one has no order
	for n := 6; n >= 1; n-- {
		for _, ext := range []string{"", ".gz"} {
			from := m.log + "." + strconv.Itoa(n) + ext
			if _, err := os.Stat(from); err == nil {
				m.must(os.Rename(from, m.log+"."+strconv.Itoa(n+1)+ext))
			}
		}
	}
	return m.log + ".1" + suffix
}

func (m *model) RotateByRename(*rapid.T) {
	if m.exists() {
		m.must(os.Rename(m.log, m.shift("")))
	}
}

func (m *model) exists() bool {
	info, err := os.Stat(m.log)
	return err == nil && info.Size() > 0
}

func (m *model) Compress(*rapid.T) {
	n := rapid.IntRange(1, 3).Draw(m.t, "which")
	pack(m.must, m.log+"."+strconv.Itoa(n))
}

// pack does what gzip does: the time stays, the original goes.
func pack(must func(error), path string) {
	info, err := os.Stat(path)
	if err != nil {
		return
	}
	b, err := os.ReadFile(path)
	must(err)
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err = z.Write(b)
	must(errors.Join(err, z.Close(), os.WriteFile(path+".gz", out.Bytes(), 0o600)))
	must(os.Chtimes(path+".gz", info.ModTime(), info.ModTime()))
	must(os.Remove(path))
}

func (m *model) CopyTruncate(*rapid.T) {
	if !m.exists() {
		return
	}
	to := m.shift("")
	in, err := os.Open(m.log)
	m.must(err)
	out, err := os.Create(to)
	m.must(err)
	_, err = io.Copy(out, in)
	m.must(errors.Join(err, out.Close(), in.Close()))
	m.must(os.Truncate(m.log, 0))
	pause(5 * time.Millisecond)
}

func (m *model) KillAfterAppend(*rapid.T) {
	if m.tailer == nil {
		return
	}
	type killed struct{}
	func() {
		defer func() {
			if p := recover(); p != nil && p != any(killed{}) {
				panic(p)
			}
		}()
		m.vault.kill = func() { m.vault.mu.Unlock(); defer m.vault.mu.Lock(); panic(killed{}) }
		m.poll()
	}()
	m.vault.kill = nil
	m.kill()
	m.start()
}

func (m *model) Kill(*rapid.T) {
	m.kill()
	for range rapid.IntRange(0, 3).Draw(m.t, "meanwhile") {
		switch rapid.IntRange(0, 4).Draw(m.t, "what") {
		case 0, 1:
			m.Write(nil)
		case 2:
			m.RotateByRename(nil)
		case 3:
			m.Compress(nil)
		case 4:
			m.CopyTruncate(nil)
		}
	}
	m.start()
}

func (m *model) check() {
	got := m.vault.lines()
	for i, line := range got {
		if i > 0 && number(line) <= number(got[i-1]) {
			m.t.Fatalf("%q comes after %q", line, got[i-1])
		}
	}
}

func number(line string) int {
	n, _ := strconv.Atoi(strings.Trim(strings.TrimPrefix(line, "line "), "x"))
	return n
}

func TestEachLineComesOnceAndInOrderWhateverIsDoneToTheFile(t *testing.T) {
	n := 0
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		n++
		sub := filepath.Join(dir, strconv.Itoa(n))
		m := &model{t: rt}
		m.bench = newBenchIn(sub, func(args ...any) { rt.Helper(); rt.Fatal(args...) })
		m.start()
		m.Write(nil)
		m.poll()
		actions := []func(*rapid.T){m.Write, m.Write, m.Poll, m.Poll, m.RotateByRename, m.Compress, m.CopyTruncate, m.Kill, m.KillAfterAppend, m.WriteInHalves}
		names := "WwPpRCTKAH"
		trail := ""
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			i := rapid.IntRange(0, len(actions)-1).Draw(rt, "action")
			trail += names[i : i+1]
			actions[i](rt)
			m.check()
		}
		m.poll()
		m.poll()
		m.check()
		m.kill()
		if got := m.vault.lines(); len(got) != m.next {
			have := map[int]bool{}
			for _, l := range got {
				have[number(l)] = true
			}
			var missing []int
			for i := 1; i <= m.next; i++ {
				if !have[i] {
					missing = append(missing, i)
				}
			}
			rt.Fatalf("%s: %d of %d lines came; missing %v; files %v", trail, len(got), m.next, missing, listing(m.dir))
		}
		_ = os.RemoveAll(sub)
	})
}

func listing(dir string) (out []string) {
	list, _ := os.ReadDir(dir)
	for _, e := range list {
		info, _ := e.Info()
		out = append(out, fmt.Sprintf("%s %d", e.Name(), info.Size()))
	}
	slices.Sort(out)
	return out
}

func newBenchIn(dir string, fatal func(args ...any)) *bench {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		fatal(err)
	}
	return newBench(dir, fatal)
}
