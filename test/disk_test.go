package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/vault"
)

// TestAFullDiskHoldsSendersBack fills the disk under a program that serves. It
// names guarantee G1: while the disk is full nothing is acknowledged: HTTP
// senders are told to come again later, and connections of syslog senders are
// not read, so that they wait. When there is room again, work goes on without
// anybody's help, and every line that was ever acknowledged, and every syslog
// frame, is there once; what was refused and not repeated is not there.
func TestAFullDiskHoldsSendersBack(t *testing.T) {
	t.Run("the vault behind its doors", func(t *testing.T) {
		data := filepath.Join(smallDisk(t, 128<<20), "data")
		fullDisk(t, data, await(t, doorCommand(t, data), 1), doorToken, doorVault())
	})
	t.Run("konseki serve", func(t *testing.T) {
		data := filepath.Join(smallDisk(t, 192<<20), "data")
		writeFile(t, filepath.Join(data, "konseki.yaml"), "zone: UTC\nweb: 127.0.0.1:0\nsyslog: {tcp: '127.0.0.1:0'}\n", 0o600)
		token := strings.TrimSpace(must(t, data, "token", "add", "senders"))
		b := fullDisk(t, data, serve(t, data, 1), token, vault.Options{})
		verified(t, data)
		for _, s := range b.posts[:2] {
			acknowledged := 0
			for _, l := range s.letters {
				if l.acknowledged {
					acknowledged++
				}
			}
			if found := search(t, data, "source:"+s.name); len(found) != acknowledged {
				t.Errorf("%s: %d lines are found by a search, %d were acknowledged", s.name, len(found), acknowledged)
			}
		}
	})
}

// patientSenders are three senders of JSON lines that repeat what is refused,
// one that does not, and two of syslog.
func patientSenders(random *rand.Rand) *book {
	b := &book{}
	for i, most := range []int{1, 40, 200, 40} {
		b.posts = append(b.posts, &jsonSender{
			name: fmt.Sprintf("s%d", i), most: most, repeats: i < 3, pause: 5 * time.Millisecond,
			random: rand.New(rand.NewPCG(random.Uint64(), uint64(i))),
		})
	}
	b.wires = []*syslogSender{
		{name: "octets", counted: true, size: 200, pause: 5 * time.Millisecond},
		{name: "feeds", size: 600, pause: 5 * time.Millisecond},
	}
	return b
}

func fullDisk(t *testing.T, data string, s *served, token string, opts vault.Options) *book {
	t.Helper()
	b := patientSenders(chance(t))
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var working sync.WaitGroup
	defer working.Wait()
	defer func() { _ = s.cmd.Process.Kill() }() // so that nobody waits for ever
	for _, p := range b.posts {
		working.Go(func() { p.run(ctx, client, s.ingest, token) })
	}
	for _, w := range b.wires {
		working.Go(func() {
			if err := w.run(ctx, s.syslog["tcp"]); err != nil {
				t.Errorf("the connection of %s broke: %v", w.name, err)
			}
		})
	}
	within(t, time.Minute, "everybody sends", func() bool { return b.each(10, 100) })
	filler := filepath.Join(filepath.Dir(data), "filler")
	fill(t, filler, 1<<20)
	took := within(t, time.Minute, "every sender is held back", func() bool { return b.held(10, 6) })
	t.Logf("every sender was held back %s after the disk was almost full", took.Round(time.Millisecond))
	before := b.progress()
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	took = within(t, time.Minute, "everybody goes on", func() bool { return b.beyond(before, 10, 1000) })
	t.Logf("everybody had gone on %s after there was room", took.Round(time.Millisecond))
	stop()
	working.Wait()
	for _, p := range b.posts {
		if n := p.unanswered.Load(); n > 0 {
			t.Errorf("%s: %d requests had no answer", p.name, n)
		}
	}
	s.stop(t)
	dir := filepath.Join(data, "vault")
	c := b.readVault(t, dir, opts)
	r := intact(t, dir)
	var refusals int64
	for _, p := range b.posts {
		refusals += p.refusals.Load()
	}
	t.Logf("%d requests refused; %s; %d records are intact", refusals, c, r.Records)
	if c.twice > 0 || c.kept > 0 || c.acknowledged != c.found {
		t.Errorf("%d lines are there twice, %d without an acknowledgement, %d of %d acknowledged", c.twice, c.kept, c.found, c.acknowledged)
	}
	if c.lines != c.acknowledged+c.refused {
		t.Errorf("%d lines were sent, %d acknowledged, %d refused", c.lines, c.acknowledged, c.refused)
	}
	if c.refused == 0 {
		t.Error("nobody gave up: the test does not bite")
	}
	if c.frames != c.framesFound {
		t.Errorf("%d of %d syslog frames are there", c.framesFound, c.frames)
	}
	return b
}

