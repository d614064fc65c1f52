package anchor

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// hear collects alarms.
func hear(into *[]*Alarm) func(*Alarm) { return func(a *Alarm) { *into = append(*into, a) } }

func TestKeeperHasEveryWitnessCosign(t *testing.T) {
	dir := newVault(t, 2)
	one, two := newSeat(t, "one.example", dir), newSeat(t, "two.example", dir)
	k := keeper(t, KeeperOptions{Dir: dir, Witnesses: []Peer{one.Peer, two.Peer}})
	mustAnchor(t, k)
	grow(t, dir, 3, "more")
	two.stop() // killed between
	if err := k.Once(t.Context()); err == nil || !strings.Contains(err.Error(), "two.example") {
		t.Fatalf("nobody says that a witness is gone: %v", err)
	}
	st := k.Status()
	if st[0].Size != 5 || st[0].Trouble != "" || st[1].Size != 2 || st[1].Trouble == "" || st[1].Alarm != nil {
		t.Fatalf("status %+v", st)
	}
	r := mustCheck(t, dir, CheckOptions{Witnesses: []Peer{one.Peer, two.Peer}})
	if !r.OK() || r.Covered != 5 || len(r.Anchors) != 2 || !r.Anchors[0].Held || !r.Anchors[1].Held {
		t.Fatalf("%+v", r)
	}
	if r.Age > time.Minute || r.Newest.IsZero() {
		t.Errorf("the newest anchor is %v old", r.Age)
	}
	two.start() // at another address, with what it held
	k = keeper(t, KeeperOptions{Dir: dir, Witnesses: []Peer{one.Peer, two.Peer}})
	if st := k.Status(); st[0].Size != 5 || st[1].Size != 2 {
		t.Fatalf("a new keeper does not know what is held: %+v", st)
	}
	mustAnchor(t, k)
	if st := k.Status(); st[1].Size != 5 || st[1].Trouble != "" {
		t.Errorf("after it came back: %+v", st[1])
	}
}

// TestKeeperLearnsWhatAWitnessHolds loses the kept copies: the witness's 409
// says where to go on.
func TestKeeperLearnsWhatAWitnessHolds(t *testing.T) {
	dir := newVault(t, 3)
	s := newSeat(t, "w", dir)
	mustAnchor(t, keeper(t, KeeperOptions{Dir: dir, Witnesses: []Peer{s.Peer}}))
	grow(t, dir, 4, "more")
	if err := os.RemoveAll(filepath.Join(dir, Folder)); err != nil {
		t.Fatal(err)
	}
	mustAnchor(t, keeper(t, KeeperOptions{Dir: dir, Witnesses: []Peer{s.Peer}}))
	if got := s.w.Logs()[headOf(t, dir).Origin]; got != 7 {
		t.Errorf("it holds %d", got)
	}
}

