package vault

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/vault/ondisk"

	"github.com/konseki/konseki/internal/event"
)

// writerEnv makes the test binary a writer process on the vault it names.
const writerEnv = "KONSEKI_VAULT_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerEnv); dir != "" {
		if err := writer(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// writer appends from four goroutines until it is killed, and writes down
// every acknowledgement: sequence, checksum of the raw bytes.
func writer(dir string) error {
	v, err := OpenOrCreate(dir, Options{BatchEvery: 15 * time.Millisecond, SegmentRecords: 400, BatchRecords: 150})
	if err != nil {
		return err
	}
	errs := make(chan error)
	for g := range 4 {
		go func() {
			for i := 0; ; i += 5 {
				recs := records(int(v.Size())+g*7+i, 1+i%9)
				if err := v.Append(context.Background(), recs); err != nil {
					errs <- err
					return
				}
				var out bytes.Buffer
				for _, r := range recs {
					fmt.Fprintf(&out, "%d %08x\n", r.Seq, ondisk.Checksum(r.Raw))
				}
				os.Stdout.Write(out.Bytes()) // one write, so that lines stay whole
			}
		}()
	}
	return <-errs
}

// TestG1AcknowledgedRecordsSurviveKill kills a writing process at random
// moments and looks for every record it had acknowledged.
func TestG1AcknowledgedRecordsSurviveKill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	acked := map[uint64]uint32{}
	deadline := time.Now().Add(8 * time.Second)
	rounds := 0
	for ; rounds < 40 && time.Now().Before(deadline); rounds++ {
		runAndKill(t, dir, acked)
		if t.Failed() {
			return
		}
		if _, err := os.Stat(filepath.Join(dir, ondisk.FormatName)); err != nil {
			if len(acked) > 0 {
				t.Fatal("the vault is gone")
			}
			if err := os.RemoveAll(dir); err != nil { // killed while it was being made
				t.Fatal(err)
			}
			continue
		}
		v, err := Open(dir, quiet())
		if err != nil {
			t.Fatalf("round %d: %v", rounds, err)
		}
		found := 0
		for r, err := range v.Records(t.Context(), 1) {
			if err != nil {
				t.Fatal(err)
			}
			if sum, ok := acked[r.Seq]; ok {
				if sum != ondisk.Checksum(r.Raw) {
					t.Fatalf("round %d: record %d is not the one acknowledged", rounds, r.Seq)
				}
				found++
			}
		}
		if found != len(acked) {
			t.Fatalf("round %d: %d records acknowledged, %d found", rounds, len(acked), found)
		}
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if r := mustVerify(t, dir); !r.OK() {
		t.Fatalf("%+v", r.Problems)
	}
	if len(acked) == 0 {
		t.Fatal("nothing was acknowledged")
	}
	t.Logf("%d kills, %d records acknowledged, all found", rounds, len(acked))
}

func runAndKill(t *testing.T, dir string, acked map[uint64]uint32) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), writerEnv+"="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(time.Duration(20+rand.IntN(350))*time.Millisecond, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		seqText, sumText, ok := strings.Cut(lines.Text(), " ")
		seq, err1 := strconv.ParseUint(seqText, 10, 64)
		sum, err2 := strconv.ParseUint(sumText, 16, 32)
		if !ok || err1 != nil || err2 != nil || len(sumText) != 8 {
			continue // the line the kill cut short
		}
		if was, twice := acked[seq]; twice && was != uint32(sum) {
			t.Errorf("record %d was acknowledged twice, with different content", seq)
		}
		acked[seq] = uint32(sum)
	}
	_ = cmd.Wait()
	if stderr.Len() > 0 {
		t.Fatalf("writer: %s", stderr.String())
	}
}

func TestTornTailIsCutAndSaid(t *testing.T) {
	for cut := 1; cut < 60; cut += 7 {
		dir := filepath.Join(t.TempDir(), "vault")
		recs := records(1, 20)
		v := openUnsealed(t, dir, recs)
		path := v.files[len(v.files)-1].Path
		abandon(v)
		edit(t, path, func(b []byte) []byte { return b[:len(b)-cut] })
		var said bytes.Buffer
		opts := quiet()
		opts.Logger = textLogger(&said)
		v, err := Open(dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		mustRead(t, v, 1, recs[:19])
		if info, err := os.Stat(path); err != nil || info.Size() != v.files[0].Size {
			t.Fatalf("%v: the torn end is still there", err)
		}
		again := records(20, 1)
		mustAppend(t, v, again)
		mustRead(t, v, 1, append(recs[:19:19], again...))
		if !strings.Contains(said.String(), "torn") {
			t.Errorf("nothing said: %s", said.String())
		}
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
		if r := mustVerify(t, dir); !r.OK() || r.Sealed != 20 {
			t.Fatalf("%+v", r)
		}
	}
}

func TestFullDiskAcknowledgesNothingAndHeals(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	v, disk := openFaulty(t, dir, quiet(), 1)
	recs := records(1, 100)
	mustAppend(t, v, recs[:50])
	disk.set(func(d *faultyDisk) { d.space = 137 })
	lost := records(51, 20)
	err := v.Append(t.Context(), lost)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("full disk: %v", err)
	}
	if lost[0].Seq != 0 || lost[19].Seq != 0 || v.Size() != 50 || v.Status().Trouble == "" {
		t.Errorf("sequences %d, %d, size %d, trouble %q", lost[0].Seq, lost[19].Seq, v.Size(), v.Status().Trouble)
	}
	disk.set(func(d *faultyDisk) { d.space = 1 << 40 })
	mustAppend(t, v, recs[50:])
	mustRead(t, v, 1, recs)
	if v.Status().Trouble != "" {
		t.Errorf("trouble stays: %s", v.Status().Trouble)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, dir); !r.OK() || r.Sealed != 100 {
		t.Fatalf("%+v", r)
	}
}

