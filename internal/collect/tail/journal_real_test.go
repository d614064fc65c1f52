package tail

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// A realJournal is a folder of journal files that systemd's own program writes,
// and konseki following it as it does in production, with the real journalctl.
type realJournal struct {
	*bench
	remote, folder string
	opts           JournalOptions
	attested       chan event.Attestation
}

func newRealJournal(t *testing.T) *realJournal {
	t.Helper()
	const remote = "/usr/lib/systemd/systemd-journal-remote"
	if _, err := os.Stat(remote); err != nil {
		t.Skip("systemd-journal-remote is not installed")
	}
	if _, err := exec.LookPath("journalctl"); err != nil {
		t.Skip("journalctl is not installed")
	}
	dir := t.TempDir()
	j := &realJournal{bench: &bench{vault: &store{}, fatal: t.Fatal}, remote: remote, folder: filepath.Join(dir, "journal"), attested: make(chan event.Attestation, 100)}
	j.must(os.Mkdir(j.folder, 0o700))
	j.opts = JournalOptions{
		File: filepath.Join(dir, "journal.json"), Source: "host", Directory: j.folder, Host: "web1", To: j.vault, Logger: discard(),
		Attest: func(_ context.Context, a event.Attestation) error { j.attested <- a; return nil },
		Loss:   func(l event.Loss) { t.Errorf("lost: %+v", l) },
	}
	return j
}

// begun is the time of entry 0.
var begun = time.Date(2026, 9, 21, 12, 0, 0, 0, time.UTC)

// write adds entries to a journal file: one a second, the message of every
// third of bytes that are no text.
func (j *realJournal) write(file string, from, to int) {
	var text strings.Builder
	for n := from; n < to; n++ {
		at := begun.Add(time.Duration(n) * time.Second).UnixMicro()
		fmt.Fprintf(&text, "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=4531fd22ec84429e85ae888b12fadb91\nPRIORITY=6\n", at, n*1_000_000)
		if message := fmt.Sprintf("entry %04d", n); n%3 > 0 {
			fmt.Fprintf(&text, "MESSAGE=%s\n\n", message)
		} else {
			fmt.Fprintf(&text, "MESSAGE\n\x0c\x00\x00\x00\x00\x00\x00\x00%s\n\x01\n\n", message)
		}
	}
	cmd := exec.Command(j.remote, "--output="+filepath.Join(j.folder, file), "-")
	cmd.Stdin = strings.NewReader(text.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		j.fatal(fmt.Sprintf("%v: %s", err, out))
	}
}

var entryNumber = regexp.MustCompile(`entry (\d{4})`)

// numbers are the entries that the vault has, in order.
func (j *realJournal) numbers() (list []string) {
	for _, raw := range j.vault.lines() {
		m := entryNumber.FindStringSubmatch(raw)
		if m == nil || !strings.HasPrefix(raw, "__CURSOR=") {
			j.fatal(fmt.Sprintf("this is no entry as it was written: %q", raw))
		}
		list = append(list, m[1])
	}
	return list
}

// follow runs konseki's reader until the vault holds so many entries and what
// else is asked for is there, and stops it as a stop of konseki does.
func (j *realJournal) follow(t *testing.T, upto int, during func()) {
	t.Helper()
	reader, err := NewJournal(j.opts)
	j.must(err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- reader.Run(ctx) }()
	if during != nil {
		during()
	}
	j.wait(t, upto)
	stop()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Fatal("the reader does not stop")
	}
}

func (j *realJournal) wait(t *testing.T, upto int) {
	t.Helper()
	for range 600 {
		if j.vault.Size() >= uint64(upto) {
			return
		}
		pause(50 * time.Millisecond)
	}
	t.Fatalf("the vault has %d entries, not %d", j.vault.Size(), upto)
}

// holes are the attestations so far that say that something is missing.
func (j *realJournal) holes() (list []event.Attestation) {
	for len(j.attested) > 0 {
		if a := <-j.attested; a.Missing != 0 {
			list = append(list, a)
		}
	}
	return list
}

func (j *realJournal) want(t *testing.T, ranges ...int) {
	t.Helper()
	var want []string
	for i := 0; i < len(ranges); i += 2 {
		for n := ranges[i]; n < ranges[i+1]; n++ {
			want = append(want, fmt.Sprintf("%04d", n))
		}
	}
	if got := j.numbers(); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the vault has entries %v, want %v", got, want)
	}
}

