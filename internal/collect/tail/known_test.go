package tail

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
)

func (b *bench) put(path, text string) { b.must(os.WriteFile(path, []byte(text), 0o600)) }

// holes counts the attestations that an unknown number of records is missing.
func (b *bench) holes() (n int) {
	for _, p := range b.proofs {
		if p.Missing == -1 {
			n++
		}
	}
	return n
}

func TestRotatedFilesThatWereThereBeforeAreNotReadWhateverBecomesOfThem(t *testing.T) {
	b := testBench(t)
	b.put(b.rotated(1), "old one\n")
	b.put(b.rotated(2), "older\n")
	b.pack(2)
	b.write("one\n")
	b.poll()
	b.pack(1)
	b.poll()
	b.restart(b.rotate)
	b.write("two\n")
	b.poll()
	b.restart(func() { b.pack(1) })
	b.rotate()
	b.poll()
	b.want(t, "one", "two")
	if len(b.losses) != 0 || b.holes() != 0 {
		t.Errorf("losses are %+v, proofs %+v", b.losses, b.proofs)
	}
}

func TestWhatWasRotatedUnseenIsReadAlthoughOlderFilesAreNot(t *testing.T) {
	b := testBench(t)
	b.put(b.rotated(1), "old\n")
	b.write("one\n")
	b.poll()
	b.restart(func() {
		b.write("two\n")
		b.rotate()
		b.write("three\n")
		b.rotate()
		b.pack(1)
		b.pack(2)
		b.pack(3)
	})
	b.write("four\n")
	b.poll()
	b.want(t, "one", "two", "three", "four")
}

func TestAShortContentThatComesAgainIsReadAgain(t *testing.T) {
	b := testBench(t)
	for range 3 {
		b.write("started\n")
		b.poll()
		b.rotate()
	}
	b.poll()
	b.restart(func() {
		b.pack(1)
		b.pack(2)
		b.pack(3)
		b.write("started\n")
		b.rotate()
		pause(5 * time.Millisecond)
		b.write("started\nand more\n")
	})
	b.poll()
	b.want(t, "started", "started", "started", "started", "started", "and more")
}

func TestAShortBeginningDoesNotTakeTheFileOfALongerOne(t *testing.T) {
	b := testBench(t)
	b.write("started\nand more\n")
	b.poll()
	b.rotate()
	b.write("started\n")
	b.poll()
	b.restart(func() {
		b.pack(1)
		b.rotate()
		b.pack(1)
	})
	b.write("three\n")
	b.poll()
	b.want(t, "started", "and more", "started", "three")
}

func TestACopyThatStaysIsNotReadAgain(t *testing.T) {
	b := testBench(t)
	b.lines(0, 900, 900)
	b.poll()
	b.copy(b.log, b.log+".bak", 1<<62)
	b.lines(50)
	b.poll()
	b.restart(b.rotate)
	b.lines(60)
	b.restart(func() { b.must(os.Remove(b.rotated(1))) })
	b.lines(70)
	b.each(t)
}

func TestWhatWasCopiedIsNotLookedForInARemovedFileThatIsOpen(t *testing.T) {
	b := testBench(t)
	b.lines(0, 0, 0)
	b.poll()
	b.copyTruncate()
	b.lines(0, 4, 7)
	b.rotate()
	b.lines(200, 100)
	b.rotate()
	b.pack(2)
	b.lines(7)
	b.each(t)
}

func TestAFileThatIsMissedOnceIsNotLost(t *testing.T) {
	b := testBench(t)
	b.write("one\n")
	b.poll()
	away := filepath.Join(filepath.Dir(b.dir), "away")
	b.restart(func() {
		b.write("two\n")
		b.must(os.Rename(b.log, away))
		b.write("three\n")
	})
	b.clock = b.clock.Add(time.Second)
	if more, err := b.tailer.round(t.Context()); !more || err != nil {
		t.Errorf("a file is missed, and nothing more is to be done: %v, %v", more, err)
	}
	b.want(t, "one")
	b.must(os.Rename(away, b.rotated(1)))
	b.poll()
	b.want(t, "one", "two", "three")
	if b.holes() != 0 {
		t.Errorf("proofs are %+v", b.proofs)
	}
}

func TestAFileThatWasCutShortGoesOnFromThereAndThatIsAttested(t *testing.T) {
	b := testBench(t)
	b.lines(700, 700, 700)
	b.poll()
	b.must(os.Truncate(b.log, 1414)) // after the second line
	b.poll()
	b.write("more\n")
	b.poll()
	b.restart(func() {})
	b.poll()
	if got := b.vault.lines(); len(got) != 4 || got[3] != "more" || b.holes() != 1 {
		t.Errorf("the vault has %q, proofs are %+v", got, b.proofs)
	}
}

func TestWhatVanishesUnreadIsCounted(t *testing.T) {
	b := testBench(t)
	b.vault.full = true
	b.write("one\n")
	if _, err := b.tailer.round(t.Context()); err == nil {
		t.Error("a full vault is no error")
	}
	b.restart(func() { b.must(os.Remove(b.log)) })
	b.vault.full = false
	b.poll()
	if len(b.losses) != 1 || b.losses[0].Bytes != 4 || b.losses[0].Reason != event.WhyTruncated || b.holes() != 1 {
		t.Errorf("losses are %+v, proofs %+v", b.losses, b.proofs)
	}
}

