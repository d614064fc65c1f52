package tail

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// model is a log that is written and rotated while it is followed.
type model struct {
	*bench
	t *rapid.T
}

func (m *model) length() int { return rapid.IntRange(0, 300).Draw(m.t, "length") }

func (m *model) Write(*rapid.T) {
	for range rapid.IntRange(1, 12).Draw(m.t, "lines") {
		m.lines(m.length())
	}
}

func (m *model) WriteInHalves(*rapid.T) { m.halves(m.length()) }

func (m *model) Poll(*rapid.T) { m.poll() }

func (m *model) RotateByRename(*rapid.T) { m.rotate() }

func (m *model) Compress(*rapid.T) { m.pack(rapid.IntRange(1, 3).Draw(m.t, "which")) }

func (m *model) CopyTruncate(*rapid.T) { m.copyTruncate() }

func (m *model) CopyTruncateSlowly(*rapid.T) { m.copyTruncateSlowly() }

func (m *model) CompressSlowly(*rapid.T) { m.packSlowly(rapid.IntRange(1, 3).Draw(m.t, "which")) }

func (m *model) KillAfterAppend(*rapid.T) { m.killAfterAppend() }

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
		actions := []func(*rapid.T){m.Write, m.Write, m.Poll, m.Poll, m.RotateByRename, m.Compress, m.CopyTruncate, m.Kill, m.KillAfterAppend, m.WriteInHalves, m.CopyTruncateSlowly, m.CompressSlowly}
		names := "WwPpRCTKAHtc"
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
		if missing := m.missing(); len(missing) > 0 {
			rt.Fatalf("%s: of %d lines are missing %v; files %v", trail, m.next, missing, listing(m.dir))
		}
		if len(m.losses) > 0 {
			rt.Fatalf("%s: losses %+v", trail, m.losses)
		}
		if !strings.ContainsAny(trail, "TtKA") && m.holes() > 0 {
			rt.Fatalf("%s: holes %+v %v", trail, m.proofs, listing(m.dir))
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
