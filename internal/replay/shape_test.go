package replay_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/replay"
)

// stamps are the places where each format states its time.
var stamps = sync.OnceValue(func() []stamp {
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
		{"database/", regexp.MustCompile(`^(\S+ \S+ UTC) `), layout("2006-01-02 15:04:05.000 MST")},
		{"server/", regexp.MustCompile(`(?:msg=audit\(|"ID":")([0-9.]+):`), seconds},
		{"web/", regexp.MustCompile(`^(\d{4}/\S+ \S+) \[`), layout("2006/01/02 15:04:05")},
		{"web/", regexp.MustCompile(` \[([^\]]+)\] "`), layout("02/Jan/2006:15:04:05 -0700")},
		{"intranet/", regexp.MustCompile(`^\[(\S+ \S+ \S+ \S+ \S+)\] \[`), layout("Mon Jan 02 15:04:05.000000 2006")},
		{"intranet/", regexp.MustCompile(` \[([^\]]+)\] "`), layout("02/Jan/2006:15:04:05 -0700")},
		{"", regexp.MustCompile(`"SystemTime":"([^"]+)"`), layout(time.RFC3339Nano)},
		{"", regexp.MustCompile(`^(\d{4}-\S+) `), layout(time.RFC3339Nano)},
		{"", regexp.MustCompile(`"time":"([^"]+)"`), layout(time.RFC3339Nano)},
	}
})

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
	for _, l := range []struct {
		log logs
		dir *string
	}{{incident(t), &once.dir}, {ordinary(t), &calm.dir}} {
		for name, lines := range l.log {
			last := orderOf(t, name, lines)
			st, err := os.Stat(filepath.Join(*l.dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if d := st.ModTime().Sub(last).Abs(); d >= time.Second {
				t.Errorf("%s was last changed %v, its last record is of %v", name, st.ModTime(), last)
			}
		}
	}
}

// orderOf checks that lines go forward in time and returns the last one's.
func orderOf(t *testing.T, name string, lines []string) (last time.Time) {
	t.Helper()
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
	return last
}

func TestWhatWasLostInRealityIsNotWritten(t *testing.T) {
	l := incident(t)
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
	l := incident(t)
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
	stopped := jst(t, "03-03 21:00:00")
	for _, under := range []string{"vpn/", "auth/"} {
		goesOn := false
		for _, line := range incident(t).find(under) {
			at, _ := stampOf(under, line)
			use := strings.Contains(line, `subtype="vpn"`) || strings.Contains(line, "radiusd")
			if at.After(stopped) && use {
				t.Errorf("%s: %s", under, line)
			}
			goesOn = goesOn || at.After(stopped)
		}
		if !goesOn {
			t.Errorf("%s falls silent itself: nothing could be said of the time after", under)
		}
	}
}

func TestTheDefaultSizeIsAsPromised(t *testing.T) {
	l, sum := incident(t), once.sum
	if sum.Records < 300_000 || sum.Records > 400_000 {
		t.Errorf("%d records", sum.Records)
	}
	size, lines := 0, 0
	for _, file := range l {
		lines += len(file)
		for _, line := range file {
			size += len(line) + 1
		}
	}
	if int64(size) != sum.Bytes || int64(lines) < sum.Records || len(l) != sum.Files {
		t.Errorf("%d files hold %d bytes and %d lines, the summary tells %+v", len(l), size, lines, sum)
	}
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	for _, name := range []string{wipe, benign} {
		t.Run(name, func(t *testing.T) { sameBytes(t, name) })
	}
}

func sameBytes(t *testing.T, name string) {
	sums := func(seed uint64) map[string][32]byte {
		dir := filepath.Join(t.TempDir(), "logs")
		if _, err := replay.Write(t.Context(), name, dir, replay.Options{Records: 1, Weeks: 1, Seed: seed}); err != nil {
			t.Fatal(err)
		}
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
	if _, err := replay.Write(t.Context(), benign, t.TempDir(), replay.Options{Weeks: 53}); err == nil {
		t.Error("a year and more before the week was written")
	}
	for _, n := range []int{-1, 10_000_001} {
		if _, err := replay.Write(t.Context(), wipe, t.TempDir(), replay.Options{Records: n}); err == nil {
			t.Errorf("%d records were written", n)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := replay.Write(ctx, wipe, t.TempDir(), replay.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestTheOwnersOfTheStolenAccountsDoNotUseTheVPNThatDay(t *testing.T) {
	for _, line := range incident(t).find("vpn/", "date=2018-03-03", `subtype="vpn"`) {
		for _, who := range []string{"A", "B", "C"} {
			if strings.Contains(line, `user="`+who+`"`) && !strings.Contains(line, x) {
				t.Errorf("%s was elsewhere: %s", who, line)
			}
		}
	}
}

func TestADroppedDatabaseAnswersNoMore(t *testing.T) {
	for _, file := range []string{"database/db-01/", "database/db-dev/"} {
		dropped := false
		for _, line := range incident(t).find(file) {
			if strings.Contains(line, ",game,") && strings.Contains(line, ",QUERY,") && dropped {
				t.Errorf("%s: %s", file, line)
			}
			dropped = dropped || strings.Contains(line, "DROP DATABASE gacha")
		}
		if !dropped {
			t.Errorf("%s: nothing was dropped", file)
		}
	}
}

func TestAuditSerialsCountUpWithoutGaps(t *testing.T) {
	countUp(t, incident(t))
	countUp(t, ordinary(t))
}

func countUp(t *testing.T, l logs) {
	t.Helper()
	serial := regexp.MustCompile(`(?:audit\([0-9.]+:|^\{"ID":"[0-9.]+:|"EventRecordID":)(\d+)`)
	for name, lines := range l {
		if top, _, _ := strings.Cut(name, "/"); !slices.Contains([]string{"server", "directory", "pc"}, top) {
			continue
		}
		last := 0
		for _, line := range lines {
			m := serial.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			n, _ := strconv.Atoi(m[1])
			if last != 0 && n != last && n != last+1 {
				t.Errorf("%s: serial %d after %d", name, n, last)
				break
			}
			last = n
		}
	}
}

// TestNothingElseKnowsTheIncident keeps rules and rooms from being written for
// the demonstration. The pages and the command line show one of its addresses as
// an example of what to type, and the command line replays it.
func TestNothingElseKnowsTheIncident(t *testing.T) {
	for _, top := range []string{"../../internal", "../../rules"} {
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			path = filepath.ToSlash(path)
			if err != nil || d.IsDir() || strings.Contains(path, "/replay/") || strings.Contains(path, "/cli/") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/testdata/") {
				return err
			}
			b, err := os.ReadFile(path)
			for _, word := range []string{wipe, x, y} {
				if strings.Contains(string(b), word) && !(word == x && strings.Contains(path, "/web/")) {
					t.Errorf("%s names %s", path, word)
				}
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// TestTheLogsStayWhatTheyWere pins the bytes of the default options: figures
// that were published of them stay true.
func TestTheLogsStayWhatTheyWere(t *testing.T) {
	for want, l := range map[string]logs{
		"eac9733a10a6af81bbdea7da122992eb9a7f4ee169e86e6b0b2d6dc1c7c21e6e": incident(t),
		"3607b3170201afd55d74c78f65d112623994bde5b886e1da71047242ae968cc3": ordinary(t),
	} {
		h := sha256.New()
		for _, name := range slices.Sorted(maps.Keys(l)) {
			h.Write([]byte(name + "\n" + strings.Join(l[name], "\n") + "\n"))
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != want {
			t.Errorf("the logs are %s and were %s", got, want)
		}
	}
}

// TestWhatIsAssumedIsTold wants the assumptions of each incident in both
// languages, beside its logs.
func TestWhatIsAssumedIsTold(t *testing.T) {
	incident(t)
	text, err := os.ReadFile(filepath.Join(once.dir, "konseki-assumptions.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range replay.Names() {
		if len(i.Assumptions) == 0 && !i.First.IsZero() {
			t.Errorf("%s assumes nothing", i.Name)
		}
		for _, a := range i.Assumptions {
			if a.JA == "" || a.EN == "" {
				t.Errorf("%s: an assumption lacks a language: %+v", i.Name, a)
			}
			if i.Name == wipe && (!strings.Contains(string(text), a.JA) || !strings.Contains(string(text), a.EN)) {
				t.Errorf("not told: %+v", a)
			}
		}
	}
}
