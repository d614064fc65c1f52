package tail

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
)

func TestAHalfLineIsWaitedForAndCutOnlyWhenItsFileIsLeft(t *testing.T) {
	b := testBench(t)
	b.write("one\ntw")
	b.poll()
	b.clock = b.clock.Add(time.Hour)
	b.poll()
	b.want(t, "one")
	b.write("o\nthree")
	b.poll()
	b.want(t, "one", "two")
	b.must(os.Rename(b.log, b.log+".1"))
	b.poll()
	b.clock = b.clock.Add(2 * leave)
	b.poll()
	b.want(t, "one", "two", "three")
}

func TestARecordOfSeveralLinesIsWaitedFor(t *testing.T) {
	b := testBench(t)
	b.set.Begins = regexp.MustCompile(`^\d`)
	b.start()
	b.write("1 error\n at a\n")
	b.poll()
	b.write(" at b\n2 fine\n")
	b.poll()
	b.want(t, "1 error\n at a\n at b")
	b.clock = b.clock.Add(2 * settle)
	b.poll()
	b.want(t, "1 error\n at a\n at b", "2 fine")
}

func TestZerosBeforeALineAreNoPartOfIt(t *testing.T) {
	b := testBench(t)
	b.write("one\n" + strings.Repeat("\x00", 3<<20))
	b.poll()
	b.write("two\n\x00\x00three\n")
	b.poll()
	b.want(t, "one", "two", "three")
}

func TestAWriterThatGoesOnAtItsOldPlaceAfterATruncationIsFollowed(t *testing.T) {
	b := testBench(t)
	b.write("one\ntwo\n")
	b.poll()
	b.must(os.Truncate(b.log, 0))
	b.must(os.Truncate(b.log, 8))
	b.write("three\n")
	b.poll()
	b.want(t, "one", "two", "three")
}

func TestUTF16IsCutAtItsLines(t *testing.T) {
	b := testBench(t)
	b.tailer.opts.Recognise = func(string, []byte) event.Shape { return event.Shape{Encoding: "utf-16le"} }
	b.write("a\x00\n\x00")
	b.poll()
	b.write("\x0a\x30\n\x00b\x00\n")
	b.poll()
	b.want(t, "a\x00", "\x0a\x30")
	b.write("\x00")
	b.poll()
	b.want(t, "a\x00", "\x0a\x30", "b\x00")
}

func TestALongLineIsCutWithParts(t *testing.T) {
	b := testBench(t)
	b.tailer.opts.Limits.MaxLine = 16
	b.write(strings.Repeat("x", 40))
	b.poll()
	b.kill()
	b.start()
	b.tailer.opts.Limits.MaxLine = 16
	b.write("y\nz\n")
	b.poll()
	got := ""
	for _, r := range b.vault.recs {
		got += event.ParseTransport(r.Transport).Get("part") + ":" + string(r.Raw) + "|"
	}
	if x := strings.Repeat("x", 16); got != "1:"+x+"|2:"+x+"|3:xxxxxxxxy|:z|" {
		t.Errorf("records are %s", got)
	}
}

func TestATruncationWithoutACopyIsAttestedAndWhatWasUnreadIsCounted(t *testing.T) {
	b := testBench(t)
	b.write("one\n")
	b.poll()
	b.clock = b.clock.Add(20 * time.Minute)
	b.poll()
	b.vault.full = true
	b.write("two\n")
	b.clock = b.clock.Add(time.Second)
	if _, err := b.tailer.round(t.Context()); err == nil {
		t.Error("a full vault is no error")
	}
	b.vault.full = false
	b.must(os.Truncate(b.log, 0))
	b.poll()
	b.write("three\n")
	b.poll()
	b.want(t, "one", "three")
	if len(b.losses) != 1 || b.losses[0].Bytes != 4 || b.losses[0].Reason != event.WhyTruncated || b.losses[0].Source != "app" {
		t.Errorf("losses are %+v", b.losses)
	}
	holes := 0
	for i, p := range b.proofs {
		if p.Missing == -1 {
			holes++
		}
		if i > 0 && p.From.Before(b.proofs[i-1].To) || !p.From.Before(p.To) || p.Proof != event.ProofCursor {
			t.Errorf("proof %d is %+v after %+v", i, p, b.proofs[max(0, i-1)])
		}
	}
	if holes != 1 || b.proofs[0].Missing != 0 {
		t.Errorf("proofs are %+v", b.proofs)
	}
}

