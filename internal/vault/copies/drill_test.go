package copies

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault"
)

// machine is the process that is lost: it takes records in, ships them, and
// says on standard output what it acknowledged. When told to, it ships no more
// and says how far the copy is.
func machine(store Store, data, journal string, synchronous bool) error {
	sh, err := NewShipper(nil, store, Options{LogEvery: time.Nanosecond, Journal: journal})
	if err != nil {
		return err
	}
	o := vault.Options{BatchEvery: 50 * time.Millisecond, SegmentRecords: 1000}
	if synchronous {
		o.Second = sh.Second
	}
	v, err := vault.OpenOrCreate(filepath.Join(data, "vault"), o)
	if err != nil {
		return err
	}
	if err := sh.Follow(v); err != nil {
		return err
	}
	var out sync.Mutex
	say := func(format string, args ...any) {
		out.Lock()
		defer out.Unlock()
		fmt.Fprintf(os.Stdout, format, args...)
	}
	for sender := range 4 {
		go func() {
			for n := 0; ; n++ {
				recs := records(sender*1_000_000+n*10, 1+n%7)
				if v.Append(context.Background(), recs) != nil {
					return // the folder is gone
				}
				for _, r := range recs {
					say("ack %d %s\n", r.Seq, r.Raw)
				}
			}
		}()
	}
	var told atomic.Bool
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		told.Store(true)
	}()
	for !told.Load() {
		if err := sh.Round(context.Background()); err != nil {
			return err
		}
		if len(v.Segments()) >= 3 && sh.Status().Copied >= 3000 {
			say("ready\n")
		}
	}
	say("copied %d\n", sh.Status().Copied)
	select {}
}

// TestMain is the lost machine when a drill asks for it.
func TestMain(m *testing.M) {
	kind := os.Getenv("KONSEKI_DRILL")
	if kind == "" {
		os.Exit(m.Run())
	}
	var store Store
	var err error
	env := os.Getenv
	if kind == "s3" {
		store, err = OpenS3(S3Options{To: env("DRILL_TO"), Endpoint: env("DRILL_AT"), CAFile: env("DRILL_CA"), AccessKeyFile: env("DRILL_ID"), SecretKeyFile: env("DRILL_SECRET")})
	} else {
		store, err = OpenPeer(PeerOptions{To: env("DRILL_TO"), CAFile: env("DRILL_CA"), Certificate: env("DRILL_ID"), Key: env("DRILL_SECRET")})
	}
	if err == nil {
		err = machine(store, env("DRILL_DATA"), env("DRILL_JOURNAL"), env("DRILL_SECOND") != "")
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(60 * time.Second); !done(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("in vain waited until " + what)
		}
	}
}

