package e2e

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// rounds is how often konseki is killed without warning in each test.
const rounds = 15

// TestImportSurvivesBeingKilled kills imports at random points. What a killed
// import left is verified as it is; importing the file again goes on from there.
func TestImportSurvivesBeingKilled(t *testing.T) {
	const lines = 4000
	dir := t.TempDir()
	data, random := filepath.Join(dir, "data"), chance(t)
	whole := timedImport(t, filepath.Join(dir, "probe"), numbered(t, dir, "probe", lines), "probe")
	killed := 0
	for round := range rounds {
		name := fmt.Sprintf("r%02d", round)
		file := numbered(t, dir, name, lines)
		cut := killedImport(t, data, file, name, time.Duration(random.Int64N(int64(whole*11/10))))
		if _, err := os.Stat(filepath.Join(data, "vault")); err == nil {
			verified(t, data)
		}
		if cut {
			killed++
		}
		var sum struct {
			Records int `json:"records"`
		}
		if err := json.Unmarshal([]byte(must(t, data, "import", "--json", "--source", name, file)), &sum); err != nil {
			t.Fatal(err)
		}
		if !cut && sum.Records != 0 {
			t.Errorf("%s was imported whole and then again: %d records", name, sum.Records)
		}
		times := map[string]int{}
		for _, h := range search(t, data, "source:"+name) {
			times[h.User]++
		}
		for i := range lines {
			if n := times[account(i)]; n != 1 {
				t.Fatalf("%s, killed %t: line %d is found %d times", name, cut, i, n)
			}
		}
	}
	verified(t, data)
	t.Logf("%d of %d imports of %d lines were killed before they ended (one takes %s)", killed, rounds, lines, whole.Round(time.Millisecond))
	if killed < rounds/2 {
		t.Errorf("only %d of %d imports were killed: the test is too slow to bite", killed, rounds)
	}
}

// seedEnv sets the seed of the random points, to repeat a run.
const seedEnv = "KONSEKI_TEST_SEED"

// chance is the source of the random points, its seed in the log.
func chance(t *testing.T) *rand.Rand {
	t.Helper()
	seed := number(t, seedEnv, int(time.Now().UnixNano()))
	t.Logf("%s=%d", seedEnv, seed)
	return rand.New(rand.NewPCG(uint64(seed), 0))
}

// number reads a number from the environment.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func account(i int) string { return fmt.Sprintf("user%05d", i) }

// numbered writes a log in which every line has its own account.
func numbered(t *testing.T, dir, name string, lines int) string {
	t.Helper()
	var b strings.Builder
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range lines {
		fmt.Fprintf(&b, "%s %s sshd[%d]: Failed password for %s from 198.51.100.%d port %d ssh2\n",
			at.Add(time.Duration(i)*time.Second).Format(time.Stamp), name, 1000+i, account(i), i%250, 1024+i)
	}
	path := filepath.Join(dir, name+".log")
	writeFile(t, path, b.String(), 0o600)
	return path
}

func timedImport(t *testing.T, data, file, source string) time.Duration {
	t.Helper()
	began := time.Now()
	must(t, data, "import", "--source", source, file)
	return time.Since(began)
}

// killedImport reports whether the import was still at work when it was killed.
func killedImport(t *testing.T, data, file, source string, after time.Duration) bool {
	t.Helper()
	cmd := konseki(t, data, "import", "--source", source, file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	if err != nil && cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("import of %s: %v", file, err)
	}
	return err != nil
}