func TestWhatIsWholeIsAttestedEveryQuarterOfAnHourAndAtTheEnd(t *testing.T) {
	b := testBench(t)
	b.write("one\n")
	b.poll()
	first := b.clock
	for range 16 {
		b.clock = b.clock.Add(time.Minute)
		b.poll()
	}
	b.must(b.tailer.stop(t.Context(), nil))
	if len(b.proofs) != 2 || !b.proofs[0].From.Equal(first) || b.proofs[0].To.Sub(first) < sealEvery || !b.proofs[1].From.Equal(b.proofs[0].To) || !b.proofs[1].To.Equal(b.clock) {
		t.Errorf("proofs are %+v", b.proofs)
	}
}

func TestAFileThatCannotBeReadIsNotAttested(t *testing.T) {
	b := testBench(t)
	b.write("\x1f\x8b\x08 this only looks like gzip\n")
	b.poll()
	b.clock = b.clock.Add(time.Hour)
	b.poll()
	b.must(b.tailer.stop(t.Context(), nil))
	if len(b.proofs) != 0 {
		t.Errorf("proofs are %+v", b.proofs)
	}
}

func TestRecordsSayWhereTheyAreFrom(t *testing.T) {
	b := testBench(t)
	b.set.Zone, b.set.ZoneFrom, b.set.Host, b.set.Format = "Asia/Tokyo", "configured", "web1", "nginx"
	b.start()
	b.write("one\n")
	b.must(os.Chtimes(b.log, time.Unix(1.6e9, 0), time.Unix(1.6e9, 0)))
	b.poll()
	via := event.ParseTransport(b.vault.recs[0].Transport)
	for key, want := range map[string]string{
		"path": b.log, "format": "nginx", "tz": "Asia/Tokyo", "tzfrom": "configured", "host": "web1", "ref": "2020-09-13T12:26:40Z",
	} {
		if via.Get(key) != want {
			t.Errorf("%s is %q, want %q", key, via.Get(key), want)
		}
	}
	if via.Kind != "tail" || len(via.Get("id")) != 16 {
		t.Errorf("transport is %s", via)
	}
}

func TestLinksAreNotFollowedAndFoldersAreAtAnyDepth(t *testing.T) {
	b := testBench(t)
	b.set.Paths = []string{filepath.Join(b.dir, "**", "*.log")}
	b.start()
	b.must(os.MkdirAll(filepath.Join(b.dir, "x", "y"), 0o700))
	b.must(os.WriteFile(filepath.Join(b.dir, "x", "y", "a.log"), []byte("deep\n"), 0o600))
	secret := filepath.Join(t.TempDir(), "secret")
	b.must(os.WriteFile(secret, []byte("secret\n"), 0o600))
	b.must(os.Symlink(secret, filepath.Join(b.dir, "b.log")))
	b.must(os.Symlink(filepath.Dir(secret), filepath.Join(b.dir, "c")))
	b.poll()
	b.want(t, "deep")
}

// Logrotate itself rotates under a writer, in the ways that it has.
func TestLogrotateLosesNothing(t *testing.T) {
	if _, err := exec.LookPath("logrotate"); err != nil {
		t.Skip("logrotate is not installed")
	}
	for _, how := range []string{"create", "copytruncate", "create\ncompress", "create\ncompress\ndelaycompress", "copytruncate\ncompress", "create\ncompress\ndateext\ndateformat -%Y%m%d-%s\nextension .log"} {
		t.Run(strings.ReplaceAll(how, "\n", " "), func(t *testing.T) {
			b := testBench(t)
			conf, state := filepath.Join(filepath.Dir(b.dir), "conf"), filepath.Join(filepath.Dir(b.dir), "state")
			b.must(os.WriteFile(conf, []byte(b.log+" {\nsu root root\nrotate 9\n"+how+"\n}\n"), 0o600))
			if os.Geteuid() != 0 {
				b.must(os.WriteFile(conf, []byte(b.log+" {\nrotate 9\n"+how+"\n}\n"), 0o600))
			}
			var want []string
			for round := range 5 {
				for i := range 40 {
					line := "line " + strconv.Itoa(round*40+i)
					want = append(want, line)
					b.write(line + "\n")
					if i%7 == round {
						b.poll()
					}
				}
				if round == 3 {
					b.kill()
				}
				if out, err := exec.CommandContext(t.Context(), "logrotate", "-f", "-s", state, conf).CombinedOutput(); err != nil {
					t.Fatalf("logrotate: %v: %s", err, out)
				}
				if round == 3 {
					b.start()
				}
				if strings.Contains(how, "%s") {
					pause(1100 * time.Millisecond) // names are by the second
				}
			}
			b.poll()
			b.want(t, want...)
		})
	}
}