// wiped is a drill: a machine takes records in, its whole data folder goes
// while it does, it is killed, and a vault is made from the copy. It gives what
// was acknowledged, what came back, and how far the copy was said to be.
func wiped(t *testing.T, env []string, look Store, synchronous bool) (acked, back map[uint64]string, copied uint64) {
	data := filepath.Join(t.TempDir(), "data")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, "DRILL_DATA="+data, "DRILL_JOURNAL="+filepath.Join(data, "copy.journal"))...)
	if synchronous {
		cmd.Env = append(cmd.Env, "DRILL_SECOND=1")
	}
	cmd.Stderr = testWriter{t}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	tell, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acked = map[uint64]string{}
	var key []byte
	newer, asked := 0, false
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "ack":
			seq, raw, _ := strings.Cut(rest, " ")
			n, _ := strconv.ParseUint(seq, 10, 64)
			acked[n] = raw
			if copied > 0 && n > copied {
				newer++
			}
		case "ready":
			if !asked {
				asked = true
				if key, err = os.ReadFile(filepath.Join(data, "vault", "key")); err != nil {
					t.Fatal(err)
				}
				_, _ = tell.Write([]byte("x"))
			}
		case "copied":
			copied, _ = strconv.ParseUint(rest, 10, 64)
		}
		if copied > 0 && newer >= 100 {
			break
		}
	}
	_ = os.RemoveAll(data) // while it is written
	_ = cmd.Process.Kill()
	for lines.Scan() { // what it had still said
		if seq, raw, ok := strings.Cut(strings.TrimPrefix(lines.Text(), "ack "), " "); ok && strings.HasPrefix(lines.Text(), "ack ") {
			n, _ := strconv.ParseUint(seq, 10, 64)
			acked[n] = raw
		}
	}
	_ = cmd.Wait()
	_ = os.RemoveAll(data)
	dir := filepath.Join(t.TempDir(), "restored")
	r, err := Restore(t.Context(), look, dir, RestoreOptions{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Report.OK() || len(r.Missing) > 0 {
		t.Fatalf("missing %v, problems %v", r.Missing, r.Report.Problems)
	}
	again := openVault(t, filepath.Join(dir, "vault"), vault.Options{})
	back = map[uint64]string{}
	for rec, err := range again.Records(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		back[rec.Seq] = string(rec.Raw)
	}
	return acked, back, copied
}

func drillStores(t *testing.T) map[string]func(t *testing.T) (env []string, look Store) {
	return map[string]func(t *testing.T) (env []string, look Store){
		"peer": func(t *testing.T) ([]string, Store) {
			f := newPeerFixture(t)
			at := filepath.Join(f.authority.dir, "tokyo")
			return []string{"KONSEKI_DRILL=peer", "DRILL_TO=" + f.server.URL, "DRILL_CA=" + f.ca(), "DRILL_ID=" + at + ".pem", "DRILL_SECRET=" + at + ".key"}, f.client("restorer", "tokyo")
		},
		"s3": func(t *testing.T) ([]string, Store) {
			g := newGateway(t)
			g.user("adder", "s3:PutObject", "s3:PutObjectRetention")
			return []string{
				"KONSEKI_DRILL=s3", "DRILL_TO=s3://copies/tokyo", "DRILL_AT=https://" + g.address, "DRILL_CA=" + g.ca(),
				"DRILL_ID=" + g.secret("adder.access", "adder"), "DRILL_SECRET=" + g.secret("adder.secret", "adder-secret"),
			}, g.bucket("root", "copies/tokyo")
		},
	}
}

// TestDrillWipedDataFolderLosesOnlyWhatWasNotCopied: the loss is exactly the
// acknowledged records that are newer than the last acknowledged copy.
func TestDrillWipedDataFolderLosesOnlyWhatWasNotCopied(t *testing.T) {
	t.Parallel()
	for name, open := range drillStores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, look := open(t)
			acked, back, copied := wiped(t, env, look, false)
			lost := 0
			for seq, raw := range acked {
				switch got, ok := back[seq]; {
				case seq > copied && ok:
					t.Fatalf("record %d came back, but the copy was said to end at %d", seq, copied)
				case seq > copied:
					lost++
				case !ok:
					t.Fatalf("record %d is lost, but the copy was said to reach %d", seq, copied)
				case got != raw:
					t.Fatalf("record %d came back as %q, it was %q", seq, got, raw)
				}
			}
			if lost == 0 || uint64(len(back)) != copied {
				t.Errorf("%d came back, the copy was said to reach %d; %d lost", len(back), copied, lost)
			}
			t.Logf("%d acknowledged, %d copied, %d came back, %d lost", len(acked), copied, len(back), lost)
		})
	}
}

// TestDrillWithSynchronousCopyLosesNothing: what was acknowledged is in two
// places, so that wiping one loses none of it.
func TestDrillWithSynchronousCopyLosesNothing(t *testing.T) {
	t.Parallel()
	for name, open := range drillStores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, look := open(t)
			acked, back, copied := wiped(t, env, look, true)
			for seq, raw := range acked {
				if got, ok := back[seq]; !ok || got != raw {
					t.Fatalf("record %d was acknowledged as %q and came back as %q, %v", seq, raw, got, ok)
				}
			}
			t.Logf("%d acknowledged, %d copied, %d came back", len(acked), copied, len(back))
		})
	}
}

// failingOften is a store that loses some answers: the object is there, but
// the sender is told otherwise.
type failingOften struct {
	Store
	n int
}

func (f *failingOften) Put(ctx context.Context, o Object) error {
	err := f.Store.Put(ctx, o)
	if f.n++; strings.HasPrefix(o.Name, tailPrefix) && f.n%3 == 0 {
		return errors.Join(errDown, err)
	}
	return err
}

