package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault"
)

// serving serves on loopback until the returned function stops and closes it.
func serving(t testing.TB, dir string) (s *Server, at Addresses, stop func()) {
	t.Helper()
	s = start(t, dir, func(o *Options) {
		o.Live = true
		o.Config.Web = "127.0.0.1:0"
		o.Config.Syslog.UDP, o.Config.Syslog.TCP = "127.0.0.1:0", "127.0.0.1:0"
	})
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan Addresses, 1), make(chan error, 1)
	go func() { ended <- s.Serve(ctx, ServeOptions{Ready: func(a Addresses) { ready <- a }}) }()
	select {
	case at = <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		closed(t, s)
	})
	t.Cleanup(stop)
	return s, at, stop
}

// posted sends lines and gives the status.
func posted(t testing.TB, at Addresses, source, token, body string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at.Ingest+"?source="+source, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// lost adds up what the coverage of everything says was lost, by source, door,
// kind and reason.
func lost(t testing.TB, s *Server) map[string]int64 {
	t.Helper()
	rows, err := s.Coverage(t.Context(), "sato", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Losses(t.Context(), "sato", "", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]int64{}
	for _, c := range rows {
		var shown []coverage.Loss
		for _, iv := range c.Intervals {
			shown = append(shown, iv.Losses...)
		}
		if got := coverage.SumLosses(shown); got != c.Lost {
			t.Errorf("%s: the intervals hold %+v, the source %+v", c.Source, got, c.Lost)
		}
		list = append(list, shown...)
	}
	for _, l := range list {
		sums[strings.Join([]string{l.Source, l.Door, string(l.Kind), l.Reason}, " ")] += l.Records
	}
	return sums
}

// sealedLosses adds up the records of losses themselves.
func sealedLosses(t testing.TB, s *Server) map[string]int64 {
	t.Helper()
	replayed := control.New(control.Deps{Vault: s.Vault(), Logger: s.logger, Now: time.Now})
	sums := map[string]int64{}
	for _, rec := range own(t, s, event.SourceLoss) {
		replayed.Apply(rec)
	}
	for _, l := range replayed.AllLosses() {
		sums[strings.Join([]string{l.Source, l.Door, string(l.Kind), l.Reason}, " ")] += l.Records
	}
	return sums
}

// G7: what is lost at real doors and what turns out to be unreadable or late
// is counted to the record, sealed, and shown after a restart.
func TestG7LossIsCountedSealedAndShownAfterRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, err := auth.Open(filepath.Join(dir, authFolder), auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	token, err := a.NewToken("shop", []string{"app", "other"})
	if err != nil {
		t.Fatal(err)
	}
	s, at, stop := serving(t, dir)
	const datagrams = 40_000
	flood(t, at.Syslog["udp"], datagrams)
	cutOff(t, at.Syslog["tcp"])
	now := time.Now().UTC()
	line := func(d time.Duration) string {
		return fmt.Sprintf(`{"time":%q,"message":"hello %d"}`+"\n", now.Add(d).Format(time.RFC3339Nano), d)
	}
	for i, c := range []struct {
		source, token, body string
		want                int
	}{
		{"app", token, line(0) + line(1), 200},
		{"app", token, line(0) + line(1), 200}, // sent again
		{"app", token, line(-time.Hour) + line(-2*time.Hour) + line(time.Hour), 200},
		{"app", token, "no format reads this one\nnor this one\nnor this\n", 200},
		{"app", token, line(2) + strings.Repeat("x", 1<<20+1) + "\n", 413},
		{"app", "kt_guessed", line(3), 401},
		{"konseki.case", token, line(4), 403},
		{"vpn", token, line(5), 403},
	} {
		if got := posted(t, at, c.source, c.token, c.body); got != c.want {
			t.Errorf("request %d is answered %d", i, got)
		}
	}
	files := evidence(t)
	first := imported(t, s, files)
	imported(t, s, files)
	for _, l := range first.Files { // as real as the other doors: what it says is what must be counted
		if l.Error != "" {
			t.Fatal(l.Error)
		}
	}
	stop()

	want := map[string]int64{
		"syslog syslog/tcp dropped frame_cut": 1,
		"app http duplicate same_batch":       2,
		"app http late late":                  2,
		"app http late clock_ahead":           1,
		"app http unparsed no_format":         3,
		"app http rejected oversize":          1,
		" http rejected token":                1,
		" http rejected forbidden":            2,
		"vpn file duplicate same_file":        87,
		"server file duplicate same_file":     43,
		"server file unparsed no_format":      1,
	}
	for range 2 {
		s, _, stop = serving(t, dir)
		stored := search(t, s, "source:syslog datagram").Total
		got := lost(t, s)
		dropped := got[" syslog/udp dropped udp_system"] + got["syslog syslog/udp dropped udp_queue"]
		t.Logf("%d datagrams stored, %d dropped", stored, dropped)
		if stored+dropped != datagrams {
			t.Errorf("%d datagrams stored and %d counted as dropped, of %d", stored, dropped, datagrams)
		}
		maps.DeleteFunc(got, func(k string, _ int64) bool { return strings.Contains(k, "syslog/udp dropped") })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the coverage shows other losses:\n%s", diff)
		}
		sealed := sealedLosses(t, s)
		maps.DeleteFunc(sealed, func(k string, _ int64) bool { return strings.Contains(k, "syslog/udp dropped") })
		if diff := cmp.Diff(want, sealed); diff != "" {
			t.Errorf("other losses are sealed:\n%s", diff)
		}
		gapSaysWhy(t, s, now)
		stop()
	}
}

// flood sends datagrams from several senders at once as fast as they can.
func flood(t testing.TB, addr string, n int) {
	t.Helper()
	const senders = 8
	var wg sync.WaitGroup
	line := fmt.Sprintf("<13>1 %s web-01 app - - - datagram", time.Now().Format(time.RFC3339))
	for range senders {
		wg.Go(func() {
			conn, err := net.Dial("udp", addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = conn.Close() }()
			for range n / senders {
				if _, err := io.WriteString(conn, line); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// cutOff begins a counted frame and goes away.
func cutOff(t testing.TB, addr string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "500 <13>only a part"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
}

// gapSaysWhy checks that the minute of a loss is a gap, and that an answer
// over it names what was lost.
func gapSaysWhy(t testing.TB, s *Server, at time.Time) {
	t.Helper()
	rows, err := s.Coverage(t.Context(), "sato", at.Add(-time.Hour), at.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for source, why := range map[string]string{"syslog": "the connection ended inside a message", "app": "longer than the limit"} {
		i := slices.IndexFunc(rows, func(c control.SourceCoverage) bool { return c.Source == source })
		if i < 0 {
			t.Fatalf("no coverage of %s", source)
		}
		j := slices.IndexFunc(rows[i].Intervals, func(iv control.Interval) bool { return iv.State == coverage.Gap })
		if j < 0 || !strings.Contains(rows[i].Intervals[j].Reason.EN, why) || rows[i].Intervals[j].Reason.JA == "" {
			t.Errorf("%s: intervals %+v do not say %q", source, rows[i].Intervals, why)
		}
	}
	r, err := s.Search(t.Context(), "sato", control.Search{Query: "source:app nothing-like-it", From: at.Add(-time.Minute), To: at.Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	var because []string
	for _, p := range r.Answer.Because {
		because = append(because, p.EN)
	}
	text := strings.Join(because, "\n")
	for _, want := range []string{"1 rejected (longer than the limit)", "3 unparsed", "late (arrived long after the time they state, by up to 2 h", "clock ahead", "rejected (no token"} {
		if !strings.Contains(text, want) {
			t.Errorf("because does not say %q:\n%s", want, text)
		}
	}
	if r.Answer.Verdict != coverage.VerdictUnknown {
		t.Errorf("the verdict over a gap is %s", r.Answer.Verdict)
	}
}

// olderVault makes a vault whose segments hold records that no format reads,
// without any count of them.
func olderVault(t testing.TB, dir string, n int) {
	t.Helper()
	v, err := vault.OpenOrCreate(filepath.Join(dir, vaultFolder), vault.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		if err := v.Append(t.Context(), []event.Record{{Source: "app", Transport: "http;peer=192.0.2.1", Raw: []byte("no format reads this")}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	rolled(t, dir)
}

// A copy of the data folder of a running server is what a kill leaves behind.
func TestWhatIsUnparsedOrLateIsCountedOnceHoweverOftenKonsekiIsKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	olderVault(t, dir, 7)
	s := start(t, dir)
	now := time.Now().UTC()
	unparsed, late := int64(7), int64(0)
	check := func(s *Server) {
		t.Helper()
		want := map[string]int64{"app http unparsed no_format": unparsed, "app http late late": late}
		if diff := cmp.Diff(want, lost(t, s)); diff != "" {
			t.Error(diff)
		}
	}
	for i := range 6 {
		var recs []event.Record
		for range 10 + i {
			recs = append(recs, event.Record{Source: "app", Transport: "http;peer=192.0.2.1", Received: now, Raw: []byte("no format reads this")},
				event.Record{Source: "app", Transport: "http;peer=192.0.2.1", Received: now, Raw: []byte(`{"time":"` + now.Add(-time.Hour).Format(time.RFC3339) + `"}`)})
			unparsed, late = unparsed+1, late+1
		}
		if err := s.Vault().Append(t.Context(), recs); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			if err := s.flow.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if i%3 == 0 {
			if err := s.SealLosses(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		killed := copied(t, dir)
		if err := os.Chmod(filepath.Join(killed, vaultFolder, "key"), 0o600); err != nil {
			t.Fatal(err)
		}
		closed(t, s)
		dir = killed
		s = start(t, dir, func(o *Options) { o.Reindex = i == 4 })
		check(s)
	}
	closed(t, s)
	rolled(t, dir)
	s = start(t, dir)
	check(s)
	closed(t, s)
}

// copied is the folder as it stands while konseki writes to it. Files that come
// and go meanwhile make the copy worthless, so that it is taken again.
func copied(t testing.TB, dir string) string {
	t.Helper()
	var err error
	for range 20 {
		to := t.TempDir()
		if err = os.CopyFS(to, os.DirFS(dir)); err == nil {
			return to
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	t.Fatal(err)
	return ""
}