// archive gives a journal file the name that journald gives it when it begins
// another one: by it journalctl --vacuum knows what it may remove.
func (j *realJournal) archive(t *testing.T, file string) {
	t.Helper()
	path := filepath.Join(j.folder, file)
	out, err := exec.Command("journalctl", "--header", "--file="+path).Output()
	j.must(err)
	part := func(expression string) string {
		m := regexp.MustCompile(expression).FindSubmatch(out)
		if m == nil {
			t.Fatalf("journalctl --header says no %s: %s", expression, out)
		}
		return string(m[1])
	}
	name := fmt.Sprintf("system@%s-%016s-%016s.journal", part(`Sequential number ID: (\w+)`), part(`Head sequential number: \d+ \((\w+)\)`), part(`Head realtime timestamp: .*\((\w+)\)`))
	j.must(os.Rename(path, filepath.Join(j.folder, name)))
}

func TestTheRealJournalIsReadOnceThroughStopsKillsAndRotation(t *testing.T) {
	j := newRealJournal(t)
	j.write("system.journal", 0, 20)
	j.follow(t, 40, func() {
		j.wait(t, 20)
		j.write("system.journal", 20, 40) // while it is followed
	})
	j.write("system.journal", 40, 50) // while konseki is away
	j.archive(t, "system.journal")
	j.write("system.journal", 50, 60)
	remembered, err := os.ReadFile(j.opts.File)
	j.must(err)
	j.follow(t, 60, nil)
	j.must(os.WriteFile(j.opts.File, remembered, 0o600)) // killed before it was remembered
	j.write("system.journal", 60, 70)
	j.follow(t, 80, func() {
		j.wait(t, 70)
		j.archive(t, "system.journal") // while it is followed
		j.write("system.journal", 70, 80)
	})
	j.want(t, 0, 80)
	if holes := j.holes(); len(holes) != 0 {
		t.Errorf("gaps are told where none are: %+v", holes)
	}
}

func TestAVacuumedJournalIsAGapThatIsTold(t *testing.T) {
	j := newRealJournal(t)
	j.write("system.journal", 0, 20)
	j.follow(t, 20, nil)
	j.write("system.journal", 20, 30) // not read
	j.archive(t, "system.journal")
	j.write("system.journal", 35, 40)
	out, err := exec.Command("journalctl", "--directory="+j.folder, "--vacuum-files=1").CombinedOutput()
	if files, _ := filepath.Glob(filepath.Join(j.folder, "*")); err != nil || len(files) != 1 {
		t.Fatalf("vacuum left %v: %v %s", files, err, out)
	}
	j.follow(t, 25, nil)
	j.want(t, 0, 20, 35, 40)
	holes := j.holes()
	if len(holes) != 1 {
		t.Fatalf("%d gaps are told, want one: %+v", len(holes), holes)
	}
	h := holes[0]
	if from, to := begun.Add(19*time.Second), begun.Add(35*time.Second); h.Missing != -1 || !h.From.Equal(from) || !h.To.Equal(to) || h.Reason.Empty() || h.Source != "host" {
		t.Errorf("told is %+v, want an unknown number between %s and %s", h, from, to)
	}
	j.follow(t, 25, nil)
	if holes := j.holes(); len(holes) != 0 {
		t.Errorf("it is told again: %+v", holes)
	}
}

func TestWhatACursorTellsOfItsPlace(t *testing.T) {
	last := cursorPlace("s=ab;i=1f;b=cd;m=1;t=65bfeda352240;x=9")
	for next, want := range map[string]int64{"s=ab;i=20;t=1": 0, "s=ab;i=25;t=1": 5, "s=ff;i=20;t=1": -1, "s=ab;i=3": -1, "": -1, "garbage": -1} {
		if got := last.before(cursorPlace(next)); got != want {
			t.Errorf("%q: %d entries between, want %d", next, got, want)
		}
	}
	if want := time.Date(2026, 9, 21, 14, 13, 21, 0, time.UTC); !last.at.Equal(want) {
		t.Errorf("its time is %s, want %s", last.at, want)
	}
}