func TestFailedFsyncAcknowledgesNothingAndLeavesTheFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	v, disk := openFaulty(t, dir, quiet(), 1)
	recs := records(1, 100)
	mustAppend(t, v, recs[:50])
	disk.set(func(d *faultyDisk) { d.fsyncs = 1 })
	if err := v.Append(t.Context(), records(900, 20)); !errors.Is(err, syscall.EIO) {
		t.Fatalf("failed fsync: %v", err)
	}
	mustAppend(t, v, recs[50:])
	if n := len(v.files); n != 2 {
		t.Errorf("%d log files, want a new one", n)
	}
	// What the failed group left must not come back, even if it reached the disk.
	edit(t, v.files[0].Path, func(b []byte) []byte {
		ghost := event.Record{Seq: 51, Source: "vpn", Raw: []byte("never acknowledged"), Received: time.Unix(1, 0)}
		return ondisk.AppendFrame(b, &ghost, &ondisk.Kept{Form: ondisk.FormWhole, Body: ghost.Raw}, nil)
	})
	abandon(v)
	v, err := Open(dir, quiet())
	if err != nil {
		t.Fatal(err)
	}
	mustRead(t, v, 1, recs)
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, dir); !r.OK() || r.Sealed != 100 {
		t.Fatalf("%+v", r)
	}
}

func TestTooLargeAndInvalidRecordsAreRefused(t *testing.T) {
	v := openNew(t, quiet())
	big := event.Record{Source: "vpn", Transport: "file", Raw: make([]byte, ondisk.MaxRaw)}
	mustAppend(t, v, []event.Record{big})
	for _, c := range []struct {
		rec  event.Record
		want error
	}{
		{event.Record{Raw: make([]byte, ondisk.MaxRaw+1)}, ErrTooLarge},
		{event.Record{Source: strings.Repeat("s", ondisk.MaxSource+1)}, ErrTooLarge},
		{event.Record{Transport: strings.Repeat("t", ondisk.MaxTransport+1)}, ErrTooLarge},
		{event.Record{Source: "\xff"}, ErrInvalid},
		{event.Record{Received: time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)}, ErrInvalid},
	} {
		if err := v.Append(t.Context(), []event.Record{c.rec}); !errors.Is(err, c.want) {
			t.Errorf("got %v, want %v", err, c.want)
		}
	}
	got, err := v.Get(t.Context(), 1)
	if err != nil || len(got.Raw) != ondisk.MaxRaw {
		t.Errorf("largest record: %d bytes, %v", len(got.Raw), err)
	}
}

func TestG1AFileThatCouldNotBeStartedTakesNothingFromTheOneBefore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	o := quiet()
	o.SegmentRecords = 20
	v, disk := openFaulty(t, dir, o, 1)
	recs := records(1, 16)
	mustAppend(t, v, recs[:15])
	disk.set(func(d *faultyDisk) { d.fsyncs = 1 })
	if err := v.Append(t.Context(), records(900, 10)); !errors.Is(err, syscall.EIO) {
		t.Fatalf("failed fsync: %v", err)
	}
	mustAppend(t, v, recs[15:]) // would fit into the first file
	abandon(v)
	v, err := Open(dir, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	mustRead(t, v, 1, recs)
}

func TestAClockSetBackIsSaidAndSealingGoesOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	var said bytes.Buffer
	var back atomic.Bool
	o := quiet()
	o.Logger = textLogger(&said)
	o.Now = func() time.Time {
		if back.Load() {
			return time.Unix(1_790_000_000, 0)
		}
		return time.Unix(1_790_003_600, 0)
	}
	v, err := OpenOrCreate(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, v, records(1, 5))
	mustSeal(t, v)
	back.Store(true)
	recs := records(6, 5)
	for i := range recs {
		recs[i].Received = time.Time{}
	}
	if err := v.Append(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	mustSeal(t, v)
	if got := v.Status().ClockBack; got != time.Hour {
		t.Errorf("clock went back %s", got)
	}
	mustProve(t, v, recs[4])
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.String(), "clock was set back") {
		t.Errorf("said: %s", said.String())
	}
	if r := mustVerify(t, dir); !r.OK() || r.Sealed != 10 {
		t.Errorf("%+v", r)
	}
}
