package e2e

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault"
)

// dayFiles is how many files a vault may have after a day of one record a
// second.
const dayFiles = 600

// trickleEnv and hasteEnv set how many records come, a day of them by default,
// and how many in a second of the bubble. With 10 a second and batches ten
// times as often as by default the batches are those of a day, and the timers
// that tick ten times a second whatever happens take a tenth; with 1 the day is
// a whole one, and takes twice as long to test.
const (
	trickleEnv = "KONSEKI_TEST_TRICKLE"
	hasteEnv   = "KONSEKI_TEST_HASTE"
)

// TestADayOfTrickleLeavesFewFiles lets a day pass in which one record comes
// each second, with the vault's own clocks, and counts what is left.
func TestADayOfTrickleLeavesFewFiles(t *testing.T) {
	records := number(t, trickleEnv, 86_400)
	step := time.Second / time.Duration(number(t, hasteEnv, 10))
	dir := filepath.Join(memoryFolder(t), "vault")
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		// The times of files are the machine's: the bubble's clock, which begins
		// in the year 2000, must not be behind them.
		<-time.After(time.Until(began.Add(time.Hour)))
		v, err := vault.OpenOrCreate(dir, vault.Options{BatchEvery: 2 * step})
		if err != nil {
			t.Fatal(err)
		}
		for i := range records {
			<-time.After(step)
			rec := event.Record{Source: "trickle", Transport: "syslog/tcp;peer=192.0.2.7", Raw: line("trickle", i)}
			if err := v.Append(t.Context(), []event.Record{rec}); err != nil {
				t.Fatal(err)
			}
		}
		open := count(t, dir)
		<-time.After(5 * time.Minute) // in which what is left over is put away
		t.Logf("%d records; open: %v", records, open)
		t.Logf("five minutes later: %v", count(t, dir))
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
	})
	files := count(t, dir)
	r := intact(t, dir)
	t.Logf("closed: %v; %d batches, %d segments; %s of time passed", files, r.Batches, r.Segments, time.Since(began).Round(time.Millisecond))
	if r.Records != uint64(records) || r.Sealed != r.Records {
		t.Errorf("%d records, %d sealed, of %d", r.Records, r.Sealed, records)
	}
	if n := files.sum(); n >= dayFiles {
		t.Errorf("a day of one record a second leaves %d files, want fewer than %d", n, dayFiles)
	}
}

// folders counts files per folder of a vault.
type folders map[string]int

func (f folders) sum() (n int) {
	for _, files := range f {
		n += files
	}
	return n
}

// count counts the files of a vault: per folder, those of the log per level,
// partial ones of their own.
func count(t *testing.T, dir string) folders {
	t.Helper()
	found := folders{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // put away meanwhile
		}
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		words := strings.Split(filepath.ToSlash(rel), "/")
		kind := strings.Join(words[:min(len(words)-1, 3)], "/")
		if strings.Contains(rel, ".p/") {
			kind += " (partial)"
		}
		found[kind]++
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// memoryFolder is a folder in memory where the machine has one: a day has
// 86,400 syncs, which are not what is tested.
func memoryFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "konseki-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