func TestKeeperAsksOnlyWhenTheCheckpointGrew(t *testing.T) {
	dir := newVault(t, 1)
	s := newSeat(t, "w", dir)
	var asked atomic.Int32
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		s.w.Handler().ServeHTTP(rw, r)
	}))
	defer front.Close()
	peer := s.Peer
	peer.URL = front.URL + "/"
	k := keeper(t, KeeperOptions{Dir: dir, Witnesses: []Peer{peer}})
	for range 3 {
		mustAnchor(t, k)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	grow(t, dir, 1, "more")
	mustAnchor(t, k)
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

func TestRunKeepsAnchorsUntilTheContextEnds(t *testing.T) {
	dir := newVault(t, 1)
	s := newSeat(t, "w", dir)
	k := keeper(t, KeeperOptions{Dir: dir, Witnesses: []Peer{s.Peer}, Every: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- k.Run(ctx) }()
	for _, size := range []uint64{1, 2} {
		for k.Status()[0].Size != size {
			if t.Context().Err() != nil {
				t.Fatal("never cosigned")
			}
			<-time.After(time.Millisecond)
		}
		grow(t, dir, 1, "more")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestRollbackToYesterdayIsFoundByAWitness(t *testing.T) {
	dir := newVault(t, 3)
	yesterday := copyOf(t, dir)
	grow(t, dir, 2, "the intrusion")
	s := newSeat(t, "w", dir)
	mustAnchor(t, keeper(t, KeeperOptions{Dir: dir, Witnesses: []Peer{s.Peer}}))
	putBack(t, yesterday, dir) // with the anchors: nothing in the folder remembers

	if r := mustCheck(t, dir, CheckOptions{Witnesses: []Peer{s.Peer}}); !r.OK() || r.Covered != 0 {
		t.Fatalf("the folder alone says %+v", r)
	}
	a := wantOnly(t, mustCheck(t, dir, CheckOptions{Witnesses: []Peer{s.Peer}, Ask: true}), RolledBack)
	if !a.Live || a.Size != 5 || a.Kept || a.Time.IsZero() {
		t.Errorf("%+v", a)
	}

	// The keeper finds it at its first attempt, with the proof, and says it once.
	var alarms []*Alarm
	k := keeper(t, KeeperOptions{Dir: dir, Witnesses: []Peer{s.Peer}, Alarm: hear(&alarms)})
	for range 3 {
		if err := k.Once(t.Context()); err == nil {
			t.Fatal("nothing was said")
		}
	}
	if len(alarms) != 1 || alarms[0].Kind != RolledBack || alarms[0].Ours != 3 || alarms[0].Theirs != 5 || !alarms[0].Confirmed {
		t.Fatalf("alarms %+v", alarms)
	}
	if st := k.Status()[0]; st.Alarm == nil || st.Trouble == "" {
		t.Errorf("status %+v", st)
	}
	// Growing past what the witness remembers does not hide it.
	grow(t, dir, 9, "another story")
	if err := k.Once(t.Context()); err == nil {
		t.Fatal("the witness took another story")
	}
	if last := alarms[len(alarms)-1]; last.Kind != Forked || !last.Confirmed {
		t.Errorf("%+v", last)
	}
	// The proof was kept, and Check finds it without asking.
	r := mustCheck(t, dir, CheckOptions{Witnesses: []Peer{s.Peer}})
	if r.OK() || r.Alarms()[0].Why != Forked {
		t.Errorf("%+v", r.Anchors)
	}
}

// TestRollbackIsFoundWithTheWitnessGone relies on the copy of the anchors alone.
func TestRollbackIsFoundWithTheWitnessGone(t *testing.T) {
	dir := newVault(t, 2)
	yesterday := copyOf(t, dir)
	grow(t, dir, 2, "the intrusion")
	s := newSeat(t, "w", dir)
	mustAnchor(t, keeper(t, KeeperOptions{Dir: dir, Witnesses: []Peer{s.Peer}}))
	s.stop()
	elsewhere := copyOf(t, filepath.Join(dir, Folder))
	putBack(t, yesterday, dir)
	wantOnly(t, mustCheck(t, dir, CheckOptions{Witnesses: []Peer{s.Peer}, Folders: []string{elsewhere}}), RolledBack)
	// Also where nobody knows the witness's key: the vault's own is enough to contradict.
	wantOnly(t, mustCheck(t, dir, CheckOptions{Folders: []string{elsewhere}}), RolledBack)

	if err := os.CopyFS(filepath.Join(dir, Folder), os.DirFS(elsewhere)); err != nil {
		t.Fatal(err)
	}
	var alarms []*Alarm
	k := keeper(t, KeeperOptions{Dir: dir, Witnesses: []Peer{s.Peer}, Alarm: hear(&alarms)})
	if err := k.Once(t.Context()); err == nil {
		t.Fatal("nothing was said")
	}
	if len(alarms) != 1 || alarms[0].Kind != RolledBack || !alarms[0].Confirmed {
		t.Errorf("alarms %+v", alarms)
	}
}

func TestAForkIsFoundByAWitness(t *testing.T) {
	dir := newVault(t, 2)
	other := copyOf(t, dir)
	grow(t, dir, 2, "what happened")
	s := newSeat(t, "w", dir)
	mustAnchor(t, keeper(t, KeeperOptions{Dir: dir, Witnesses: []Peer{s.Peer}}))
	elsewhere := copyOf(t, filepath.Join(dir, Folder))
	for _, batches := range []int{2, 1} { // the same size, then larger
		grow(t, other, batches, "what did not")
		wantOnly(t, mustCheck(t, other, CheckOptions{Witnesses: []Peer{s.Peer}, Ask: true}), Forked)
		wantOnly(t, mustCheck(t, other, CheckOptions{Witnesses: []Peer{s.Peer}, Folders: []string{elsewhere}}), Forked)
		var alarms []*Alarm
		k := keeper(t, KeeperOptions{Dir: other, Witnesses: []Peer{s.Peer}, Alarm: hear(&alarms)})
		if err := k.Once(t.Context()); err == nil {
			t.Fatal("nothing was said")
		}
		if len(alarms) != 1 || alarms[0].Kind != Forked || !alarms[0].Confirmed || len(alarms[0].Evidence) == 0 {
			t.Fatalf("alarms %+v", alarms)
		}
		if err := os.RemoveAll(filepath.Join(other, Folder)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestALyingWitnessConfirmsNothing lets witnesses answer what they like.
func TestALyingWitnessConfirmsNothing(t *testing.T) {
	dir := newVault(t, 2)
	s := newSeat(t, "w", dir)
	other := newSeat(t, "other", dir)
	foreign := other.want(request(t, dir, 0), http.StatusOK) // another key's cosignature
	for name, c := range map[string]struct {
		status int
		kind   string
		body   string
		alarm  Problem
		says   string
	}{
		"claims more":        {http.StatusConflict, tlogSize, "99\n", RolledBack, "put back"},
		"claims a fork":      {http.StatusConflict, tlogSize, "0\n", "", "refuses the size"},
		"no number":          {http.StatusConflict, tlogSize, "-1\n", "", "which size"},
		"unprocessable":      {http.StatusUnprocessableEntity, "text/plain", "no", "", "422"},
		"nothing":            {http.StatusOK, "text/plain", "", "", "no cosignature"},
		"another's":          {http.StatusOK, "text/plain", foreign, "", "no cosignature"},
		"garbage":            {http.StatusOK, "text/plain", "\u2014 w AAAA\n", "", "not a checkpoint"},
		"control characters": {http.StatusTeapot, "text/plain", "\x1b[2Jgone", "", `\x1b[2J`},
		"endless":            {http.StatusOK, "text/plain", strings.Repeat("\u2014 w AAAA\n", 20_000), "", "longer than"},
		"elsewhere":          {http.StatusFound, "text/plain", "", "", "302"},
	} {
		t.Run(name, func(t *testing.T) {
			liar := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					http.NotFound(rw, r)
					return
				}
				rw.Header().Set("Content-Type", c.kind)
				rw.Header().Set("Location", s.URL)
				rw.WriteHeader(c.status)
				_, _ = rw.Write([]byte(c.body))
			}))
			defer liar.Close()
			var alarms []*Alarm
			k := keeper(t, KeeperOptions{Dir: dir, Alarm: hear(&alarms), Witnesses: []Peer{{Name: "w", URL: liar.URL, Key: s.Key}}})
			err := k.Once(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v does not say %q", err, c.says)
			}
			switch {
			case c.alarm == "" && len(alarms) > 0:
				t.Errorf("alarm %+v", alarms[0])
			case c.alarm != "" && (len(alarms) != 1 || alarms[0].Kind != c.alarm || alarms[0].Confirmed):
				t.Errorf("alarms %+v", alarms)
			}
			if k.Status()[0].Size != 0 {
				t.Error("something was kept")
			}
		})
	}
}

func TestBackOffDoublesUpToAnHour(t *testing.T) {
	last := time.Duration(0)
	for n := 1; n < 80; n++ {
		got := backOff(time.Minute, n)
		if want := min(time.Minute<<min(n-1, 10), time.Hour); got < want || got > want+want/10+1 {
			t.Fatalf("after %d failures %v, want about %v", n, got, want)
		}
		last = got
	}
	if last < time.Hour {
		t.Error(last)
	}
	if got := backOff(24*time.Hour, 5); got < 24*time.Hour {
		t.Errorf("a day became %v", got)
	}
}

func TestKeeperRefusesSettingsThatCannotWork(t *testing.T) {
	dir := newVault(t, 1)
	s := newSeat(t, "w", dir)
	for name, o := range map[string]KeeperOptions{
		"no address": {Witnesses: []Peer{{Key: s.Key}}},
		"file":       {Witnesses: []Peer{{URL: "file:///etc/passwd", Key: s.Key}}},
		"no key":     {Witnesses: []Peer{{URL: s.URL}}},
		"twice":      {Witnesses: []Peer{s.Peer, s.Peer}},
		"no roots":   {Timestamp: &Authority{URL: s.URL}},
	} {
		o.Dir = dir
		if _, err := NewKeeper(o); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := NewKeeper(KeeperOptions{Dir: filepath.Join(dir, "nowhere")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a vault that is not there: %v", err)
	}
}

func TestADamagedLogIsNotCalledAFork(t *testing.T) {
	dir := newVault(t, 5)
	s := newSeat(t, "w", dir)
	mustAnchor(t, keeper(t, KeeperOptions{Dir: dir, Witnesses: []Peer{s.Peer}}))
	grow(t, dir, 3, "more")
	tile := filepath.Join(dir, "log", "tile", "0", "000.p", "8")
	b, err := os.ReadFile(tile)
	if err != nil {
		t.Fatal(err)
	}
	b[7*32] ^= 1
	if err := os.WriteFile(tile, b, 0o600); err != nil {
		t.Fatal(err)
	}
	wantOnly(t, mustCheck(t, dir, CheckOptions{Witnesses: []Peer{s.Peer}}), Damaged)
	if err := os.Truncate(tile, 33); err != nil {
		t.Fatal(err)
	}
	wantOnly(t, mustCheck(t, dir, CheckOptions{Witnesses: []Peer{s.Peer}}), Damaged)
}

func TestAWitnessThatIsNotKnownHoldsNothing(t *testing.T) {
	dir := newVault(t, 2)
	s, other := newSeat(t, "w", dir), newSeat(t, "w", dir)
	mustAnchor(t, keeper(t, KeeperOptions{Dir: dir, Witnesses: []Peer{s.Peer}}))
	wantOnly(t, mustCheck(t, dir, CheckOptions{}), Unverifiable)
	wantOnly(t, mustCheck(t, dir, CheckOptions{Witnesses: []Peer{other.Peer}}), Unverifiable)
	other.stop()
	r := mustCheck(t, dir, CheckOptions{Witnesses: []Peer{s.Peer, {Name: "gone", URL: other.URL, Key: other.Key}}, Ask: true})
	if !r.OK() || r.Covered != 2 || len(r.Anchors) != 3 {
		t.Fatalf("%+v", r.Anchors)
	}
	for _, a := range r.Anchors {
		if a.Who == "gone" && a.Why != Unreachable {
			t.Errorf("%+v", a)
		}
	}
}

// TestAnotherVaultsAnchorIsForeign puts a new vault in the place of the one
// that was anchored.
func TestAnotherVaultsAnchorIsForeign(t *testing.T) {
	dir, other := newVault(t, 2), newVault(t, 9)
	s := newSeat(t, "w", dir)
	mustAnchor(t, keeper(t, KeeperOptions{Dir: dir, Witnesses: []Peer{s.Peer}}))
	a := wantOnly(t, mustCheck(t, other, CheckOptions{Witnesses: []Peer{s.Peer}, Folders: []string{filepath.Join(dir, Folder)}}), Foreign)
	if a.Size != 2 {
		t.Errorf("%+v", a)
	}
	if _, err := Check(t.Context(), other, CheckOptions{PublicKey: keyOf(t, dir)}); !errors.Is(err, ErrCheckpoint) {
		t.Errorf("with the key pinned: %v", err)
	}
}

// BenchmarkCheck compares a vault with a year of hourly anchors' worth of files,
// a hundredth of it.
func BenchmarkCheck(b *testing.B) {
	dir := newVault(b, 100)
	a := newAuthority(b, rightKind())
	mustAnchor(b, keeper(b, KeeperOptions{Dir: dir, Timestamp: a.authority()}))
	folder := filepath.Join(dir, Folder)
	for n := range 87 {
		for _, suffix := range []string{tokenSuffix, checkpointSuffix} {
			if err := os.Link(filepath.Join(folder, "100"+suffix), filepath.Join(folder, strconv.Itoa(n)+suffix)); err != nil {
				b.Fatal(err)
			}
		}
	}
	opts := CheckOptions{Roots: a.roots()}
	for b.Loop() {
		if r, err := Check(b.Context(), dir, opts); err != nil || len(r.Anchors) != 88 || !r.OK() {
			b.Fatal(err)
		}
	}
}

// BenchmarkWitness has one request after the other cosigned, each made durable.
func BenchmarkWitness(b *testing.B) {
	dir := newVault(b, 300)
	s := newSeat(b, "w", dir)
	first := request(b, dir, 0)
	again := request(b, dir, 300)
	if _, err := s.w.add(first); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.w.add(again); err != nil {
			b.Fatal(err)
		}
	}
}

// TestKeeperAsksOnceAfterTheStart replaces the vault by another history of the
// same length, beside the kept anchors: nothing grew, and it is found.
func TestKeeperAsksOnceAfterTheStart(t *testing.T) {
	dir := newVault(t, 2)
	other := copyOf(t, dir)
	grow(t, dir, 2, "what happened")
	s := newSeat(t, "w", dir)
	mustAnchor(t, keeper(t, KeeperOptions{Dir: dir, Witnesses: []Peer{s.Peer}}))
	grow(t, other, 2, "what did not")
	if err := os.CopyFS(filepath.Join(other, Folder), os.DirFS(filepath.Join(dir, Folder))); err != nil {
		t.Fatal(err)
	}
	var alarms []*Alarm
	k := keeper(t, KeeperOptions{Dir: other, Witnesses: []Peer{s.Peer}, Alarm: hear(&alarms)})
	if err := k.Once(t.Context()); err == nil || len(alarms) != 1 || alarms[0].Kind != Forked || !alarms[0].Confirmed {
		t.Errorf("%v, alarms %+v", err, alarms)
	}
}
