package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// killEnv sets how many points of TestAcknowledgedRecordsSurviveKillNine there
// are, 200 by default.
const killEnv = "KONSEKI_TEST_KILLS"

// mixedSenders are senders of JSON lines, with so many lines in a request at
// most, of whom every other repeats what was not answered, and two of syslog.
func mixedSenders(random *rand.Rand, lines ...int) *book {
	b := &book{}
	for i, most := range lines {
		b.posts = append(b.posts, &jsonSender{
			name: fmt.Sprintf("s%d", i), most: most, repeats: i%2 == 1, pause: 2 * time.Millisecond, random: rand.New(rand.NewPCG(random.Uint64(), uint64(i))),
		})
	}
	b.wires = []*syslogSender{
		{name: "octets", counted: true, size: 80, pause: 2 * time.Millisecond},
		{name: "feeds", size: 300, pause: 2 * time.Millisecond},
	}
	return b
}

// TestAcknowledgedRecordsSurviveKillNine kills the vault behind its doors at
// 200 random points under load, always on the same folder. It names guarantee
// G1: what was acknowledged is there, as it was sent and at the sequence told;
// nothing is there more often than it was sent; the sequence has no gap; what
// a kill leaves is verified as it is.
//
// A killed process leaves its writes to the kernel: what a loss of power does
// is shown by the vault's own tests, with files that fail and tails that tear.
func TestAcknowledgedRecordsSurviveKillNine(t *testing.T) {
	random, points := chance(t), number(t, killEnv, 200)
	data := filepath.Join(t.TempDir(), "data")
	b := mixedSenders(random, 1, 20, 300, 6000) // the last needs several appends for a request
	early := 0
	for point := range points {
		if point%8 == 7 { // also while it opens and recovers, not counted as a point
			early++
			killEarly(t, data, time.Duration(random.Int64N(int64(60*time.Millisecond))))
		}
		killUnderLoad(t, await(t, doorCommand(t, data), 1), b, doorToken, time.Duration(random.Int64N(int64(250*time.Millisecond))))
		switch {
		case point == points-1:
			intact(t, filepath.Join(data, "vault"))
			b.reset()
			b.readVault(t, filepath.Join(data, "vault"), doorVault())
		case point%50 == 49:
			intact(t, filepath.Join(data, "vault"))
			b.reset()
			fallthrough
		case point%10 == 9:
			b.readVault(t, filepath.Join(data, "vault"), doorVault())
		}
		if t.Failed() {
			t.Fatalf("after %d kills", point+1)
		}
	}
	r, c := intact(t, filepath.Join(data, "vault")), b.check(t)
	if r.Sealed != r.Records || r.Records != b.last {
		t.Errorf("%d records, %d of them sealed, %d read", r.Records, r.Sealed, b.last)
	}
	var answered, unanswered int64
	for _, s := range b.posts {
		answered, unanswered = answered+s.answered.Load(), unanswered+s.unanswered.Load()
	}
	t.Logf("%d kills under load and %d while opening; %d requests answered and %d not; %s; %d records in %d segments and %d batches are intact",
		points, early, answered, unanswered, c, r.Records, r.Segments, r.Batches)
	if unanswered < int64(points) || c.acknowledged < 100*points || c.framesFound < 10*points || r.Segments == 0 && points > 20 {
		t.Error("the load was too light for the test to bite")
	}
}

// killUnderLoad lets everybody send to a program and kills it.
func killUnderLoad(t *testing.T, s *served, b *book, token string, after time.Duration) {
	t.Helper()
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	var working sync.WaitGroup
	for _, p := range b.posts {
		working.Go(func() { p.run(t.Context(), client, s.ingest, token) })
	}
	for _, w := range b.wires {
		working.Go(func() { _ = w.run(t.Context(), s.syslog["tcp"]) })
	}
	timer := time.AfterFunc(after, func() { _ = s.cmd.Process.Kill() })
	defer timer.Stop()
	<-s.ended
	working.Wait()
	if s.cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the program ended by itself: %v\n%s", s.cmd.ProcessState, s.logged)
	}
}

// killEarly kills the small program, perhaps before its doors are open.
func killEarly(t *testing.T, data string, after time.Duration) {
	t.Helper()
	cmd := doorCommand(t, data)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	_ = cmd.Wait()
	if cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the program ended by itself: %v\n%s", cmd.ProcessState, said.String())
	}
}