func TestTheJournalIsTakenEntryByEntryFromWhereItWas(t *testing.T) {
	dir := t.TempDir()
	entries := "__CURSOR=c1\nMESSAGE=one\n\n__CURSOR=c2\nMESSAGE\n\x03\x00\x00\x00\x00\x00\x00\x00a\nb\n\n"
	b := &bench{vault: &store{}, fatal: t.Fatal}
	b.must(os.WriteFile(filepath.Join(dir, "entries"), []byte(entries), 0o600))
	script := "#!/bin/sh\ncase \"$*\" in *--cursor=c2*) printf '__CURSOR=c2\\nMESSAGE=two\\n\\n__CURSOR=c3\\nMESSAGE=three\\n\\n';; *--cursor*) exit 1;; *) cat " + dir + "/entries;; esac\n"
	b.must(os.WriteFile(filepath.Join(dir, "ctl"), []byte(script), 0o700))
	j, err := NewJournal(JournalOptions{
		File: filepath.Join(dir, "journal.json"), Source: "host", Host: "web1", To: b.vault, Command: filepath.Join(dir, "ctl"), Logger: discard(),
	})
	b.must(err)
	if err := j.follow(t.Context()); err == nil {
		t.Error("that journalctl ended is no error")
	}
	b.must(j.recover(t.Context()))
	_ = j.follow(t.Context())
	var got []byte
	for _, r := range b.vault.recs {
		got = append(append(got, r.Raw...), '\n')
	}
	if !bytes.Equal(got, []byte(entries+"__CURSOR=c3\nMESSAGE=three\n\n")) || b.vault.recs[0].Transport != "journald;host=web1" {
		t.Errorf("records are %q", got)
	}
	again, err := NewJournal(j.opts)
	b.must(err)
	again.state.Cursor = "c1" // as if killed before it was remembered
	again.state.Pending = 1
	b.must(again.recover(t.Context()))
	if again.state.Cursor != "c3" {
		t.Errorf("goes on after %q", again.state.Cursor)
	}
	if _, err := NewJournal(JournalOptions{Command: filepath.Join(dir, "none")}); err == nil || !strings.Contains(err.Error(), "journalctl") {
		t.Error(err)
	}
}

func FuzzCheckpoint(f *testing.F) {
	f.Add([]byte(`{"version":1,"files":[{"id":"a","source":"s","path":"/p","now":"/p","identity":{"dev":1,"inode":2},"offset":4,"head":{"at":4,"sum":""},"marks":[{"at":4,"sum":"x"}]}]}`))
	f.Add([]byte(`{"version":1,"cursor":"s=1;i=2"}`))
	f.Add([]byte(`{"version":2,"files":[{"id":"a","source":"s","path":"/p","now":"/p.1.gz","identity":{"dev":1,"inode":2},"offset":0,"head":{"at":0,"sum":""},"packed":true,"old":true,"done":true}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = decodeJournal(b)
		c, err := decode(b)
		if err != nil {
			return
		}
		for i := range c.Files {
			s := &c.Files[i]
			if s.Offset < 0 || len(s.Marks) > maxMarks || s.Shaped > headBytes || s.check() != nil {
				t.Errorf("%+v was read", s)
			}
			for _, m := range s.Marks {
				if m.At > s.Offset || m.At < 0 || m.from() < 0 {
					t.Errorf("mark %+v of %d was read", m, s.Offset)
				}
			}
		}
	})
}

func BenchmarkOneFile(b *testing.B) {
	h := newBench(b.TempDir(), b.Fatal)
	text := strings.Repeat("192.0.2.1 - - [22/Nov/2026:15:00:00 +0900] \"GET /index.html HTTP/1.1\" 200 512\n", 400_000)
	h.write(text)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		_ = os.Remove(h.at)
		h.vault = &store{}
		h.start()
		h.poll()
		h.kill()
	}
}

func BenchmarkALookAtAThousandIdleFiles(b *testing.B) {
	h := newBench(b.TempDir(), b.Fatal)
	h.set.Paths = []string{filepath.Join(h.dir, "*.log")}
	for i := range 1000 {
		h.must(os.WriteFile(filepath.Join(h.dir, strconv.Itoa(i)+".log"), []byte("line "+strconv.Itoa(i)+"\n"), 0o600))
	}
	h.start()
	h.poll()
	for b.Loop() {
		h.poll()
	}
}
