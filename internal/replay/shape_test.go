package replay_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/replay"
)

// stamps are the places where each format states its time.
func stamps() []stamp {
	jst := time.FixedZone("JST", 9*60*60)
	seconds := func(s string) (time.Time, error) {
		f, err := strconv.ParseFloat(s, 64)
		return time.UnixMicro(int64(f * 1e6)), err
	}
	layout := func(form string) func(string) (time.Time, error) {
		return func(s string) (time.Time, error) { return time.ParseInLocation(form, s, jst) }
	}
	return []stamp{
		{"vpn/", regexp.MustCompile(`^date=(\S+ time=\S+) `), layout("2006-01-02 time=15:04:05")},
		{"firewall/", regexp.MustCompile(`^date=(\S+ time=\S+) `), layout("2006-01-02 time=15:04:05")},
		{"chat/", regexp.MustCompile(`"(?:date_create":|ts":")([0-9.]+)`), seconds},
		{"groupware/", regexp.MustCompile(`"id":\{"time":"([^"]+)"`), layout(time.RFC3339Nano)},
		{"database/", regexp.MustCompile(`^(\d{8} \d\d:\d\d:\d\d),`), layout("20060102 15:04:05")},
		{"server/", regexp.MustCompile(`msg=audit\(([0-9.]+):`), seconds},
		{"", regexp.MustCompile(`^(\d{4}-\S+) `), layout(time.RFC3339Nano)},
		{"", regexp.MustCompile(`"time":"([^"]+)"`), layout(time.RFC3339Nano)},
	}
}

type stamp struct {
	under string
	place *regexp.Regexp
	parse func(string) (time.Time, error)
}

// stampOf reads the time that a line states.
func stampOf(name, line string) (time.Time, bool) {
	for _, s := range stamps() {
		if !strings.HasPrefix(name, s.under) {
			continue
		}
		if m := s.place.FindStringSubmatch(line); m != nil {
			at, err := s.parse(m[1])
			return at, err == nil
		}
	}
	return time.Time{}, false
}

func TestEachFileIsOrderedAndBearsTheTimeOfItsLastRecord(t *testing.T) {
	dir, _ := written(t, replay.Options{Records: 1})
	for name, lines := range read(t, dir) {
		var last time.Time
		for i, line := range lines {
			at, ok := stampOf(name, line)
			if !ok {
				t.Errorf("%s:%d states no time: %s", name, i+1, line)
				break
			}
			if at.Before(last) {
				t.Errorf("%s:%d goes back from %v: %s", name, i+1, last, line)
				break
			}
			last = at
		}
		st, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if d := st.ModTime().Sub(last).Abs(); d >= time.Second {
			t.Errorf("%s was last changed %v, its last record is of %v", name, st.ModTime(), last)
		}
	}
}

func TestWhatWasLostInRealityIsNotWritten(t *testing.T) {
	dir, _ := written(t, replay.Options{Records: 1})
	l := read(t, dir)
	for _, lost := range []struct {
		under  string
		before string
	}{{"vpn/", "03-02 00:00:00"}, {"auth/", "03-01 12:13:00"}, {"firewall/", "03-01 12:13:00"}} {
		for name, lines := range l {
			if !strings.HasPrefix(name, lost.under) || len(lines) == 0 {
				continue
			}
			if at, ok := stampOf(name, lines[0]); !ok || at.Before(jst(t, lost.before)) {
				t.Errorf("%s begins before %s: %s", name, lost.before, lines[0])
			}
		}
	}
	if n := len(l.find("datacenter_network/")); n > 0 {
		t.Errorf("the data centre handed over %d lines", n)
	}
}

func TestLogsOfWipedServersEndWithTheWipe(t *testing.T) {
	dir, _ := written(t, replay.Options{Records: 1})
	l := read(t, dir)
	wiped, spared := 0, 0
	for name, lines := range l {
		if !strings.HasSuffix(name, "/audit.log") {
			continue
		}
		has, ran := len(l.find(name, "clean.sh", "nametype=CREATE")) > 0, len(l.find(name, "EXECVE", "clean.sh")) > 0
		last, _ := stampOf(name, lines[len(lines)-1])
		goesOn := last.After(jst(t, "03-02 00:00:00"))
		switch {
		case has && ran && !goesOn:
			wiped++
		case has && !ran && goesOn:
			spared++
		case has || ran || !goesOn:
			t.Errorf("%s: script there %v, run %v, goes on %v", name, has, ran, goesOn)
		}
	}
	if wiped < 12 || spared < 2 {
		t.Errorf("%d wiped servers and %d with the script not run", wiped, spared)
	}
}

func TestTheVPNIsSilentAfterItWasStopped(t *testing.T) {
	dir, _ := written(t, replay.Options{Records: 1})
	stopped := jst(t, "03-03 21:00:00")
	for name, lines := range read(t, dir) {
		for _, line := range lines {
			if at, _ := stampOf(name, line); strings.HasPrefix(name, "vpn/") && at.After(stopped) && !strings.Contains(line, "tunnel-down") {
				t.Fatalf("%s: %s", name, line)
			}
		}
	}
}

func TestTheDefaultSizeIsAsPromised(t *testing.T) {
	dir, sum := written(t, replay.Options{})
	if sum.Records < 300_000 || sum.Records > 500_000 {
		t.Errorf("%d records", sum.Records)
	}
	var bytes int64
	lines := 0
	for _, l := range read(t, dir) {
		lines += len(l)
		for _, line := range l {
			bytes += int64(len(line)) + 1
		}
	}
	if bytes != sum.Bytes || int64(lines) < sum.Records {
		t.Errorf("the files hold %d bytes and %d lines, the summary tells %d and %d", bytes, lines, sum.Bytes, sum.Records)
	}
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	sums := func(seed uint64) map[string][32]byte {
		dir, _ := written(t, replay.Options{Records: 1, Seed: seed})
		out := map[string][32]byte{}
		err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(filepath.Join(dir, name))
			out[name] = sha256.Sum256(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	one := sums(1)
	if d := cmp.Diff(one, sums(1)); d != "" {
		t.Error(d)
	}
	if cmp.Equal(one, sums(2)) {
		t.Error("seed 2 gives the bytes of seed 1")
	}
}

func TestWriteRefusesWhatItCannotDo(t *testing.T) {
	if _, err := replay.Write(t.Context(), "no-such", t.TempDir(), replay.Options{}); !errors.Is(err, replay.ErrUnknown) {
		t.Errorf("unknown name: %v", err)
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := replay.Write(t.Context(), wipe, full, replay.Options{}); err == nil {
		t.Error("a folder in use was written to")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := replay.Write(ctx, wipe, t.TempDir(), replay.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestNothingElseKnowsTheIncident keeps rules and rooms from being written for
// the demonstration.
func TestNothingElseKnowsTheIncident(t *testing.T) {
	for _, top := range []string{"../../internal", "../../rules"} {
		if _, err := os.Stat(top); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.Contains(filepath.ToSlash(path), "/replay/") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "testdata") {
				return err
			}
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			b, err := io.ReadAll(io.LimitReader(f, 4<<20))
			if err != nil {
				return err
			}
			for _, word := range []string{wipe, x, y} {
				if strings.Contains(string(b), word) {
					t.Errorf("%s names %s", path, word)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