func TestACheckpointOfTheFirstVersionGoesOn(t *testing.T) {
	b := testBench(t)
	b.put(b.rotated(1), "old\n")
	b.must(os.Chtimes(b.rotated(1), time.Unix(1.7e9, 0), time.Unix(1.7e9, 0)))
	b.write("one\n")
	b.poll()
	b.restart(func() {
		text, err := os.ReadFile(b.at)
		b.must(err)
		c, err := decode(text)
		b.must(err)
		kept := c.Files[:0]
		for _, f := range c.Files {
			if !f.Old {
				kept = append(kept, f)
			}
		}
		c.Version, c.Files = 1, kept
		b.must(c.save(b.at))
		b.write("two\n")
		b.rotate()
		b.write("three\n")
		b.rotate()
	})
	b.write("four\n")
	b.poll()
	b.restart(func() { b.pack(3) })
	b.poll()
	b.want(t, "one", "two", "three", "four")
}

func TestALookAtFilesThatAreUnchangedOpensNone(t *testing.T) {
	b := testBench(t)
	b.set.Paths = []string{filepath.Join(b.dir, "*.log")}
	b.put(b.rotated(1), "old\n")
	b.start()
	for i := range 20 {
		b.log = filepath.Join(b.dir, strconv.Itoa(i)+".log")
		b.lines(i, 400, 700)
		b.copy(b.log, b.log+".bak", 1<<62)
		b.poll()
		b.rotate()
		b.lines(i)
	}
	b.poll()
	b.poll()
	if missing := b.missing(); len(missing) > 0 || b.vault.Size() != 80 {
		t.Errorf("%d records came, missing are %v", b.vault.Size(), missing)
	}
	for _, f := range b.tailer.files {
		f.shut()
	}
	opened := b.watch()
	b.poll()
	if names := opened(); strings.Contains(names, ".log") {
		t.Errorf("opened were %q", names)
	}
}

// watch tells, each time, what was opened since the last time.
func (b *bench) watch() func() string {
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	b.must(err)
	f := os.NewFile(uintptr(fd), "watch") // closed with the test
	_, err = syscall.InotifyAddWatch(fd, b.dir, syscall.IN_OPEN)
	b.must(err)
	_, err = os.ReadDir(b.dir)
	b.must(err)
	return func() string {
		events := make([]byte, 64<<10)
		n, err := f.Read(events)
		b.must(err)
		return string(events[:n])
	}
}

func TestAFileIsOfTheFamilyOfTheShortestNameItMayBeRotatedFrom(t *testing.T) {
	names := strings.Fields("a.log a.log.1 a.log.1.gz a-20261122.log b.log b.log.old worker-1.log worker-1.log.1 worker-2.log x")
	d := (*folder)(nil).with(newRotation(), "/", names, []string{"a.log.1", "a.log", "worker-1.log", "worker-2.log", "none.log"})
	want := map[string]string{
		"a.log": "a.log", "a.log.1": "a.log", "a.log.1.gz": "a.log", "a-20261122.log": "a.log", "none.log": "none.log",
		"worker-1.log": "worker-1.log", "worker-1.log.1": "worker-1.log", "worker-2.log": "worker-2.log",
	}
	for _, name := range append(names, "none.log") {
		if got := strings.TrimPrefix(d.family[name], "/"); got != want[name] {
			t.Errorf("%s is of the family of %q, want %q", name, got, want[name])
		}
	}
}

func TestWhatIsPackedIsUnpackedOnceAlsoThroughRestarts(t *testing.T) {
	b := testBench(t)
	b.put(b.rotated(1), "old\n")
	b.pack(1)
	b.lines(400, 700)
	b.poll()
	b.rotate()
	b.pack(1)
	b.poll()
	b.clock = b.clock.Add(2 * leave) // until then it is read as it is open
	b.poll()
	opened := b.watch()
	b.restart(func() {
		old := b.rotated(2) + ".gz"
		info, err := os.Stat(old)
		b.must(err)
		b.copy(old, old+"~", 1<<62) // as when all is moved to another disk
		b.must(os.Chtimes(old+"~", info.ModTime(), info.ModTime()))
		opened()
		b.must(os.Rename(old+"~", old))
	})
	b.poll()
	if names := opened(); strings.Contains(names, ".gz") {
		t.Errorf("opened were %q", names)
	}
	if b.lines(9); b.vault.Size() != 2 {
		t.Errorf("the vault has %q", b.vault.lines())
	}
	b.each(t)
}

func TestWhatCannotBeUnpackedIsNotTakenForLines(t *testing.T) {
	b := testBench(t)
	b.write("one\n")
	b.poll()
	b.rotate()
	b.write("two\n")
	b.poll()
	b.put(b.rotated(1)+".xz", "\xfd7zXZ\x00\nno line\n")
	b.must(os.Remove(b.rotated(1)))
	b.poll()
	b.restart(func() { b.must(os.Rename(b.rotated(1)+".xz", b.rotated(2)+".xz")) })
	b.poll()
	b.want(t, "one", "two")
}