// each says whether every sender has had so many answers, or written so many
// frames.
func (b *book) each(answers, frames int64) bool {
	for _, p := range b.posts {
		if p.answered.Load() < answers {
			return false
		}
	}
	for _, w := range b.wires {
		if w.written.Load() < frames {
			return false
		}
	}
	return true
}

// held says whether every sender has been refused so often, or has waited so
// often in a write.
func (b *book) held(refusals, waits int64) bool {
	for _, p := range b.posts {
		if p.refusals.Load() < refusals {
			return false
		}
	}
	for _, w := range b.wires {
		if w.blocked.Load() < waits {
			return false
		}
	}
	return true
}

// progress is how far every sender is.
func (b *book) progress() (far []int64) {
	for _, p := range b.posts {
		far = append(far, p.answered.Load())
	}
	for _, w := range b.wires {
		far = append(far, w.written.Load())
	}
	return far
}

// beyond says whether every sender has had so many more answers, or written so
// many more frames, than before.
func (b *book) beyond(before []int64, answers, frames int64) bool {
	for i, n := range b.progress() {
		more := answers
		if i >= len(b.posts) {
			more = frames
		}
		if n < before[i]+more {
			return false
		}
	}
	return true
}

// TestAFullDiskEndsTheImportAndLosesNothing imports onto a small file system
// until it is full, makes room and goes on.
func TestAFullDiskEndsTheImportAndLosesNothing(t *testing.T) {
	small := smallDisk(t, 24<<20)
	dir, data := t.TempDir(), filepath.Join(small, "data")
	first := numbered(t, dir, "before", 500)
	must(t, data, "import", "--source", "before", first)

	filler := filepath.Join(small, "filler")
	fill(t, filler, 4<<20)
	big := numbered(t, dir, "big", 60_000)
	r := finish(t, konseki(t, data, "import", "--source", "big", big))
	if r.code != 1 || !strings.Contains(r.stderr, "no space left on device") {
		t.Fatalf("an import onto a full disk: exit %d, want 1 and a clear error\n%s%s", r.code, r.stdout, r.stderr)
	}
	t.Logf("the import said: %s", strings.TrimSpace(r.stderr))
	verified(t, data)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if found := search(t, data, "source:before"); len(found) != 500 {
		t.Errorf("%d of the 500 records before the disk was full are there", len(found))
	}
	must(t, data, "import", "--source", "big", numbered(t, dir, "big", 6_000))
	times := map[string]int{}
	for _, h := range search(t, data, "source:big") {
		times[h.User]++
	}
	for i := range 6_000 {
		if times[account(i)] == 0 {
			t.Fatalf("line %d is missing after there was room again", i)
		}
	}
	verified(t, data)
}

// smallDisk mounts a file system of so many bytes; it takes root.
func smallDisk(t *testing.T, bytes int) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%d", bytes), "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no small file system can be mounted here: %v: %s", err, strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}

// fill writes a file until no more than left bytes are free.
func fill(t *testing.T, path string, left int64) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	chunk := make([]byte, 1<<16)
	for err == nil {
		_, err = f.Write(chunk)
	}
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(max(0, st.Size()-left)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