func verified(t *testing.T, data string) {
	t.Helper()
	if r := finish(t, konseki(t, data, "verify")); r.code != 0 {
		t.Fatalf("verify: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// sender counts what it sent, how often, and what was acknowledged.
type sender struct {
	name         string
	next         int
	sent         map[string]int
	acknowledged map[string]bool
	pending      []string // sent and not acknowledged; repeated as HTTP clients do
}

// batch is how many lines go in one request.
const batch = 8

// run sends until the server is gone.
func (s *sender) run(client *http.Client, address, token string) {
	for {
		if len(s.pending) == 0 {
			for range batch {
				s.pending = append(s.pending, fmt.Sprintf("%s-%06d", s.name, s.next))
				s.next++
			}
		}
		var body strings.Builder
		for _, id := range s.pending {
			fmt.Fprintf(&body, `{"time":%q,"user":%q,"msg":"ordered"}`+"\n", time.Now().UTC().Format(time.RFC3339Nano), id)
		}
		for _, id := range s.pending {
			s.sent[id]++
		}
		if !taken(client, address, token, body.String(), len(s.pending)) {
			return
		}
		for _, id := range s.pending {
			s.acknowledged[id] = true
		}
		s.pending = s.pending[:0]
	}
}

// taken posts and reports whether all lines were acknowledged.
func taken(client *http.Client, address, token, lines string, n int) bool {
	req, err := http.NewRequest(http.MethodPost, address, strings.NewReader(lines))
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct {
		Records int `json:"records"`
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return false
	}
	return json.Unmarshal(body, &answer) == nil && answer.Records == n
}

// TestNothingAcknowledgedIsLostWhenKilled kills a serving konseki while HTTP
// senders count what it acknowledged and a syslog sender adds load.
func TestNothingAcknowledgedIsLostWhenKilled(t *testing.T) {
	data, random := filepath.Join(t.TempDir(), "data"), chance(t)
	writeFile(t, filepath.Join(data, "konseki.yaml"), "zone: UTC\nweb: 127.0.0.1:0\nsyslog: {tcp: '127.0.0.1:0'}\n", 0o600)
	token := strings.TrimSpace(must(t, data, "token", "add", "senders"))
	senders := make([]*sender, 4)
	for i := range senders {
		senders[i] = &sender{name: fmt.Sprintf("s%d", i), sent: map[string]int{}, acknowledged: map[string]bool{}}
	}
	for range rounds {
		s := serve(t, data, 1)
		var working sync.WaitGroup
		client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
		for _, from := range senders {
			working.Go(func() { from.run(client, s.ingest+"?source=app", token) })
		}
		working.Go(func() { flood(s.syslog["tcp"]) })
		timer := time.AfterFunc(time.Duration(50+random.Int64N(350))*time.Millisecond, func() { _ = s.cmd.Process.Kill() })
		<-s.ended
		timer.Stop()
		working.Wait()
		client.CloseIdleConnections()
		verified(t, data)
	}
	total := checkSenders(t, data, senders)
	verified(t, data)
	t.Logf("%d records were acknowledged over %d kills; all are there, none more often than it was sent", total, rounds)
	if total < rounds*batch {
		t.Errorf("only %d records were acknowledged: the test does not bite", total)
	}
}

// flood sends syslog lines until the connection breaks.
func flood(addr string) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	for i := 0; ; i++ {
		message := fmt.Sprintf("<86>1 2026-03-01T00:00:00Z edge load %d - - line %d", i, i)
		if _, err := fmt.Fprintf(conn, "%d %s", len(message), message); err != nil {
			return
		}
		if i%100 == 99 { // let the others have the processor
			tick := time.NewTimer(5 * time.Millisecond)
			<-tick.C
		}
	}
}

func checkSenders(t *testing.T, data string, senders []*sender) (acknowledged int) {
	t.Helper()
	times := map[string]int{}
	for _, h := range search(t, data, "source:app") {
		times[h.User]++
	}
	for _, s := range senders {
		acknowledged += len(s.acknowledged)
		for id, sent := range s.sent {
			switch n := times[id]; {
			case s.acknowledged[id] && n == 0:
				t.Errorf("%s was acknowledged and is lost", id)
			case n > sent:
				t.Errorf("%s was sent %d times and is found %d times", id, sent, n)
			}
			delete(times, id)
		}
	}
	for id := range times {
		t.Errorf("%q is found and was never sent", id)
	}
	return acknowledged
}