// TestSequencesGivenTwiceComeBackAsLastAcknowledged: an append that failed
// because the answer of its copy was lost leaves records in the copy that were
// never acknowledged; the ones acknowledged later under their sequences count.
func TestSequencesGivenTwiceComeBackAsLastAcknowledged(t *testing.T) {
	s := &failingOften{Store: stores(t)["folder"](t)}
	sh := newShipper(t, nil, s)
	v := openVault(t, filepath.Join(t.TempDir(), "vault"), vault.Options{Second: sh.Second, SegmentRecords: 500})
	if err := sh.Follow(v); err != nil {
		t.Fatal(err)
	}
	want := map[uint64]string{}
	failed := 0
	for n := range 400 {
		recs := records(n*10, 1+(n*7)%9)
		if err := v.Append(t.Context(), recs); err != nil {
			if !errors.Is(err, errDown) {
				t.Fatal(err)
			}
			failed++
			continue
		}
		for _, r := range recs {
			want[r.Seq] = string(r.Raw)
		}
	}
	if failed < 100 {
		t.Fatalf("only %d appends failed", failed)
	}
	if err := newShipperRound(t, sh); err != nil {
		t.Fatal(err)
	}
	dir, r := restoreTo(t, s, RestoreOptions{Key: keyOf(t, v)})
	again := openVault(t, filepath.Join(dir, "vault"), vault.Options{})
	for seq, raw := range want {
		rec, err := again.Get(t.Context(), seq)
		if err != nil || string(rec.Raw) != raw {
			t.Fatalf("record %d was acknowledged as %q and came back as %q: %v (%+v)", seq, raw, rec.Raw, err, r)
		}
	}
	t.Logf("%d appends failed, %d records came back of %d acknowledged", failed, r.Records, len(want))
}

// newShipperRound ships the log in spite of lost answers.
func newShipperRound(t *testing.T, s *Shipper) (err error) {
	for range 5 {
		if err = s.Round(t.Context()); err == nil {
			return nil
		}
	}
	return err
}

// TestOutageIsMadeUpFor stops the S3 server while records come in, and starts
// it again.
func TestOutageIsMadeUpFor(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	g.user("adder", "s3:PutObject", "s3:PutObjectRetention")
	v := openVault(t, filepath.Join(t.TempDir(), "vault"), vault.Options{BatchEvery: 20 * time.Millisecond, SegmentRecords: 300})
	sh := newShipper(t, v, g.bucket("adder", "copies/tokyo"))
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = sh.Run(ctx) })
	defer func() { cancel(); running.Wait() }()
	add(t, v, 0, 1000, 50)
	until(t, "the first records are copied", func() bool { return sh.Status().Copied >= 1000 })
	g.stop()
	add(t, v, 1000, 2000, 50)
	until(t, "the outage is noticed", func() bool { return sh.Status().Trouble != "" })
	if st := sh.Status(); st.Behind == 0 || st.Copied < 1000 {
		t.Errorf("status in the outage is %+v", st)
	}
	g.start()
	until(t, "the outage is made up for", func() bool { st := sh.Status(); return st.Copied == 3000 && st.Trouble == "" })
	seal(t, v)
	until(t, "everything sealed is under a copied checkpoint", func() bool { return sh.Status().Batches == v.Status().Batches })
	_, r := restoreTo(t, g.bucket("root", "copies/tokyo"), RestoreOptions{})
	if r.Records != 3000 || r.Sealed != 3000 || !r.Report.OK() {
		t.Errorf("restored %+v, verified %+v", r, r.Report)
	}
}

// TestTailsThatOvertakeEachOtherAreOrdered checks the rule by itself.
func TestTailsThatOvertakeEachOtherAreOrdered(t *testing.T) {
	got := afterwards([]tail{{10, 20, 3}, {1, 9, 1}, {5, 12, 2}, {10, 12, 5}, {13, 30, 6}, {40, 50, 0}, {31, 33, 7}, {13, 14, 4}})
	var text []string
	for _, f := range got {
		text = append(text, strings.TrimPrefix(tail{f.first, f.last, f.again}.name(), tailPrefix))
	}
	want := []tail{{40, 50, 0}, {1, 4, 1}, {5, 9, 2}, {10, 12, 5}, {13, 30, 6}, {31, 33, 7}}
	for i, w := range want {
		if i >= len(text) || text[i] != strings.TrimPrefix(w.name(), tailPrefix) {
			t.Fatalf("got %v, want %v", text, want)
		}
	}
	if len(text) != len(want) || slices.Contains(text, "") {
		t.Fatalf("got %v", text)
	}
}

func BenchmarkSecond(b *testing.B) {
	f := newPeerFixture(b)
	sh, err := NewShipper(nil, f.client("tokyo", ""), Options{Journal: filepath.Join(b.TempDir(), "copy.journal")})
	if err != nil {
		b.Fatal(err)
	}
	v := openVault(b, filepath.Join(b.TempDir(), "vault"), vault.Options{Second: sh.Second, SegmentRecords: 1 << 18})
	b.ResetTimer()
	for b.Loop() {
		if err := v.Append(b.Context(), []event.Record{{Source: "vpn", Raw: []byte("one line of a log that one sender waits for")}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "acks/s")
}
